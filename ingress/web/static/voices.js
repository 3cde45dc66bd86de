/** The view Voices: consents and the voices that rest on them; make, hear and delete them. */

import { Action } from "./action.js";
import { call, whole } from "./api.js";
import { button, byId, element, fill } from "./elements.js";
import { showCode, speechCode } from "./snippets.js";
import { Source } from "./source.js";
import { speakInto } from "./speaking.js";
import { isShown } from "./tabs.js";

const CONSENTS = "v1/audio/voice_consents";
const VOICES = "v1/audio/voices";
const MOST = 100; // of a page of the lists

export function setUpVoices() {
  const action = new Action("voices");
  const consent = new Source(byId("voices-consent-source"), "voices-consent-file", "Their consent");
  const sample = new Source(byId("voices-sample-source"), "voices-sample-file", "Their voice");
  byId("voices-consent-language").value = navigator.language;
  onSubmit("voices-consent-form", () => storeConsent(action, consent));
  onSubmit("voices-voice-form", () => storeVoice(action, sample));
  onSubmit("voices-speak-form", () => speak(action));
  addEventListener("view", ({ detail }) => { if (detail === "voices") refresh(action); });
}

function onSubmit(id, work) {
  byId(id).addEventListener("submit", (event) => { event.preventDefault(); work(); });
}

/** There where something can speak in a stored voice. */
export function showVoices({ speech }) {
  const cloning = speech.filter(({ modes }) => modes.includes("voice_cloning"));
  byId("tab-voices").hidden = cloning.length === 0;
  fill(byId("voices-model"), cloning.map(({ id }) => [id, id]));
  if (isShown("voices")) dispatchEvent(new CustomEvent("view", { detail: "voices" }));
}

async function refresh(action) {
  try {
    const [consents, voices] = await Promise.all([listed(CONSENTS), listed(VOICES)]);
    const named = ({ id, name }) => [id, name];
    fill(byId("voices-consent"), consents.map(named));
    fill(byId("voices-voice"), voices.map(named));
    byId("voices-voice-form").hidden = consents.length === 0;
    byId("voices-speak-form").hidden = voices.length === 0;
    showRows("voices-consents", consents, (one) => [one.language], (one) => remove(action, CONSENTS, one));
    showRows("voices-voices", voices, (one) => [one.id], (one) => remove(action, VOICES, one));
  } catch (error) {
    action.fail(error.message);
  }
}

async function listed(path) {
  return (await whole((await call(`${path}?limit=${MOST}`)).json())).data;
}

function showRows(id, records, details, onDelete) {
  const rows = records.map((one) => element("tr", {},
    element("th", { scope: "row" }, one.name),
    ...details(one).map((text) => element("td", {}, text)),
    element("td", {}, new Date(one.created_at * 1000).toLocaleDateString()),
    element("td", {}, button("Delete", () => onDelete(one), { "aria-label": `Delete ${one.name}` }))));
  byId(`${id}-rows`).replaceChildren(...rows);
  byId(id).hidden = rows.length === 0;
}

function storeConsent(action, source) {
  const fields = { name: byId("voices-consent-name").value, language: byId("voices-consent-language").value };
  return store(action, CONSENTS, fields, "recording", source, "The consent is stored.");
}

function storeVoice(action, source) {
  const fields = { name: byId("voices-voice-name").value, consent: byId("voices-consent").value };
  return store(action, VOICES, fields, "audio_sample", source, "The voice is stored.");
}

function store(action, path, fields, name, source, done) {
  return action.run("Storing", null, async (signal, end) => {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    form.append(name, source.file, source.file.name);
    await call(path, { form, signal });
    end();
    await refresh(action);
    action.say(done);
  });
}

function remove(action, path, one) {
  const rests = path === CONSENTS ? " Every voice that rests on it goes too." : "";
  if (!confirm(`Delete ${one.name}?${rests}`)) return null;
  return action.run("Deleting", null, async (signal, end) => {
    await call(`${path}/${encodeURIComponent(one.id)}`, { method: "DELETE", signal });
    end();
    await refresh(action);
    action.say(`${one.name} is deleted.`);
    byId("voices").focus();
  });
}

function speak(action) {
  const json = {
    model: byId("voices-model").value,
    input: byId("voices-text").value,
    voice: { id: byId("voices-voice").value },
    response_format: "wav",
  };
  return action.run("Speaking", json.model, async (signal, end) => {
    const container = byId("voices-result");
    await speakInto(container, action, signal, end, { json, format: "wav", label: "the speech" });
    showCode(container, speechCode(json));
  });
}
