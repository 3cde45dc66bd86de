"""Speech in a stored voice: which toolchain speaks, and its embedding of the voice."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace

from contract.audio.codec import read_wav
from contract.catalog import CatalogSnapshot
from contract.embedding import embedding_from_bytes
from contract.errors import InvalidRequest, ModelNotFound, Unavailable
from contract.tasks import EmbedSpeakerInput, Task
from contract.toolchains import TOOLCHAINS
from ingress.endpoints import CLONING, SPEECH, ListedModel, listed_models
from ingress.request_state import RequestState
from ingress.selection import find_model
from ingress.speaking import Reference
from ingress.state import AppState
from ingress.voices.permission import allow_stored_voices
from ingress.voices.records import StoredVoice, is_voice_id
from ingress.wording import choice

_DECISIVE = frozenset({"model", "revision", "model_type", "dtype", "load_format", "options"})
"""Of a model's configuration: what decides the embedding that it makes."""


async def stored_voice(
    app_state: AppState, state: RequestState, requested: str | None
) -> StoredVoice | None:
    """The caller's own voice of that id; None where no id is asked for. From here on nothing of the
    request is cached, by anybody. Raises NotFound, CloningForbidden, Unavailable."""
    if requested is None or not is_voice_id(requested):
        return None
    allow_stored_voices(app_state.settings, param="voice")
    voice = await app_state.voices.voice(state, requested, param="voice")
    state.context = replace(state.context, is_private=True)
    app_state.voices.note_use(state, voice)
    return voice


def cloning_model(app_state: AppState, requested: str | None) -> ListedModel:
    """The toolchain of that name, or the one that answers to OpenAI's names. Raises ModelNotFound,
    and InvalidRequest for a model that cannot speak in another voice."""
    snapshot, settings = app_state.catalog.current, app_state.settings
    embedders = {spec.name for spec in snapshot.toolchains(Task.EMBED_SPEAKER)}
    able = [name for name in listed_models(snapshot, CLONING) if name in embedders]
    try:
        model = find_model(snapshot, settings, CLONING, requested)
    except ModelNotFound:
        model = find_model(snapshot, settings, SPEECH, requested)
    if model.id not in able:
        raise InvalidRequest(
            f"{model.id} cannot speak in a stored voice; {choice('these can', able)}", param="model"
        )
    return model


async def reference_of(
    app_state: AppState, state: RequestState, model: ListedModel, voice: StoredVoice
) -> Reference:
    """The voice as this toolchain embeds it: once, then it is kept."""
    encoder = _encoder(app_state.catalog.current, model.id)
    library = app_state.voices
    kept = await library.embedding(state, voice.id, model.id, encoder)
    if kept is None:
        async with library.embedding_lock(f"{voice.id}/{model.id}/{encoder}"):
            kept = await library.embedding(state, voice.id, model.id, encoder)
            if kept is None:
                kept = await _embedded(app_state, state, model, voice)
                with suppress(Unavailable):  # a full disk, say: next time it is embedded again
                    await library.keep_embedding(state, voice.id, model.id, encoder, kept)
    return Reference(embedding=embedding_from_bytes(kept, param="voice"))


async def _embedded(
    app_state: AppState, state: RequestState, model: ListedModel, voice: StoredVoice
) -> bytes:
    recording = await app_state.voices.recording(state, voice.id)
    app_state.hold(state, len(recording))
    audio = await app_state.in_thread(read_wav, recording, param="voice")
    made = await app_state.call(model.id, EmbedSpeakerInput(audio), state)
    return made.embedding.to_bytes()


def _encoder(snapshot: CatalogSnapshot, toolchain: str) -> str:
    """A digest of all models that embed a voice there: with another, it is embedded again."""
    needs = TOOLCHAINS[toolchain].needs[Task.EMBED_SPEAKER]
    configs = (snapshot.pick(need).model_dump_json(include=set(_DECISIVE)) for need in needs)
    return hashlib.sha256("\n".join(configs).encode()).hexdigest()
