// The Vercel AI SDK as a program uses it. Arguments: base address, recording. Prints what it got.
import fs from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import * as ai from "ai";

const [baseURL, recording] = process.argv.slice(2);
const openai = createOpenAI({ baseURL: `${baseURL}/v1`, apiKey: "any" });
const transcribe = ai.transcribe ?? ai.experimental_transcribe;
const generateSpeech = ai.generateSpeech ?? ai.experimental_generateSpeech;
const audio = fs.readFileSync(recording);

const got = {};
const spoken = await generateSpeech({
  model: openai.speech("gpt-4o-mini-tts"),
  text: "Hello. How are you?",
  instructions: "Friendly.",
  outputFormat: "wav",
  language: "en",
});
got.speech = Buffer.from(spoken.audio.uint8Array).subarray(0, 4).toString("hex");

const plain = await transcribe({ model: openai.transcription("gpt-4o-transcribe"), audio });
got.plain = plain.text;
const options = { include: ["logprobs"], language: "en", prompt: "A speech.", temperature: 0 };
const withOptions = await transcribe({
  model: openai.transcription("gpt-4o-mini-transcribe"),
  audio,
  providerOptions: { openai: options },
});
got.withOptions = withOptions.text;
const timed = await transcribe({
  model: openai.transcription("whisper-1"),
  audio,
  providerOptions: { openai: { timestampGranularities: ["word"] } },
});
got.segments = timed.segments.map((one) => [one.text, one.startSecond, one.endSecond]);
got.language = timed.language;
got.duration = timed.durationInSeconds;
console.log(JSON.stringify(got));
