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
from predictors.runtime.direct import answers
from predictors.runtime.weights.store import WeightStore


def make(task: Task, **options: Any) -> Any:
    return TINY_MODEL_TYPES[task].load(tiny_config(task, **options), WeightStore().holder())


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
def test_every_task_has_one_that_answers_its_warm_up(task: Task) -> None:
    model = make(task)
    request = model.warm_up_request()
    assert request.task is task
    assert isinstance(answers(model, [request])[0], request.output)
    assert all(unit.cost > 0 for unit in model.prepare(request).units)


def test_recogniser_hears_what_the_synthesizer_says() -> None:
    (spoken,) = answers(make(Task.SYNTHESIZE), [SynthesizeInput("hello, world!")])
    request = TranscribeInput(spoken.audio, word_timestamps=True)
    (heard,) = answers(make(Task.TRANSCRIBE), [request])
    assert heard.text == "hello, world!"
    assert [word.word for word in heard.segments[0].words] == ["hello,", "world!"]


def test_speed_shortens_the_speech() -> None:
    model = make(Task.SYNTHESIZE)
    slow, fast = answers(model, [SynthesizeInput("abcd"), SynthesizeInput("abcd", speed=2.0)])
    assert fast.audio.duration_s == pytest.approx(slow.audio.duration_s / 2)


def test_detector_finds_the_speech_between_silences() -> None:
    (spoken,) = answers(make(Task.SYNTHESIZE), [SynthesizeInput("a" * 10)])
    silence = np.zeros(16_000, np.float32)
    audio = Audio(np.concatenate([silence, spoken.audio.samples, silence]), 16_000)
    (found,) = answers(make(Task.DETECT_SPEECH), [DetectSpeechInput(audio)])
    assert [(s.start_s, s.end_s) for s in found.segments] == [pytest.approx((1.0, 1.5), abs=0.02)]


def test_conversion_moves_the_voice_towards_the_target() -> None:
    speaker, encoder = make(Task.SYNTHESIZE), make(Task.EMBED_SPEAKER)
    low, high = (answers(speaker, [SynthesizeInput(t * 8)])[0].audio for t in ("a", "-"))
    voices = [answers(encoder, [EmbedSpeakerInput(audio)])[0].embedding for audio in (low, high)]
    request = ConvertVoiceInput(low, voices[1], voices[0])
    (converted,) = answers(make(Task.CONVERT_VOICE), [request])
    (heard,) = answers(encoder, [EmbedSpeakerInput(converted.audio)])
    assert len(converted.audio.samples) == len(low.samples)
    assert heard.embedding.vector @ voices[1].vector > voices[0].vector @ voices[1].vector


def test_restorer_and_vocoder_are_inverse_in_pitch() -> None:
    (spoken,) = answers(make(Task.SYNTHESIZE), [SynthesizeInput("m" * 10)])
    (restored,) = answers(make(Task.RESTORE), [RestoreInput(spoken.audio)])
    (played,) = answers(make(Task.VOCODE), [VocodeInput(restored.mel)])
    peaks = [np.argmax(np.abs(np.fft.rfft(a.samples))) for a in (spoken.audio, played.audio)]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.03)
