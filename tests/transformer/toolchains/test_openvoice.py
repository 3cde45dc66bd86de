"""OpenVoice: which predictors are asked, in which order, and what each is given."""

import numpy as np
import pytest
from scripted_client import ScriptedClient

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import InvalidAudio, ModelFailed, Unroutable
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeakInput,
    SpeechSegment,
    TranscribeOutput,
    TranscriptSegment,
)
from transformer.engine import ToolchainEngine

REFERENCE = Audio(np.zeros(16000, np.float32), 16000)
BASE = Audio(np.full(100, 0.1, np.float32), 44100)
CONVERTED = Audio(np.full(50, 0.2, np.float32), 22050)
VOICE = Embedding("openvoice_v2", np.ones(256, np.float32))
TYPES = {
    "whisper": ("FasterWhisper", None),
    "silero": ("SileroVAD", None),
    "melo-en": ("MeloTTSSynthesizer", "EN"),
    "melo-es": ("MeloTTSSynthesizer", "ES"),
    "converter": ("OpenVoiceV2ToneConverter", None),
    "encoder": ("OpenVoiceV2ToneConverterEncoder", None),
}


def catalog(*names):
    entries = [
        ModelConfig(name=name, model="m", model_type=TYPES[name][0], language=TYPES[name][1])
        for name in names or TYPES
    ]
    return Catalog(ServiceConfig(model_configs=tuple(entries)))


def transcript(*texts):
    segments = tuple(
        TranscriptSegment(i, 0, 2.0 * i, 2.0 * i + 2, text, (), 0.0, 0.0, 1.0, 0.0)
        for i, text in enumerate(texts)
    )
    return TranscribeOutput(" ".join(texts), segments)


def client(**changes):
    answers = {
        "whisper": lambda _: transcript("Hello there.", "How are you?"),
        "silero": lambda _: DetectSpeechOutput((SpeechSegment(0.5, 2.5),)),
        "melo-en": lambda _: AudioOutput(BASE),
        "melo-es": lambda _: AudioOutput(BASE),
        "converter": lambda _: AudioOutput(CONVERTED),
        "encoder": lambda _: EmbedSpeakerOutput(VOICE),
    }
    meet = changes.pop("meet", 1)
    return ScriptedClient(answers | changes, meet=meet)


async def run(caller, request, names=(), name="openvoice_v2", context=None):
    engine = ToolchainEngine(name, caller, lambda: catalog(*names).current)
    return await engine.submit(request, context or RequestContext())


def cloning(**changes):
    return SpeakInput(
        **(
            {"text": "Hi.", "mode": "voice_cloning", "language": "EN", "voice": "EN-US"}
            | {"reference_audio": REFERENCE}
            | changes
        )
    )


async def test_a_preset_voice_takes_one_step():
    caller = client()
    answer = await run(caller, SpeakInput(text="Hi.", language="ES", voice="ES", speed=1.5))
    assert caller.called == ["melo-es"]
    assert caller.request_to("melo-es").speed == 1.5
    assert answer.audio is BASE


async def test_cloning_runs_four_steps_and_gives_the_converted_voice():
    caller, context = client(), RequestContext()
    answer = await run(caller, cloning(), context=context)
    assert sorted(caller.called) == ["converter", "encoder", "melo-en", "whisper"]
    assert caller.called[-1] == "converter"
    conversion = caller.request_to("converter")
    assert conversion.audio is BASE
    assert conversion.target_embedding is VOICE
    assert (conversion.source_language, conversion.source_voice) == ("EN", "EN-US")
    assert answer.audio is CONVERTED
    assert {step.step for step in context.trace.steps} == set(caller.called)
    assert context.trace.statuses[-1] == "FINISHED_STOPPED"
    assert "FINISHED_FORWARDED" in context.trace.statuses


