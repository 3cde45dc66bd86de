"""Every task travels as a V2 message and arrives as it was; what is wrong is named."""

import base64
import dataclasses
import pickle

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from task_values import OUTPUT_KINDS, VALUE_KINDS, any_of, is_same
from wire_reading import input_from_message

from contract.audio.codec import Audio, wav_bytes
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge, SpeechError
from contract.fields import parameter_fields
from contract.tasks import (
    INPUTS,
    AudioOutput,
    DetectSpeechOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeechSegment,
    SynthesizeInput,
    Task,
    TaskInput,
    TranscribeOutput,
)
from contract.wire.message import MAX_ELEMENTS, Message, Tensor
from contract.wire.tensors import (
    output_from_message,
    to_message,
    wanted_task,
)
from ingress.encoding import AudioFormat, encode
from transport.decoding.refusals import AudioLimits
from transport.v2_body import message_from_body, message_from_json, request_body, response_body
from transport.v2_tensors import raw_of, tensor_from_raw

SOUND = Audio(np.linspace(-0.5, 0.5, 800, dtype=np.float32), 8_000)
TASKS = pytest.mark.parametrize("task", Task)


def read(kind, message):
    if issubclass(kind, TaskInput):
        return input_from_message(kind.task, message)
    return output_from_message(kind, message)


def over_rest(message):
    """As a body of JSON, and of JSON and binary tensors; asked and answered."""
    body, size = request_body(message)
    yield message_from_body(body, str(size), "inputs")
    for asked in (Message(), Message(wants_binary=True)):
        body, size = response_body("m", message, asked)
        yield message_from_body(body, None if size is None else str(size), "outputs")


def over_grpc(message):
    """Every tensor as raw contents beside its name, datatype and shape."""
    return Message(
        tuple(
            tensor_from_raw(t.name, t.datatype, t.shape, raw_of(t), t.parameters)
            for t in message.tensors
        ),
        message.parameters,
    )


