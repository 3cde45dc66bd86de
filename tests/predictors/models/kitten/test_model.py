"""KittenTTSSynthesizer on a small model of the public layout."""

from pathlib import Path
from typing import Any

import pytest
from speaking_model import pitch_hz, refused, said
from synthetic_kitten import ALIASES, PITCHES_HZ, SPEED_PRIORS, write_kitten

from contract.config import InvalidConfig, ModelConfig
from predictors.models.kitten.model import KittenTTSSynthesizer
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import WeightStore

HOLDER = WeightStore().holder()
TAIL_S = 5000 / 24_000


def synthesizer(folder: Path, **entry: Any) -> KittenTTSSynthesizer:
    config = {"name": "kitten", "model": str(folder), "model_type": "KittenTTSSynthesizer"}
    return KittenTTSSynthesizer.load(ModelConfig(**config | entry), HOLDER)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> KittenTTSSynthesizer:
    return synthesizer(write_kitten(tmp_path_factory.mktemp("kitten") / "model"))


@pytest.mark.parametrize("name", [*ALIASES, *PITCHES_HZ])
def test_a_voice_answers_to_both_its_names(model: KittenTTSSynthesizer, name: str) -> None:
    samples = said(model, voice=name).audio.samples
    assert pitch_hz(samples) == pytest.approx(PITCHES_HZ[ALIASES.get(name, name)], abs=3)


def test_a_voice_s_own_tempo_is_part_of_its_speed(model: KittenTTSSynthesizer) -> None:
    bella, hugo = (said(model, voice=name).audio.duration_s + TAIL_S for name in ("Bella", "Hugo"))
    own = [SPEED_PRIORS[ALIASES[name]] for name in ("Bella", "Hugo")]
    assert bella / hugo == pytest.approx(own[1] / own[0], rel=0.1)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_scales_the_length(model: KittenTTSSynthesizer, speed: float) -> None:
    own, other = said(model).audio.duration_s, said(model, speed=speed).audio.duration_s
    assert other == pytest.approx(own / speed, rel=0.25)  # symbols last whole frames


def test_the_noise_behind_a_recording_is_cut(model: KittenTTSSynthesizer) -> None:
    one = said(model, "Good morning.").audio.duration_s
    two = said(model, "Good morning. Good morning.").audio.duration_s
    assert two == pytest.approx(2 * one, abs=0.01)


def test_an_unknown_voice_lists_the_voices(model: KittenTTSSynthesizer) -> None:
    error = refused(model, voice="nobody")
    assert error.param == "voice"
    assert all(name in error.message for name in (*ALIASES, *PITCHES_HZ))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"text": "?!"}, "text"),
        ({"language": "fr"}, "language"),
        ({"noise_scale": 0.5}, "noise_scale"),
        ({"sdp_ratio": 0.5}, "sdp_ratio"),
    ],
)
def test_what_it_cannot_do_is_refused_by_field(
    model: KittenTTSSynthesizer, asked: dict[str, Any], field: str
) -> None:
    assert refused(model, **asked).param == field


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_file": "other.onnx"}, r"other\.onnx"),
        ({"voices": "../voices.npz"}, r"voices\.npz"),
        ({"voices": None}, r"config\.json"),
    ],
)
def test_a_directory_that_is_no_kitten_says_what_is_missing(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(WeightsMissing, match=message):
        synthesizer(write_kitten(tmp_path / "model", **changes))


def test_a_damaged_archive_of_voices_is_named(tmp_path: Path) -> None:
    folder = write_kitten(tmp_path / "model")
    (folder / "voices.npz").write_bytes(b"no archive")
    with pytest.raises(WeightsMissing, match=r"voices\.npz"):
        synthesizer(folder)


def test_an_entry_with_a_voice_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="nobody"):
        synthesizer(write_kitten(tmp_path / "model"), voices=["Bella", "nobody"])
