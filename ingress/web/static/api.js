/** Requests to the server that this page came from. */

import { askForKey, authorization, key } from "./key.js";

export const base = new URL("./", document.baseURI);

export class ApiError extends Error {}

/** The Response of a successful request. Raises ApiError with the server's own words. */
export async function call(path, { json, form, signal, method } = {}) {
  const sent = key();
  const headers = authorization();
  if (json) headers["content-type"] = "application/json";
  const body = json ? JSON.stringify(json) : form;
  let answer;
  try {
    answer = await fetch(new URL(path, base), {
      method: method ?? (body ? "POST" : "GET"), headers, body, signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached.");
  }
  if (!answer.ok) throw await failure(answer, sent);
  return answer;
}

/** What `reading` of an answer's body gives: json(), blob(), a stream's read(). Raises ApiError where
 *  the server went away meanwhile. */
export async function whole(reading) {
  try {
    return await reading;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The connection broke off before the end of the answer.");
  }
}

async function failure(answer, sent) {
  const body = await answer.json().catch(() => ({}));
  const message = body?.error?.message ?? body?.message ?? `The server answered ${answer.status}.`;
  const isAboutKey = answer.status === 401 && sent === key(); // no late answer about an earlier one
  if (isAboutKey) askForKey(`This server needs an API key: ${message}`);
  return new ApiError(message);
}

const LISTINGS = {
  speech: "v1/audio/speech/models",
  transcriptions: "v1/audio/transcriptions/models",
  vad: "v1/audio/vad/models",
  embed: "v1/embed/models",
  voiceConvert: "v1/voice/convert/models",
  audioConvert: "v1/audio/convert/models",
};

/** Cards by endpoint: {id, object, languages: [{language, voices: [{voice}]}], modes}; and `names`,
 *  everything that can be asked for, OpenAI's own names among it. */
export async function listings() {
  const read = async ([name, path]) => [name, (await whole((await call(path)).json())).data];
  const names = states().then((known) => ["names", [...known.keys()]]);
  return Object.fromEntries(await Promise.all([...Object.entries(LISTINGS).map(read), names]));
}

/** State by name of model or alias; undefined where the server reports none. */
export async function states() {
  const { data } = await whole((await call("v1/models")).json());
  return new Map(data.map(({ id, state }) => [id, state]));
}
