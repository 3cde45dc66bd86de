/** A transcript below its sound: segments to listen to, and files to keep. */

import { button, element } from "./elements.js";
import { showSound } from "./result.js";
import { clock, srt, vtt } from "./subtitles.js";

/** segments: [{start, end, text, speaker?}]; recording: {blob, name, sound?}. */
export async function showTranscript(container, segments, recording) {
  const { audio, waveform } = await showSound(container, { ...recording, label: "the recording" });
  const speakers = [...new Set(segments.map(({ speaker }) => speaker).filter(Boolean))];
  const groupOf = ({ speaker }) => (speaker ? speakers.indexOf(speaker) : undefined);
  if (waveform) waveform.bands = segments.map((one) => ({ ...one, group: groupOf(one) }));
  const items = segments.map((one) => segmentItem(one, groupOf(one), audio));
  container.append(
    element("p", { class: "actions" }, ...downloads(segments, recording.name)),
    element("ol", { class: "segments", "aria-label": "Segments" }, ...items));
}

function segmentItem(segment, group, audio) {
  const { start, text, speaker } = segment;
  const name = speaker ? element("b", { class: `speaker-${group % 4}` }, speaker) : null;
  const time = element("span", { class: "time" }, clock(start).slice(3, 10));
  const play = button("", () => { audio.currentTime = start; audio.play(); });
  play.append(time, element("span", {}, name, text.trim()));
  return element("li", {}, play);
}

function downloads(segments, name) {
  const stem = name.replace(/\.[^.]*$/, "");
  const text = segments.map((one) => one.text.trim()).join("\n");
  const files = { srt: srt(segments), vtt: vtt(segments), txt: `${text}\n` };
  return Object.entries(files).map(([kind, content]) => {
    const href = `data:text/plain;charset=utf-8,${encodeURIComponent(content)}`;
    return element("a", { href, download: `${stem}.${kind}` }, `Download ${kind}`);
  });
}
