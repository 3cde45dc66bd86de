/** The view Convert: a recording in another voice, or a cleaner recording. */

import { Action } from "./action.js";
import { call, whole } from "./api.js";
import { byId, element } from "./elements.js";
import { showSound } from "./result.js";
import { base64Code, showCode } from "./snippets.js";
import { base64 } from "./sound.js";
import { Source } from "./source.js";

const VOICE = "v1/voice/convert";
const RESTORE = "v1/audio/convert";

const path = () => byId("convert-model").selectedOptions[0]?.dataset.path;

export function setUpConvert() {
  const action = new Action("convert");
  const source = new Source(byId("convert-source"), "convert-file", "Recording");
  const target = new Source(byId("convert-target"), "convert-voice", "Voice to get");
  byId("convert-model").addEventListener("change", showTarget);
  byId("convert-form").addEventListener("submit", (event) => {
    event.preventDefault();
    convert(action, source, target);
  });
}

/** Models alone want an embedding of the target; toolchains take a recording of it. */
export function showConvert({ voiceConvert, audioConvert }) {
  const changers = voiceConvert.filter(({ object }) => object === "toolchain");
  byId("tab-convert").hidden = changers.length + audioConvert.length === 0;
  const group = (label, cards, where) => element("optgroup", { label },
    ...cards.map(({ id }) => element("option", { value: id, "data-path": where }, id)));
  byId("convert-model").replaceChildren(
    ...(changers.length ? [group("Another voice", changers, VOICE)] : []),
    ...(audioConvert.length ? [group("A cleaner recording", audioConvert, RESTORE)] : []));
  showTarget();
}

function showTarget() {
  const hasTarget = path() === VOICE;
  byId("convert-target").hidden = !hasTarget;
  byId("convert-consent-label").hidden = !hasTarget;
  byId("convert-consent").required = hasTarget;
}

function convert(action, source, target) {
  const where = path();
  const asked = {
    model: byId("convert-model").value,
    output_options: { format: "wav", stream: true },
  };
  return action.run("Converting", asked.model, async (signal, end) => {
    const files = { source_audio: source.file };
    if (where === VOICE) files.target_audio = target.file;
    const json = { ...asked };
    for (const [name, file] of Object.entries(files)) json[name] = await base64(file);
    const blob = await whole((await call(where, { json, signal })).blob());
    const container = byId("convert-result");
    const { audio } = await showSound(container, { blob, name: "converted.wav", label: "the result" });
    const names = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.name]));
    showCode(container, base64Code(where, asked, names, "converted.wav"));
    end();
    action.say("Done.");
    await audio.play().catch(() => {}); // the user may have to press play
  });
}
