"""Whose voice a request asks for, and what makes no sense together."""

from contract.embedding import AnyEmbedding
from contract.errors import Unroutable
from contract.tasks import EmbedSpeakerInput, SpeakInput

REFERENCE_FIELDS = {"audio": "reference_audio"}
"""What an encoder calls the recording that a request to speak has as its reference."""


def one_voice(request: SpeakInput) -> AnyEmbedding | EmbedSpeakerInput:
    """The embedding that came with the request, or the reference to embed first.

    Raises Unroutable unless there is exactly one: a reference and an embedding name two voices,
    and nobody can tell which one is meant.
    """
    if request.reference_audio is None and request.embedding is None:
        raise Unroutable(
            "a cloned voice needs reference_audio or embedding", param="reference_audio"
        )
    if request.reference_audio is None:
        assert request.embedding is not None
        return request.embedding
    if request.embedding is not None:
        raise Unroutable(
            "send reference_audio or embedding, not both: they may be different voices",
            param="embedding",
        )
    return EmbedSpeakerInput(audio=request.reference_audio, segments=request.segments)


def refuse_reference(request: SpeakInput) -> None:
    """Preset voices take no reference; a caller who sends one expects cloning."""
    for name in ("reference_audio", "embedding"):
        if getattr(request, name) is not None:
            raise Unroutable(
                f"mode single_speaker_tts speaks with a preset voice; drop {name} or ask for "
                "mode voice_cloning",
                param=name,
            )