@pytest.mark.parametrize("kind", VALUE_KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_everything_arrives_as_it_was(kind, data):
    value = data.draw(any_of(kind))
    message = to_message(value)
    arrived = [message, *over_rest(message), over_grpc(message)]
    assert all(is_same(read(kind, one), value) for one in arrived)


@pytest.mark.parametrize("kind", OUTPUT_KINDS)
def test_empty_answers_are_answers(kind):
    silence = Audio(np.zeros(0, np.float32), 16_000)
    empty = {
        "AudioOutput": lambda: AudioOutput(silence),
        "DetectSpeechOutput": lambda: DetectSpeechOutput(()),
        "EmbedSpeakerOutput": lambda: EmbedSpeakerOutput(Embedding("f", np.zeros(1, np.float32))),
        "RestoreOutput": lambda: kind(np.zeros((80, 0), np.float32)),
        "SynthesizeMelOutput": lambda: kind(np.zeros((80, 0), np.float32), np.zeros(0, np.float32)),
        "SynthesizeOutput": lambda: kind(silence, ()),
        "TranscribeOutput": lambda: TranscribeOutput("", ()),
        "DiarizeOutput": lambda: kind(()),
        "TranscribeSpeakersOutput": lambda: kind("", ()),
    }[kind.__name__]()
    for message in [*over_rest(to_message(empty)), over_grpc(to_message(empty))]:
        assert is_same(output_from_message(kind, message), empty)


@pytest.mark.parametrize("kind", INPUTS.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_a_parameter_at_its_default_is_not_sent(kind, data):
    """A predictor of an earlier version refuses those that it does not know."""
    value = data.draw(any_of(kind))
    defaults = {f.name: f.default for f in parameter_fields(kind) if not f.is_required}
    asked = dataclasses.replace(value, **defaults)
    required = {f.name for f in parameter_fields(kind) if f.is_required}
    assert to_message(asked).parameters.keys() == required | {"task"}


# What a person writes by hand -----------------------------------------------------------------


def body(task_inputs, **parameters):
    return message_from_json({"inputs": task_inputs, "parameters": parameters}, "inputs")


def text(value="Hello"):
    return {"name": "text", "datatype": "BYTES", "shape": [1], "data": [value]}


def sound(data, name="audio"):
    encoded = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    return {"name": name, "datatype": "BYTES", "shape": [1], "data": [encoded]}


def test_a_request_by_hand_is_plain_text_and_numbers():
    request = input_from_message(Task.SYNTHESIZE, body([text("Hej å")], speed=2, voice=None))
    assert (request.text, request.speed, request.voice) == ("Hej å", 2.0, None)
    assert isinstance(request.speed, float)


@pytest.mark.parametrize(
    "spell",
    [
        lambda b64: b64,
        lambda b64: "data:audio/flac;base64," + b64,
        lambda b64: "\n".join(b64[at : at + 76] for at in range(0, len(b64), 76)),
        lambda b64: b64.rstrip("="),
    ],
)
def test_audio_is_base64_of_any_container(spell):
    file = encode(SOUND, AudioFormat.FLAC)
    asked = body([sound(spell(base64.b64encode(file).decode()))])
    request = input_from_message(Task.TRANSCRIBE, asked)
    np.testing.assert_allclose(request.audio.samples, SOUND.samples, atol=1e-4)


def test_segments_come_as_times_or_as_json():
    times = {"name": "segments", "datatype": "FP32", "shape": [2, 2], "data": [[0, 1], [2, 3.5]]}
    as_json = text('[{"start": 0, "end": 1, "text": "hi", "id": 3}]') | {"name": "segments"}
    audio = sound(wav_bytes(SOUND))
    by_times = input_from_message(Task.EMBED_SPEAKER, body([audio, times]))
    assert by_times.segments == (SpeechSegment(0, 1), SpeechSegment(2, 3.5))
    by_json = input_from_message(Task.EMBED_SPEAKER, body([audio, as_json]))
    assert by_json.segments == (SpeechSegment(0, 1, "hi"),)
    details = input_from_message(
        Task.EMBED_SPEAKER, body([audio, times, as_json | {"name": "details"}])
    )
    assert details.segments == by_json.segments


def test_embeddings_come_tagged_or_as_hse_made_them():
    vector = np.arange(256, dtype="<f4")
    tagged = Embedding("openvoice_v2", vector)
    for tensor, family in [
        (sound(tagged.to_bytes(), "embedding"), "openvoice_v2"),
        (sound(vector.tobytes(), "embedding"), "harmonyspeech"),
        (
            {
                "name": "embedding",
                "datatype": "FP32",
                "shape": [256],
                "data": vector.tolist(),
                "parameters": {"family": "x"},
            },
            "x",
        ),
    ]:
        request = input_from_message(Task.SYNTHESIZE_MEL, body([text(), tensor]))
        assert request.embedding.family == family
        np.testing.assert_array_equal(request.embedding.vector, vector)
    sealed = sound(b"PK\x03\x04rest", "embedding")
    request = input_from_message(Task.SYNTHESIZE_MEL, body([text(), sealed]))
    assert request.embedding == LegacyEmbedding(b"PK\x03\x04rest")


def test_an_answer_says_what_kind_of_embedding_it_is():
    (tensor,) = to_message(EmbedSpeakerOutput(Embedding("f", np.zeros(4, np.float32)))).tensors
    assert (tensor.datatype, tensor.shape) == ("FP32", (4,))
    assert tensor.parameters == {"family": "f", "version": 1}


def test_a_mel_may_come_as_a_safetensors_file():
    mel = np.arange(12, dtype=np.float32).reshape(3, 4)
    file = safetensors.numpy.save({"whatever": mel})
    request = input_from_message(Task.VOCODE, body([sound(file, "mel")]))
    assert request.mel.dtype == np.float32
    np.testing.assert_array_equal(request.mel, mel)


def test_an_answer_from_a_newer_server_is_understood():
    message = to_message(AudioOutput(SOUND))
    more = Message((*message.tensors, Tensor("x", "FP32", (1,), np.ones(1))), {"trace": "{}"})
    assert is_same(
        output_from_message(AudioOutput, more), output_from_message(AudioOutput, message)
    )


# What is wrong --------------------------------------------------------------------------------

AUDIO = sound(wav_bytes(SOUND))
MEL = {"name": "mel", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4]}
EMBEDDING = {
    "name": "embedding",
    "datatype": "FP32",
    "shape": [2],
    "data": [1, 2],
    "parameters": {"family": "f"},
}
SEGMENTS = {"name": "segments", "datatype": "FP32", "shape": [1, 2], "data": [0, 1]}
FILE = safetensors.numpy.save({"mel": np.ones((2, 2), np.float32)})
FILE_CLAIMS = FILE.replace(b"[2,2]", b"[9,9]")
PICKLED = pickle.dumps(np.ones((2, 2), np.float32))

WRONG = [
    (Task.SYNTHESIZE, [], {}, "text", "missing"),
    (Task.SYNTHESIZE, [text(), text()], {}, "text", "duplicate"),
    (Task.SYNTHESIZE, [text(), AUDIO], {}, "audio", "unknown; known: text"),
    (Task.SYNTHESIZE, [text(" \n")], {}, "text", "empty"),
    (Task.SYNTHESIZE, [text("x" * 100_001)], {}, "text", "100001 characters"),
    (Task.SYNTHESIZE, [text("\ud800")], {}, "text", "Unicode"),
    (Task.SYNTHESIZE, [text()], {"spede": 1}, "spede", "unknown; known: language"),
    (Task.SYNTHESIZE, [text()], {"speed": "fast"}, "speed", "a number"),
    (Task.SYNTHESIZE, [text()], {"speed": True}, "speed", "a number"),
    (Task.SYNTHESIZE, [text()], {"speed": 100}, "speed", "the most is 4"),
    (Task.SYNTHESIZE, [text()], {"speed": float("nan")}, "speed", "finite"),
    (Task.SYNTHESIZE, [text()], {"speed": 10**400}, "speed", "finite"),
    (Task.SYNTHESIZE, [text()], {"seed": 1.5}, "seed", "whole number"),
    (Task.SYNTHESIZE, [text()], {"seed": 2**70}, "seed", "the most is"),
    (Task.SYNTHESIZE, [text()], {"seed": [1]}, "seed", "whole number"),
    (Task.SYNTHESIZE, [text()], {"voice": 3}, "voice", "a string"),
    (Task.SYNTHESIZE, [text()], {"voice": "x" * 513}, "voice", "513 characters"),
    (Task.SYNTHESIZE, [text()], {"voice": "\udc00"}, "voice", "Unicode"),
    (Task.SYNTHESIZE, [text() | {"datatype": "FP32", "data": [1]}], {}, "text", "BYTES"),
    (Task.SYNTHESIZE, [text() | {"shape": [2], "data": ["a", "b"]}], {}, "text", "BYTES"),
    (Task.SYNTHESIZE, [text() | {"shape": [2]}], {}, "text", "its shape"),
    (Task.SYNTHESIZE, [text() | {"data": [1]}], {}, "text", "list of strings"),
    (Task.SYNTHESIZE, [text() | {"data": "Hello"}], {}, "text", "list of strings"),
    (Task.SYNTHESIZE, [text() | {"datatype": "STRING"}], {}, "text", "datatype"),
    (Task.SYNTHESIZE, [text() | {"shape": [-1]}], {}, "text", "shape"),
    (Task.SYNTHESIZE, [text() | {"shape": "1"}], {}, "text", "shape"),
    (Task.SYNTHESIZE, [text() | {"shape": [1.0]}], {}, "text", "shape"),
    (Task.SYNTHESIZE, [{"datatype": "BYTES"}], {}, "inputs", "name"),
    (Task.SYNTHESIZE, ["text"], {}, "inputs", "name"),
    (Task.SYNTHESIZE, {"text": "x"}, {}, "inputs", "list of tensors"),
    (Task.SPEAK, [text()], {"mode": "sing"}, "mode", "single_speaker_tts, voice_cloning"),
    (Task.TRANSCRIBE, [sound("no base64!")], {}, "audio", "base64"),
    (Task.TRANSCRIBE, [sound("")], {}, "audio", "empty"),
    (Task.TRANSCRIBE, [sound(b"no audio")], {}, "audio", "no audio file"),
    (Task.TRANSCRIBE, [AUDIO], {"beam_size": 0}, "beam_size", "the least is 1"),
    (Task.TRANSCRIBE, [AUDIO], {"translate": "yes"}, "translate", "true or false"),
    (Task.VOCODE, [MEL | {"shape": [4]}], {}, "mel", r"\[n_mels, frames\]"),
    (Task.VOCODE, [MEL | {"shape": [2, 3]}], {}, "mel", "its shape"),
    (Task.VOCODE, [MEL | {"shape": [80, 0], "data": []}], {}, "mel", "shape"),
    (Task.VOCODE, [MEL | {"shape": [1 << 20, 1 << 20]}], {}, "mel", "the most is"),
    (Task.VOCODE, [MEL | {"data": [1, 2, 3, float("nan")]}], {}, "mel", "finite"),
    (Task.VOCODE, [MEL | {"data": [1, 2, 3, 1e300]}], {}, "mel", "finite"),
    (Task.VOCODE, [MEL | {"data": [1, 2, 3, "4"]}], {}, "mel", "numbers"),
    (Task.VOCODE, [MEL | {"data": [1, 2, 3, None]}], {}, "mel", "numbers"),
    (Task.VOCODE, [MEL | {"data": [True] * 4}], {}, "mel", "numbers"),
    (Task.VOCODE, [MEL | {"data": [[1, 2], [3]]}], {}, "mel", "its shape"),
    (Task.VOCODE, [MEL | {"data": 7}], {}, "mel", "numbers"),
    (Task.VOCODE, [MEL | {"datatype": "INT32"}], {}, "mel", "FP32"),
    (Task.VOCODE, [MEL | {"data": ["a" * 200_000, "", "", ""]}], {}, "mel", "list of numbers"),
    (Task.VOCODE, [MEL | {"shape": [1] * 64 + [4]}], {}, "mel", "8 dimensions"),
    (Task.VOCODE, [MEL | {"data": [10**400] * 4}], {}, "mel", "finite"),
    (Task.VOCODE, [sound(b"x" * 20, "mel")], {}, "mel", "safetensors"),
    (Task.VOCODE, [sound(FILE[:-1], "mel")], {}, "mel", "undamaged"),
    (Task.VOCODE, [sound(FILE_CLAIMS, "mel")], {}, "mel", "undamaged"),
    (Task.VOCODE, [sound(PICKLED, "mel")], {}, "mel", "safetensors"),
    (Task.VOCODE, [sound(FILE.replace(b"F32", b"I32"), "mel")], {}, "mel", "float32"),
    (Task.VOCODE, [MEL | {"parameters": {"binary_data_size": 16}}], {}, "mel", "binary_data_size"),
    (
        Task.SYNTHESIZE,
        [text() | {"shape": [33_000_000], "data": []}],
        {},
        "text",
        f"the most is {MAX_ELEMENTS} elements",
    ),
    (Task.SYNTHESIZE, [text() | {"name": "n" * 100_000}], {}, "n" * 64 + "…", "the most is 64"),
    (Task.SYNTHESIZE_MEL, [text(), EMBEDDING | {"parameters": {}}], {}, "embedding", "family"),
    (
        Task.SYNTHESIZE_MEL,
        [text(), EMBEDDING | {"parameters": {"family": "f", "version": 9}}],
        {},
        "embedding",
        "version 1",
    ),
    (Task.SYNTHESIZE_MEL, [text(), EMBEDDING | {"shape": [1, 2]}], {}, "embedding", "one vector"),
    (
        Task.SYNTHESIZE_MEL,
        [text(), EMBEDDING | {"data": [1, float("inf")]}],
        {},
        "embedding",
        "finite",
    ),
    (Task.SYNTHESIZE_MEL, [text(), sound(b"abc", "embedding")], {}, "embedding", "no speaker"),
    (Task.EMBED_SPEAKER, [AUDIO, SEGMENTS | {"data": [2, 1]}], {}, "segments", "start <= end"),
    (Task.EMBED_SPEAKER, [AUDIO, SEGMENTS | {"data": [-1, 1]}], {}, "segments", "0 <= start"),
    (
        Task.EMBED_SPEAKER,
        [AUDIO, SEGMENTS | {"data": [0, float("nan")]}],
        {},
        "segments",
        "start <= end",
    ),
    (Task.EMBED_SPEAKER, [AUDIO, SEGMENTS | {"shape": [2]}], {}, "segments", r"\[n, 2\]"),
    (Task.EMBED_SPEAKER, [AUDIO, text("{") | {"name": "segments"}], {}, "segments", "JSON"),
    (
        Task.EMBED_SPEAKER,
        [AUDIO, text("[" * 99_999) | {"name": "segments"}],
        {},
        "segments",
        "nested",
    ),
    (Task.EMBED_SPEAKER, [AUDIO, text("[{}]") | {"name": "segments"}], {}, "segments", "start and"),
    (Task.EMBED_SPEAKER, [AUDIO, text("[[]]") | {"name": "segments"}], {}, "segments", "start and"),
    (
        Task.EMBED_SPEAKER,
        [AUDIO, text('[{"start": "0", "end": 1}]') | {"name": "segments"}],
        {},
        "segments",
        "start and",
    ),
]


@pytest.mark.parametrize(("task", "inputs", "parameters", "param", "words"), WRONG)
def test_what_is_wrong_is_named(task, inputs, parameters, param, words):
    with pytest.raises(InvalidRequest, match=words) as error:
        input_from_message(task, body(inputs, **parameters))
    assert error.value.param == param


def test_bodies_of_the_wrong_shape_are_named():
    with pytest.raises(InvalidRequest, match="parameters must be an object"):
        message_from_json({"inputs": [], "parameters": [1]}, "inputs")
    with pytest.raises(InvalidRequest, match="parameters must be an object"):
        message_from_json({"inputs": [text() | {"parameters": "x"}]}, "inputs")


def test_text_over_grpc_must_be_utf_8():
    message = Message((Tensor("text", "BYTES", (1,), (b"\xff\xfe",)),))
    with pytest.raises(InvalidRequest, match="UTF-8"):
        input_from_message(Task.SYNTHESIZE, message)


def test_audio_is_bounded_by_what_the_server_allows():
    request = body([sound(wav_bytes(SOUND))])
    for limits in (AudioLimits(max_bytes=100), AudioLimits(max_seconds=0.05)):
        with pytest.raises(PayloadTooLarge) as error:
            input_from_message(Task.TRANSCRIBE, request, limits=limits)
        assert error.value.param == "audio"


def test_base64_is_measured_before_it_is_decoded():
    with pytest.raises(PayloadTooLarge, match="the most is 100"):
        input_from_message(
            Task.TRANSCRIBE, body([sound("!" * 1000)]), limits=AudioLimits(max_bytes=100)
        )


def test_unknown_names_are_not_echoed_at_length():
    with pytest.raises(InvalidRequest) as error:
        input_from_message(Task.SYNTHESIZE, body([text(), text() | {"name": "x" * 10_000}]))
    assert len(error.value.message) < 200


@pytest.mark.parametrize(
    ("datatype", "shape", "raw"),
    [
        ("FP32", (2,), b"1234567"),
        ("FP32", (-2, -2), b"1234"),
        ("BYTES", (1,), b"\x05\0\0\0abc"),
        ("BYTES", (2,), b"\x01\0\0\0a"),
        ("BYTES", (1,), b"\x01\0\0\0ab"),
        ("FP9", (1,), b"1234"),
    ],
)
def test_raw_contents_must_fit_their_shape(datatype, shape, raw):
    with pytest.raises(InvalidRequest) as error:
        tensor_from_raw("mel", datatype, shape, raw)
    assert error.value.param == "mel"


@given(st.binary(max_size=200), st.none() | st.text(max_size=4) | st.integers(-9, 300).map(str))
def test_bytes_that_hold_no_message_are_refused(data, header_length):
    with pytest.raises(InvalidRequest):
        message_from_body(data, header_length, "inputs")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["inputs", "name", "datatype", "shape", "data", "parameters", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
TENSOR_JSON = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["text", "audio", "mel", "embedding", "segments", "details"]),
        "datatype": st.sampled_from(["BYTES", "FP32", "INT64", "BOOL"]) | JSON_VALUES,
        "shape": st.lists(st.integers(-1, 3), max_size=3) | JSON_VALUES,
        "data": st.lists(st.floats() | st.text(max_size=4), max_size=4) | JSON_VALUES,
    },
    optional={"parameters": JSON_VALUES},
)


