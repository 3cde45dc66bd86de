/** A waveform with the stretches that belong to segments, drawn for eyes alone. */

import { element } from "./elements.js";
import { peaks } from "./sound.js";

const HEIGHT = 90;

export class Waveform {
  #sound;
  #bands = [];
  #position = 0;

  /** label: what a screen reader says of it. */
  constructor(label, sound) {
    this.canvas = element("canvas", { role: "img", "aria-label": label });
    this.#sound = sound;
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get seconds() {
    return this.#sound.samples.length / this.#sound.rate;
  }

  /** bands: [{start, end, group}], seconds; group: number of the speaker, if any. */
  set bands(bands) {
    this.#bands = bands;
    this.#draw();
  }

  set position(seconds) {
    this.#position = seconds;
    this.#draw();
  }

  /** Call `seek(seconds)` for clicks. */
  onSeek(seek) {
    this.canvas.addEventListener("click", (event) =>
      seek((event.offsetX / this.canvas.clientWidth) * this.seconds));
  }

  #draw() {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const scale = devicePixelRatio;
    Object.assign(this.canvas, { width: width * scale, height: HEIGHT * scale });
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`);
    const x = (seconds) => (seconds / this.seconds) * width;
    for (const { start, end, group } of this.#bands) {
      pen.fillStyle = group === undefined ? colour("band") : `${colour(`speaker-${group % 4}`)}55`;
      pen.fillRect(x(start), 0, Math.max(1, x(end) - x(start) - 1), HEIGHT);
    }
    pen.fillStyle = colour("accent");
    peaks(this.#sound.samples, width).forEach((peak, column) => {
      const tall = Math.max(1, peak * HEIGHT);
      pen.fillRect(column, (HEIGHT - tall) / 2, 1, tall);
    });
    pen.fillStyle = colour("front");
    if (this.#position) pen.fillRect(x(this.#position), 0, 2, HEIGHT);
  }
}
