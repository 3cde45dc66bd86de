"""Cutting a reference recording into clips of speech that a speaker encoder is good at.

Source: OpenVoice's two ways of choosing clips, by Whisper's segments and by a speech detector's.
Unlike there, a long segment is cut instead of dropped, and short speech is one clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from contract.errors import InvalidAudio
from contract.tasks import FloatArray, SpeechSegment
from predictors.nn.audible import is_silent

MIN_SPEECH_S = 0.5
"""Less speech than this says little about a voice."""
_MIN_CLIP_S, _MAX_CLIP_S = 1.5, 20.0
_USUAL_CLIP_S = 10.0
_PAD_S = 0.08  # recognisers cut into the first and the last sound
_MIN_CHARACTERS, _MAX_CHARACTERS = 2, 200
_PAUSE = "..."  # what a recogniser writes where it heard nothing clear
Span = tuple[int, int]
"""First sample and the one behind the last."""


def reference_clips(
    samples: FloatArray,
    sample_rate: int,
    segments: Sequence[SpeechSegment] | None,
    *,
    param: str = "audio",
) -> list[FloatArray]:
    """Clips of speech [n], each under 20 s, in order of time; together no longer than `samples`.

    Segments with text are a recogniser's: each is a clip if it holds 1.5 s and a sensible amount of
    text. Where none does, and for a detector's segments, which have no text, the speech is joined
    and cut into equal parts of about 10 s. None means that all of it is speech.
    Raises InvalidAudio when less than MIN_SPEECH_S of speech is left.
    """
    clips: list[FloatArray] = []
    if segments is not None:
        clips = _spoken_clips(samples, sample_rate, segments)
        samples = _joined_speech(samples, sample_rate, segments)
    clips = clips or equal_parts(_enough(samples, sample_rate, param), sample_rate)
    heard = [clip for clip in clips if not is_silent(clip)]
    if not heard:
        raise InvalidAudio(f"{param} is silent where speech should be", param=param)
    return heard


def equal_parts(samples: FloatArray, sample_rate: int) -> list[FloatArray]:
    """`samples` in parts of about 10 s; up to 15 s stay whole."""
    parts = max(1, round(len(samples) / (_USUAL_CLIP_S * sample_rate)))
    return np.array_split(samples, parts)


def _joined_speech(
    samples: FloatArray, sample_rate: int, segments: Sequence[SpeechSegment]
) -> FloatArray:
    spans = _spans(segments, sample_rate, len(samples), pad_s=0.0)
    speech = [samples[start:stop] for start, stop in spans]
    return np.concatenate([*speech, np.zeros(0, np.float32)])


def _spoken_clips(
    samples: FloatArray, sample_rate: int, segments: Sequence[SpeechSegment]
) -> list[FloatArray]:
    """Clips of a recogniser's segments; segments without sensible text are left out."""
    kept = [segment for segment in segments if _has_words(segment)]
    clips: list[FloatArray] = []
    for start, stop in _spans(kept, sample_rate, len(samples), pad_s=_PAD_S):
        seconds = (stop - start) / sample_rate
        if seconds >= _MAX_CLIP_S:
            clips += equal_parts(samples[start:stop], sample_rate)
        elif seconds > _MIN_CLIP_S:
            clips.append(samples[start:stop])
    return clips


def _has_words(segment: SpeechSegment) -> bool:
    """Whether the text is long enough to be speech, and not a recogniser's endless repetition."""
    if segment.text is None:
        return False
    parts = max(1.0, (segment.end_s - segment.start_s) / _USUAL_CLIP_S)
    characters = len(segment.text.replace(_PAUSE, "").strip())
    return _MIN_CHARACTERS <= characters < _MAX_CHARACTERS * parts


def _spans(
    segments: Iterable[SpeechSegment], sample_rate: int, total: int, *, pad_s: float
) -> list[Span]:
    """Where the segments are, in order of time, inside the recording, and never twice the same."""
    spans: list[Span] = []
    behind, duration_s = 0, total / sample_rate
    for segment in sorted(segments, key=lambda one: one.start_s):
        start = max(round(min(segment.start_s - pad_s, duration_s) * sample_rate), behind)
        stop = round(min(segment.end_s + pad_s, duration_s) * sample_rate)
        if start < stop:
            spans.append((start, stop))
            behind = stop
    return spans


def _enough(samples: FloatArray, sample_rate: int, param: str) -> FloatArray:
    if len(samples) < MIN_SPEECH_S * sample_rate:
        raise InvalidAudio(
            f"{param} holds {len(samples) / sample_rate:.2f} s of speech; send at least "
            f"{MIN_SPEECH_S:g} s of one person speaking",
            param=param,
        )
    return samples
