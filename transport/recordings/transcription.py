"""One long recording transcribed piece by piece, several pieces side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from prometheus_client import Counter

from contract.config import ModelConfig
from contract.errors import ConnectionLost, ModelFailed
from contract.tasks import (
    DetectSpeechInput,
    DetectSpeechOutput,
    TranscribeInput,
    TranscribeOutput,
    TranscriptSegment,
    Word,
)
from transport.recordings.cutting import Piece, cut_at_pauses
from transport.recordings.in_order import in_order
from transport.recordings.waiting import until_taken

logger = logging.getLogger(__name__)

Transcribe = Callable[[TranscribeInput], Awaitable[TranscribeOutput]]
Detect = Callable[[DetectSpeechInput], Awaitable[DetectSpeechOutput]]
_FRAMES_PER_S = 100
"""Of Whisper's `seek`."""

RETRIES = Counter("speech_recording_piece_retries_total", "Pieces asked for a second time")


@dataclass(frozen=True, slots=True)
class Splitting:
    """How a long recording is divided."""

    piece_s: float = 120.0
    """Longest piece."""
    at_once: int = 8
    """Most pieces under way."""
    detect_each: bool = False
    """Find the language of each piece, or the model has but one; else the first speech decides."""

    def of(self, recogniser: ModelConfig | None) -> Splitting:
        """For this entry: where it has one language, none is to be found and none is passed on."""
        has_one_language = recogniser is not None and recogniser.language is not None
        return replace(self, detect_each=True) if has_one_language else self


USUAL = Splitting()


async def transcribed(
    request: TranscribeInput,
    detect: Detect,
    transcribe: Transcribe,
    splitting: Splitting,
    *,
    deadline_s: float,
) -> AsyncGenerator[TranscribeOutput, None]:
    """The transcript of each piece, in order, as soon as it and all before it are there.

    Times, ids and `seek` are the recording's; `duration_s` is the piece's. A piece that a model
    failed at, or whose server went away, is asked for once more, alone. What is refused because a
    model has too much to do waits as long as it is told and is sent again, up to `deadline_s` (by
    time.monotonic()). Raises the error of the first piece that then fails; the other pieces are
    cancelled, as they are by closing.
    """
    speech = await until_taken(partial(detect, _detection(request)), deadline_s)
    pieces = await asyncio.to_thread(
        cut_at_pauses, request.audio, speech.segments, splitting.piece_s
    )

    async def call(piece: Piece) -> TranscribeOutput:
        asked = replace(request, audio=piece.audio)
        return await until_taken(partial(_with_one_retry, transcribe, asked), deadline_s)

    done, count = 0, 0
    is_settled = request.language is not None or splitting.detect_each
    while done < len(pieces) and not is_settled:
        heard = await call(pieces[done])
        yield _in_time(pieces[done], heard, count)
        done, count = done + 1, count + len(heard.segments)
        if heard.text:
            is_settled = True
            request = replace(request, language=heard.language or None, languages=None)
    rest = pieces[done:]
    async with aclosing(in_order(call, rest, most=splitting.at_once)) as answers:
        index = 0
        async for heard in answers:
            yield _in_time(rest[index], heard, count)
            index, count = index + 1, count + len(heard.segments)


def _in_time(piece: Piece, heard: TranscribeOutput, first_id: int) -> TranscribeOutput:
    segments = _moved(heard.segments, piece.start_s, first_id)
    return replace(heard, segments=segments, duration_s=piece.audio.duration_s)


def joined(parts: Sequence[TranscribeOutput]) -> TranscribeOutput:
    """One transcript of consecutive ones; the language is the first that was spoken."""
    if len(parts) == 1:
        return parts[0]
    spoken = next((part for part in parts if part.text), parts[0])
    return replace(
        spoken,
        text="".join(one.text for part in parts for one in _stretches(part)).strip(),
        segments=tuple(segment for part in parts for segment in part.segments),
        duration_s=sum(part.duration_s for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text as it goes on, and its words where they have times."""

    text: str
    words: tuple[Word, ...] = ()


def _stretches(part: TranscribeOutput) -> list[Stretch]:
    """By segment, where the segments hold all of the text; else as a whole."""
    found = [Stretch(segment.text, tuple(segment.words or ())) for segment in part.segments]
    if "".join(one.text for one in found).strip() == part.text:
        return found
    words = tuple(word for one in found for word in one.words)
    return [Stretch(f" {part.text}", words)] if part.text else []


class TextDeltas:
    """The text of parts that come one by one; what is given back joins to `joined`'s text."""

    def __init__(self) -> None:
        self._held, self._has_begun = "", False

    def of(self, part: TranscribeOutput) -> Iterator[Stretch]:
        """By segment, none empty; white space at an end waits for what follows."""
        for one in _stretches(part):
            text = self._held + one.text if self._has_begun else one.text.lstrip()
            delta = text.rstrip()
            self._held = text[len(delta) :]
            if delta:
                self._has_begun = True
                yield Stretch(delta, one.words)


def _detection(request: TranscribeInput) -> DetectSpeechInput:
    usual = DetectSpeechInput(request.audio)
    return usual if request.threshold is None else replace(usual, threshold=request.threshold)


async def _with_one_retry(transcribe: Transcribe, request: TranscribeInput) -> TranscribeOutput:
    """What is sure to have done no work has been asked again by the client below already."""
    try:
        return await transcribe(request)
    except (ModelFailed, ConnectionLost) as error:
        logger.warning("a piece of a recording failed (%s); it is sent once more", error.code)
        RETRIES.inc()
        return await transcribe(request)


def _moved(
    segments: Iterable[TranscriptSegment], by_s: float, first_id: int
) -> tuple[TranscriptSegment, ...]:
    return tuple(
        replace(
            one,
            id=number,
            seek=one.seek + round(by_s * _FRAMES_PER_S),
            start_s=one.start_s + by_s,
            end_s=one.end_s + by_s,
            words=one.words
            and tuple(
                replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)
                for word in one.words
            ),
        )
        for number, one in enumerate(segments, first_id)
    )
