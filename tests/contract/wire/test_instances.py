"""Chains of steps that know nothing of each other but the instance."""

import base64
import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from task_values import OUTPUT_KINDS, any_of, is_same
from wire_reading import input_from_instance, output_from_instance, to_instance

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.embedding import Embedding
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge, SpeechError
from contract.tasks import (
    INPUTS,
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechOutput,
    EmbedSpeakerOutput,
    RestoreAudioInput,
    RestoreOutput,
    SpeakInput,
    SpeechSegment,
    SynthesizeMelOutput,
    Task,
    TranscribeOutput,
    TranscriptSegment,
)
from contract.wire.instances import enrich
from transport.decoding.refusals import AudioLimits
from transport.v1_body import instances_from_body


def sound(level, size=100, rate=16_000):
    return Audio(np.full(size, level, np.float32), rate)


REFERENCE, SPOKEN, CONVERTED, RECORDING = sound(0.5), sound(0.25), sound(0.125), sound(-0.5)
VOICE = Embedding("openvoice_v2", np.arange(4, dtype=np.float32))
MEL, PAUSES = np.ones((3, 5), np.float32), np.float32([2, 3])
HEARD = (SpeechSegment(0.0, 1.5),)
TRANSCRIPT = TranscribeOutput(
    "what the reference says",
    (TranscriptSegment(0, 0, 0.0, 1.5, "what the reference says", (1, 2), 0, -0.1, 1.0, 0.0),),
    "en",
    0.9,
    1.5,
)


class Chain:
    """Steps that answer always the same, and remember what they were asked."""

    answers = {
        "whisper": (Task.TRANSCRIBE, TRANSCRIPT),
        "silero": (Task.DETECT_SPEECH, DetectSpeechOutput(HEARD, 1.5)),
        "encoder": (Task.EMBED_SPEAKER, EmbedSpeakerOutput(VOICE)),
        "mel": (Task.SYNTHESIZE_MEL, SynthesizeMelOutput(MEL, PAUSES)),
        "vocoder": (Task.VOCODE, AudioOutput(SPOKEN)),
        "base": (Task.SYNTHESIZE, AudioOutput(SPOKEN)),
        "converter": (Task.CONVERT_VOICE, AudioOutput(CONVERTED)),
        "restorer": (Task.RESTORE, RestoreOutput(MEL)),
    }

    def __init__(self):
        self.asked = {}

    def step(self, name):
        task, answer = self.answers[name]

        def run(body):
            instances = instances_from_body(json.loads(json.dumps(body)))
            self.asked[name] = input_from_instance(task, instances[0])
            return {"predictions": [enrich(one, answer) for one in instances]}

        return run

    def sequence(self, *steps):
        def run(body):
            for step in steps:
                body = (step if callable(step) else self.step(step))(body)
            return body

        return run

    def ensemble(self, **branches):
        """KServe's router: all branches get the same input; their answers stand side by side."""

        def run(body):
            return {
                name: (branch if callable(branch) else self.step(branch))(body)
                for name, branch in branches.items()
            }

        return run

    def run(self, graph, request):
        answer = graph({"instances": [to_instance(request) | {"x-ours": {"kept": [1, 2]}}]})
        (instance,) = instances_from_body(answer)
        assert instance["x-ours"] == {"kept": [1, 2]}
        return instance


SPEAK = SpeakInput(
    text="what to say",
    reference_audio=REFERENCE,
    mode="voice_cloning",
    language="EN",
    voice="EN-US",
    speed=1.25,
    pitch=0.9,
    energy=1.1,
    seed=7,
)


def heard(instance):
    return output_from_instance(AudioOutput, instance).audio


def test_harmonyspeech():
    chain = Chain()
    instance = chain.run(chain.sequence("encoder", "mel", "vocoder"), SPEAK)
    assert is_same(chain.asked["encoder"].audio, REFERENCE)
    spoken = chain.asked["mel"]
    assert (spoken.text, spoken.speed, spoken.pitch, spoken.energy) == (
        "what to say",
        1.25,
        0.9,
        1.1,
    )
    assert is_same(spoken.embedding, VOICE)
    assert is_same(chain.asked["vocoder"].mel, MEL)
    assert is_same(chain.asked["vocoder"].pauses, PAUSES)
    assert is_same(heard(instance), SPOKEN)


def check_openvoice(chain, instance):
    base, converter = chain.asked["base"], chain.asked["converter"]
    assert (base.text, base.language, base.voice) == ("what to say", "EN", "EN-US")
    assert (base.speed, base.seed) == (1.25, 7)
    assert is_same(chain.asked["encoder"].audio, REFERENCE)
    assert is_same(converter.audio, SPOKEN)
    assert is_same(converter.target_embedding, VOICE)
    assert (converter.source_language, converter.source_voice) == ("EN", "EN-US")
    assert (converter.seed, converter.target_audio) == (7, None)
    assert is_same(heard(instance), CONVERTED)
    assert (instance["text"], instance["language"]) == ("what to say", "EN")


