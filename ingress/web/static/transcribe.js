/** The view Transcribe: a recording at once, or the microphone while one speaks. */

import { Action } from "./action.js";
import { call } from "./api.js";
import { byId, fill } from "./elements.js";
import { transcribeLive } from "./live.js";
import { showCode, transcriptionCode } from "./snippets.js";
import { Source } from "./source.js";
import { showTranscript } from "./transcript.js";

const DIARIZED = "diarized_json";
let diarizers = [];

export function setUpTranscribe() {
  const action = new Action("transcribe");
  const source = new Source(byId("transcribe-source"), "transcribe-file", "Recording");
  byId("transcribe-form").addEventListener("submit", (event) => {
    event.preventDefault();
    transcribe(action, source);
  });
  byId("transcribe-live").addEventListener("click", () => transcribeLive(action, {
    model: byId("transcribe-model").value, language: byId("transcribe-language").value.trim(),
  }));
}

/** Toolchains of this endpoint tell speakers apart; models write down. */
export function showTranscribe({ transcriptions }) {
  const models = transcriptions.filter(({ object }) => object === "model");
  diarizers = transcriptions.filter(({ object }) => object === "toolchain");
  fill(byId("transcribe-model"), models.map(({ id }) => [id, id]));
  byId("transcribe-speakers-label").hidden = diarizers.length === 0;
}

function fields() {
  const language = byId("transcribe-language").value.trim();
  const isDiarized = diarizers.length > 0 && byId("transcribe-speakers").checked;
  return {
    model: isDiarized ? diarizers[0].id : byId("transcribe-model").value,
    ...(language && { language }),
    response_format: isDiarized ? DIARIZED : "verbose_json",
    ...(!isDiarized && { "timestamp_granularities[]": "segment" }),
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
    const answer = await (await call("v1/audio/transcriptions", { form, signal })).json();
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
