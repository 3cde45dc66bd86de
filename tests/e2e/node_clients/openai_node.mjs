// openai-node as a program uses it. Arguments: base address, recording. Prints what it got as JSON.
import fs from "node:fs";
import OpenAI from "openai";

const [baseURL, recording] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: "any", maxRetries: 0 });
const file = () => fs.createReadStream(recording);
const hex = async (answer) => Buffer.from(await answer.arrayBuffer()).subarray(0, 4).toString("hex");

const got = {};
const speech = { model: "gpt-4o-mini-tts", voice: "Coral", input: "Hello. How are you?" };
got.wav = await hex(await client.audio.speech.create({ ...speech, response_format: "wav" }));
got.withInstructions = await hex(
  await client.audio.speech.create({ ...speech, instructions: "Friendly.", speed: 1.2, response_format: "flac" }),
);
const events = await client.audio.speech.create({ ...speech, stream_format: "sse" });
got.events = (await events.text()).trim().split("\n\n").map((block) => JSON.parse(block.slice(6)).type);

got.json = (await client.audio.transcriptions.create({ model: "whisper-1", file: file() })).text;
const verbose = await client.audio.transcriptions.create({
  model: "whisper-1",
  file: file(),
  response_format: "verbose_json",
  timestamp_granularities: ["word", "segment"],
});
got.language = verbose.language;
got.words = verbose.words.length;
const likely = await client.audio.transcriptions.create({
  model: "gpt-4o-transcribe",
  file: file(),
  include: ["logprobs"],
  chunking_strategy: { type: "server_vad", threshold: 0.4 },
});
got.tokens = likely.logprobs.map((one) => one.token).join("");
const among = await client.audio.transcriptions.create({
  model: "gpt-transcribe",
  file: file(),
  languages: ["en", "de"],
  keywords: ["Kennedy"],
});
got.languages = among.languages.map((one) => one.code);
const stream = await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: file(), stream: true });
got.deltas = "";
for await (const event of stream) {
  if (event.type === "transcript.text.delta") got.deltas += event.delta;
  if (event.type === "transcript.text.done") got.done = event.text;
}
try {
  await client.audio.speech.create({ ...speech, voice: "nobody" });
} catch (error) {
  got.error = { name: error.constructor.name, param: error.param, status: error.status };
}
got.models = (await client.models.list()).data.map((model) => model.id);
console.log(JSON.stringify(got));
