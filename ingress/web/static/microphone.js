/** The microphone as 16-bit mono pieces of a tenth of a second. */

import { joined, toInt16, wav } from "./sound.js";

const MOST_RATE = 48000; // of a realtime session
const MOST_S = 600; // what is kept of a recording

export class Microphone {
  #stream;
  #context;
  #pieces = [];

  /** Ask for it and begin; `onPiece(Int16Array)` is called as one speaks. Raises Error. */
  static async open(onPiece = () => {}) {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers open the microphone on HTTPS or localhost only.");
    }
    const made = new Microphone();
    try {
      made.#stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch (error) {
      throw new Error(`The microphone cannot be opened: ${error.message}.`);
    }
    try {
      await made.#connect(onPiece);
    } catch {
      made.close(); // or the browser shows it as open for ever
      throw new Error("The microphone cannot be read: reload the page.");
    }
    return made;
  }

  async #connect(onPiece) {
    this.#context = new AudioContext();
    if (this.#context.sampleRate > MOST_RATE) this.#context = new AudioContext({ sampleRate: MOST_RATE });
    await this.#context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
    const node = new AudioWorkletNode(this.#context, "capture", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      const piece = toInt16(data);
      if (this.#pieces.length < MOST_S * 10) this.#pieces.push(piece);
      onPiece(piece);
    };
    this.#context.createMediaStreamSource(this.#stream).connect(node);
  }

  get rate() {
    return this.#context.sampleRate;
  }

  /** {samples, rate} of what has been recorded. */
  get sound() {
    return { samples: joined(this.#pieces, Int16Array), rate: this.rate };
  }

  get file() {
    return new File([wav(this.sound.samples, this.rate)], "recording.wav", { type: "audio/wav" });
  }

  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }
}
