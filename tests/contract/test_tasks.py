"""Tasks check themselves when they are built, and their table is complete."""

import dataclasses
import math

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.errors import InvalidRequest
from contract.fields import fields_of, parameter_fields, tensor_fields
from contract.model_types import MODEL_TYPE_TASKS
from contract.tasks import (
    INPUTS,
    MAX_TEXT_CHARACTERS,
    DetectSpeechInput,
    SpeakInput,
    SpeechSegment,
    SynthesizeInput,
    Task,
    TaskOutput,
    TranscribeOutput,
    TranscriptSegment,
)
from contract.toolchains import TOOLCHAINS
from contract.wire.codecs import CODECS

SOUND = Audio(np.zeros(8, np.float32), 8_000)
KINDS = [*INPUTS.values(), *dict.fromkeys(kind.output for kind in INPUTS.values())]


def test_every_task_has_one_input_and_one_output():
    assert set(INPUTS) == set(Task)
    assert all(issubclass(kind.output, TaskOutput) for kind in INPUTS.values())
    assert {task for spec in TOOLCHAINS.values() for task in spec.needs} <= set(Task)
    of_chains = {Task.SPEAK, Task.DIARIZE, Task.TRANSCRIBE_SPEAKERS}
    assert set(MODEL_TYPE_TASKS.values()) == set(Task) - of_chains


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_documented_and_can_travel(kind):
    assert len(fields_of(kind)) == len(dataclasses.fields(kind))
    assert all(field.doc for field in fields_of(kind))
    assert all(field.kind in CODECS for field in tensor_fields(kind))
    assert all(field.kind in (str, int, float, bool) for field in parameter_fields(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_can_be_changed_on_the_way(kind):
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize("kind", INPUTS.values())
def test_every_default_lies_within_its_own_limits(kind):
    for field in parameter_fields(kind):
        low, high = field.limits.get("ge"), field.limits.get("le")
        if type(field.default) in (int, float):
            assert low is None or field.default >= low
            assert high is None or field.default <= high


@pytest.mark.parametrize(
    ("values", "param", "words"),
    [
        ({"speed": 0.2}, "speed", "speed is 0.2; the least is 0.25"),
        ({"speed": 5}, "speed", "speed is 5; the most is 4"),
        ({"speed": math.nan}, "speed", "finite"),
        ({"speed": -math.inf}, "speed", "finite"),
        ({"seed": 2**63}, "seed", "the most is"),
        ({"voice": "v" * 513}, "voice", "513 characters; the most is 512"),
        ({"voice": "\ud83d"}, "voice", "Unicode"),
        ({"text": ""}, "text", "empty"),
        ({"text": " \t\n\u3000"}, "text", "empty"),
        ({"text": "x" * (MAX_TEXT_CHARACTERS + 1)}, "text", "the most is 100000"),
        ({"text": "a\udfff"}, "text", "Unicode"),
    ],
)
def test_values_beyond_their_limits_are_refused_by_name(values, param, words):
    with pytest.raises(InvalidRequest, match=words) as error:
        SynthesizeInput(**{"text": "hello"} | values)
    assert error.value.param == param


def test_limits_themselves_are_allowed():
    assert SynthesizeInput(text="x", speed=0.25).speed == 0.25
    assert SynthesizeInput(text="x", speed=4, seed=2**63 - 1).seed == 2**63 - 1
    assert len(SynthesizeInput(text="x" * MAX_TEXT_CHARACTERS).text) == MAX_TEXT_CHARACTERS


def test_text_of_any_script_is_text():
    for text in ("你好", "👋🏽", "\u202eabc", "x\0y"):
        assert SynthesizeInput(text=text).text == text


def test_closed_choices_say_what_they_are():
    with pytest.raises(InvalidRequest, match="mode must be one of: single_speaker_tts, voice_cl"):
        SpeakInput(text="x", mode="VoiceCloning")
    with pytest.raises(InvalidRequest, match="segment_source must be one of: whisper, silero"):
        SpeakInput(text="x", segment_source="vad")


def test_whole_numbers_have_limits_too():
    with pytest.raises(InvalidRequest, match="min_speech_duration_ms is -1"):
        DetectSpeechInput(SOUND, min_speech_duration_ms=-1)


def test_a_transcript_tells_where_the_speech_is():
    one = TranscriptSegment(0, 0, 0.5, 2.0, "hi", (), 0, 0, 1, 0)
    assert TranscribeOutput("hi", (one,)).speech_segments() == (SpeechSegment(0.5, 2.0, "hi"),)
