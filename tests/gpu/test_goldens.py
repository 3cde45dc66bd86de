"""Networks of full size on the device against the recorded results of the originals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_weights import golden
from gpu_models import CUDA
from loaded_model import answered, loaded
from model_requests import difference
from synthetic_checkpoints import FULL, write_openvoice_v1, write_openvoice_v2, write_vits
from synthetic_harmonyspeech import write_harmonyspeech
from synthetic_voicefixer import write_restorer, write_vocoder

from contract.audio.codec import Audio
from contract.embedding import Embedding
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    RestoreInput,
    RestoreOutput,
    VocodeInput,
)
from predictors.models.harmonyspeech.encoder import HarmonySpeechEncoder
from predictors.models.harmonyspeech.model import (
    HarmonySpeechSynthesizer,
    HarmonySpeechVocoder,
)
from predictors.models.harmonyspeech.synthesis import Piece as HarmonyPiece
from predictors.models.vits.melo import MeloTTSSynthesizer
from predictors.models.vits.openvoice import OpenVoiceV1Synthesizer
from predictors.models.vits.synthesis import Piece, SynthesisOptions
from predictors.models.vits.tone_converters import (
    OpenVoiceV1ToneConverter,
    OpenVoiceV2ToneConverter,
    OpenVoiceV2ToneConverterEncoder,
)
from predictors.models.voicefixer.model import VoiceFixerRestorer, VoiceFixerVocoder
from predictors.nn.mastering import limit_peak, normalize_peak

pytestmark = pytest.mark.gpu
RATE = 22_050
IN_FULL: Any = {"device_config": CUDA, "dtype": "float32"}
TOLERANCES = {"ieee": 1e-3, "tf32": 2e-2}
"""|found - recorded| / |recorded|. Torch's own setting is tf32 for convolutions and RNNs, whose
products have ten bits of mantissa."""


@pytest.fixture(params=TOLERANCES, autouse=True)
def tolerance(request: pytest.FixtureRequest) -> Iterator[float]:
    parts: tuple[Any, ...] = (torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
    before = [part.fp32_precision for part in parts]
    for part in parts:
        part.fp32_precision = request.param
    yield TOLERANCES[request.param]
    for part, precision in zip(parts, before, strict=True):
        part.fp32_precision = precision


@pytest.fixture(scope="module")
def harmonyspeech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_harmonyspeech(tmp_path_factory.mktemp("harmonyspeech"), size=FULL)


@pytest.fixture(scope="module")
def openvoice_v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice_v1(tmp_path_factory.mktemp("v1"), size=FULL)


@pytest.fixture(scope="module")
def openvoice_v2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice_v2(tmp_path_factory.mktemp("v2"), size=FULL)


def test_harmonyspeech_hears_as_recorded(harmonyspeech: Path, tolerance: float) -> None:
    model = loaded(HarmonySpeechEncoder, harmonyspeech, **IN_FULL)
    case = golden("HarmonySpeechEncoder")
    vectors = model.run([window[None] for window in case["mels"]])
    voices = np.stack([model.encoder.voice(one) for one in vectors])
    assert difference(voices, case["embeds"]) < tolerance


@pytest.mark.parametrize("alpha", ["1.0", "1.3"])
def test_harmonyspeech_speaks_as_recorded(
    harmonyspeech: Path, alpha: str, tolerance: float
) -> None:
    model = loaded(HarmonySpeechSynthesizer, harmonyspeech, **IN_FULL)
    case = golden(f"HarmonySpeechSynthesizer_alpha{alpha}")
    scales = float(case["pitch_scale"]), float(case["energy_scale"])
    (mel,) = model.run([HarmonyPiece(case["ids"].tolist(), case["spk"][0], float(alpha), *scales)])
    assert difference(mel, case["mel_post"][0]) < tolerance


def test_harmonyspeech_is_audible_as_recorded(harmonyspeech: Path, tolerance: float) -> None:
    model = loaded(HarmonySpeechVocoder, harmonyspeech, **IN_FULL)
    case = golden("HarmonySpeechVocoder")
    answer = answered(model, VocodeInput(case["mel"] * 4), AudioOutput)
    assert difference(answer.audio.samples, normalize_peak(case["wav"][:, 0])) < tolerance


def test_voicefixer_restores_as_recorded(tmp_path: Path, tolerance: float) -> None:
    write_restorer(tmp_path, size=FULL)
    model = loaded(VoiceFixerRestorer, tmp_path, **IN_FULL)
    case = golden("VoiceFixerRestorer_upstream")
    answer = answered(model, RestoreInput(Audio(case["wav"], 44_100)), RestoreOutput)
    assert difference(answer.mel, case["denoised_mel"].T) < tolerance


def test_voicefixer_is_audible_as_recorded(tmp_path: Path, tolerance: float) -> None:
    case = golden("VoiceFixerVocoder_upstream")
    write_vocoder(tmp_path, size=FULL, gain=float(case["weight_g_scale"]))
    model = loaded(VoiceFixerVocoder, tmp_path, **IN_FULL)
    answer = answered(model, VocodeInput(case["mel"][0, 0].T), AudioOutput)
    assert difference(answer.audio.samples, limit_peak(case["wav"][: 11 * 441])) < tolerance


@pytest.mark.parametrize("speed", ["1.00", "1.25"])
def test_openvoice_speaks_as_recorded(openvoice_v1: Path, speed: str, tolerance: float) -> None:
    model = loaded(OpenVoiceV1Synthesizer, openvoice_v1, **IN_FULL)
    case = golden(f"OpenVoiceV1Synthesizer_speed{speed}_noise0")
    options = SynthesisOptions(float(speed), 0.0, 0.0, float(case["sdp_ratio"]))
    piece = Piece(case["ids"].tolist(), int(case["sid"]), options, seed=0, number=0)
    (spoken,) = model.run([piece])
    assert difference(spoken.samples, case["wav"]) < tolerance


@pytest.mark.parametrize("speed", ["1.0", "1.2"])
def test_melo_speaks_as_recorded(tmp_path: Path, speed: str, tolerance: float) -> None:
    write_vits(tmp_path, "melotts", size=FULL, speakers={"EN-US": 0})
    without = {"bert": "none"}
    model = loaded(MeloTTSSynthesizer, tmp_path, language="EN", options=without, **IN_FULL)
    case = golden(f"MeloTTSSynthesizer_speed{speed}_noise0")
    ids, tones, languages = (case[name].tolist() for name in ("ids", "tones", "langs"))
    options = SynthesisOptions(float(speed), 0.0, 0.0, float(case["sdp_ratio"]))
    features = torch.from_numpy(case["ja_bert"])
    piece = Piece(
        *(ids, int(case["sid"]), options, 0, 0), tones=tones, languages=languages, ja_bert=features
    )
    (spoken,) = model.synthesizer.recordings([piece])
    assert difference(spoken.samples, case["wav"]) < tolerance


@pytest.mark.parametrize(
    ("kind", "layout", "zero_g"),
    [
        (OpenVoiceV1ToneConverter, "openvoice_v1", "false"),
        (OpenVoiceV2ToneConverter, "openvoice_v2", "true"),
    ],
)
def test_a_voice_is_converted_as_recorded(
    kind: type[Any], layout: str, zero_g: str, tolerance: float, request: pytest.FixtureRequest
) -> None:
    case = golden(f"OpenVoiceToneConverter_zero_g_{zero_g}_tau0")
    model = loaded(kind, request.getfixturevalue(layout), **IN_FULL)
    target = Embedding(model.release.family, case["tgt"].reshape(-1))
    asked = ConvertVoiceInput(Audio(case["wav_in"], RATE), target, tau=0.0)
    answer = answered(model, asked, AudioOutput)
    assert difference(answer.audio.samples, case["wav_out"]) < tolerance


def test_a_tone_is_heard_as_recorded(openvoice_v2: Path, tolerance: float) -> None:
    model = loaded(OpenVoiceV2ToneConverterEncoder, openvoice_v2, **IN_FULL)
    case = golden("OpenVoiceToneConverter_zero_g_true_tau0")
    (voice,) = model.run([case["wav_in"]])
    assert difference(voice, case["se"].reshape(-1)) < tolerance
