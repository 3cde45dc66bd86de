/** The view Transcribe: a recording at once, or the microphone while one speaks. */

import { Action } from "./action.js";
import { call, whole } from "./api.js";
import { byId, fill } from "./elements.js";
import { transcribeLive } from "./live.js";
import { showCode, transcriptionCode } from "./snippets.js";
import { Source } from "./source.js";
import { showTranscript } from "./transcript.js";

const DIARIZER = "gpt-4o-transcribe-diarize"; // listed where speakers can be told apart

export function setUpTranscribe() {
  const action = new Action("transcribe");
  const source = new Source(byId("transcribe-source"), "transcribe-file", "Recording");
  byId("transcribe-form").addEventListener("submit", (event) => {
    event.preventDefault();
    transcribe(action, source);
  });
  byId("transcribe-speakers").addEventListener("change", ({ target }) => {
    byId("transcribe-count-label").hidden = !target.checked;
  });
  byId("transcribe-live").addEventListener("click", () => transcribeLive(action, {
    model: byId("transcribe-model").value, language: byId("transcribe-language").value.trim(),
  }));
}

export function showTranscribe({ transcriptions, names }) {
  fill(byId("transcribe-model"), transcriptions.map(({ id }) => [id, id]));
  byId("transcribe-speakers-label").hidden = !names.includes(DIARIZER);
}

function fields() {
  const language = byId("transcribe-language").value.trim();
  const common = language && { language };
  if (byId("transcribe-speakers").checked) {
    const count = byId("transcribe-count").value;
    const known = count && { num_speakers: count };
    return { model: DIARIZER, ...common, ...known, response_format: "diarized_json" };
  }
  return {
    model: byId("transcribe-model").value,
    ...common,
    response_format: "verbose_json",
    "timestamp_granularities[]": "segment",
  };
}

function transcribe(action, source) {
  const asked = fields();
  return action.run("Transcribing", asked.model, async (signal, end) => {
    const { file } = source;
    const form = new FormData();
    form.append("file", file);
    for (const [name, value] of Object.entries(asked)) form.append(name, value);
    const began = performance.now();
    const answer = await whole((await call("v1/audio/transcriptions", { form, signal })).json());
    const container = byId("transcribe-result");
    byId("transcribe-live-text").hidden = true;
    await showTranscript(container, answer.segments ?? [], { blob: file, name: file.name });
    showCode(container, transcriptionCode(file.name, asked));
    end();
    action.say(summary(answer, (performance.now() - began) / 1000));
  });
}

function summary({ segments = [], duration, language }, seconds) {
  const what = segments.length ? `${segments.length} segments` : "No speech found";
  const long = duration ? ` in ${duration.toFixed(1)} s of sound` : "";
  return `${what}${long}${language ? `, ${language}` : ""}; it took ${seconds.toFixed(1)} s.`;
}
