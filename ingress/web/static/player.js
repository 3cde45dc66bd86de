/** Plays samples as they arrive. */

const AHEAD_S = 0.05;

export class StreamPlayer {
  #context;
  #analyser;
  #endS = 0;
  startedS = null;

  /** A context at the stream's own rate: pieces join without a click. */
  constructor(rate) {
    this.#context = new AudioContext({ sampleRate: rate });
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.connect(this.#context.destination);
  }

  /** samples: Float32Array, mono. */
  push(samples) {
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#analyser);
    const startS = Math.max(this.#endS, this.#context.currentTime + AHEAD_S);
    source.start(startS);
    this.startedS ??= startS;
    this.#endS = startS + buffer.duration;
  }

  /** How loud it is now, 0 to 1: the root of the mean square. */
  get level() {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  }

  /** Until everything has been played; `onLevel` is called while it is. */
  async played(signal, onLevel) {
    while (this.#context.currentTime < this.#endS && !signal.aborted && !this.isBlocked) {
      onLevel(this.level);
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  /** The browser lets no page play before the user has touched it. */
  get isBlocked() {
    return this.#context.state === "suspended" && this.#context.currentTime === 0
      && navigator.userActivation?.hasBeenActive === false;
  }

  close() {
    this.#context.close();
  }
}
