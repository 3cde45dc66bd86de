/** The view Speak. */

import { Action } from "./action.js";
import { byId, fill } from "./elements.js";
import { sampleFor } from "./samples.js";
import { speakInto } from "./speaking.js";
import { showCode, speechCode } from "./snippets.js";

const DEFAULT = "default"; // the listings' word for a language that nobody named
let cards = [];

const card = () => cards.find(({ id }) => id === byId("speak-model").value);

export function setUpSpeak() {
  const action = new Action("speak");
  byId("speak-model").addEventListener("change", showLanguages);
  byId("speak-language").addEventListener("change", showVoices);
  byId("speak-speed").addEventListener("input", ({ target }) => {
    byId("speak-speed-shown").textContent = Number(target.value).toFixed(2);
  });
  byId("speak-form").addEventListener("submit", (event) => {
    event.preventDefault();
    speak(action);
  });
}

export function showSpeak({ speech }) {
  cards = speech.filter(({ modes }) => modes.includes("single_speaker_tts"));
  fill(byId("speak-model"), cards.map(({ id }) => [id, id]));
  showLanguages();
}

function showLanguages() {
  const languages = card()?.languages ?? [];
  const isNamed = languages.length > 0 && languages[0].language !== DEFAULT;
  fill(byId("speak-language"), isNamed ? languages.map(({ language }) => [language, language]) : []);
  showVoices();
}

function showVoices() {
  const languages = card()?.languages ?? [];
  const chosen = languages.find(({ language }) => language === byId("speak-language").value);
  const voices = (chosen ?? languages[0])?.voices ?? [];
  fill(byId("speak-voice"), voices.map(({ voice }) => [voice, voice]));
  const text = byId("speak-text");
  text.value = sampleFor(byId("speak-language").value, text.value);
}

function body() {
  const language = byId("speak-language").value;
  const voice = byId("speak-voice").value;
  return {
    model: byId("speak-model").value,
    input: byId("speak-text").value,
    ...(voice && { voice }),
    ...(language && { language }),
    response_format: byId("speak-format").value,
    speed: Number(byId("speak-speed").value),
  };
}

function speak(action) {
  const json = body();
  const format = json.response_format;
  return action.run("Speaking", json.model, async (signal, end) => {
    const container = byId("speak-result");
    await speakInto(container, action, signal, end, { json, format, label: "the speech" });
    showCode(container, speechCode(json));
  });
}