@TASKS
@given(inputs=st.lists(TENSOR_JSON, max_size=3) | JSON_VALUES, parameters=JSON_VALUES)
@settings(max_examples=30, deadline=None)
def test_nothing_but_our_own_errors_comes_out_of_a_hostile_body(task, inputs, parameters):
    try:
        message = message_from_json({"inputs": inputs, "parameters": parameters}, "inputs")
        request = input_from_message(task, message)
    except SpeechError as error:
        refusal = error
    else:
        refusal = None
        assert isinstance(request, INPUTS[task])
    assert refusal is None or (refusal.status in (400, 413) and refusal.message)


@pytest.mark.parametrize(
    "tensors",
    [
        (),
        (Tensor("audio", "BYTES", (1,), (b"garbage",)),),
        (Tensor("audio", "FP32", (1,), np.ones(1, np.float32)),),
    ],
)
def test_a_broken_answer_is_an_error_of_the_model(tensors):
    with pytest.raises(ModelFailed, match="answer cannot be read"):
        output_from_message(AudioOutput, Message(tensors))


def test_a_transcript_needs_its_details():
    times = Tensor("segments", "FP32", (1, 2), np.float32([[0, 1]]))
    words = Tensor("text", "BYTES", (1,), (b"hi",))
    with pytest.raises(ModelFailed, match="details"):
        output_from_message(TranscribeOutput, Message((words, times)))


