"""VoiceFixer from files of the public layout: what a listener would notice, what a caller reads,
and the recorded results of the originals at full size."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from clips import jfk
from golden_weights import golden
from hostile_files import SPOILED, spoil
from loaded_model import answered, loaded, only, refused
from synthetic_checkpoints import FULL
from synthetic_voicefixer import (
    RESTORER_FILE,
    SMALL_TFGAN,
    SMALL_UNET,
    VOCODER_FILE,
    write_restorer,
    write_vocoder,
    write_voicefixer,
)

from contract.audio.codec import Audio
from contract.config import InvalidConfig
from contract.errors import InvalidAudio, InvalidRequest, ModelFailed
from contract.tasks import AudioOutput, RestoreInput, RestoreOutput, VocodeInput
from predictors.models.voicefixer.model import VoiceFixerRestorer, VoiceFixerVocoder
from predictors.models.voicefixer.restoring import SEGMENT_SAMPLES, reduce_restorer, segments
from predictors.models.voicefixer.vocoding import WINDOWS, reduce_tfgan
from predictors.runtime.direct import answers
from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.store import CorruptWeights, WeightStore

RATE = 44_100
HOP = 441
TYPES = {RESTORER_FILE: VoiceFixerRestorer, VOCODER_FILE: VoiceFixerVocoder}
pytestmark = pytest.mark.usefixtures("torch_on_one_thread")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voicefixer(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def restorer(release: Path) -> VoiceFixerRestorer:
    return loaded(VoiceFixerRestorer, release)


@pytest.fixture(scope="module")
def vocoder(release: Path) -> VoiceFixerVocoder:
    return loaded(VoiceFixerVocoder, release)


def restored(model: Any, samples: Any, rate: int = RATE) -> Any:
    return answered(model, RestoreInput(Audio(samples, rate)), RestoreOutput).mel


def vocoded(model: Any, mel: Any, pauses: Any = None) -> Any:
    output = answered(model, VocodeInput(mel, pauses), AudioOutput)
    assert output.audio.sample_rate == RATE
    return output.audio.samples


def some_mel(frames: int = 50, bands: int = 128, seed: int = 0) -> Any:
    mel = np.random.default_rng(seed).gamma(0.5, 3.0, (bands, frames)).astype(np.float32)
    mel.setflags(write=False)  # as it may come off the wire
    return mel


# Restoring ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_any_rate_gives_a_linear_mel_of_100_frames_a_second(restorer: Any, rate: int):
    samples = jfk(rate)[: rate * 3 // 2]
    samples.setflags(write=False)  # as they may come off the wire
    mel = restored(restorer, samples, rate)
    assert mel.shape == (128, 151)
    assert mel.dtype == np.float32
    assert mel.min() >= 0
    assert mel.flags.c_contiguous


def test_a_batch_of_recordings_equals_single_ones(restorer: Any):
    speech = jfk(RATE)
    clips = [speech[:RATE], speech[RATE:110_000], np.zeros(RATE, np.float32), speech[:9000]]
    together = answers(restorer, [RestoreInput(Audio(clip, RATE)) for clip in clips])
    assert isinstance(together[2], InvalidAudio)
    for index in (0, 1, 3):
        np.testing.assert_allclose(
            together[index].mel, restored(restorer, clips[index]), rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (np.ones(RATE // 20, np.float32), "too short"),
        (np.full(RATE, np.inf, np.float32), "not finite"),
    ],
    ids=["silent", "short", "infinite"],
)
def test_a_recording_without_sound_is_refused(restorer: Any, samples: Any, words: str):
    refusal = refused(restorer, RestoreInput(Audio(samples, RATE)))
    assert isinstance(refusal, InvalidAudio)
    assert refusal.param == "audio"
    assert words in refusal.message


@pytest.mark.parametrize(
    ("seconds", "lengths"),
    [
        (0.2, [0.2]),
        (30, [30]),
        (30.9, [30.9]),
        (31, [30, 1]),
        (70, [30, 30, 10]),
        (90.5, [30, 30, 30.5]),
    ],
)
def test_recordings_are_cut_every_30_s_and_no_rest_is_tiny(seconds: float, lengths: list[float]):
    cut = segments(np.zeros(round(seconds * RATE), np.float32))
    assert [len(one) / RATE for one in cut] == lengths


def test_70_seconds_are_restored_in_time_and_come_out_as_long(restorer: Any, vocoder: Any):
    """Every step of the real path; only the channels of both networks are fewer."""
    samples = np.tile(jfk(RATE), 7)[: 70 * RATE]
    mel = restored(restorer, samples)
    assert mel.shape == (128, 1 + len(samples) // HOP)
    last = restored(restorer, samples[2 * SEGMENT_SAMPLES :])
    np.testing.assert_allclose(mel[:, 6000:], last, rtol=1e-3, atol=1e-4)
    assert len(vocoded(vocoder, mel)) == pytest.approx(len(samples), rel=0.01)


# Making it audible --------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 2, 51])
def test_a_mel_of_any_length_becomes_441_samples_a_frame(vocoder: Any, frames: int):
    samples = vocoded(vocoder, some_mel(frames))
    assert samples.shape == (frames * HOP,)
    assert 0 < np.abs(samples).max() <= 1


def test_a_batch_of_mels_equals_single_ones(vocoder: Any):
    batch = [
        VocodeInput(some_mel(31, seed=1), np.float32([11, 20])),
        VocodeInput(some_mel(3, seed=2)),
        VocodeInput(some_mel(9, bands=80)),
        VocodeInput(some_mel(64, seed=3)),
    ]
    for request, answer in zip(batch, answers(vocoder, batch), strict=True):
        alone = only(answers(vocoder, [request]))
        assert type(answer) is type(alone)
        if isinstance(alone, AudioOutput):
            np.testing.assert_allclose(answer.audio.samples, alone.audio.samples, atol=1e-4)


def test_a_long_mel_has_no_seam_where_its_parts_join(vocoder: Any):
    """Against the network on all of it at once: this small one hears less than a second far."""
    for mel in (some_mel(250), some_mel(90)):
        prepared = replace(WINDOWS, frames=100).cut(VocodeInput(mel), 128)
        waves = vocoder.run([unit.work for unit in prepared.units])
        windowed = vocoder.finish(prepared, waves).audio.samples
        assert len(waves) == -(-mel.shape[1] // 100)
        np.testing.assert_allclose(windowed, vocoded(vocoder, mel), atol=1e-4)


def test_pauses_follow_the_pieces(vocoder: Any):
    samples = vocoded(vocoder, some_mel(30), np.float32([10, 20]))
    pause = round(0.15 * RATE)
    assert len(samples) == 30 * HOP + 2 * pause
    assert not samples[10 * HOP : 10 * HOP + pause].any()


def test_a_mel_without_frames_is_refused_before_it_gets_here():
    with pytest.raises(InvalidRequest, match="at least one frame") as refusal:
        VocodeInput(some_mel(0))
    assert refusal.value.param == "mel"


@pytest.mark.parametrize(
    ("mel", "pauses", "param", "words"),
    [
        (some_mel(20, bands=80), None, "mel", "80 bands and 20 frames; this vocoder reads [128"),
        (some_mel(128).T[:9], None, "mel", "9 bands"),
        (np.full((128, 9), np.nan, np.float32), None, "mel", "not finite"),
        (np.zeros((1, 1, 9, 128), np.float32), None, "mel", "4 dimensions"),
        (some_mel(9), np.float32([4]), "pauses", "add up to 4 frames, but mel has 9"),
    ],
)
def test_mels_that_are_none_are_refused_by_field(
    vocoder: Any, mel: Any, pauses: Any, param: str, words: str
):
    refusal = refused(vocoder, VocodeInput(mel, pauses))
    assert refusal.param == param
    assert words in refusal.message
    assert len(vocoded(vocoder, some_mel(3))) == 3 * HOP  # the model stays up


def test_a_mel_of_any_size_of_numbers_gives_sound(vocoder: Any):
    for mel in (np.zeros((128, 9), np.float32), np.full((128, 9), 3e38, np.float32)):
        assert np.isfinite(vocoded(vocoder, mel)).all()


# Configurations and files -------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES.values())
def test_options_it_does_not_have_are_refused(release: Path, kind: type[Any]):
    with pytest.raises(InvalidConfig, match="mode"):
        loaded(kind, release, options={"mode": 2})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("kind", TYPES.values())
def test_a_gpu_that_is_not_there_is_an_error_and_auto_does_without(release: Path, kind: type[Any]):
    with pytest.raises(ModelFailed, match="set device to cpu"):
        loaded(kind, release, device_config={"device": "cuda:1"})
    model = loaded(kind, release, device_config={"device": "auto"})
    only(answers(model, [model.warm_up_request()]))


def in_float16(release: Path) -> tuple[Any, Any]:
    """As on a GPU: on a CPU, entries run in float32 instead, because float16 is slow there."""
    restorer: Any = loaded(VoiceFixerRestorer, release)
    vocoder: Any = loaded(VoiceFixerVocoder, release)
    reduce_restorer(restorer.network, torch.float16)
    reduce_tfgan(vocoder.network, torch.float16)
    return restorer, vocoder


def in_bfloat16(release: Path) -> tuple[Any, Any]:
    kinds = (VoiceFixerRestorer, VoiceFixerVocoder)
    restorer, vocoder = (loaded(kind, release, dtype="bfloat16") for kind in kinds)
    return restorer, vocoder


@pytest.mark.parametrize("halved", [in_float16, in_bfloat16])
def test_half_precision_sounds_alike(release: Path, restorer: Any, vocoder: Any, halved: Any):
    half_restorer, half_vocoder = halved(release)
    clip = jfk(RATE)[: RATE // 2]
    exact, rounded = (np.log10(restored(one, clip) + 1e-8) for one in (restorer, half_restorer))
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.99
    exact, rounded = (vocoded(one, some_mel()) for one in (vocoder, half_vocoder))
    assert np.corrcoef(exact, rounded)[0, 1] > 0.99


@pytest.mark.parametrize("kind", TYPES.values())
def test_bfloat16_saves_memory_and_float16_on_a_cpu_is_float32(
    release: Path, kind: type[Any], caplog: pytest.LogCaptureFixture
):
    sizes = {
        dtype: loaded(kind, release, dtype=dtype).size_bytes
        for dtype in ("float32", "bfloat16", "float16")
    }
    assert sizes["bfloat16"] < sizes["float32"] == sizes["float16"]
    assert "float16 is slow on a CPU" in caplog.text


@pytest.mark.parametrize("name", TYPES)
def test_a_single_file_will_do_and_equal_entries_share_it(release: Path, name: str):
    store = WeightStore()
    for model in (release, release / name):
        loaded(TYPES[name], model, store=store)
    assert len(store.keys()) == 1


def test_the_sizes_are_those_of_the_weights(restorer: Any, vocoder: Any):
    assert restorer.network.config == SMALL_UNET
    assert vocoder.network.config == SMALL_TFGAN


def test_a_file_saved_by_lightning_is_read(release: Path, tmp_path: Path):
    content = torch.load(release / RESTORER_FILE, weights_only=True)
    torch.save({"state_dict": content, "epoch": 3}, tmp_path / RESTORER_FILE)
    assert loaded(VoiceFixerRestorer, tmp_path).size_bytes > 0


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_checkpoint_is_refused_with_words_and_without_paths(
    release: Path, tmp_path: Path, name: str, how: str
):
    proof = tmp_path / "executed"
    shutil.copy(release / name, tmp_path)
    spoil(tmp_path / name, how, proof)
    with pytest.raises(ModelFailed, match=TYPES[name].__name__) as failure:
        loaded(TYPES[name], tmp_path)
    assert str(tmp_path) not in failure.value.message
    assert not proof.exists()


def test_the_files_are_told_apart(release: Path):
    with pytest.raises(ModelFailed, match=r"VoiceFixerRestorer.*another family"):
        loaded(VoiceFixerRestorer, release / VOCODER_FILE)
    with pytest.raises(ModelFailed, match=r"VoiceFixerVocoder.*no entry 'generator'"):
        loaded(VoiceFixerVocoder, release / RESTORER_FILE)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("condnet.2.bias", None, "condnet.2.bias"),
        ("condnet.2.bias", torch.zeros(3), "condnet.2.bias [3] (expected [8])"),
        ("condnet.2.bias", torch.full((8,), torch.nan), "condnet.2.bias holds NaN"),
        ("condnet.0.weight_v", torch.ones(8, 80, 3), "80 mel bands"),
        ("generator.3.layer.weight_v", torch.ones(16, 8, 4), "126 samples a frame"),
        ("generator.1.weight_v", torch.ones(16), "generator.1.weight"),
    ],
)
def test_a_vocoder_file_with_another_weight_is_refused(
    release: Path, tmp_path: Path, key: str, value: Any, words: str
):
    content = torch.load(release / VOCODER_FILE, weights_only=True)
    content["generator"].pop(key)
    if value is not None:
        content["generator"][key] = value
    torch.save(content, tmp_path / VOCODER_FILE)
    with pytest.raises(ModelFailed, match="VoiceFixerVocoder") as failure:
        loaded(VoiceFixerVocoder, tmp_path)
    assert words in failure.value.message


@pytest.mark.parametrize("key", ["generator.denoiser.4.weight", "generator.unet.after_conv2.bias"])
def test_a_restorer_file_without_a_weight_is_refused(release: Path, tmp_path: Path, key: str):
    content = torch.load(release / RESTORER_FILE, weights_only=True)
    content.pop(key)
    torch.save(content, tmp_path / RESTORER_FILE)
    with pytest.raises(ModelFailed, match="VoiceFixerRestorer") as failure:
        loaded(VoiceFixerRestorer, tmp_path)
    assert key in failure.value.message


def test_a_directory_of_another_layout_says_what_it_lacks(tmp_path: Path):
    for name, kind in TYPES.items():
        with pytest.raises(WeightsMissing, match=name):
            loaded(kind, tmp_path)


@pytest.mark.parametrize("name", TYPES)
def test_weights_that_rot_in_memory_are_reported_as_such(release: Path, name: str):
    model: Any = loaded(TYPES[name], release)
    network = model.network
    layer = network.generator.denoiser["1"] if name == RESTORER_FILE else network.condnet["2"]
    with torch.no_grad():
        layer.bias.fill_(float("nan"))
    with pytest.raises(CorruptWeights):
        answers(model, [model.warm_up_request()])


def test_a_hub_id_is_found_in_the_cache(release: Path, tmp_path: Path):
    repository = tmp_path / "models--jlmarrugom--voice_fixer"
    shutil.copytree(release, repository / "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("abc")
    script = (
        "from contract.config import ModelConfig\n"
        "from predictors.models.voicefixer.model import VoiceFixerRestorer\n"
        "from predictors.runtime.weights.store import WeightStore\n"
        "entry = ModelConfig(name='it', model='jlmarrugom/voice_fixer', model_type='x')\n"
        "assert VoiceFixerRestorer.load(entry, WeightStore().holder()).size_bytes\n"
    )
    offline = {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | offline, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# Full size, against the recorded results of the originals -------------------------------------


def test_the_restorer_equals_the_original_at_full_size(tmp_path: Path):
    write_restorer(tmp_path, size=FULL)
    model = loaded(VoiceFixerRestorer, tmp_path)
    case = golden("VoiceFixerRestorer_upstream")
    mel = restored(model, case["wav"])
    np.testing.assert_allclose(mel, case["denoised_mel"].T, rtol=1e-4)
    assert model.size_bytes > 250 << 20


def test_the_vocoder_equals_the_original_at_full_size(tmp_path: Path):
    case = golden("VoiceFixerVocoder_upstream")
    write_vocoder(tmp_path, size=FULL, gain=float(case["weight_g_scale"]))
    model = loaded(VoiceFixerVocoder, tmp_path)
    samples = vocoded(model, case["mel"][0, 0].T)
    np.testing.assert_allclose(samples, case["wav"][: 11 * HOP], atol=1e-5)
    assert model.size_bytes > 120 << 20
