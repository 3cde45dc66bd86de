/** The view Clone: text in the voice of a recording. */

import { Action } from "./action.js";
import { byId, fill } from "./elements.js";
import { base64Code, showCode } from "./snippets.js";
import { base64 } from "./sound.js";
import { Source } from "./source.js";
import { speakInto } from "./speaking.js";

let cards = [];

const card = () => cards.find(({ id }) => id === byId("clone-model").value);

export function setUpClone() {
  const action = new Action("clone");
  const source = new Source(byId("clone-source"), "clone-file", "Voice");
  byId("clone-model").addEventListener("change", showLanguages);
  byId("clone-form").addEventListener("submit", (event) => {
    event.preventDefault();
    clone(action, source);
  });
}

export function showClone({ speech }) {
  cards = speech.filter(({ modes }) => modes.includes("voice_cloning"));
  byId("tab-clone").hidden = cards.length === 0;
  fill(byId("clone-model"), cards.map(({ id }) => [id, id]));
  showLanguages();
}

function showLanguages() {
  const languages = card()?.languages ?? [];
  fill(byId("clone-language"), languages.map(({ language }) => [language, language]));
}

/** Harmony Speech Engine's body, without the recording. */
function body() {
  const language = byId("clone-language").value;
  const voices = card().languages.find((one) => one.language === language)?.voices ?? [];
  return {
    model: card().id,
    mode: "voice_cloning",
    input: byId("clone-text").value,
    ...(language && { language }),
    ...(voices.length && { voice: voices[0].voice }),
    output_options: { format: "wav", stream: true },
  };
}

function clone(action, source) {
  const asked = body();
  return action.run("Speaking", asked.model, async (signal, end) => {
    const { file } = source;
    const json = { ...asked, input_audio: await base64(file) };
    const container = byId("clone-result");
    const shown = { json, format: "wav", label: "the speech" };
    await speakInto(container, action, signal, end, shown);
    const files = { input_audio: file.name };
    showCode(container, base64Code("v1/audio/speech", asked, files, "speech.wav"));
  });
}
