"""Diarization: the speech detector, then the speaker encoder; the recogniser beside them."""

import numpy as np
import pytest
from made_voices import DIMS, means
from scripted_client import ScriptedClient

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import InvalidAudio, InvalidRequest, ModelFailed, QueueFull, Unroutable
from contract.tasks import (
    DetectSpeechOutput,
    DiarizeInput,
    EmbedSpeakerOutput,
    SpeechSegment,
    TranscribeOutput,
    TranscribeSpeakersInput,
    TranscriptSegment,
    Word,
)
from transformer.engine import ToolchainEngine
from transport.recordings.transcription import USUAL, Splitting

RATE = 1000
TURNS = ((0.0, 4.0, 0), (5.0, 9.0, 1), (10.0, 14.0, 0))
REFERENCES = (Audio(np.full(3 * RATE, 2.0, np.float32), RATE),)
ENTRIES = {
    "vad": "SileroVAD",
    "encoder": "OpenVoiceV2ToneConverterEncoder",
    "whisper": "FasterWhisper",
    "whisper-large": "FasterWhisper",
}


def recording():
    """Each sample is the number, from 1, of the voice that speaks then."""
    samples = np.zeros(15 * RATE, np.float32)
    for start_s, end_s, who in TURNS:
        samples[int(start_s * RATE) : int(end_s * RATE)] = who + 1
    return Audio(samples, RATE)


def embed(request):
    """A reference is all one voice; a segment is the voice that speaks most in it."""
    voices = means(2)
    if not request.each_segment:
        return EmbedSpeakerOutput(Embedding("f", 3 * voices[int(request.audio.samples[0]) - 1]))
    rows = np.zeros((len(request.segments), DIMS), np.float32)
    for row, one in zip(rows, request.segments, strict=True):
        part = request.audio.samples[int(one.start_s * RATE) : int(one.end_s * RATE)]
        row[:] = voices[int(np.bincount(part.astype(int), minlength=3)[1:].argmax())]
    return EmbedSpeakerOutput(Embedding("f", rows.mean(axis=0)), rows)


def transcribe(request):
    words = tuple(Word(4.0 + i, 4.9 + i, f" {w}", 1.0) for i, w in enumerate(["no", "yes", "sir"]))
    segment = TranscriptSegment(0, 0, 4.0, 6.9, " no yes sir", (1, 2, 3), 0, 0, 0, 0, words)
    return TranscribeOutput("no yes sir", (segment,), "en", 1.0, 15.0)


def detect(request):
    return DetectSpeechOutput(tuple(SpeechSegment(start, end) for start, end, _ in TURNS))


def toolchain(entries=ENTRIES, meet=1, splitting=USUAL, **answers):
    played = {"vad": detect, "encoder": embed, "whisper": transcribe, "whisper-large": transcribe}
    caller = ScriptedClient({**played, **answers}, meet=meet)
    configs = tuple(ModelConfig(name=n, model="m", model_type=t) for n, t in entries.items())
    catalog = Catalog(ServiceConfig(model_configs=configs))
    engine = ToolchainEngine("diarize", caller, lambda: catalog.current, splitting=splitting)
    return caller, engine


async def test_turns_are_found_by_any_encoder():
    caller, engine = toolchain()
    answer = await engine.submit(DiarizeInput(recording()), RequestContext())
    assert [(one.start_s, one.end_s, one.speaker) for one in answer.segments] == [
        (0.0, 4.0, "A"),
        (5.0, 9.0, "B"),
        (10.0, 14.0, "A"),
    ]
    assert answer.duration_s == 15.0
    assert caller.woken == [["vad", "encoder"]]
    assert set(caller.called) == {"vad", "encoder"}


async def test_words_are_given_to_speakers_and_all_predictors_are_woken_at_once():
    caller, engine = toolchain(meet=2)
    answer = await engine.submit(TranscribeSpeakersInput(recording()), RequestContext())
    assert [(one.speaker, one.text) for one in answer.segments] == [("A", "no"), ("B", "yes sir")]
    assert (answer.text, answer.language, answer.text_tokens) == ("no yes sir", "en", 3)
    assert caller.woken == [["whisper", "vad", "encoder"]]


async def test_known_speakers_are_named_by_their_references():
    _, engine = toolchain()
    request = DiarizeInput(recording(), ("Ann",), REFERENCES)
    answer = await engine.submit(request, RequestContext())
    assert [one.speaker for one in answer.segments] == ["A", "Ann", "A"]


async def test_options_reach_the_detector_and_the_recogniser():
    caller, engine = toolchain()
    request = TranscribeSpeakersInput(
        recording(),
        threshold=0.7,
        min_silence_duration_ms=300,
        speech_pad_ms=200,
        recogniser="whisper-large",
        language="en",
        prompt="Sir:",
        hotwords="Ann",
    )
    await engine.submit(request, RequestContext())
    found, heard = caller.request_to("vad"), caller.request_to("whisper-large")
    assert (found.threshold, found.min_silence_duration_ms, found.speech_pad_ms) == (0.7, 300, 200)
    assert (heard.threshold, heard.min_silence_duration_ms, heard.speech_pad_ms) == (0.7, 300, 200)
    assert (heard.language, heard.prompt, heard.hotwords) == ("en", "Sir:", "Ann")
    assert heard.word_timestamps
    assert "whisper" not in caller.called


