"""Who speaks: the voice that was asked for goes before the model."""

from __future__ import annotations

from contract.catalog import CatalogSnapshot
from contract.tasks import SPEAK_MODES
from contract.voices import is_blend
from ingress.endpoints import SPEECH, ListedModel, listed_models
from ingress.selection import find_model, same_name, unaliased
from ingress.settings import Settings


def find_speech_model(
    snapshot: CatalogSnapshot, settings: Settings, requested: str | None, voice: str | None
) -> ListedModel:
    """The model for a voice. A model's alias (tts-1) gives way to a voice, its alias (echo) or a
    blend: where the alias's model lacks it, the first model that has it speaks. A model's own name
    does not.

    Raises ModelNotFound.
    """
    model = find_model(snapshot, settings, SPEECH, requested)
    is_own_name = same_name(requested or "", [model.id]) is not None
    if voice is None or is_own_name or _has_voice(model, voice):
        return model
    others = listed_models(snapshot, SPEECH).values()
    speakers = (one for one in (model, *others) if SPEAK_MODES[0] in one.modes)
    if is_blend(voice):
        return next((one for one in speakers if one.traits.blends), model)
    target = unaliased(voice, snapshot.voice_aliases)
    return next((one for one in speakers if _has_voice(one, target)), model)


def _has_voice(model: ListedModel, voice: str) -> bool:
    names = (name for voices in model.languages.values() for name in voices)
    return same_name(voice, names) is not None