async def test_cloning_overlaps_the_two_branches():
    caller = client(meet=2)
    await run(caller, cloning())
    assert set(caller.called[:2]) == {"whisper", "melo-en"}


async def test_every_predictor_is_woken_before_the_first_step():
    caller = client()
    await run(caller, cloning())
    assert set(caller.woken[0]) == {"whisper", "encoder", "melo-en", "converter"}
    assert len(caller.woken) == 1


async def test_every_segment_of_a_long_reference_reaches_the_encoder():
    caller = client()
    await run(caller, cloning())
    segments = caller.request_to("encoder").segments
    assert [(s.start_s, s.end_s) for s in segments] == [(0.0, 2.0), (2.0, 4.0)]
    assert segments[0].text == "Hello there."


async def test_silero_finds_the_speech_when_asked_to():
    caller = client()
    await run(caller, cloning(segment_source="silero"))
    assert "silero" in caller.called
    assert "whisper" not in caller.called


async def test_known_segments_skip_the_search():
    caller = client()
    await run(caller, cloning(segments=(SpeechSegment(0, 3),)))
    assert sorted(caller.called) == ["converter", "encoder", "melo-en"]


async def test_a_known_embedding_skips_search_and_encoder():
    caller = client()
    await run(caller, cloning(reference_audio=None, embedding=VOICE))
    assert caller.called == ["melo-en", "converter"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"reference_audio": None}, "reference_audio"),
        ({"embedding": VOICE}, "embedding"),
        ({"mode": "single_speaker_tts"}, "reference_audio"),
        ({"language": "KLINGON"}, "language"),
    ],
)
async def test_what_cannot_be_routed_is_refused_before_any_step(changes, param):
    caller, context = client(), RequestContext()
    with pytest.raises(Unroutable) as refusal:
        await run(caller, cloning(**changes), context=context)
    assert refusal.value.param == param
    assert caller.called == []
    assert context.trace.statuses == ["WAITING", "FINISHED_IGNORED"]


@pytest.mark.parametrize("missing", ["encoder", "converter", "melo-en"])
async def test_a_missing_predictor_is_named(missing):
    caller = client()
    names = [name for name in TYPES if name not in {missing, "melo-es"}]
    with pytest.raises(Unroutable, match=TYPES[missing][0]):
        await run(caller, cloning(), names)
    assert caller.called == []


async def test_a_reference_without_speech_is_refused():
    with pytest.raises(InvalidAudio, match="no speech"):
        await run(client(whisper=lambda _: transcript()), cloning())


async def test_a_broken_branch_stops_the_other_and_tells_why():
    def broken(_):
        raise ModelFailed("the encoder broke")

    context = RequestContext()
    with pytest.raises(ModelFailed, match="the encoder broke"):
        await run(client(encoder=broken), cloning(), context=context)
    assert context.trace.statuses[-1] == "FINISHED_ABORTED"


async def test_embedding_finds_speech_first():
    caller = client()
    answer = await run(caller, EmbedSpeakerInput(audio=REFERENCE))
    assert caller.called == ["whisper", "encoder"]
    assert answer.embedding is VOICE


async def test_conversion_with_an_embedding_is_one_step():
    caller = client()
    await run(caller, ConvertVoiceInput(audio=BASE, target_embedding=VOICE))
    assert caller.called == ["converter"]


async def test_conversion_with_target_audio_embeds_it_first():
    caller = client()
    await run(caller, ConvertVoiceInput(audio=BASE, target_audio=REFERENCE))
    assert caller.called == ["whisper", "encoder", "converter"]
    assert caller.request_to("converter").target_embedding is VOICE
    assert caller.request_to("converter").target_audio is None


@pytest.mark.parametrize("target", [{}, {"target_audio": REFERENCE, "target_embedding": VOICE}])
async def test_conversion_needs_exactly_one_target(target):
    with pytest.raises(Unroutable):
        await run(client(), ConvertVoiceInput(audio=BASE, **target))
