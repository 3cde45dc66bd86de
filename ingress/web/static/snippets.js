/** What was just done, as curl, Python and JavaScript. The key is never written down. */

import { base } from "./api.js";
import { button, element } from "./elements.js";

const KEY_HEADER = `-H "Authorization: Bearer \${OPENAI_API_KEY:-unused}"`;
const JSON_HEADER = "-H 'content-type: application/json'";
const PYTHON_KEY = `os.environ.get("OPENAI_API_KEY", "unused")`;
const JS_HEADERS = "authorization: `Bearer ${process.env.OPENAI_API_KEY ?? \"unused\"}`";

const url = (path) => new URL(path, base).href;
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const literal = (value) => JSON.stringify(value);
const keywords = (fields) =>
  Object.entries(fields).map(([name, value]) => `    ${name}=${literal(value)},\n`).join("");
const client = () =>
  `client = OpenAI(base_url=${literal(url("v1"))}, api_key=${PYTHON_KEY})\n`;

/** Append blocks with copy buttons. codes: {name: code}. */
export function showCode(container, codes) {
  const blocks = Object.entries(codes).flatMap(([name, code]) => {
    const copy = button(`Copy ${name}`, async () => {
      copy.textContent = await copied(code, block);
    });
    const label = `${name} code`;
    const block = element("pre", { tabindex: 0, role: "region", "aria-label": label }, code);
    return [copy, block];
  });
  container.append(element("details", {}, element("summary", {}, "The same in code"), ...blocks));
}

/** Browsers give pages the clipboard on HTTPS and localhost only: else the code is selected. */
async function copied(code, block) {
  try {
    await navigator.clipboard.writeText(code);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(block);
    return "Selected: copy it";
  }
}

export function speechCode(json) {
  const { language, voice = "default", ...fields } = json;
  const file = `speech.${json.response_format}`;
  const extra = language ? `    extra_body=${literal({ language })},\n` : "";
  return {
    curl: `curl -s ${url("v1/audio/speech")} ${KEY_HEADER} ${JSON_HEADER} -o ${file} \\\n`
      + `  -d ${quoted(literal(json))}\n`,
    Python: `import os\n\nfrom openai import OpenAI\n\n${client()}`
      + `speech = client.audio.speech.create(\n${keywords({ voice, ...fields })}${extra})\n`
      + `speech.write_to_file(${literal(file)})\n`,
    JavaScript: `import { writeFile } from "node:fs/promises";\n\n`
      + `const answer = await fetch(${literal(url("v1/audio/speech"))}, {\n  method: "POST",\n`
      + `  headers: { "content-type": "application/json", ${JS_HEADERS} },\n`
      + `  body: JSON.stringify(${JSON.stringify(json, null, 2).replaceAll("\n", "\n  ")}),\n});\n`
      + `if (!answer.ok) throw new Error(await answer.text());\n`
      + `await writeFile(${literal(file)}, Buffer.from(await answer.arrayBuffer()));\n`,
  };
}

/** fields: of the form, beside `file`; name: of the file. */
export function transcriptionCode(name, fields) {
  const { "timestamp_granularities[]": granularity, num_speakers: count, ...plain } = fields;
  const forms = Object.entries(fields).map(([field, value]) => `-F ${quoted(`${field}=${value}`)}`);
  const appended = Object.entries(fields)
    .map(([field, value]) => `form.append(${literal(field)}, ${literal(value)});\n`).join("");
  const times = granularity ? `    timestamp_granularities=${literal([granularity])},\n` : "";
  const speakers = count ? `    extra_body=${literal({ num_speakers: count })},\n` : "";
  return {
    curl: `curl -s ${url("v1/audio/transcriptions")} ${KEY_HEADER} \\\n`
      + `  -F file=@${quoted(name)} ${forms.join(" ")}\n`,
    Python: `import os\nfrom pathlib import Path\n\nfrom openai import OpenAI\n\n${client()}`
      + `heard = client.audio.transcriptions.create(\n    file=Path(${literal(name)}),\n`
      + `${keywords(plain)}${times}${speakers})\nprint(heard.text)\n`,
    JavaScript: `import { readFile } from "node:fs/promises";\n\nconst form = new FormData();\n`
      + `form.append("file", new Blob([await readFile(${literal(name)})]), ${literal(name)});\n`
      + `${appended}const answer = await fetch(${literal(url("v1/audio/transcriptions"))}, {\n`
      + `  method: "POST", headers: { ${JS_HEADERS} }, body: form,\n});\n`
      + `console.log((await answer.json()).text);\n`,
  };
}

