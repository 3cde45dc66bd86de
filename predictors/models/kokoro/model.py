"""KokoroSynthesizer: Kokoro-82M, 54 voices in nine languages, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest
from contract.pronunciation import stretches
from contract.tasks import (
    AudioOutput,
    FloatArray,
    SpeechSegment,
    SynthesizeInput,
    SynthesizeOutput,
    Task,
)
from contract.voices import parse_blend
from predictors.models.kokoro.network import SAMPLE_RATE, KokoroNetwork, Piece, SpokenPiece
from predictors.models.kokoro.voices import Voices, blended, check_known, load_voices
from predictors.models.kokoro.word_times import as_written, word_times
from predictors.nn.onnx import onnx_providers
from predictors.nn.text_errors import text_errors
from predictors.nn.unsupported import refuse_given
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import WeightsMissing, resolve
from predictors.text.kokoro import LANGUAGES, ids_of, letters_of, read_stretches
from predictors.text.kokoro_tokens import Token

_QUIET = 0.01
"""Of the peak: 40 dB below it, where the softest consonants end."""
_EDGE_S = 0.05
_DTYPES = ("float32", "float", "auto")
_GRAPHS = ("onnx/model.onnx", "kokoro*.onnx", "model*.onnx", "onnx/model*.onnx", "*.onnx")
"""Best first: onnx-community's directory has one file for each precision."""


@dataclass(frozen=True, slots=True)
class KokoroOptions:
    file: str = ""
    """The ONNX file below `model`; empty: onnx/model.onnx, else the first there is."""
    threads: int = 0
    """Threads of one run; 0: OMP_NUM_THREADS, else at most 4."""
    sentence_silence_s: float = 0.2
    """Silence after every sentence at speed 1, the last one too: sentences that are spoken one by
    one join to the same audio as the whole text."""