@pytest.mark.parametrize("finder", ["whisper", "silero"])
@pytest.mark.parametrize("shape", ["branch holds the finder", "finder first", "one after another"])
def test_openvoice(finder, shape):
    chain = Chain()
    graph = {
        "branch holds the finder": chain.sequence(
            chain.ensemble(embed=chain.sequence(finder, "encoder"), synthesize="base"), "converter"
        ),
        "finder first": chain.sequence(
            finder, chain.ensemble(embed="encoder", synthesize="base"), "converter"
        ),
        "one after another": chain.sequence(finder, "encoder", "base", "converter"),
    }[shape]
    instance = chain.run(graph, SPEAK)
    check_openvoice(chain, instance)
    assert is_same(chain.asked[finder].audio, REFERENCE)
    assert [(one.start_s, one.end_s) for one in chain.asked["encoder"].segments] == [(0.0, 1.5)]
    assert {"segments", "embedding", "audio"} <= set(instance["produced"])


def test_whisper_hears_the_reference_in_its_own_language_and_by_sentence():
    chain = Chain()
    chain.run(chain.sequence("whisper", "encoder"), SPEAK)
    assert chain.asked["whisper"].language is None
    assert chain.asked["whisper"].segment_timestamps
    assert chain.asked["encoder"].segments[0].text == "what the reference says"


def test_a_voice_conversion_embeds_its_target_first():
    chain = Chain()
    request = ConvertVoiceInput(audio=RECORDING, target_audio=REFERENCE, tau=0.5)
    instance = chain.run(chain.sequence("silero", "encoder", "converter"), request)
    assert is_same(chain.asked["silero"].audio, REFERENCE)
    assert is_same(chain.asked["encoder"].audio, REFERENCE)
    converter = chain.asked["converter"]
    assert is_same(converter.audio, RECORDING)
    assert is_same(converter.target_embedding, VOICE)
    assert (converter.target_audio, converter.tau) == (None, 0.5)
    assert is_same(heard(instance), CONVERTED)


def test_voicefixer():
    chain = Chain()
    instance = chain.run(chain.sequence("restorer", "vocoder"), RestoreAudioInput(RECORDING))
    assert is_same(chain.asked["restorer"].audio, RECORDING)
    assert is_same(chain.asked["vocoder"].mel, MEL)
    assert chain.asked["vocoder"].pauses is None
    assert is_same(heard(instance), SPOKEN)


def test_a_dubbing_chain_speaks_what_it_heard():
    chain = Chain()
    answer = chain.sequence("whisper", "base")({"instances": [{"audio": wav(RECORDING)}]})
    assert chain.asked["base"].text == "what the reference says"
    assert chain.asked["base"].language is None
    assert is_same(heard(answer["predictions"][0]), SPOKEN)


# One step by itself ---------------------------------------------------------------------------


def wav(audio):
    return base64.b64encode(wav_bytes(audio)).decode()


def test_a_single_step_reads_its_own_names():
    instance = {"audio": wav(RECORDING), "language": "de", "beam_size": 3, "unknown": {"x": 1}}
    request = input_from_instance(Task.TRANSCRIBE, instance)
    assert is_same(request.audio, RECORDING)
    assert (request.language, request.beam_size, request.segment_timestamps) == ("de", 3, False)
    answer = enrich(instance, TRANSCRIPT)
    assert instance.keys() == {"audio", "language", "beam_size", "unknown"}
    assert answer["text"] == answer["transcript"] == "what the reference says"
    assert (answer["language"], answer["transcript_language"]) == ("de", "en")
    assert answer["unknown"] == {"x": 1}
    assert answer["segments"][0]["tokens"] == [1, 2]
    json.dumps(answer)


def test_null_is_as_good_as_absent():
    request = input_from_instance(
        Task.SYNTHESIZE, {"text": "x", "voice": None, "speed": None, "seed": None}
    )
    assert (request.voice, request.speed, request.seed) == (None, 1.0, None)


def test_what_a_step_makes_replaces_what_came():
    answer = enrich({"audio": wav(RECORDING)}, AudioOutput(CONVERTED))
    assert is_same(read_wav(base64.b64decode(answer["audio"])), CONVERTED)


@pytest.mark.parametrize("kind", list(INPUTS.values()))
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_input_survives_its_own_instance(kind, data):
    request = data.draw(any_of(kind))
    instance = json.loads(json.dumps(to_instance(request)))
    assert is_same(input_from_instance(kind.task, instance), request)


