"""What HSE's answers have in common."""

from __future__ import annotations

import time
import uuid
from typing import Any

from starlette.responses import JSONResponse, Response

from contract.audio.codec import Audio
from contract.base64_text import to_base64
from contract.errors import InvalidRequest
from contract.tasks import TranscribeOutput, TranscriptSegment
from contract.tasks.segments import whisper_fields
from ingress.hse.schemas import AudioOutputOptions, GenerationOptions
from ingress.media import write_file
from ingress.request_state import RequestState
from ingress.speaking import SynthesisOptions
from ingress.state import AppState

_OPTIONS = frozenset({"seed", "speed", "pitch", "energy"})


def answer(prefix: str, model: str, **fields: Any) -> Response:
    """The id's prefix tells the kind of request; `model` is echoed as the client spelled it."""
    head = {"id": f"{prefix}-{uuid.uuid4().hex}", "model": model, "created": int(time.time())}
    return JSONResponse(head | fields)


async def answer_audio(
    app_state: AppState,
    state: RequestState,
    audio: Audio,
    options: AudioOutputOptions | None,
    *,
    prefix: str,
    model: str,
) -> Response:
    """JSON with a base64 file, or the bare file when a stream is asked for."""
    options = options or AudioOutputOptions()
    data = await write_file(app_state, state, audio, options.format, options.sample_rate)
    if options.stream:
        return Response(data, media_type=options.format.content_type)
    text = await app_state.in_thread(to_base64, data)
    return answer(prefix, model, data=text)


def synthesis_options(
    options: GenerationOptions | None, *, can: frozenset[str] = _OPTIONS
) -> SynthesisOptions:
    """The options that are honoured. Raises InvalidRequest that names the first that is not."""
    known = set(GenerationOptions.model_fields)
    given = options.model_dump(include=known, exclude_none=True) if options else {}
    for name, value in given.items():
        if name not in can and value:
            raise InvalidRequest(
                f"generation_options.{name} has no effect on this model; leave it out",
                param=f"generation_options.{name}",
            )
    return SynthesisOptions(
        speed=given.get("speed") or 1.0,
        pitch=given.get("pitch") or 1.0,
        energy=given.get("energy") or 1.0,
        seed=given.get("seed"),
    )


def whisper_segments(transcript: TranscribeOutput) -> list[dict[str, Any]]:
    """A transcript's segments with the keys of faster-whisper, which HSE passes on."""
    return [whisper_fields(one) | {"words": _words(one)} for one in transcript.segments]


def _words(segment: TranscriptSegment) -> list[dict[str, Any]] | None:
    if segment.words is None:
        return None
    return [
        {"start": w.start_s, "end": w.end_s, "word": w.word, "probability": w.probability}
        for w in segment.words
    ]
