"""Small real model types, one per task: deterministic, numpy only, loaded in no time.

They speak a language of tones, so a chain of them can be checked by ear or by arithmetic: the
synthesizer plays one tone per letter, the recogniser hears the letters back, the encoder measures
a spectrum, and the converter gives a signal the spectrum it is handed. `family` in an
entry's options sets the embedding family, so that any toolchain can be built from these.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechInput,
    DetectSpeechOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    FloatArray,
    RestoreInput,
    RestoreOutput,
    SpeechSegment,
    SynthesizeInput,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    SynthesizeOutput,
    Task,
    TranscribeInput,
    TranscribeOutput,
    TranscriptSegment,
    VocodeInput,
    Word,
)
from predictors.runtime.model import In, Model, ModelSpec, Out, Prepared, Unit, Weights

SAMPLE_RATE = 16_000
LETTER_S = 0.05
ALPHABET = " abcdefghijklmnopqrstuvwxyz.,!?'-"
LOWEST_HZ, STEP_HZ = 300.0, 40.0  # 50 ms resolve 20 Hz; the highest letter is at 1580 Hz
AMPLITUDE = 0.5

DIMS = 16
N_MELS = 80
HOP = 320  # samples of a mel frame at SAMPLE_RATE


def letter_hz(letter: str) -> float:
    """The tone of a letter; letters outside the alphabet sound like a space."""
    return LOWEST_HZ + STEP_HZ * max(ALPHABET.find(letter.lower()), 0)


def tones(frequencies_hz: Sequence[float], seconds_each: float) -> FloatArray:
    """One sine after another, each starting at phase 0."""
    time_s = np.arange(round(seconds_each * SAMPLE_RATE)) / SAMPLE_RATE
    waves = [AMPLITUDE * np.sin(2 * np.pi * hz * time_s) for hz in frequencies_hz]
    return np.concatenate(waves or [np.zeros(0)]).astype(np.float32)


def at_model_rate(audio: Audio) -> FloatArray:
    """Samples at SAMPLE_RATE, by linear interpolation."""
    if audio.sample_rate == SAMPLE_RATE:
        return audio.samples
    count = round(len(audio.samples) * SAMPLE_RATE / audio.sample_rate)
    places = np.arange(count) * audio.sample_rate / SAMPLE_RATE
    known = np.arange(len(audio.samples))
    return np.interp(places, known, audio.samples).astype(np.float32)


def band_levels(samples: FloatArray, bands: int) -> FloatArray:
    """Mean spectral magnitude of equal bands up to 8 kHz, as [bands] of length 1."""
    spectrum = np.abs(np.fft.rfft(samples, n=max(len(samples), 2 * bands)))
    levels = np.array([part.mean() for part in np.array_split(spectrum, bands)])
    return (levels / (np.linalg.norm(levels) or 1.0)).astype(np.float32)


def embedding_vector(embedding: Embedding | LegacyEmbedding, family: str, param: str) -> FloatArray:
    """The vector of an embedding of this family. Raises InvalidRequest for any other."""
    if isinstance(embedding, LegacyEmbedding):
        raise InvalidRequest(f"{param} was made by HSE; embed the voice again", param=param)
    embedding.require_family(family, param=param)
    return embedding.vector


class _Tiny(Model[In, Out]):
    """What the tiny types share: a request is one unit, and a pass answers unit by unit."""

    is_padded = False

    def __init__(self, config: ModelConfig) -> None:
        self.config = config

    @property
    def family(self) -> str:
        return str(self.config.options.get("family", "tiny"))

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        return cls(config)

    def prepare(self, request: In) -> Prepared[None]:
        self.check(request)
        return Prepared([Unit(request, self.cost(request), self.batch_key(request))], None)

    def run(self, batch: Sequence[In]) -> list[Out]:
        return [self.answer(request) for request in batch]

    def finish(self, prepared: Prepared[None], results: Sequence[Out]) -> Out:
        (answer,) = results
        return answer

    def check(self, request: In) -> None:
        """Most take what the task takes."""

    def batch_key(self, request: In) -> Hashable:
        return ()

    @abstractmethod
    def answer(self, request: In) -> Out: ...

    @abstractmethod
    def cost(self, request: In) -> float: ...


class TinyRecogniser(_Tiny[TranscribeInput, TranscribeOutput]):
    """Hears the letters that TinySynthesizer plays. `language` is given back, default `en`."""

    spec = ModelSpec(Task.TRANSCRIBE)
    max_batch_cost = 60.0

    def answer(self, request: TranscribeInput) -> TranscribeOutput:
        text = hear(at_model_rate(request.audio))
        duration_s = request.audio.duration_s
        segments = (_whole_segment(text, duration_s, request.word_timestamps),) if text else ()
        return TranscribeOutput(text, segments, request.language or "en", 1.0, duration_s)

    def batch_key(self, request: TranscribeInput) -> Hashable:
        return request.translate

    def cost(self, request: TranscribeInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> TranscribeInput:
        return TranscribeInput(Audio(tones([letter_hz("a")], LETTER_S), SAMPLE_RATE))


def hear(samples: FloatArray) -> str:
    """Letters of a signal made by `tones`, leading silence skipped, 50 ms each."""
    size, stretch = round(LETTER_S * SAMPLE_RATE), 60 * SAMPLE_RATE
    for start in range(0, len(samples), stretch):
        loud = np.flatnonzero(np.abs(samples[start : start + stretch]) > 0.1 * AMPLITUDE)
        if len(loud):
            samples = samples[max(start + int(loud[0]) - 2, 0) :]
            frames = [samples[at : at + size] for at in range(0, len(samples) - size // 2, size)]
            return "".join(map(_letter, frames)).strip()
    return ""


def _letter(frame: FloatArray) -> str:
    if np.abs(frame).max() < 0.1 * AMPLITUDE:
        return " "
    peak_hz = np.argmax(np.abs(np.fft.rfft(frame, n=SAMPLE_RATE)))
    index = round((float(peak_hz) - LOWEST_HZ) / STEP_HZ)
    return ALPHABET[min(max(index, 0), len(ALPHABET) - 1)]


def _whole_segment(text: str, duration_s: float, with_words: bool) -> TranscriptSegment:
    words, at = [], 0
    for word in text.split() if with_words else ():
        start = text.index(word, at)
        at = start + len(word)
        words.append(Word(start * LETTER_S, at * LETTER_S, word, 1.0))
    return TranscriptSegment(
        id=0,
        seek=0,
        start_s=0.0,
        end_s=duration_s,
        text=text,
        tokens=tuple(ALPHABET.find(letter) for letter in text),
        temperature=0.0,
        avg_logprob=-0.1,
        compression_ratio=1.0,
        no_speech_prob=0.0,
        words=tuple(words) if with_words else None,
    )


class TinyDetector(_Tiny[DetectSpeechInput, DetectSpeechOutput]):
    """Speech is what is louder than `threshold` of the loudest 10 ms."""

    spec = ModelSpec(Task.DETECT_SPEECH)
    max_batch_cost = 600.0

    def answer(self, request: DetectSpeechInput) -> DetectSpeechOutput:
        frame = max(request.audio.sample_rate // 100, 1)
        count = len(request.audio.samples) // frame
        levels = np.abs(request.audio.samples[: count * frame]).reshape(count, frame)  # (n, 10 ms)
        is_loud = levels.max(axis=1, initial=0.0) > max(request.threshold * AMPLITUDE, 1e-4)
        pieces = _runs(is_loud, request.min_silence_duration_ms // 10)
        kept = [p for p in pieces if (p[1] - p[0]) * 10 >= request.min_speech_duration_ms]
        segments = tuple(SpeechSegment(start / 100, end / 100) for start, end in kept)
        return DetectSpeechOutput(segments, request.audio.duration_s)

    def cost(self, request: DetectSpeechInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> DetectSpeechInput:
        return DetectSpeechInput(Audio(tones([440.0], 0.3), SAMPLE_RATE))


def _runs(flags: Any, longest_gap: int) -> list[tuple[int, int]]:
    """Index ranges where `flags` hold, gaps of at most `longest_gap` bridged."""
    runs: list[tuple[int, int]] = []
    for index in np.flatnonzero(flags).tolist():
        if runs and index - runs[-1][1] <= longest_gap:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


class TinyEncoder(_Tiny[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """The mean spectrum of the speech segments, or of everything."""

    spec = ModelSpec(Task.EMBED_SPEAKER)
    max_batch_cost = 600.0

    def answer(self, request: EmbedSpeakerInput) -> EmbedSpeakerOutput:
        samples = at_model_rate(request.audio)
        if request.segments:
            cuts = [
                samples[round(s.start_s * SAMPLE_RATE) : round(s.end_s * SAMPLE_RATE)]
                for s in request.segments
            ]
            samples = np.concatenate(cuts)
        return EmbedSpeakerOutput(Embedding(self.family, band_levels(samples, DIMS)))

    def cost(self, request: EmbedSpeakerInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(Audio(tones([440.0], 0.1), SAMPLE_RATE))


class TinySynthesizer(_Tiny[SynthesizeInput, AudioOutput]):
    """One tone per letter. A voice shifts the pitch by its place in the entry's `voices`."""

    spec = ModelSpec(Task.SYNTHESIZE)
    max_batch_cost = 2000.0

    def answer(self, request: SynthesizeInput) -> AudioOutput:
        voices = self.config.voices
        shift = voices.index(request.voice) * 10.0 if request.voice else 0.0
        pitches = [letter_hz(letter) + shift for letter in request.text]
        return SynthesizeOutput(Audio(tones(pitches, LETTER_S / request.speed), SAMPLE_RATE))

    def check(self, request: SynthesizeInput) -> None:
        if request.voice is not None and request.voice not in self.config.voices:
            known = ", ".join(self.config.voices) or "none"
            raise InvalidRequest(
                f"voice {request.voice!r} is unknown; known: {known}", param="voice"
            )
        own = self.config.language
        if None not in (own, request.language) and own != request.language:
            raise InvalidRequest(f"this model speaks {own}", param="language")

    def batch_key(self, request: SynthesizeInput) -> Hashable:
        return request.voice

    def cost(self, request: SynthesizeInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("a")


class TinyMelSynthesizer(_Tiny[SynthesizeMelInput, SynthesizeMelOutput]):
    """Four mel frames per letter: the letter's band on top of the embedding as a floor."""

    spec = ModelSpec(Task.SYNTHESIZE_MEL)
    max_batch_cost = 2000.0

    def answer(self, request: SynthesizeMelInput) -> SynthesizeMelOutput:
        vector = embedding_vector(request.embedding, self.family, "embedding")
        frames = max(round(4 / request.speed), 1) * len(request.text)
        mel = np.tile(0.01 * np.resize(vector, N_MELS)[:, None], frames)  # (N_MELS, frames)
        for index, letter in enumerate(request.text):
            band = min(round(letter_hz(letter) * request.pitch / 20), N_MELS - 1)
            part = slice(index * frames // len(request.text), None)
            mel[:, part] = 0.01 * np.resize(vector, N_MELS)[:, None]
            mel[band, part] += request.energy
        return SynthesizeMelOutput(mel.astype(np.float32), np.array([frames], np.float32))

    def check(self, request: SynthesizeMelInput) -> None:
        embedding_vector(request.embedding, self.family, "embedding")

    def cost(self, request: SynthesizeMelInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeMelInput:
        return SynthesizeMelInput("a", Embedding(self.family, np.ones(DIMS, np.float32)))


class TinyVocoder(_Tiny[VocodeInput, AudioOutput]):
    """A sine per mel band at 20 Hz times its index, as loud as the mel says."""

    spec = ModelSpec(Task.VOCODE)
    max_batch_cost = 60.0

    def answer(self, request: VocodeInput) -> AudioOutput:
        return AudioOutput(Audio(self._vocode(request.mel), SAMPLE_RATE))

    def _vocode(self, mel: FloatArray) -> FloatArray:
        time_s = np.arange(mel.shape[1] * HOP) / SAMPLE_RATE
        wave = np.zeros(len(time_s))
        for band in np.flatnonzero(mel.any(axis=1)).tolist():
            wave += np.repeat(mel[band], HOP) * np.sin(2 * np.pi * 20.0 * band * time_s)
        return (AMPLITUDE * wave / max(np.abs(wave).max(initial=0.0), 1.0)).astype(np.float32)

    def check(self, request: VocodeInput) -> None:
        if request.mel.ndim != 2 or request.mel.shape[0] != N_MELS:
            raise InvalidRequest(f"mel must be [{N_MELS}, frames]", param="mel")

    def cost(self, request: VocodeInput) -> float:
        return request.mel.shape[1] * HOP / SAMPLE_RATE

    def warm_up_request(self) -> VocodeInput:
        return VocodeInput(np.ones((N_MELS, 2), np.float32))


class TinyConverter(_Tiny[ConvertVoiceInput, AudioOutput]):
    """Weights the bands of the spectrum by target / source embedding; keeps the length."""

    spec = ModelSpec(Task.CONVERT_VOICE)
    max_batch_cost = 60.0

    def answer(self, request: ConvertVoiceInput) -> AudioOutput:
        assert request.target_embedding is not None  # check() refused the others
        samples = at_model_rate(request.audio)
        target = embedding_vector(request.target_embedding, self.family, "target_embedding")
        source = band_levels(samples, DIMS)
        if request.source_embedding is not None:
            source = embedding_vector(request.source_embedding, self.family, "source_embedding")
        gains = (target + 0.05) / (source + 0.05)
        spectrum = np.fft.rfft(samples)
        places = np.linspace(0, DIMS - 1, len(spectrum))
        spectrum *= np.interp(places, np.arange(DIMS), gains)
        wave = np.fft.irfft(spectrum, n=len(samples))
        wave *= AMPLITUDE / max(float(np.abs(wave).max(initial=0.0)), 1e-6)
        return AudioOutput(Audio(wave.astype(np.float32), SAMPLE_RATE))

    def check(self, request: ConvertVoiceInput) -> None:
        if request.target_embedding is None:
            raise InvalidRequest(
                "target_embedding is missing; send the voice to get", param="target_embedding"
            )
        embedding_vector(request.target_embedding, self.family, "target_embedding")

    def cost(self, request: ConvertVoiceInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> ConvertVoiceInput:
        voice = Embedding(self.family, np.ones(DIMS, np.float32))
        return ConvertVoiceInput(Audio(tones([440.0], 0.1), SAMPLE_RATE), voice)


class TinyRestorer(_Tiny[RestoreInput, RestoreOutput]):
    """Measures the level of every 20 Hz band in frames of HOP samples: TinyVocoder's inverse."""

    spec = ModelSpec(Task.RESTORE)
    max_batch_cost = 60.0

    def answer(self, request: RestoreInput) -> RestoreOutput:
        return RestoreOutput(self._measure(at_model_rate(request.audio)))

    def _measure(self, samples: FloatArray) -> FloatArray:
        frames = -(-len(samples) // HOP)
        padded = np.pad(samples, (0, frames * HOP - len(samples))).reshape(frames, HOP)
        levels = np.abs(np.fft.rfft(padded, n=SAMPLE_RATE // 20, axis=1))  # (frames, 20 Hz bins)
        return (levels[:, :N_MELS].T / HOP).astype(np.float32)

    def cost(self, request: RestoreInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> RestoreInput:
        return RestoreInput(Audio(tones([440.0], 0.1), SAMPLE_RATE))


TINY_MODEL_TYPES: dict[Task, type[Model[Any, Any]]] = {
    kind.spec.task: kind
    for kind in (
        TinyRecogniser,
        TinyDetector,
        TinyEncoder,
        TinySynthesizer,
        TinyMelSynthesizer,
        TinyVocoder,
        TinyConverter,
        TinyRestorer,
    )
}


def tiny_config(task: Task, name: str = "", **options: Any) -> ModelConfig:
    """An entry for the tiny model type of a task, its name the task's unless given."""
    kind = TINY_MODEL_TYPES[task]
    return ModelConfig(
        name=name or task.value.replace("_", "-"),
        model="tiny",
        model_type=kind.__name__,
        task=task,
        options=options,
    )