/** A JSON body whose `files`, {field: file name}, travel in base64; the answer is bare audio. */
export function base64Code(path, json, files, output) {
  const names = Object.keys(files);
  const pattern = literal({ ...json, ...Object.fromEntries(names.map((name) => [name, "@"])) })
    .replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"@"', '"%s"');
  const encoded = names.map((name) => `"$(base64 -w0 ${quoted(files[name])})"`).join(" ");
  const each = (line) => names.map((name) => line(literal(name), literal(files[name]))).join("");
  return {
    curl: `printf ${quoted(pattern)} ${encoded} |\n`
      + `  curl -s ${url(path)} ${KEY_HEADER} ${JSON_HEADER} -o ${output} -d @-\n`,
    Python: `import base64\nimport json\nimport os\nimport urllib.request\nfrom pathlib import Path\n\n`
      + `body = json.loads(${literal(literal(json))})\n`
      + each((field, file) =>
        `body[${field}] = base64.b64encode(Path(${file}).read_bytes()).decode()\n`)
      + `headers = {"content-type": "application/json",\n`
      + `           "authorization": "Bearer " + ${PYTHON_KEY}}\n`
      + `request = urllib.request.Request(${literal(url(path))}, json.dumps(body).encode(), headers)\n`
      + `with urllib.request.urlopen(request) as answer:\n`
      + `    Path(${literal(output)}).write_bytes(answer.read())\n`,
    JavaScript: `import { readFile, writeFile } from "node:fs/promises";\n\n`
      + `const body = ${JSON.stringify(json, null, 2)};\n`
      + each((field, file) => `body[${field}] = await readFile(${file}, "base64");\n`)
      + `const answer = await fetch(${literal(url(path))}, {\n  method: "POST",\n`
      + `  headers: { "content-type": "application/json", ${JS_HEADERS} },\n`
      + `  body: JSON.stringify(body),\n});\nif (!answer.ok) throw new Error(await answer.text());\n`
      + `await writeFile(${literal(output)}, Buffer.from(await answer.arrayBuffer()));\n`,
  };
}

/** A live session: the microphone is the program's own affair, so a WAV file stands for it. */
export function liveCode({ model, language }) {
  const input = {
    format: { type: "audio/pcm", rate: 24000 },
    transcription: { model, ...(language && { language }) },
    turn_detection: { type: "server_vad" },
  };
  const session = literal({ type: "transcription", audio: { input } });
  return {
    Python: `import asyncio\nimport base64\nimport os\nimport wave\n\n`
      + `from openai import AsyncOpenAI\n\n\nasync def main():\n`
      + `    client = AsyncOpenAI(base_url=${literal(url("v1"))}, api_key=${PYTHON_KEY})\n`
      + `    async with client.realtime.connect(extra_query={"intent": "transcription"}) as live:\n`
      + `        await live.session.update(session=${session})\n`
      + `        with wave.open("speech.wav") as file:  # 24 kHz, 16 bit, mono\n`
      + `            sound = file.readframes(file.getnframes())\n`
      + `        await live.input_audio_buffer.append(audio=base64.b64encode(sound).decode())\n`
      + `        await live.input_audio_buffer.commit()\n`
      + `        async for event in live:\n`
      + `            if event.type == "${"conversation.item.input_audio_transcription.completed"}":\n`
      + `                print(event.transcript)\n                break\n\n\nasyncio.run(main())\n`,
  };
}
