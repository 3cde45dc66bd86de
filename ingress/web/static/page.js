/** Puts the page together. READ FIRST: each view is a file of its name. */

import { listings } from "./api.js";
import { setUpClone, showClone } from "./clone.js";
import { setUpConvert, showConvert } from "./convert.js";
import { byId } from "./elements.js";
import { setUpKey } from "./key.js";
import { setUpModels, showModels } from "./models.js";
import { setUpSpeak, showSpeak } from "./speak.js";
import { setUpTabs, showNamed } from "./tabs.js";
import { setUpTranscribe, showTranscribe } from "./transcribe.js";
import { setUpVoices, showVoices } from "./voices.js";

const SET_UPS = [
  setUpSpeak, setUpTranscribe, setUpClone, setUpVoices, setUpConvert, setUpModels,
];
const VIEWS = [showSpeak, showTranscribe, showClone, showVoices, showConvert, showModels];

/** Read what is served and show it in every view. */
async function load() {
  const error = byId("page-error");
  try {
    const found = await listings();
    for (const show of VIEWS) show(found);
    error.hidden = true;
    showNamed();
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
  document.body.dataset.state = error.hidden ? "loaded" : "failed";
}

setUpTabs();
setUpKey(load);
for (const setUp of SET_UPS) setUp();
load();