async def test_a_long_recording_is_sent_in_parts():
    caller, engine = toolchain(vad=lambda _: DetectSpeechOutput((SpeechSegment(0.0, 700.0),)))
    long = Audio(np.ones(700 * RATE, np.float32), RATE)
    await engine.submit(DiarizeInput(long), RequestContext())
    parts = [request.audio.duration_s for model, request in caller.calls if model == "encoder"]
    assert len(parts) > 7
    assert max(parts) < 95


async def test_a_long_recording_is_transcribed_in_pieces_with_its_own_times():
    """Each piece's words begin where it begins, and are given to who speaks there."""

    def words(request):
        whole = recording().samples
        own = np.asarray(request.audio.samples)
        starts = range(len(whole) - len(own) + 1)
        start_s = next(s for s in starts if np.array_equal(whole[s : s + len(own)], own)) / RATE
        found = [Word(at - start_s, at + 1 - start_s, f" at{at}", 1.0) for at in (1, 6, 12)]
        inside = tuple(one for one in found if 0 <= one.start_s < request.audio.duration_s)
        text = "".join(one.word for one in inside)
        start, end = inside[0].start_s, inside[-1].end_s
        segment = TranscriptSegment(0, 0, start, end, text, (1,), 0, 0, 0, 0, inside)
        return TranscribeOutput(text.strip(), (segment,), "en", 1.0, request.audio.duration_s)

    caller, engine = toolchain(whisper=words, splitting=Splitting(piece_s=8.0))
    answer = await engine.submit(TranscribeSpeakersInput(recording()), RequestContext())
    pieces = [one.audio.duration_s for model, one in caller.calls if model == "whisper"]
    assert len(pieces) == 3
    assert sum(pieces) == pytest.approx(15)
    said = [(one.text, one.speaker, one.start_s) for one in answer.segments]
    assert said == [("at1", "A", 1.0), ("at6", "B", 6.0), ("at12", "A", 12.0)]
    assert (answer.text, answer.duration_s) == ("at1 at6 at12", pytest.approx(15))


async def test_a_busy_encoder_costs_time_and_nothing_else():
    refused = iter([True, True])

    def busy(request):
        if request.each_segment and next(refused, False):
            raise QueueFull("too many requests wait", retry_after_s=0.05)
        return embed(request)

    _, engine = toolchain(encoder=busy)
    answer = await engine.submit(DiarizeInput(recording()), RequestContext())
    assert [one.speaker for one in answer.segments] == ["A", "B", "A"]


async def test_parts_without_a_voice_are_nobody_s_loss():
    def deaf(request):
        raise InvalidAudio("no voice", param="audio")

    _, engine = toolchain(encoder=deaf)
    answer = await engine.submit(DiarizeInput(recording()), RequestContext())
    assert {one.speaker for one in answer.segments} == {"A"}


async def test_silence_has_no_speakers():
    caller, engine = toolchain(vad=lambda _: DetectSpeechOutput(()))
    answer = await engine.submit(DiarizeInput(recording()), RequestContext())
    assert answer.segments == ()
    assert caller.called == ["vad"]


@pytest.mark.parametrize(
    ("names", "references", "field"),
    [
        (("Ann", "Bob"), REFERENCES, "known_speaker_references"),
        ((), REFERENCES, "known_speaker_references"),
        (("Ann", "Ann"), REFERENCES * 2, "known_speaker_names"),
        (("",), REFERENCES, "known_speaker_names"),
    ],
)
async def test_names_and_references_must_fit(names, references, field):
    caller, engine = toolchain()
    with pytest.raises(InvalidRequest) as refusal:
        await engine.submit(DiarizeInput(recording(), names, references), RequestContext())
    assert refusal.value.param == field
    assert caller.calls == []


async def test_a_silent_reference_is_named():
    def deaf(request):
        raise InvalidAudio("audio is silent", param="audio")

    _, engine = toolchain(encoder=deaf)
    with pytest.raises(InvalidAudio) as refusal:
        await engine.submit(DiarizeInput(recording(), ("Ann",), REFERENCES), RequestContext())
    assert refusal.value.param == "known_speaker_references"


async def test_an_encoder_that_cannot_embed_segments_is_told_from_silence():
    _, engine = toolchain(encoder=lambda _: EmbedSpeakerOutput(Embedding("f", means(1)[0])))
    with pytest.raises(ModelFailed, match="update its predictor"):
        await engine.submit(DiarizeInput(recording()), RequestContext())


async def test_what_is_not_configured_is_named():
    _, engine = toolchain({"vad": "SileroVAD"})
    with pytest.raises(Unroutable, match="embed_speaker"):
        await engine.submit(DiarizeInput(recording()), RequestContext())
    _, engine = toolchain()
    with pytest.raises(Unroutable, match="whisper-x"):
        await engine.submit(
            TranscribeSpeakersInput(recording(), recogniser="whisper-x"), RequestContext()
        )