def test_a_legacy_embedding_is_no_answer():
    message = to_message(EmbedSpeakerInput(SOUND))
    sealed = Tensor("embedding", "BYTES", (1,), (b"PK\x03\x04",))
    with pytest.raises(ModelFailed, match="tagged"):
        output_from_message(EmbedSpeakerOutput, Message((*message.tensors, sealed)))


def test_a_model_that_gives_nan_is_found_before_anyone_hears_it():
    with pytest.raises(ModelFailed):
        to_message(AudioOutput(Audio(np.float32([np.nan]), 16_000)))


# The call itself ------------------------------------------------------------------------------


def test_a_request_says_which_task_it_is_for():
    message = to_message(SynthesizeInput(text="x"))
    served = frozenset({Task.SYNTHESIZE, Task.SPEAK})
    assert wanted_task(message, Task.SPEAK, served) is Task.SYNTHESIZE
    assert wanted_task(Message(), Task.SPEAK, served) is Task.SPEAK
    for wrong in ("vocode", "x", 3, ["speak"]):
        with pytest.raises(InvalidRequest, match="speak, synthesize"):
            wanted_task(Message((), {"task": wrong}), Task.SPEAK, served)


def test_parameters_of_the_call_go_with_every_task():
    request = body([text()], priority="batch", task="synthesize")
    assert input_from_message(Task.SYNTHESIZE, request).text == "Hello"
