"""The tiny model types keep their promises, so that other tests may lean on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_models import TINY_MODEL_TYPES, tiny_config

from contract.audio.codec import Audio
from contract.tasks import (
    ConvertVoiceInput,
    DetectSpeechInput,
    EmbedSpeakerInput,
    RestoreInput,
    SynthesizeInput,
    Task,
    TranscribeInput,
    VocodeInput,
)


def make(task: Task, **options: Any) -> Any:
    model = TINY_MODEL_TYPES[task](tiny_config(task, **options), weights=None)  # type: ignore[arg-type]  # they share none
    model.load()
    return model


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
def test_every_task_has_one_that_answers_its_warm_up(task: Task) -> None:
    model = make(task)
    request = model.warm_up_request()
    model.check(request)
    assert request.task is task
    assert isinstance(model.infer([request])[0], request.output)
    assert model.cost(request) > 0


def test_recogniser_hears_what_the_synthesizer_says() -> None:
    (spoken,) = make(Task.SYNTHESIZE).infer([SynthesizeInput("hello, world!")])
    request = TranscribeInput(spoken.audio, word_timestamps=True)
    (heard,) = make(Task.TRANSCRIBE).infer([request])
    assert heard.text == "hello, world!"
    assert [word.word for word in heard.segments[0].words] == ["hello,", "world!"]


def test_speed_shortens_the_speech() -> None:
    model = make(Task.SYNTHESIZE)
    slow, fast = model.infer([SynthesizeInput("abcd"), SynthesizeInput("abcd", speed=2.0)])
    assert fast.audio.duration_s == pytest.approx(slow.audio.duration_s / 2)


def test_detector_finds_the_speech_between_silences() -> None:
    (spoken,) = make(Task.SYNTHESIZE).infer([SynthesizeInput("a" * 10)])
    silence = np.zeros(16_000, np.float32)
    audio = Audio(np.concatenate([silence, spoken.audio.samples, silence]), 16_000)
    (found,) = make(Task.DETECT_SPEECH).infer([DetectSpeechInput(audio)])
    assert [(s.start_s, s.end_s) for s in found.segments] == [pytest.approx((1.0, 1.5), abs=0.02)]


def test_conversion_moves_the_voice_towards_the_target() -> None:
    speaker, encoder = make(Task.SYNTHESIZE), make(Task.EMBED_SPEAKER)
    low, high = (speaker.infer([SynthesizeInput(t * 8)])[0].audio for t in ("a", "-"))
    voices = [encoder.infer([EmbedSpeakerInput(audio)])[0].embedding for audio in (low, high)]
    request = ConvertVoiceInput(low, voices[1], voices[0])
    (converted,) = make(Task.CONVERT_VOICE).infer([request])
    (heard,) = encoder.infer([EmbedSpeakerInput(converted.audio)])
    assert len(converted.audio.samples) == len(low.samples)
    assert heard.embedding.vector @ voices[1].vector > voices[0].vector @ voices[1].vector


def test_restorer_and_vocoder_are_inverse_in_pitch() -> None:
    (spoken,) = make(Task.SYNTHESIZE).infer([SynthesizeInput("m" * 10)])
    (restored,) = make(Task.RESTORE).infer([RestoreInput(spoken.audio)])
    (played,) = make(Task.VOCODE).infer([VocodeInput(restored.mel)])
    peaks = [np.argmax(np.abs(np.fft.rfft(a.samples))) for a in (spoken.audio, played.audio)]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.03)
