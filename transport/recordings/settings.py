"""What an operator may set about long recordings, in every server that divides them."""

from __future__ import annotations

from pydantic import Field

from transport.asgi.settings import ServerSettings
from transport.recordings.transcription import Splitting


class SplittingSettings(ServerSettings):
    """Environment variables SPEECH_<FIELD>."""

    piece_s: float = Field(default=120, ge=10, le=600)
    """Longest piece of a long recording to transcribe, in seconds; it ends at a pause."""

    pieces_at_once: int = Field(default=8, ge=1, le=64)
    """Most pieces of one recording under way. Less than the places that its predictor's queue
    has."""

    detect_each_piece: bool = False
    """Find the language of each piece, for recordings in several. Else the first speech decides
    for all."""

    @property
    def splitting(self) -> Splitting:
        return Splitting(self.piece_s, self.pieces_at_once, self.detect_each_piece)
