"""Diarization: speech detector → speaker encoder → clusters; a recogniser beside them for words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from contract.audio.codec import Audio
from contract.errors import InvalidAudio, InvalidRequest, ModelFailed
from contract.tasks import (
    DetectSpeechInput,
    DiarizeInput,
    DiarizeOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    FloatArray,
    SpeakerSegment,
    SpeechSegment,
    TranscribeInput,
    TranscribeOutput,
    TranscribeSpeakersInput,
    TranscribeSpeakersOutput,
)
from contract.toolchains import TOOLCHAINS
from transformer.diarization.clustering import USUAL_DISTANCE
from transformer.diarization.speakers import Voices, turns
from transformer.diarization.windows import Window, in_requests, windows_of
from transformer.long_recordings import in_pieces
from transformer.steps import Need, Steps, gather_each, gather_two, rename_error_field
from transport.recordings.by_speaker import by_speaker
from transport.recordings.waiting import until_taken

MEMBERS = TOOLCHAINS["diarize"].members
DETECTOR = Need(MEMBERS["speech_detector"])
ENCODER = Need(MEMBERS["encoder"])
MAX_KNOWN_SPEAKERS = 16
_AT_ONCE = 4
"""Requests of one recording that the encoder is sent at the same time."""
Request = DiarizeInput | TranscribeSpeakersInput


async def diarize(request: DiarizeInput, steps: Steps) -> DiarizeOutput:
    _check_known_speakers(request)
    await steps.prepare(DETECTOR, ENCODER)
    return DiarizeOutput(await _turns(request, steps), request.audio.duration_s)


async def transcribe(request: TranscribeSpeakersInput, steps: Steps) -> TranscribeSpeakersOutput:
    _check_known_speakers(request)
    transcriber = Need(MEMBERS["transcriber"], name=request.recogniser)
    await steps.prepare(transcriber, DETECTOR, ENCODER)
    transcript, turns = await gather_two(
        _transcript(request, transcriber, steps), _turns(request, steps)
    )
    return TranscribeSpeakersOutput(
        transcript.text,
        await asyncio.to_thread(by_speaker, transcript.segments, turns),
        transcript.language,
        transcript.duration_s,
        sum(len(one.tokens) for one in transcript.segments),
    )


async def _transcript(
    request: TranscribeSpeakersInput, transcriber: Need, steps: Steps
) -> TranscribeOutput:
    """In pieces if it is long, side by side, as the embeddings are."""
    asked = _transcription(request)
    if request.audio.duration_s <= steps.splitting.piece_s:
        return await steps.call(transcriber, asked)
    return await in_pieces(asked, transcriber, DETECTOR, steps)


def _check_known_speakers(request: Request) -> None:
    """Raise InvalidRequest unless there is one recording for every name, and each name once."""
    names = request.known_speaker_names or ()
    references = request.known_speaker_references or ()
    if len(names) != len(references):
        raise InvalidRequest(
            f"known_speaker_references has {len(references)} recordings for {len(names)} "
            "known_speaker_names; send one for each name",
            param="known_speaker_references",
        )
    if len(names) > MAX_KNOWN_SPEAKERS or len(set(names)) < len(names) or not all(names):
        raise InvalidRequest(
            f"known_speaker_names must be at most {MAX_KNOWN_SPEAKERS} different names, none empty",
            param="known_speaker_names",
        )


async def _turns(request: Request, steps: Steps) -> tuple[SpeakerSegment, ...]:
    known, speech = await gather_two(
        _known_voices(request, steps), steps.call(DETECTOR, _detection(request))
    )
    windows = windows_of(speech.segments)
    answers = await _embedded(request.audio, windows, steps)
    return await asyncio.to_thread(_speakers, request, speech.segments, windows, answers, known)


async def _known_voices(request: Request, steps: Steps) -> dict[str, FloatArray]:
    """The unit vector of each known speaker, by name."""

    async def voice(reference: Audio) -> FloatArray:
        heard, answer = await gather_two(
            steps.call(DETECTOR, DetectSpeechInput(reference)),
            steps.call(ENCODER, EmbedSpeakerInput(reference)),
        )
        if not heard.segments:  # an encoder may take noise or music for a voice
            raise InvalidAudio(
                "audio holds no speech; send a recording in which one person speaks", param="audio"
            )
        vector = answer.embedding.vector
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    names = request.known_speaker_names or ()
    with rename_error_field({"audio": "known_speaker_references"}):
        found = await gather_each(voice, request.known_speaker_references or (), most=_AT_ONCE)
    return dict(zip(names, found, strict=True))


async def _embedded(
    audio: Audio, windows: Sequence[Window], steps: Steps
) -> list[EmbedSpeakerOutput | None]:
    """What the encoder answers to each request; None where it hears no voice in all of it."""

    async def answer(some: Sequence[Window]) -> EmbedSpeakerOutput | None:
        embedding = _embedding(samples, audio.sample_rate, some)
        try:
            return await until_taken(partial(steps.call, ENCODER, embedding), steps.deadline_s)
        except InvalidAudio:
            return None

    samples = await asyncio.to_thread(lambda: audio.samples)  # may decode an hour of WAV
    return await gather_each(answer, list(in_requests(windows)), most=_AT_ONCE)


def _embedding(samples: FloatArray, rate: int, windows: Sequence[Window]) -> EmbedSpeakerInput:
    start_s = windows[0].start_s
    end_s = max(one.end_s for one in windows)
    part = Audio(samples[int(start_s * rate) : int(end_s * rate) + 1], rate)
    segments = tuple(SpeechSegment(one.start_s - start_s, one.end_s - start_s) for one in windows)
    return EmbedSpeakerInput(part, segments, each_segment=True)


def _speakers(
    request: Request,
    speech: Sequence[SpeechSegment],
    windows: Sequence[Window],
    answers: Sequence[EmbedSpeakerOutput | None],
    known: dict[str, FloatArray],
) -> tuple[SpeakerSegment, ...]:
    dims = next((len(one.embedding.vector) for one in answers if one is not None), 1)
    nothing = np.zeros((0, dims), np.float32)
    rows = [
        np.zeros((len(some), dims), np.float32) if one is None else _vectors(one)
        for some, one in zip(in_requests(windows), answers, strict=True)
    ]
    return turns(
        speech,
        windows,
        Voices(np.concatenate([nothing, *rows]), known),
        distance=USUAL_DISTANCE if request.speaker_distance is None else request.speaker_distance,
        count=request.num_speakers,
    )


def _vectors(answer: EmbedSpeakerOutput) -> FloatArray:
    if answer.segment_embeddings is None:
        raise ModelFailed("the speaker encoder did not embed each segment; update its predictor")
    return answer.segment_embeddings


def _detection(request: Request) -> DetectSpeechInput:
    usual = DetectSpeechInput(request.audio)
    rules: dict[str, Any] = {
        "threshold": request.threshold,
        "min_silence_duration_ms": request.min_silence_duration_ms,
        "speech_pad_ms": request.speech_pad_ms,
    }
    return replace(usual, **{name: value for name, value in rules.items() if value is not None})


def _transcription(request: TranscribeSpeakersInput) -> TranscribeInput:
    return TranscribeInput(
        request.audio,
        language=request.language,
        languages=request.languages,
        prompt=request.prompt,
        hotwords=request.hotwords,
        temperature=request.temperature,
        beam_size=request.beam_size,
        word_timestamps=True,
        segment_timestamps=True,
        threshold=request.threshold,
        min_silence_duration_ms=request.min_silence_duration_ms,
        speech_pad_ms=request.speech_pad_ms,
    )
