/** Segments as SubRip and WebVTT. Segments: {start, end, text, speaker?}, seconds. */

export const srt = (segments) =>
  segments.map((one, at) => `${at + 1}\n${times(one, ",")}\n${spoken(one)}\n`).join("\n");

export const vtt = (segments) =>
  `WEBVTT\n\n${segments.map((one) => `${times(one, ".")}\n${voiced(one)}\n`).join("\n")}`;

export function clock(seconds, mark = ".") {
  const ms = Math.round(seconds * 1000);
  const two = (number) => String(Math.floor(number) % 60).padStart(2, "0");
  const hours = String(Math.floor(ms / 3600000)).padStart(2, "0");
  return `${hours}:${two(ms / 60000)}:${two(ms / 1000)}${mark}${String(ms % 1000).padStart(3, "0")}`;
}

const times = ({ start, end }, mark) => `${clock(start, mark)} --> ${clock(end, mark)}`;
const spoken = ({ speaker, text }) => (speaker ? `${speaker}: ${text.trim()}` : text.trim());
const escaped = (text) => text.trim().replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const voiced = ({ speaker, text }) =>
  (speaker ? `<v ${escaped(speaker)}>${escaped(text)}` : escaped(text));