@pytest.mark.parametrize("kind", OUTPUT_KINDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_output_can_be_read_back(kind, data):
    output = data.draw(any_of(kind))
    instance = json.loads(json.dumps(enrich({"text": "kept"}, output)))
    assert is_same(output_from_instance(kind, instance), output)
    assert instance["text"] == "kept"


WRONG = [
    (Task.SYNTHESIZE, {}, "text", "field text is missing"),
    (Task.SYNTHESIZE, {"text": 3}, "text", "a string"),
    (Task.SYNTHESIZE, {"text": "x", "speed": "1"}, "speed", "a number"),
    (Task.SYNTHESIZE, {"text": "x", "speed": 9}, "speed", "the most is 4"),
    (Task.TRANSCRIBE, {"audio": 3}, "audio", "base64"),
    (Task.TRANSCRIBE, {"audio": "%%%"}, "audio", "base64"),
    (Task.EMBED_SPEAKER, {"reference_audio": "AAAA", "audio": "x"}, "reference_audio", "no audio"),
    (Task.EMBED_SPEAKER, {"audio": wav(RECORDING), "segments": "x"}, "segments", "a list"),
    (
        Task.EMBED_SPEAKER,
        {"audio": wav(RECORDING), "segments": [{"start": 2, "end": 1}]},
        "segments",
        "<=",
    ),
    (Task.SYNTHESIZE_MEL, {"text": "x", "embedding": "AAAA"}, "embedding", "no speaker"),
    (Task.CONVERT_VOICE, {"audio": wav(RECORDING), "embedding": "AAAA"}, "embedding", "no speaker"),
    (Task.VOCODE, {"mel": [[1, 2], [3, 4]]}, "mel", "base64"),
    (Task.VOCODE, {"mel": "AAAA"}, "mel", "safetensors"),
]


@pytest.mark.parametrize(("task", "instance", "param", "words"), WRONG)
def test_what_is_wrong_is_named_by_the_callers_key(task, instance, param, words):
    with pytest.raises(InvalidRequest, match=words) as error:
        input_from_instance(task, instance)
    assert error.value.param == param


def b64(data):
    return base64.b64encode(data).decode()


def test_a_mel_with_nan_is_refused():
    file = safetensors.numpy.save({"mel": np.full((2, 2), np.nan, np.float32)})
    with pytest.raises(InvalidRequest, match="mel holds numbers that are not finite"):
        input_from_instance(Task.VOCODE, {"mel": b64(file)})


def test_a_model_that_gives_nan_has_failed():
    with pytest.raises(ModelFailed, match="not finite"):
        enrich({}, RestoreOutput(np.full((2, 2), np.nan, np.float32)))


def test_a_mel_without_a_frame_is_refused():
    with pytest.raises(InvalidRequest, match="at least one frame") as error:
        input_from_instance(Task.VOCODE, enrich({}, RestoreOutput(np.zeros((80, 0), np.float32))))
    assert error.value.param == "mel"


# {"b64": …}, as TensorFlow Serving and KServe's own samples spell binary values ----------------


def test_binary_values_may_be_objects_with_b64():
    asked = {"audio": {"b64": wav(RECORDING)}, "embedding": {"b64": b64(VOICE.to_bytes())}}
    request = input_from_instance(Task.CONVERT_VOICE, asked)
    assert is_same(request.audio, RECORDING)
    assert is_same(request.target_embedding, VOICE)
    spoken = input_from_instance(Task.SYNTHESIZE, {"text": {"b64": b64("Hej å".encode())}})
    assert spoken.text == "Hej å"


def test_the_only_input_of_a_model_may_stand_alone():
    assert is_same(input_from_instance(Task.TRANSCRIBE, {"b64": wav(RECORDING)}).audio, RECORDING)
    assert input_from_instance(Task.SYNTHESIZE, {"b64": b64(b"hi")}).text == "hi"


@pytest.mark.parametrize(
    "value", [{"b64": 3}, {"b64": "%%%"}, {"b64": None}, {"b64": "AAAA", "more": 1}, {}, []]
)
def test_what_is_no_b64_is_refused_by_name(value):
    with pytest.raises(InvalidRequest, match="audio must be base64") as error:
        input_from_instance(Task.TRANSCRIBE, {"audio": value})
    assert error.value.param == "audio"


def test_audio_is_bounded():
    with pytest.raises(PayloadTooLarge):
        input_from_instance(
            Task.RESTORE, {"audio": wav(RECORDING)}, limits=AudioLimits(max_seconds=0.001)
        )


def test_a_graph_that_answers_something_else_is_a_failed_model():
    with pytest.raises(ModelFailed, match="audio is missing"):
        output_from_instance(AudioOutput, {"error": "no"})
    with pytest.raises(ModelFailed, match="base64"):
        output_from_instance(AudioOutput, {"audio": "%"})


KEYS = ["text", "audio", "reference_audio", "mel", "embedding", "segments", "speed", "produced"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("task", Task)
@given(instance=st.dictionaries(st.sampled_from(KEYS), VALUES))
@settings(max_examples=30, deadline=None)
def test_nothing_but_our_own_errors_comes_out_of_a_hostile_instance(task, instance):
    try:
        request = input_from_instance(task, instance)
    except SpeechError as error:
        refusal = error
    else:
        refusal = None
        assert isinstance(request, INPUTS[task])
    assert refusal is None or (refusal.status in (400, 413) and refusal.message)
