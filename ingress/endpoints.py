"""What each endpoint can be asked for: plain models under their own names, and toolchains.

The rules are HSE's: entries are walked in file order, a toolchain appears where its first needed
type does and only if all of them are configured, and languages and voices of its entries are
merged into its entry. For each language of a toolchain the first entry's voices are listed alone,
because that entry is the one which answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from contract.catalog import CatalogSnapshot
from contract.config import ModelConfig
from contract.model_types import MODEL_TYPES, ModelType
from contract.tasks import SPEAK_MODES, Task
from contract.toolchains import ToolchainSpec

OWNER = "harmony-ai-solutions"
"""`owned_by` of every listed model, as HSE gives it."""
DEFAULT_LANGUAGE = "default"
"""HSE's name for the language of an entry that has voices but names no language."""


@dataclass(frozen=True)
class Endpoint:
    """`plain` tasks are listed by entry, the `toolchain` task by toolchain."""

    plain: tuple[Task, ...] = ()
    toolchain: Task | None = None
    hidden: frozenset[str] = frozenset()
    """Model types that HSE serves only inside a toolchain."""


SPEECH = Endpoint((Task.SYNTHESIZE,), Task.SPEAK)
CLONING = Endpoint((), Task.SPEAK)
"""What speaks in a stored voice."""
TRANSCRIPTIONS = Endpoint((Task.TRANSCRIBE,))
SPEAKERS = Endpoint((), Task.TRANSCRIBE_SPEAKERS)
"""Who says what."""
VAD = Endpoint((Task.TRANSCRIBE, Task.DETECT_SPEECH))
EMBED = Endpoint(
    (Task.EMBED_SPEAKER,),
    Task.EMBED_SPEAKER,
    frozenset({"OpenVoiceV1ToneConverterEncoder", "OpenVoiceV2ToneConverterEncoder"}),
)
VOICE_CONVERT = Endpoint((Task.CONVERT_VOICE,), Task.CONVERT_VOICE)
AUDIO_CONVERT = Endpoint((Task.RESTORE_AUDIO,), Task.RESTORE_AUDIO)
ENDPOINTS = (SPEECH, TRANSCRIPTIONS, SPEAKERS, VAD, EMBED, VOICE_CONVERT, AUDIO_CONVERT)


@dataclass(frozen=True)
class ListedModel:
    """Something that can be asked by name at one endpoint."""

    id: str
    task: Task
    config: ModelConfig | None = None
    """None for a toolchain."""
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Language → voices; empty when neither has to be said."""

    @property
    def is_toolchain(self) -> bool:
        return self.config is None

    @property
    def traits(self) -> ModelType:
        """What is known of its type; nothing of a toolchain or a plugin's type."""
        known = MODEL_TYPES.get(self.config.model_type) if self.config else None
        return known or ModelType(self.task)

    @property
    def voices_speak_every_language(self) -> bool:
        """Whether a voice's own language is only what it speaks unless asked for another."""
        has_own = self.config is None or self.config.language is not None
        return bool(self.traits.voice_languages) and not has_own

    @property
    def modes(self) -> tuple[str, ...]:
        """HSE's speech modes that the model can do; empty outside speech."""
        if self.task is Task.SYNTHESIZE:
            return SPEAK_MODES[:1]
        if self.task is not Task.SPEAK:
            return ()
        return SPEAK_MODES if self.languages else SPEAK_MODES[1:]


@lru_cache(maxsize=4 * len(ENDPOINTS))
def listed_models(snapshot: CatalogSnapshot, endpoint: Endpoint) -> dict[str, ListedModel]:
    """Everything the endpoint can be asked for, by name, in order of appearance."""
    found: dict[str, ListedModel] = {}
    toolchains = snapshot.toolchains(endpoint.toolchain) if endpoint.toolchain else ()
    plain = {entry.name for entry in snapshot.models if _is_plain(entry, endpoint)}
    for entry in snapshot.models:
        if entry.name in plain:
            assert entry.resolved_task is not None
            found[entry.name] = ListedModel(
                entry.name, entry.resolved_task, entry, _languages(entry)
            )
        for spec in toolchains:
            if spec.name not in plain and _needs(spec, endpoint, entry):
                _merge(found, spec, endpoint, entry)
    return found


def all_names(snapshot: CatalogSnapshot) -> Iterator[str]:
    """Every name that some endpoint answers to, aliases last, without repetition."""
    names = [name for endpoint in ENDPOINTS for name in listed_models(snapshot, endpoint)]
    yield from dict.fromkeys([*names, *snapshot.aliases])


def _is_plain(entry: ModelConfig, endpoint: Endpoint) -> bool:
    return entry.resolved_task in endpoint.plain and entry.model_type not in endpoint.hidden


def _needs(spec: ToolchainSpec, endpoint: Endpoint, entry: ModelConfig) -> bool:
    assert endpoint.toolchain is not None
    return any(entry.plays(need) for need in spec.needs[endpoint.toolchain])


def _languages(entry: ModelConfig) -> dict[str, tuple[str, ...]]:
    if entry.language is None and not entry.voices:
        return {}
    known = MODEL_TYPES.get(entry.model_type)
    if entry.language is None and known and known.voice_languages:
        return _by_language(entry.voices, known.voice_languages)
    return {entry.language or DEFAULT_LANGUAGE: entry.voices}


def _by_language(
    voices: tuple[str, ...], languages: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Voices whose name says their language."""
    found: dict[str, tuple[str, ...]] = {}
    for voice in voices:
        language = languages.get(voice[:1], DEFAULT_LANGUAGE)
        found[language] = (*found.get(language, ()), voice)
    return found


def _merge(
    found: dict[str, ListedModel], spec: ToolchainSpec, endpoint: Endpoint, entry: ModelConfig
) -> None:
    assert endpoint.toolchain is not None
    model = found.get(spec.name)
    if model is None:
        found[spec.name] = ListedModel(spec.name, endpoint.toolchain, None, _languages(entry))
    elif entry.language is not None:
        model.languages.setdefault(entry.language, entry.voices)
