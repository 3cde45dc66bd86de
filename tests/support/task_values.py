"""Any input or output of any task, for properties that must hold for all of them."""

import dataclasses

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from contract.audio.codec import Audio
from contract.embedding import Embedding, LegacyEmbedding
from contract.fields import fields_of
from contract.tasks import (
    INPUTS,
    FloatArray,
    SpeakerSegment,
    SpeechSegment,
    TranscriptSegment,
    Word,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SPOKEN = TEXT.filter(str.strip)
FLOATS = st.floats(-1e6, 1e6)
FP32 = st.floats(-1e6, 1e6, width=32)
AUDIO = st.builds(
    lambda values, rate: Audio((values / 32768).astype(np.float32), rate),
    arrays.arrays(np.int16, st.integers(1, 50)),  # what 16-bit WAV carries exactly
    st.sampled_from([8_000, 16_000, 22_050, 24_000, 44_100, 48_000]),
)
EMBEDDING = st.builds(
    Embedding,
    st.sampled_from(["harmonyspeech", "openvoice_v1", "openvoice_v2"]),
    arrays.arrays(np.float32, st.integers(1, 20), elements=FP32),
)
LEGACY = st.builds(lambda body: LegacyEmbedding(b"PK\x03\x04" + body), st.binary(max_size=30))
TIMES = st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)).map(sorted)
SPEECH = st.builds(lambda times, text: SpeechSegment(*times, text), TIMES, st.none() | TEXT)
WORD = st.builds(lambda times, word, p: Word(*times, word, p), TIMES, TEXT, FLOATS)
TRANSCRIPT = st.builds(
    lambda times, **rest: TranscriptSegment(start_s=times[0], end_s=times[1], **rest),
    TIMES,
    id=st.integers(0, 1000),
    seek=st.integers(0, 10**6),
    text=TEXT,
    tokens=st.lists(st.integers(0, 60_000), max_size=5).map(tuple),
    temperature=FLOATS,
    avg_logprob=FLOATS,
    compression_ratio=FLOATS,
    no_speech_prob=FLOATS,
    words=st.none() | st.lists(WORD, max_size=3).map(tuple),
)
SPEAKER = st.builds(
    lambda times, *rest: SpeakerSegment(*times, *rest),
    TIMES,
    TEXT,
    st.none() | TEXT,
    st.none() | st.lists(WORD, max_size=3).map(tuple),
)
_KINDS = {
    str: TEXT,
    Audio: AUDIO,
    Embedding: EMBEDDING,
    Embedding | LegacyEmbedding: EMBEDDING | LEGACY,
    tuple[SpeechSegment, ...]: st.lists(SPEECH, max_size=4).map(tuple),
    tuple[TranscriptSegment, ...]: st.lists(TRANSCRIPT, max_size=4).map(tuple),
    tuple[SpeakerSegment, ...]: st.lists(SPEAKER, max_size=4).map(tuple),
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    tuple[Audio, ...]: st.lists(AUDIO, max_size=3).map(tuple),
}


def _array(field):
    sizes = [st.integers(1, 5) for _ in field.tensor.shape]
    return st.tuples(*sizes).flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=FP32))


def _parameter(field):
    limits = field.limits
    if field.kind is bool:
        return st.booleans()
    if field.kind is str:
        return (
            st.sampled_from(limits["choices"])
            if "choices" in limits
            else TEXT.map(lambda t: t[:16])
        )
    low, high = limits.get("ge", 0), limits.get("le", 1000)
    return st.integers(int(low), int(high)) if field.kind is int else st.floats(low, high)


def _value(field, kind):
    if field.tensor is None:
        values = _parameter(field)
    elif field.kind == FloatArray:
        values = _array(field)
    elif field.name == "text" and hasattr(kind, "task"):
        values = SPOKEN
    else:
        values = _KINDS[field.kind]
    return values if field.is_required or field.default is not None else st.none() | values


def any_of(kind):
    """A strategy for instances of one input or output class."""
    return st.builds(kind, **{field.name: _value(field, kind) for field in fields_of(kind)})


OUTPUT_KINDS = sorted({kind.output for kind in INPUTS.values()}, key=lambda kind: kind.__name__)
VALUE_KINDS = [*INPUTS.values(), *OUTPUT_KINDS]


def is_same(left, right):
    """Equality that looks into arrays, and into a file for the sound that it still is."""
    if isinstance(left, Audio) and isinstance(right, Audio):
        return left.sample_rate == right.sample_rate and is_same(left.samples, right.samples)
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right)
    if dataclasses.is_dataclass(left):
        names = [field.name for field in dataclasses.fields(left)]
        return all(is_same(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(is_same, left, right))
    return left == right
