/** Where a recording comes from: a file, or the microphone. */

import { button, element } from "./elements.js";
import { Microphone } from "./microphone.js";

export class Source {
  #file = null;
  #microphone = null;
  #legend;

  constructor(container, id, legend) {
    this.#legend = legend;
    this.input = element("input", { type: "file", id, accept: "audio/*,video/*" });
    this.input.addEventListener("change", () => this.#take(this.input.files[0] ?? null));
    this.recordButton = button("Record", () => this.#record(), { "aria-pressed": "false" });
    this.note = element("span", { role: "status" }, "Nothing chosen yet.");
    container.append(element("fieldset", {},
      element("legend", {}, legend),
      element("label", { for: id }, "Audio file ", this.input),
      element("p", { class: "actions" }, this.recordButton, this.note)));
  }

  /** The File. Raises Error where there is none. */
  get file() {
    if (this.#microphone) this.#end();
    if (this.#file === null) throw new Error(`${this.#legend}: choose a file, or record one.`);
    return this.#file;
  }

  #take(file) {
    this.#file = file;
    this.note.textContent = file ? `${file.name}, ${Math.ceil(file.size / 1000)} kB` : "Nothing chosen yet.";
  }

  async #record() {
    if (this.#microphone) { this.#end(); return; }
    this.recordButton.disabled = true; // a second press would open a second microphone
    try {
      this.#microphone = await Microphone.open();
    } catch (error) {
      this.note.textContent = error.message;
      return;
    } finally {
      this.recordButton.disabled = false;
    }
    this.#showRecording(true);
    this.note.textContent = "Recording …";
  }

  #end() {
    const { file } = this.#microphone;
    this.#microphone.close();
    this.#microphone = null;
    this.#showRecording(false);
    this.#take(file);
  }

  #showRecording(isRecording) {
    this.recordButton.textContent = isRecording ? "End the recording" : "Record";
    this.recordButton.setAttribute("aria-pressed", String(isRecording));
  }
}
