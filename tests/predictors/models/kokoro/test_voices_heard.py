"""Kokoro's real voices, where `harmony fetch-kokoro` has brought them: Whisper hears what was said.

Fifty sentences a language: `python -m benchmarks intelligibility`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jiwer
import numpy as np
import pytest

from benchmarks.intelligibility import SPELLINGS, words
from contract.audio.codec import Audio
from contract.config import ModelConfig, load_config
from contract.tasks import (
    AudioOutput,
    SynthesizeInput,
    SynthesizeOutput,
    TranscribeInput,
    TranscribeOutput,
)
from predictors.models.kokoro.model import KokoroSynthesizer
from predictors.models.whisper.model import FasterWhisper
from predictors.runtime.direct import answers
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.weights
ENTRIES = {
    one.name: one for one in load_config(Path(__file__).parents[4] / "config.yml").model_configs
}
HOLDER = WeightStore().holder()
Speak = Callable[..., Audio]


@pytest.fixture(scope="module")
def speak() -> Speak:
    try:
        model = KokoroSynthesizer.load(ENTRIES["kokoro"], HOLDER)
    except WeightsMissing as exc:
        pytest.skip(exc.message)

    def speak(text: str, voice: str, speed: float = 1.0) -> Audio:
        output = answers(model, [SynthesizeInput(text, voice=voice, speed=speed)])[0]
        assert isinstance(output, AudioOutput), output
        return output.audio

    return speak


@pytest.fixture(scope="module")
def listener() -> FasterWhisper:
    entry = ENTRIES["whisper-base"].model_dump() | {"options": {"short_windows": False}}
    return FasterWhisper.load(ModelConfig.model_validate(entry), HOLDER)


@pytest.mark.parametrize(
    ("voice", "language", "text"),
    [
        ("af_heart", "en", "The quick brown fox jumps over the lazy dog, and then it goes home."),
        ("bf_emma", "en", "Good morning, everybody, and welcome to the garden."),
        ("ef_dora", "es", "Buenos días, el gato negro duerme en la silla."),
        ("ff_siwis", "fr", "Il fait beau aujourd'hui et les enfants jouent dans le jardin."),
        ("if_sara", "it", "Buongiorno, il treno per Milano parte domani."),
        ("pf_dora", "pt", "Bom dia, a reunião de amanhã começa na sala grande."),
        ("jf_alpha", "ja", "今日はいい天気ですね。"),
        ("zf_xiaobei", "zh", "我们去北京的图书馆看书。"),
        ("af_bella(2)+af_sky(1)", "en", "Two voices are mixed, and you hear a third person."),
    ],
)
def test_what_was_said_is_heard(
    speak: Speak, listener: FasterWhisper, voice: str, language: str, text: str
) -> None:
    [heard] = answers(listener, [TranscribeInput(speak(text, voice), language=language)])
    assert isinstance(heard, TranscribeOutput)
    spell = SPELLINGS.get(language, words)
    assert jiwer.wer(spell(text), spell(heard.text)) <= 0.1, heard.text


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_is_what_was_asked_for(speak: Speak, speed: float) -> None:
    text = "The last ferry leaves at half past six."
    own, other = (speak(text, "af_heart", one).duration_s for one in (1.0, speed))
    assert other == pytest.approx(own / speed, rel=0.12)


def test_no_long_silence_stands_around_a_sentence(speak: Speak) -> None:
    samples = np.abs(speak("Hello.", "af_heart").samples)
    loud = np.flatnonzero(samples > 0.02 * samples.max())
    assert loud[0] < 0.15 * 24_000
    assert len(samples) - loud[-1] < 0.45 * 24_000


def test_sentences_spoken_side_by_side_sound_as_each_does_alone() -> None:
    """Bit for bit: the sums of a run do not depend on how many threads it has."""
    try:
        model = KokoroSynthesizer.load(ENTRIES["kokoro"], HOLDER)
    except WeightsMissing as exc:
        pytest.skip(exc.message)
    texts = ("Good morning.", "The last ferry leaves at half past six.")
    pieces = [model.prepare(SynthesizeInput(text)).units[0].work for text in texts]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(model.run, [[piece] for piece in pieces]))
    for piece, [beside] in zip(pieces, together, strict=True):
        np.testing.assert_array_equal(beside.samples, model.run([piece])[0].samples)


def test_words_are_spoken_when_their_times_say(listener: FasterWhisper) -> None:
    """Whisper's own times are good to about a tenth of a second."""
    try:
        model = KokoroSynthesizer.load(ENTRIES["kokoro"], HOLDER)
    except WeightsMissing as exc:
        pytest.skip(exc.message)
    text = "The big dog can jump, but the cat cannot."
    asked = SynthesizeInput(text, voice="af_heart", word_times=True)
    spoken = answers(model, [asked])[0]
    assert isinstance(spoken, SynthesizeOutput)
    heard = answers(listener, [TranscribeInput(spoken.audio, language="en", word_timestamps=True)])[
        0
    ]
    assert isinstance(heard, TranscribeOutput)
    found = [word for segment in heard.segments for word in segment.words or ()]
    told = spoken.words or ()
    assert [words(one.text or "") for one in told] == [words(one.word) for one in found]
    distances = [abs(a.start_s - b.start_s) for a, b in zip(told, found, strict=True)]
    assert max(distances) < 0.25
    assert float(np.median(distances)) < 0.12
