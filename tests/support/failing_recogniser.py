"""A recogniser that breaks at some recordings: what a device's error does to one request."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tiny_models import TinyRecogniser

from contract.errors import QueueFull
from contract.tasks import TranscribeInput, TranscribeOutput


class FailingRecogniser(TinyRecogniser):
    """Raises at every recording that holds a word of `failures`, as often as it says there.

    Its segments' texts begin with a space, as Whisper's do.
    """

    failures: ClassVar[dict[str, int]] = {}
    refusals: ClassVar[dict[str, int]] = {}
    """The same, refused as a full queue does."""
    heard: ClassVar[list[tuple[str, str | None]]] = []
    """Text and asked language of each recording, those that failed too."""

    def answer(self, request: TranscribeInput) -> TranscribeOutput:
        found = super().answer(request)
        self.heard.append((found.text, request.language))
        for word, left in self.failures.items():
            if word in found.text and left:
                self.failures[word] = left - 1
                raise RuntimeError("the device lost its context")
        for word, left in self.refusals.items():
            if word in found.text and left:
                self.refusals[word] = left - 1
                raise QueueFull("too many requests wait", retry_after_s=0.05)
        segments = tuple(replace(one, text=f" {one.text}") for one in found.segments)
        return replace(found, segments=segments)
