"""Times in subtitles, languages by name, and arrows that are no times."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from contract.context import RequestContext
from contract.tasks import TranscribeOutput, TranscriptSegment
from ingress.dialect import Dialect
from ingress.languages import NAMES
from ingress.openai.schemas import CreateTranscriptionRequest, ResponseFormat
from ingress.openai.transcripts import answer, events
from ingress.request_state import RequestState


def transcript(text: str, start_s: float, end_s: float) -> TranscribeOutput:
    one = TranscriptSegment(0, 0, start_s, end_s, text, (1,), 0.0, -0.1, 1.0, 0.0)
    return TranscribeOutput(text.strip(), (one,), "de", 1.0, end_s)


def rendered(output: TranscribeOutput, response_format: ResponseFormat) -> str:
    asked = CreateTranscriptionRequest(model="whisper", response_format=response_format)
    return bytes(answer(output, asked).body).decode()


def test_hours_and_rounding() -> None:
    text = rendered(transcript(" Late.", 3599.9996, 7261.25), ResponseFormat.SRT)
    assert text == "1\n01:00:00,000 --> 02:01:01,250\nLate.\n\n"


def test_an_arrow_in_the_text_is_no_time() -> None:
    text = rendered(transcript(" a --> b", 0, 1), ResponseFormat.VTT)
    assert text.count("-->") == 1
    assert "a -> b" in text


def test_nothing_said() -> None:
    silence = TranscribeOutput("", (), "en", 1.0, 5.0)
    assert rendered(silence, ResponseFormat.SRT) == ""
    assert rendered(silence, ResponseFormat.VTT) == "WEBVTT\n\n"
    assert rendered(silence, ResponseFormat.TEXT) == "\n"


async def test_a_stream_of_nothing_said_has_its_last_event() -> None:
    async def parts() -> AsyncGenerator[TranscribeOutput, None]:
        yield TranscribeOutput("", (), "en", 1.0, 5.0)

    state = RequestState(RequestContext(), Dialect.OPENAI)
    sent = [one async for one in events(state, parts(), CreateTranscriptionRequest())]
    assert b'"transcript.text.done","text":""' in sent[-1]


def test_whisper_s_hundred_languages_are_there() -> None:
    assert len(NAMES) == 100
    assert (NAMES["haw"], NAMES["yue"], NAMES["ht"]) == ("hawaiian", "cantonese", "haitian creole")
