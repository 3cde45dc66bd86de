/** The view Models: what is served, what for, and whether it is awake. */

import { call, states } from "./api.js";
import { button, byId, element } from "./elements.js";
import { base64, wav } from "./sound.js";
import { isShown } from "./tabs.js";

const PAUSE_MS = 10000;
const WAKING_PAUSE_MS = 2000;
const WORDS = { ready: "ready", asleep: "asleep", not_ready: "not ready" };
const SILENCE = wav(new Int16Array(8000), 16000);
const USES = {
  speech: "speech", transcriptions: "transcription", vad: "speech detection",
  embed: "speaker embedding", voiceConvert: "voice conversion", audioConvert: "restoration",
};
/** The smallest request that makes a sleeping model start, by endpoint. */
const WAKE = {
  speech: (model) => call("v1/audio/speech", { json: { model, input: "Hi.", response_format: "wav" } }),
  transcriptions: (model) => {
    const form = new FormData();
    form.append("file", SILENCE, "silence.wav");
    form.append("model", model);
    return call("v1/audio/transcriptions", { form });
  },
  vad: async (model) =>
    call("v1/audio/vad", { json: { model, input_audio: await base64(SILENCE) } }),
};

const rows = new Map();
const waking = new Map();

export function setUpModels() {
  addEventListener("view", ({ detail }) => { if (detail === "models") refresh(); });
  const again = async () => {
    if (isShown("models") && !document.hidden) await refresh();
    setTimeout(again, waking.size ? WAKING_PAUSE_MS : PAUSE_MS);
  };
  again();
}

export function showModels(listings) {
  rows.clear();
  for (const endpoint of Object.keys(USES)) {
    for (const { id } of listings[endpoint]) {
      if (!rows.has(id)) rows.set(id, { id, uses: [] });
      rows.get(id).uses.push(endpoint);
    }
  }
  for (const row of rows.values()) fillRow(row);
  byId("models-rows").replaceChildren(...[...rows.values()].map(({ line }) => line));
  if (isShown("models")) refresh();
}

function fillRow(row) {
  const wakeable = row.uses.find((endpoint) => endpoint in WAKE);
  row.state = element("td", {}, "…");
  row.wake = button("Wake", () => wake(row, wakeable), { "aria-label": `Wake ${row.id}`, hidden: true });
  row.isWakeable = Boolean(wakeable);
  row.line = element("tr", {}, element("th", { scope: "row" }, row.id),
    element("td", {}, row.uses.map((endpoint) => USES[endpoint]).join(", ")),
    row.state, element("td", {}, row.wake));
}

async function refresh() {
  const error = byId("models-error");
  try {
    const known = await states();
    for (const row of rows.values()) showState(row, known.get(row.id));
    error.hidden = true;
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
}

function showState(row, state) {
  const began = waking.get(row.id);
  row.wake.hidden = state !== "asleep" || !row.isWakeable || began !== undefined;
  if (began === undefined) { row.state.textContent = WORDS[state] ?? "not reported"; return; }
  const seconds = Math.round((performance.now() - began) / 1000);
  const progress = element("progress", { "aria-label": `Waking ${row.id}` });
  row.state.replaceChildren("waking ", progress, ` ${seconds} s`);
}

async function wake(row, endpoint) {
  waking.set(row.id, performance.now());
  byId("models-status").textContent = `Waking ${row.id} …`;
  await refresh();
  try {
    await WAKE[endpoint](row.id);
    byId("models-status").textContent = `${row.id} is awake.`;
  } catch (error) {
    byId("models-status").textContent = `${row.id}: ${error.message}`;
  } finally {
    waking.delete(row.id);
    await refresh();
  }
}
