/** One action of a view at a time: its status line, its error line, its Stop button. */

import { states } from "./api.js";
import { byId, element } from "./elements.js";

const ASK_AFTER_MS = 2000;

export class Action {
  #controller = null;

  constructor(view) {
    this.status = byId(`${view}-status`);
    this.error = byId(`${view}-error`);
    this.stopButton = byId(`${view}-stop`);
    this.stopButton.addEventListener("click", () => this.stop());
  }

  stop() {
    this.#controller?.abort();
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(message) {
    this.error.textContent = message;
    this.error.hidden = false;
  }

  /** Run `work(signal)`. Meanwhile `what` is shown, or that `model` is being woken; null: none is. */
  async run(what, model, work) {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.error.hidden = true;
    this.stopButton.disabled = false;
    const end = this.#showProgress(what, model, controller.signal);
    try {
      await work(controller.signal, end);
    } catch (error) {
      if (this.#controller !== controller) return; // another action has the lines now
      if (controller.signal.aborted) this.say("Stopped.");
      else { this.say(""); this.fail(error.message); }
    } finally {
      end();
      if (this.#controller === controller) this.stopButton.disabled = true;
    }
  }

  /** A line with the seconds; returns what ends it. */
  #showProgress(what, model, signal) {
    const words = element("span", {}, `${what} … `);
    const seconds = element("span", { "aria-hidden": "true" });
    this.status.replaceChildren(words, element("progress", { "aria-hidden": "true" }), " ", seconds);
    const began = performance.now();
    const timer = setInterval(() => {
      seconds.textContent = `${((performance.now() - began) / 1000).toFixed(0)} s`;
    }, 500);
    const asking = setInterval(() => noteWaking(words, what, model), ASK_AFTER_MS);
    const end = () => { clearInterval(timer); clearInterval(asking); };
    signal.addEventListener("abort", end);
    return end;
  }
}

async function noteWaking(words, what, model) {
  if (model === null) return;
  const state = (await states().catch(() => new Map())).get(model);
  const text = state && state !== "ready" ? `Waking ${model} … ` : `${what} … `;
  if (words.isConnected && words.textContent !== text) words.textContent = text;
}
