/** A sound that can be seen, played and downloaded. */

import { element } from "./elements.js";
import { decoded, wav } from "./sound.js";
import { Waveform } from "./waveform.js";

const MOST_DRAWN = 64e6; // bytes of a file that is decoded for its waveform: hours of speech
const urls = new WeakMap();

/** Show it in `container`, instead of what was there. Returns {audio, waveform}.
 *  blob: the file; name: of the download; sound: {samples, rate} where they are known. */
export async function showSound(container, { blob, name, label, sound }) {
  for (const url of urls.get(container) ?? []) URL.revokeObjectURL(url);
  const url = URL.createObjectURL(blob);
  const isBare = name.endsWith(".pcm");
  const playable = isBare ? URL.createObjectURL(wav(sound.samples, sound.rate)) : url;
  urls.set(container, [url, playable]);
  const audio = element("audio", { controls: true, src: playable, "aria-label": label });
  const waveform = await waveformOf(label, sound, blob);
  if (waveform) connect(audio, waveform);
  const link = element("a", { href: url, download: name }, `Download ${name} (${size(blob.size)})`);
  container.replaceChildren(...[waveform?.canvas, audio, element("p", {}, link)].filter(Boolean));
  return { audio, waveform };
}

/** null where the browser cannot read the format: it can be downloaded all the same. */
async function waveformOf(label, sound, blob) {
  const known = sound ?? (blob.size > MOST_DRAWN ? null : await decoded(blob).catch(() => null));
  if (known === null) return null;
  const seconds = (known.samples.length / known.rate).toFixed(1);
  return new Waveform(`Waveform of ${label}, ${seconds} seconds`, known);
}

function connect(audio, waveform) {
  audio.addEventListener("timeupdate", () => { waveform.position = audio.currentTime; });
  waveform.onSeek((seconds) => { audio.currentTime = seconds; });
}

const size = (bytes) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
