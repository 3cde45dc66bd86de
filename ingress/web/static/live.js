/** The microphone through the realtime socket: OpenAI's events, deltas while one speaks. */

import { base, call, whole } from "./api.js";
import { byId, element } from "./elements.js";
import { key } from "./key.js";
import { Microphone } from "./microphone.js";
import { showCode, liveCode } from "./snippets.js";
import { wav } from "./sound.js";
import { showTranscript } from "./transcript.js";

const PATH = "v1/realtime";
const LAST_TEXT_MS = 15000;
const ITEM = "conversation.item.input_audio_transcription";

/** Until Stop: open microphone and socket, show what is said; then the whole as a transcript. */
export function transcribeLive(action, { model, language }) {
  const toggle = byId("transcribe-live");
  if (toggle.ariaPressed === "true") { action.stop(); return; }
  toggle.ariaPressed = "true";
  action.run("Opening the microphone", model, async (signal, end) => {
    const session = new LiveSession(byId("transcribe-live-text"));
    try {
      await session.open({ model, language });
      end();
      action.say("Listening. Press Stop when you have finished.");
      await session.until(signal);
      action.say("Waiting for the last words …");
      await session.finish();
    } catch (error) {
      if (session.segments.length) await showLive(session, { model, language });
      throw error; // what was heard before is kept
    } finally {
      session.close();
      toggle.ariaPressed = "false";
    }
    await showLive(session, { model, language });
    action.say(`${session.segments.length} segments from the microphone.`);
  });
}

async function showLive(session, asked) {
  const { samples, rate } = session.microphone.sound;
  const container = byId("transcribe-result");
  const recording = { blob: wav(samples, rate), name: "microphone.wav", sound: { samples, rate } };
  await showTranscript(container, session.segments, recording);
  showCode(container, liveCode(asked));
}

class LiveSession {
  #items = new Map();
  #socket = null;
  #failure = null;
  #changed = () => {};

  constructor(log) {
    this.log = log;
    this.log.replaceChildren();
    this.log.hidden = false;
  }

  async open({ model, language }) {
    this.#socket = await openSocket();
    this.#socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    this.#socket.addEventListener("close", () => {
      this.#failure ??= new Error("The server closed the session.");
      this.#changed();
    });
    this.microphone = await Microphone.open((piece) => this.#append(piece));
    const input = {
      format: { type: "audio/pcm", rate: this.microphone.rate },
      transcription: { model, ...(language && { language }) },
      turn_detection: { type: "server_vad" },
    };
    this.#send({ type: "session.update", session: { type: "transcription", audio: { input } } });
  }

  /** Spoken turns that have text: [{start, end, text}], seconds. */
  get segments() {
    return [...this.#items.values()].filter(({ text }) => text.trim());
  }

  /** Return when the user stops; raise what ended the session before. */
  async until(signal) {
    await this.#wait(() => signal.aborted || this.#failure, signal);
    if (this.#failure && !signal.aborted) throw this.#failure;
  }

  /** Text of what was said last. */
  async finish() {
    this.microphone.close();
    this.#send({ type: "input_audio_buffer.commit" });
    const isDone = () => [...this.#items.values()].every(({ isFinal }) => isFinal);
    await this.#wait(() => this.#failure || isDone(), AbortSignal.timeout(LAST_TEXT_MS));
  }

  close() {
    this.microphone?.close();
    this.#socket?.close();
  }

  async #wait(isOver, signal) {
    while (!isOver()) {
      if (signal.aborted) return;
      await new Promise((resolve) => {
        this.#changed = resolve;
        signal.addEventListener("abort", resolve, { once: true });
      });
    }
  }

  #send(event) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(event));
  }

  #append(piece) {
    const bytes = new Uint8Array(piece.buffer);
    this.#send({ type: "input_audio_buffer.append", audio: btoa(String.fromCharCode(...bytes)) });
  }

  #take(event) {
    const item = this.#itemOf(event);
    if (event.type === "input_audio_buffer.speech_started") item.start = event.audio_start_ms / 1000;
    if (event.type === "input_audio_buffer.speech_stopped") item.end = event.audio_end_ms / 1000;
    if (event.type === `${ITEM}.delta`) item.text += event.delta;
    if (event.type === `${ITEM}.completed`) Object.assign(item, { text: event.transcript, isFinal: true });
    if (event.type === `${ITEM}.failed`) Object.assign(item, { text: `(${event.error.message})`, isFinal: true });
    if (event.type === "error" && !event.error.code?.endsWith("commit_empty")) {
      this.#failure = new Error(event.error.message);
    }
    if (item) item.line.textContent = item.text;
    this.#changed();
  }

  /** The turn that an event is about, made at its first event; undefined for other events. */
  #itemOf({ type, item_id: id }) {
    if (!id || !(type.startsWith("input_audio_buffer.") || type.startsWith(ITEM))) return undefined;
    if (!this.#items.has(id)) {
      const line = element("p");
      this.log.append(line);
      const seconds = this.microphone ? this.microphone.sound.samples.length / this.microphone.rate : 0;
      this.#items.set(id, { start: 0, end: seconds, text: "", isFinal: false, line });
    }
    return this.#items.get(id);
  }
}

/** Browsers cannot set headers on a socket: a short-lived secret travels as its subprotocol. */
async function openSocket() {
  const address = new URL(`${PATH}?intent=transcription`, base);
  address.protocol = address.protocol.replace("http", "ws");
  const protocols = ["realtime"];
  if (key()) {
    const { value } = await whole((await call(`${PATH}/client_secrets`, { json: {} })).json());
    protocols.push(`openai-insecure-api-key.${value}`);
  }
  const socket = new WebSocket(address, protocols);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () =>
      reject(new Error("The realtime socket cannot be opened.")), { once: true });
  });
  return socket;
}
