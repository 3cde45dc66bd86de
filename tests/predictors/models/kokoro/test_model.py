"""KokoroSynthesizer on small models of every public layout: what does not need the real weights."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speaking_model import SENTENCE, pitch_hz, refused, said
from synthetic_kokoro import (
    VOICES,
    write_kokoro_onnx,
    write_onnx_community,
    write_torch_voices,
)

from contract.config import InvalidConfig, ModelConfig
from contract.errors import ModelFailed
from contract.tasks import SynthesizeInput, SynthesizeOutput
from predictors.models.kokoro.model import KokoroSynthesizer
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import WeightStore

HOLDER = WeightStore().holder()
LAYOUTS = [write_onnx_community, write_kokoro_onnx, write_torch_voices]


def synthesizer(folder: Path, **entry: Any) -> KokoroSynthesizer:
    config = {"name": "kokoro", "model": str(folder), "model_type": "KokoroSynthesizer"}
    return KokoroSynthesizer.load(ModelConfig(**config | entry), HOLDER)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> KokoroSynthesizer:
    return synthesizer(write_onnx_community(tmp_path_factory.mktemp("kokoro") / "model"))


@pytest.mark.parametrize("write", LAYOUTS)
def test_every_public_layout_speaks_with_its_own_voices(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    model = synthesizer(write(tmp_path / "model"))
    for voice in ("af_one", "am_two"):
        audio = said(model, voice=voice).audio
        assert audio.sample_rate == 24_000
        assert pitch_hz(audio.samples) == pytest.approx(VOICES[voice], abs=3)


def test_a_blend_lies_between_its_voices_by_their_weights(model: KokoroSynthesizer) -> None:
    found = pitch_hz(said(model, voice="af_one(1)+am_two(3)").audio.samples)
    assert found == pytest.approx(0.25 * VOICES["af_one"] + 0.75 * VOICES["am_two"], abs=3)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.2, 2.0, 4.0])
def test_speed_scales_the_length(model: KokoroSynthesizer, speed: float) -> None:
    text = SENTENCE.replace(".", ",") * 3
    own, other = said(model, text).audio, said(model, text, speed=speed).audio
    assert other.duration_s == pytest.approx(own.duration_s / speed, rel=0.05)


def test_without_a_voice_the_first_of_the_language_speaks(model: KokoroSynthesizer) -> None:
    assert pitch_hz(said(model).audio.samples) == pytest.approx(VOICES["af_one"], abs=3)
    british = said(model, language="en-GB").audio.samples
    assert pitch_hz(british) == pytest.approx(VOICES["bf_three"], abs=3)


def test_the_language_follows_from_the_voice_unless_it_is_asked_for(
    model: KokoroSynthesizer,
) -> None:
    spanish = said(model, "La casa es bonita.", voice="ef_four").audio.samples
    same = said(model, "La casa es bonita.", voice="ef_four", language="es").audio.samples
    english = said(model, "La casa es bonita.", voice="ef_four", language="en").audio.samples
    np.testing.assert_array_equal(spanish, same)
    assert len(english) != len(spanish)


def test_sentences_said_one_by_one_join_to_the_whole_text(model: KokoroSynthesizer) -> None:
    whole = said(model, "Good morning. How are you?").audio.samples
    parts = [said(model, text).audio.samples for text in ("Good morning.", "How are you?")]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_sentences_spoken_side_by_side_sound_as_each_does_alone(tmp_path: Path) -> None:
    model = synthesizer(write_onnx_community(tmp_path / "model"), options={"threads": 3})
    texts = ("Good morning.", SENTENCE, "How are you?")
    pieces = [model.prepare(SynthesizeInput(text)).units[0].work for text in texts]
    assert model.concurrent_passes == 3
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(model.run, [[piece] for piece in pieces]))
        model.trim_memory()  # what several need is made anew
        together = list(pool.map(model.run, [[piece] for piece in pieces]))
    for piece, [beside] in zip(pieces, together, strict=True):
        [alone] = model.run([piece])
        np.testing.assert_array_equal(beside.samples, alone.samples)


def test_a_text_longer_than_the_network_takes_is_spoken_whole(model: KokoroSynthesizer) -> None:
    once = said(model, "seven white horses ran, " * 10).audio.duration_s
    long = said(model, "seven white horses ran, " * 100).audio.duration_s
    assert long == pytest.approx(10 * once, rel=0.03)


@pytest.mark.parametrize("text", ["…", "?!", "— —", "🙂🙂"])
def test_a_text_without_a_word_that_it_can_say_is_refused(
    model: KokoroSynthesizer, text: str
) -> None:
    error = refused(model, text)
    assert error.param == "text"
    assert "English" in error.message


@pytest.mark.parametrize("text", ["a", "I", "7", "x!"])
def test_one_symbol_is_enough(model: KokoroSynthesizer, text: str) -> None:
    assert said(model, text).audio.duration_s > 0.05


@pytest.mark.parametrize("voice", ["nobody", "af_one+nobody", "af_one(1)+nobody(2)"])
def test_an_unknown_voice_lists_the_voices(model: KokoroSynthesizer, voice: str) -> None:
    error = refused(model, voice=voice)
    assert error.param == "voice"
    assert all(name in error.message for name in VOICES)


def test_a_broken_blend_names_the_field(model: KokoroSynthesizer) -> None:
    assert refused(model, voice="af_one(x)+am_two").param == "voice"


@pytest.mark.parametrize("language", ["de", "klingon"])
def test_a_language_that_it_does_not_speak_lists_those_it_does(
    model: KokoroSynthesizer, language: str
) -> None:
    error = refused(model, language=language)
    assert error.param == "language"
    assert "pt-BR" in error.message


@pytest.mark.parametrize("field", ["sdp_ratio", "noise_scale", "noise_scale_w"])
def test_what_it_cannot_vary_is_refused(model: KokoroSynthesizer, field: str) -> None:
    assert refused(model, **{field: 0.5}).param == field


def test_a_voice_s_pickle_is_not_read(tmp_path: Path) -> None:
    """Its torch files here hold one that would end the process."""
    folder = write_torch_voices(tmp_path / "model")
    (folder / "voices" / "af_short.pt").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(WeightsMissing, match=r"af_short\.pt"):
        synthesizer(folder)


def test_a_directory_without_voices_says_where_to_put_them(tmp_path: Path) -> None:
    folder = write_kokoro_onnx(tmp_path / "model")
    (folder / "voices-v1.0.bin").unlink()
    with pytest.raises(WeightsMissing, match=r"voices/<name>\.bin"):
        synthesizer(folder)


def test_a_voice_file_of_another_size_is_named(tmp_path: Path) -> None:
    folder = write_onnx_community(tmp_path / "model")
    (folder / "voices" / "am_two.bin").write_bytes(bytes(1000))
    with pytest.raises(WeightsMissing, match=r"am_two\.bin"):
        synthesizer(folder)


def test_a_damaged_model_file_is_no_kokoro_model(tmp_path: Path) -> None:
    folder = write_onnx_community(tmp_path / "model")
    (folder / "onnx" / "model.onnx").write_bytes(b"\x08\x01not a model")
    with pytest.raises(ModelFailed):
        synthesizer(folder)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"voices": ["af_one", "nobody"]}, "nobody"),
        ({"language": "DE"}, "language must be one of"),
        ({"dtype": "float16"}, "remove dtype"),
        ({"options": {"file": "onnx/other.onnx"}}, "onnx/other"),
    ],
)
def test_an_entry_that_cannot_be_served_says_why(
    tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    with pytest.raises((InvalidConfig, WeightsMissing), match=message):
        synthesizer(write_onnx_community(tmp_path / "model"), **entry)


def test_words_have_their_times_where_they_are_asked_for(model: KokoroSynthesizer) -> None:
    output = said(model, f"{SENTENCE} {SENTENCE}", word_times=True)
    assert isinstance(output, SynthesizeOutput)
    words = output.words or ()
    assert [one.text for one in words] == SENTENCE.rstrip(".").split() * 2
    starts = [one.start_s for one in words]
    assert starts == sorted(starts)
    assert all(0 <= one.start_s < one.end_s <= output.audio.duration_s for one in words)
    assert words[9].start_s - words[8].end_s > 0.15, "a sentence ends between them"


def test_words_of_faster_speech_are_nearer(model: KokoroSynthesizer) -> None:
    own, fast = (said(model, word_times=True, speed=speed) for speed in (1.0, 2.0))
    assert isinstance(own, SynthesizeOutput)
    assert isinstance(fast, SynthesizeOutput)
    last, sooner = (own.words or ())[-1], (fast.words or ())[-1]
    assert sooner.start_s == pytest.approx(last.start_s / 2, rel=0.15)


def test_nobody_gets_times_unasked(model: KokoroSynthesizer) -> None:
    assert getattr(said(model), "words", None) is None
