"""Who speaks for OpenAI's names: the voice that was asked for goes before the model."""

from __future__ import annotations

from contract.catalog import CatalogSnapshot
from contract.tasks import SPEAK_MODES
from ingress.endpoints import SPEECH, ListedModel, listed_models
from ingress.selection import find_model, same_name
from ingress.settings import Settings


def find_speech_model(
    snapshot: CatalogSnapshot, settings: Settings, requested: str | None, voice: str | None
) -> ListedModel:
    """The model for a voice. A model's alias (tts-1) gives way to a voice's alias (echo): where its
    model lacks that voice, the first model that has it speaks. A model's own name does not.

    Raises ModelNotFound.
    """
    model = find_model(snapshot, settings, SPEECH, requested)
    alias = same_name(voice or "", snapshot.voice_aliases)
    is_own_name = same_name(requested or "", [model.id]) is not None
    if voice is None or alias is None or is_own_name or _has_voice(model, voice):
        return model
    target = snapshot.voice_aliases[alias]
    others = listed_models(snapshot, SPEECH).values()
    speakers = (one for one in (model, *others) if SPEAK_MODES[0] in one.modes)
    return next((one for one in speakers if _has_voice(one, target)), model)


def _has_voice(model: ListedModel, voice: str) -> bool:
    names = (name for voices in model.languages.values() for name in voices)
    return same_name(voice, names) is not None