@dataclass(frozen=True, slots=True)
class Loaded:
    network: KokoroNetwork
    voices: Voices
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to put the pieces of a text together."""

    sentences: list[list[list[Token]]]
    speed: float
    text: str | None
    """Where the times of its words are asked for."""


class KokoroSynthesizer(Model[SynthesizeInput, AudioOutput]):
    """Speaks with any voice, or blend of voices, of one Kokoro model at 24 kHz.

    The first letter of a voice is its language, unless the request or the entry names another.
    The model draws nothing at random, so `seed` changes nothing. A run takes one piece:
    decision 0016 says why. Passes run side by side.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE,
        packages=("onnx", "onnxruntime", "text_unidecode"),
        extra="kokoro",
        image="piper",
        cuda=False,  # the images have the onnxruntime without CUDA; with onnxruntime-gpu it runs
        options=KokoroOptions,
        voice_languages={letter: language.tag for letter, language in LANGUAGES.items()},
        blends=True,
        phonemes=True,
        word_times=True,
        first_piece_chars=40,  # two seconds of speech: half a second of work for two quick cores
        license="Apache-2.0; espeak-ng GPL-3.0-or-later",
    )

    def __init__(self, config: ModelConfig, options: KokoroOptions, loaded: Loaded) -> None:
        self._config, self._options, self._loaded = config, options, loaded
        self.size_bytes = loaded.size_bytes
        self.concurrent_passes = loaded.network.most_at_once

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        if config.dtype not in _DTYPES:
            raise InvalidConfig(f"{config.name}: the ONNX file decides the precision; remove dtype")
        options = read_options(KokoroOptions, config)
        allow = [options.file or "onnx/model.onnx", "voices/*"]
        folder = resolve(config.model, revision=config.revision, allow=allow)
        if not folder.is_dir():
            raise WeightsMissing("`model` of a KokoroSynthesizer is a directory; correct it")
        path = _graph(folder, options.file)
        providers = onnx_providers(config.device_config, onnxruntime.get_available_providers())
        loaded = weights.share(
            ("kokoro", path, options.threads, str(providers)),
            lambda: Loaded(
                KokoroNetwork(path, threads=options.threads, providers=providers),
                load_voices(folder),
                path.stat().st_size,
            ),
        )
        _check_entry(config, loaded.voices)
        return cls(config, options, loaded)

    def prepare(self, request: SynthesizeInput) -> Prepared[Reading]:
        """A unit per piece of a sentence, each alone in its pass."""
        refuse_given(request, "sdp_ratio", "noise_scale", "noise_scale_w", by="Kokoro")
        voice, letter = self._voice(request)
        styles = blended(self._loaded.voices, voice)
        with text_errors():
            sentences = read_stretches(stretches(request.text), letter)
        units = [
            _unit(piece, styles, request.speed) for sentence in sentences for piece in sentence
        ]
        text = request.text if request.word_times else None
        return Prepared(units, Reading(sentences, request.speed, text))

    def run(self, batch: Sequence[Piece]) -> list[SpokenPiece]:
        return [self._loaded.network.run(piece) for piece in batch]

    def finish(self, prepared: Prepared[Reading], results: Sequence[SpokenPiece]) -> AudioOutput:
        reading = prepared.context
        silence_s = self._options.sentence_silence_s / reading.speed
        silence = np.zeros(round(silence_s * SAMPLE_RATE), np.float32)
        spoken = iter(results)
        parts: list[FloatArray] = []
        words: list[SpeechSegment] = []
        length = 0
        for pieces in reading.sentences:
            for tokens, piece in zip(pieces, islice(spoken, len(pieces)), strict=True):
                whole = piece.at_tempo(SAMPLE_RATE)
                kept = _kept(whole, reading.speed)
                if reading.text is not None:
                    words += word_times(tokens, piece.frames, len(whole), kept, length)
                parts.append(whole[kept])
                length += len(parts[-1])
            parts.append(silence)
            length += len(silence)
        audio = Audio(np.concatenate(parts).clip(-1, 1), SAMPLE_RATE)
        if reading.text is None:
            return SynthesizeOutput(audio)
        return SynthesizeOutput(audio, as_written(words, reading.text))

    def trim_memory(self) -> None:
        self._loaded.network.trim_memory()

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("Hi.", language="en-US")

    def _voice(self, request: SynthesizeInput) -> tuple[str, str]:
        """The voice, or blend, and the letter of the language that it is to speak."""
        asked = request.language
        if asked is not None and not letters_of(asked):
            known = ", ".join(language.tag for language in LANGUAGES.values())
            raise InvalidRequest(
                f"language {asked!r} is not spoken by Kokoro; use one of: {known}",
                param="language",
            )
        wanted = letters_of(asked or self._config.language or "")
        voice = request.voice or self._default_voice(wanted)
        blend = parse_blend(voice)
        check_known(self._loaded.voices, blend)
        own = blend[0][0][0]
        return voice, own if asked is None or own in wanted else wanted[0]

    def _default_voice(self, letters: str) -> str:
        names = self._config.voices or tuple(self._loaded.voices)
        fit = [name for name in (*names, *self._loaded.voices) if name[0] in letters]
        return (fit or names)[0]


def _unit(piece: list[Token], styles: FloatArray, speed: float) -> Unit[Piece]:
    ids = ids_of(piece)
    # A style for each length: hexgrad/kokoro, kokoro/pipeline.py, `pack[len(ps)-1]`.
    return Unit(Piece(ids, styles[len(ids) - 1], speed), len(ids), is_alone=True)


def _kept(samples: FloatArray, speed: float) -> slice:
    """All but most of the silence, a third of a second, that the model puts at both ends."""
    loud = np.flatnonzero(np.abs(samples) > _QUIET * np.abs(samples).max(initial=0.0))
    if not len(loud):
        return slice(0, len(samples))
    edge = round(_EDGE_S / speed * SAMPLE_RATE)
    return slice(max(0, int(loud[0]) - edge), min(len(samples), int(loud[-1]) + edge))


def _graph(folder: Path, file: str) -> Path:
    for pattern in [file] if file else _GRAPHS:
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    raise WeightsMissing(
        f"the model's directory has no {file or 'ONNX file'}; correct `model` or options.file"
    )


def _check_entry(config: ModelConfig, voices: Voices) -> None:
    unknown = [name for name in config.voices if name not in voices]
    if unknown:
        raise InvalidConfig(
            f"{config.name}: voices names {unknown[0]!r}, which is not among the model's files; "
            f"it has: {', '.join(voices)}"
        )
    if config.language is not None and not letters_of(config.language):
        known = ", ".join(language.tag for language in LANGUAGES.values())
        raise InvalidConfig(f"{config.name}: language must be one of: {known}")
