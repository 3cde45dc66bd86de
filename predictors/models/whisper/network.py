"""The network: chunks of many requests through one encoder pass and one beam search.

faster-whisper loads the model and makes features and tokens; this calls CTranslate2's encoder
and decoder directly, because faster-whisper's own loops take one recording at a time.

Windows. Whisper was trained on windows of 30 s, and its users pay for 30 s whatever the clip;
CTranslate2's encoder takes shorter ones. A clip gets the least of WINDOWS_S that leaves it 2 s of
padding, which keeps the decoder from looping (benchmarks/whisper_window.py has the word
error rates). In 10 s `base` ended sentences early: "too cold for", and nothing of the swimming. The
window depends on the clip alone, so a batch decodes it as it would be alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import DataType, Device, StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from contract.tasks import FloatArray
from predictors.models.whisper.hypothesis import Hypothesis

FRAMES_PER_S = 100
_ENCODER_STRIDE = 2  # frames of the mel for one of the encoder's
WINDOWS_S = (15, 20, 30)
FULL_WINDOW_S = WINDOWS_S[-1]
_MARGIN_S = 2.0

_MAX_CONTEXT = 223  # tokens of prompt and hotwords: half of the decoder's 448, less one
_MAX_HOTWORDS = 111
_MAX_CHARS = 4096
"""Of either: more than those tokens ever hold; the rest is not worth tokenizing."""
_MAX_NEW_TOKENS = 224
_TOKENS_PER_S, _SPARE_TOKENS = 25, 16
"""More than anybody says in any script; what is cut off by it was a loop."""
_SAMPLES_PER_CHUNK = 5  # hypotheses drawn when sampling, of which the likeliest is kept


@dataclass(frozen=True, slots=True)
class Search:
    """How to decode; one for all chunks of a pass."""

    beam_size: int
    with_timestamps: bool
    prompt: str | None
    hotwords: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a chunk is in and what it is to become."""

    language: str
    translate: bool


def window_s(duration_s: float) -> int:
    """The encoder window for a clip."""
    needed = duration_s + _MARGIN_S
    return next((window for window in WINDOWS_S if window >= needed), FULL_WINDOW_S)


