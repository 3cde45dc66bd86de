"""What an operator may set about a toolchain server."""

from __future__ import annotations

from pydantic import Field

from transport.kserve.settings import ServingSettings
from transport.recordings.transcription import Splitting


class Settings(ServingSettings):
    """Environment variables SPEECH_<FIELD>."""

    max_requests: int = Field(default=64, ge=1)
    """Requests under way at once; the next is refused with 429 and Retry-After."""

    piece_s: float = Field(default=120, ge=10, le=600)
    """long_transcription and diarize: longest piece of a recording to transcribe, in seconds."""

    pieces_at_once: int = Field(default=8, ge=1, le=64)
    """The same: most pieces of one recording under way."""

    detect_each_piece: bool = False
    """The same: find the language of each piece, for recordings in several. Else the first speech
    decides for all."""

    @property
    def splitting(self) -> Splitting:
        return Splitting(self.piece_s, self.pieces_at_once, self.detect_each_piece)
