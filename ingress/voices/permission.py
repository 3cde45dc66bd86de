"""Whether a voice may be cloned here, as SPEECH_CLONING says."""

from __future__ import annotations

from contract.errors import InvalidRequest
from ingress.settings import Settings


class CloningForbidden(InvalidRequest):
    """The operator does not allow it."""

    status = 403
    code = "cloning_forbidden"


def allow_stored_voices(settings: Settings, *, param: str) -> None:
    """Raises CloningForbidden."""
    if settings.cloning == "off":
        raise CloningForbidden(
            f"{param} cannot be used: voices are not cloned on this server; speak in one of the "
            "model's own voices",
            param=param,
        )


def allow_given_voices(settings: Settings, *, param: str) -> None:
    """Whether a request may bring the voice to clone with it. Raises CloningForbidden."""
    allow_stored_voices(settings, param=param)
    if settings.cloning == "consent":
        raise CloningForbidden(
            f"{param} cannot be used: this server clones only voices whose consent is stored; "
            "create one by POST /v1/audio/voice_consents and /v1/audio/voices",
            param=param,
        )