class WhisperNetwork:
    """A loaded model. Thread-safe as CTranslate2 is; keeps nothing between calls."""

    def __init__(
        self, path: Path, *, device: str, device_index: int, compute_type: str, threads: int
    ) -> None:
        self.model = WhisperModel(
            str(path),
            device=device,
            device_index=device_index,
            compute_type=compute_type,
            cpu_threads=threads,
        )
        self._generate = self.model.model.generate
        self._tokenizers: dict[Spoken, Tokenizer] = {}  # one per language and task, at most 200
        self._suppressed = get_suppressed_tokens(self.tokenizer(Spoken("en", False)), [-1])

    @property
    def is_multilingual(self) -> bool:
        return bool(self.model.model.is_multilingual)

    @property
    def is_on_gpu(self) -> bool:
        return bool(self.model.model.device == "cuda")

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes this model was trained on: large-v3 has one more than its predecessors."""
        has_token = self.model.hf_tokenizer.token_to_id
        codes = sorted(self.model.supported_languages)
        return tuple(one for one in codes if codes == ["en"] or has_token(f"<|{one}|>") is not None)

    def tokenizer(self, spoken: Spoken) -> Tokenizer:
        if spoken not in self._tokenizers:
            self._tokenizers[spoken] = Tokenizer(
                self.model.hf_tokenizer,
                self.is_multilingual,
                task="translate" if spoken.translate else "transcribe",
                language=spoken.language,
            )
        return self._tokenizers[spoken]

    def features(self, samples: FloatArray) -> FloatArray:
        """Log mel [n_mels, frames] of one chunk."""
        mel: FloatArray = self.model.feature_extractor(samples)[..., :-1]
        return mel

    def encode(self, features: Sequence[FloatArray], window: int) -> Any:
        """One encoder pass over chunks padded to `window` seconds; stays on the device."""
        frames = window * FRAMES_PER_S
        padded = np.zeros((len(features), features[0].shape[0], frames), np.float32)
        for row, mel in zip(padded, features, strict=True):
            row[:, : mel.shape[1]] = mel[:, :frames]
        return self.model.encode(padded)

    def rows(self, encoded: Any, wanted: Sequence[int]) -> Any:
        """Some chunks of an encoded batch; all of them as they are, others by main memory."""
        if len(wanted) == encoded.shape[0]:
            return encoded
        here = encoded.to_device(Device.cpu).to(DataType.float32)
        return StorageView.from_array(np.ascontiguousarray(np.asarray(here)[list(wanted)]))

    def detect_languages(self, encoded: Any) -> list[dict[str, float]]:
        """For each chunk the probability of every language."""
        found = self.model.model.detect_language(encoded)
        return [{token[2:-2]: float(chance) for token, chance in chunk} for chunk in found]

    def decode(
        self,
        encoded: Any,
        spoken: Sequence[Spoken],
        durations_s: Sequence[float],
        search: Search,
        temperature: float,
    ) -> list[Hypothesis]:
        """One search over all encoded chunks: beams at temperature 0, sampling above."""
        prompts = [self._prompt(one, search) for one in spoken]
        limit = min(_MAX_NEW_TOKENS, _SPARE_TOKENS + math.ceil(_TOKENS_PER_S * max(durations_s)))
        method: dict[str, Any] = {"beam_size": search.beam_size}
        if temperature > 0:
            method = {
                "beam_size": 1,
                "num_hypotheses": _SAMPLES_PER_CHUNK,
                "sampling_topk": 0,  # all tokens
                "sampling_temperature": temperature,
            }
        is_short = encoded.shape[1] * _ENCODER_STRIDE < FULL_WINDOW_S * FRAMES_PER_S
        results = self._generate(
            encoded,
            prompts,
            # CTranslate2 makes at most max_length / 2 tokens, and max_length with the prompt.
            max_length=max(2 * limit, limit + len(prompts[0])),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            **method,
        )
        return [
            self._hypothesis(result, one, temperature, limit, has_short_window=is_short)
            for result, one in zip(results, spoken, strict=True)
        ]

    def _hypothesis(
        self, result: Any, spoken: Spoken, temperature: float, limit: int, *, has_short_window: bool
    ) -> Hypothesis:
        tokens = tuple(result.sequences_ids[0])
        return Hypothesis(
            tokens,
            self.tokenizer(spoken).decode(list(tokens)),
            # The score is a mean over the tokens; Whisper counts the end token in.
            float(result.scores[0]) * len(tokens) / (len(tokens) + 1),
            float(result.no_speech_prob),
            temperature,
            is_cut_off=len(tokens) >= limit,
            has_short_window=has_short_window,
        )

    def _prompt(self, spoken: Spoken, search: Search) -> list[int]:
        tokenizer = self.tokenizer(spoken)
        context = self._context(tokenizer, search)
        end = [] if search.with_timestamps else [tokenizer.no_timestamps]
        return [*context, *tokenizer.sot_sequence, *end]

    def _context(self, tokenizer: Tokenizer, search: Search) -> list[int]:
        """Hotwords from their beginning and the prompt's end, as much of both as there is room."""
        first, last = (search.hotwords or "")[:_MAX_CHARS], (search.prompt or "")[-_MAX_CHARS:]
        hotwords = _tokens(tokenizer, first)[:_MAX_HOTWORDS]
        room = _MAX_CONTEXT - len(hotwords)
        words = hotwords + _tokens(tokenizer, last)[-room:]
        return [tokenizer.sot_prev, *words] if words else []


def _tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    tokens: list[int] = tokenizer.encode(" " + text.strip()) if text.strip() else []
    return tokens
