/** The API key: kept in this tab's sessionStorage and nowhere else. */

import { byId } from "./elements.js";

const NAME = "harmony-speech-key";

export const key = () => sessionStorage.getItem(NAME) ?? "";

/** "" forgets it. */
export function storeKey(value) {
  if (value) sessionStorage.setItem(NAME, value);
  else sessionStorage.removeItem(NAME);
}

export const authorization = () => (key() ? { authorization: `Bearer ${key()}` } : {});

/** Ask for the key. `note` says why; null: the user pressed the button. */
export function askForKey(note = null) {
  const dialog = byId("key-dialog");
  if (note !== null) byId("key-note").textContent = note;
  if (dialog.open) return; // somebody types already
  byId("key-input").value = key();
  dialog.showModal();
  byId("key-input").focus();
}

/** Wire the dialog; `onChange` is called when another key counts. */
export function setUpKey(onChange) {
  const store = (value) => {
    storeKey(value);
    byId("key-dialog").close();
    showState();
    onChange();
  };
  byId("key-button").addEventListener("click", () => askForKey());
  byId("key-cancel").addEventListener("click", () => byId("key-dialog").close());
  byId("key-forget").addEventListener("click", () => store(""));
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const value = byId("key-input").value.trim();
    if (/^[\x20-\x7e]*$/.test(value)) store(value);
    else byId("key-note").textContent = "A key has no letters but those of English: check what was pasted.";
  });
  showState();
}

function showState() {
  byId("key-button").textContent = key() ? "API key: set" : "API key";
}
