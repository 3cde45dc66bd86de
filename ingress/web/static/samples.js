/** What is there to be spoken before anybody has written anything, in the languages of the voices. */

const SAMPLES = {
  en: "Hello from Harmony. This is how the voice sounds, sentence by sentence.",
  de: "Hallo von Harmony. So klingt die Stimme, Satz für Satz.",
  es: "Hola de parte de Harmony. Así suena la voz, frase a frase.",
  fr: "Bonjour de la part de Harmony. Voici comment sonne la voix, phrase après phrase.",
  hi: "हार्मनी की ओर से नमस्ते। यह आवाज़ ऐसी सुनाई देती है, एक-एक वाक्य करके।",
  it: "Ciao da Harmony. Ecco come suona la voce, frase dopo frase.",
  ja: "こんにちは、ハーモニーです。声はこのように聞こえます。",
  ko: "안녕하세요, 하모니입니다. 목소리는 이렇게 들립니다.",
  pt: "Olá da Harmony. É assim que a voz soa, frase por frase.",
  zh: "你好，这里是和声。这就是它的声音，一句接一句。",
};
const CODES = { jp: "ja", kr: "ko", cn: "zh" }; // MeloTTS calls languages by their countries
const ALL = new Set(Object.values(SAMPLES));

/** `text`, or the sample of `language` (en-US, ZH …) where nobody has written another text yet. */
export function sampleFor(language, text) {
  const code = language.toLowerCase().split(/[-_]/)[0];
  return ALL.has(text) ? SAMPLES[CODES[code] ?? code] ?? text : text;
}
