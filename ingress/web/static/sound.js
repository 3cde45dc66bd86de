/** Samples: reading streams of WAV and PCM, writing WAV, peaks, base64. */

const PCM_RATE = 24000; // OpenAI's pcm: 24 kHz, 16 bit, mono
const DECODE_RATE = 8000; // enough for a waveform; an hour is 115 MB

/** 16-bit mono that arrives in pieces, with or without a WAV header before it. */
export class PcmReader {
  #rest = new Uint8Array();
  #isBare;
  rate = null;
  pieces = [];

  constructor(format) {
    this.#isBare = format === "pcm";
    if (this.#isBare) this.rate = PCM_RATE;
  }

  /** The samples that `bytes` completed: Int16Array. */
  read(bytes) {
    let all = joined([this.#rest, bytes]);
    if (this.rate === null) {
      const header = wavHeader(all);
      if (header === null) { this.#rest = all; return new Int16Array(); }
      this.rate = header.rate;
      all = all.slice(header.length);
    }
    const whole = all.length - (all.length % 2);
    this.#rest = all.slice(whole);
    const samples = new Int16Array(all.slice(0, whole).buffer);
    if (samples.length) this.pieces.push(samples);
    return samples;
  }

  get samples() {
    return joined(this.pieces, Int16Array);
  }

  /** What was read as a file of its own: true lengths, where a stream could not know them. */
  get file() {
    const samples = this.samples;
    return this.#isBare ? new Blob([samples]) : wav(samples, this.rate);
  }
}

export function joined(parts, Kind = Uint8Array) {
  const all = new Kind(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

/** {rate, length} once the header is there, else null. */
function wavHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let rate = null;
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (name === "data") return { rate, length: at + 8 };
    if (name === "fmt " && at + 16 <= bytes.length) rate = view.getUint32(at + 12, true);
    at += 8 + view.getUint32(at + 4, true);
  }
  return null;
}

/** A WAV file of 16-bit mono. */
export function wav(samples, rate) {
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); text(8, "WAVEfmt "); text(36, "data");
  header.setUint32(4, 36 + 2 * samples.length, true);
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true); header.setUint16(22, 1, true);
  header.setUint32(24, rate, true); header.setUint32(28, 2 * rate, true);
  header.setUint16(32, 2, true); header.setUint16(34, 16, true);
  header.setUint32(40, 2 * samples.length, true);
  return new Blob([header, samples], { type: "audio/wav" });
}

export const toFloat = (samples) => Float32Array.from(samples, (one) => one / 32768);

export const toInt16 = (samples) =>
  Int16Array.from(samples, (one) => Math.round(32767 * Math.max(-1, Math.min(1, one))));

/** {samples, rate} of any audio file that the browser can read. */
export async function decoded(blob) {
  const context = new OfflineAudioContext(1, 1, DECODE_RATE);
  const buffer = await context.decodeAudioData(await blob.arrayBuffer());
  return { samples: buffer.getChannelData(0), rate: buffer.sampleRate };
}

/** Loudest absolute value, 0 to 1, of each column. */
export function peaks(samples, columns) {
  const scale = samples instanceof Int16Array ? 32768 : 1;
  return Float32Array.from({ length: columns }, (_, column) => {
    const end = Math.floor(((column + 1) * samples.length) / columns);
    let most = 0;
    for (let at = Math.floor((column * samples.length) / columns); at < end; at++) {
      most = Math.max(most, Math.abs(samples[at]));
    }
    return most / scale;
  });
}

export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
