/** Asks for speech and plays it while it arrives; what Speak and Clone have in common. */

import { call, whole } from "./api.js";
import { element } from "./elements.js";
import { StreamPlayer } from "./player.js";
import { showSound } from "./result.js";
import { PcmReader, toFloat } from "./sound.js";

/** POST `json`, play, show. format: of the answer; streams are wav and pcm. What arrived of a stream
 *  that broke off is played and kept, and then said. */
export async function speakInto(container, action, signal, end, { json, format, label }) {
  const began = performance.now();
  const answer = await call("v1/audio/speech", { json, signal });
  const isStream = format === "wav" || format === "pcm";
  const read = isStream ? playArriving : readWhole;
  const { blob, sound, firstS, broken } = await read(answer, format, action, signal, end, began);
  const { audio, waveform } = await showSound(container, {
    blob, sound, label, name: `speech.${format}`,
  });
  end();
  if (broken) throw broken;
  const seconds = waveform ? `${waveform.seconds.toFixed(1)} s of speech` : "Speech";
  action.say(`${seconds}; the first sound came after ${firstS.toFixed(2)} s.`);
  if (!isStream) await audio.play().catch(() => {}); // the user may have to press play
}

async function readWhole(answer, format, action, signal, end, began) {
  const blob = await whole(answer.blob());
  return { blob, firstS: (performance.now() - began) / 1000 };
}

async function playArriving(answer, format, action, signal, end, began) {
  const reader = new PcmReader(format);
  let player = null;
  let firstS = 0;
  let broken = null;
  try {
    try {
      for await (const samples of arriving(answer, reader)) {
        if (player === null) {
          firstS = (performance.now() - began) / 1000;
          player = new StreamPlayer(reader.rate);
        }
        player.push(toFloat(samples));
      }
    } catch (error) {
      if (signal.aborted || player === null) throw error;
      broken = error;
    }
    if (player) { end(); await playedWithMeter(player, action, signal); }
  } finally {
    player?.close();
  }
  return { blob: reader.file, sound: { samples: reader.samples, rate: reader.rate }, firstS, broken };
}

async function* arriving(answer, reader) {
  const stream = answer.body.getReader();
  for (;;) {
    const { done, value } = await whole(stream.read());
    if (done) return;
    const samples = reader.read(value);
    if (samples.length) yield samples;
  }
}

async function playedWithMeter(player, action, signal) {
  const meter = element("meter", { min: 0, max: 0.5, "aria-label": "Loudness" });
  action.status.replaceChildren("Playing ", meter);
  await player.played(signal, (level) => { meter.value = level; });
}
