"""What V2 metadata says of a task is what is sent."""

import json

import numpy as np
import pytest
from task_values import is_same

from contract.audio.codec import Audio
from contract.embedding import Embedding
from contract.fields import tensor_fields
from contract.tasks import (
    INPUTS,
    FloatArray,
    SpeakerSegment,
    SpeechSegment,
    SynthesizeMelOutput,
    Task,
    TranscriptSegment,
)
from contract.wire.tensors import (
    to_message,
)
from transport.kserve.metadata import task_metadata

SOUND = Audio(np.linspace(-0.5, 0.5, 160, dtype=np.float32), 16_000)
TASKS = pytest.mark.parametrize("task", Task)


@TASKS
def test_metadata_describes_what_is_really_sent(task):
    described = task_metadata(task)
    inputs, outputs = described["inputs"], described["outputs"]
    for docs, kind in ((inputs, INPUTS[task]), (outputs, INPUTS[task].output)):
        by_name = {doc["name"]: doc for doc in docs}
        sent = to_message(_example(kind))
        assert {tensor.name for tensor in sent.tensors} == set(by_name)
        for tensor in sent.tensors:
            doc = by_name[tensor.name]
            assert tensor.datatype == doc["datatype"]
            assert len(tensor.shape) == len(doc["shape"])
            assert all(
                says in (-1, size) for says, size in zip(doc["shape"], tensor.shape, strict=True)
            )
            assert doc["doc"]
    json.dumps([inputs, outputs])


def _example(kind):
    """An instance with every tensor there and no legacy embedding."""
    samples = {
        "str": "x",
        "Audio": SOUND,
        "segments": (SpeechSegment(0, 1),),
        "words": (SpeechSegment(0, 1, "x"),),
        "embedding": Embedding("f", np.zeros(2, np.float32)),
    }
    values = {}
    for field in tensor_fields(kind):
        if field.kind == FloatArray:
            values[field.name] = np.zeros([3] * len(field.tensor.shape), np.float32)
        elif field.kind == tuple[TranscriptSegment, ...]:
            values[field.name] = (TranscriptSegment(0, 0, 0, 1, "x", (), 0, 0, 0, 0),)
        elif field.kind == tuple[SpeakerSegment, ...]:
            values[field.name] = (SpeakerSegment(0, 1, "A"),)
        elif field.kind in (tuple[str, ...], tuple[Audio, ...]):
            values[field.name] = ("x", "y") if field.kind == tuple[str, ...] else (SOUND, SOUND)
        else:
            name = field.name.rpartition("_")[2]
            values[field.name] = samples.get(name) or samples[field.kind.__name__]
    return kind(**values)


@TASKS
def test_every_parameter_is_documented_with_its_limits(task):
    described = task_metadata(task)
    asked, answered = described["parameters"], described["output_parameters"]
    by_name = {doc["name"]: doc for doc in asked}
    assert {"task", "priority"} <= set(by_name)
    assert all(doc["doc"] and doc["type"] in ("str", "int", "float", "bool") for doc in asked)
    json.dumps([asked, answered], allow_nan=False)


def test_documented_limits_are_those_that_hold():
    speed = next(d for d in task_metadata(Task.SYNTHESIZE)["parameters"] if d["name"] == "speed")
    assert (speed["type"], speed["default"], speed["ge"], speed["le"]) == ("float", 1.0, 0.25, 4)
    mode = next(d for d in task_metadata(Task.SPEAK)["parameters"] if d["name"] == "mode")
    assert mode["choices"] == ["single_speaker_tts", "voice_cloning"]
    (probability,) = [
        d
        for d in task_metadata(Task.TRANSCRIBE)["output_parameters"]
        if d["name"] == "language_probability"
    ]
    assert probability["type"] == "float"


def test_a_mel_is_described_by_its_two_axes():
    mel, pauses = task_metadata(Task.VOCODE)["inputs"]
    assert (mel["shape"], mel["required"]) == ([-1, -1], True)
    assert (pauses["shape"], pauses["required"]) == ([-1], False)
    assert is_same(SynthesizeMelOutput(np.ones((1, 1), np.float32)).pauses, None)
