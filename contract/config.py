"""The configuration file: which models exist, and what they are called from outside.

    model_configs:
      - name: whisper-base
        model: Systran/faster-whisper-base   # hub id, local path, or package:<package>/<path>
        model_type: FasterWhisper
        max_batch_size: 8
        device_config: {device: cpu}

The keys are HSE's; `fallback`, `options` and `aliases` are ours.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contract.errors import InvalidRequest
from contract.explain import remedy
from contract.model_types import MODEL_TYPE_TASKS
from contract.tasks import Task
from contract.toolchains import TOOLCHAINS, ModelTypes

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$", max_length=63)]
Scalar = str | int | float | bool
DType = Literal["float32", "float", "bfloat16", "float16", "half", "auto"]


class InvalidConfig(InvalidRequest):
    """The configuration is wrong; the message names entry, key and remedy, one line each."""

    code = "invalid_config"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceConfig(_Closed):
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    """cpu, cuda, cuda:N, or auto: the GPU where there is one."""


class ModelConfig(_Closed):
    """One deployed model."""

    name: Name
    """Unique; the predictor's V2 model name and the id that clients send."""
    model: str = Field(min_length=1)
    """Hub id, local directory or file, `package:<python package>/<path inside it>`, or
    `cache:<directory>` for what `harmony fetch-kokoro` has put below $SPEECH_CACHE."""
    model_type: str = Field(min_length=1)
    """A built-in model type or one that a plugin package registers."""
    task: Task | None = None
    """Only for plugin types that are not installed where this file is read."""
    language: str | None = None
    """As HSE spells it: EN, ZH, ES, FR, JP, KR …"""
    voices: tuple[str, ...] = ()
    """Advertised voices of a synthesizer."""
    max_batch_size: int = Field(default=8, ge=1, le=256)
    """Most units (sentences, chunks, windows) in one forward pass; requests share passes."""
    dtype: DType = "auto"
    """auto: float16 on a GPU, float32 on a CPU."""
    cuda_graphs: bool = False
    """On a GPU: launch the passes of OpenVoice, MeloTTS and HarmonySpeechEncoder as CUDA graphs."""
    device_config: DeviceConfig = DeviceConfig()
    revision: str | None = None
    """Hub revision; absent: the main branch."""
    load_format: Literal["auto", "pt", "pth", "safetensors", "onnx"] = "auto"
    seed: int = 0
    fallback: str | None = None
    """Name of another entry of the same task that answers when this one cannot."""
    optional: bool = False
    """Left out by `harmony serve`, which says so, where its weights or packages are not here."""
    options: dict[str, Scalar] = {}
    """Settings of the model type, documented with it (compute_type, cpu_threads …)."""

    @property
    def resolved_task(self) -> Task | None:
        """The entry's task; None for a plugin type that only its package can tell."""
        return self.task or MODEL_TYPE_TASKS.get(self.model_type)

    def plays(self, need: ModelTypes) -> bool:
        """Whether this is one of a toolchain's alternatives."""
        return self.model_type in need or self.resolved_task in need


class Aliases(_Closed):
    """Names that clients already use, mapped to names in this file."""

    models: dict[str, str] = {}
    voices: dict[str, str] = {}


class ServiceConfig(_Closed):
    # Not min_length: pydantic would count only valid entries and report an empty list beside them.
    model_configs: tuple[ModelConfig, ...] = Field(json_schema_extra={"minItems": 1})
    toolchains: tuple[str, ...] | None = None
    """Toolchains that are served. Absent: every one whose model types are configured."""
    aliases: Aliases = Aliases()
    memory_budget_mb: int | None = Field(default=None, ge=64)
    """Loaded models above this are unloaded, least recently used first. Absent: no limit."""

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if not self.model_configs:
            raise ValueError("model_configs is empty; add an entry")
        names = Counter(entry.name for entry in self.model_configs)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"name {twice[0]!r} is used twice; every entry needs its own")
        for entry in self.model_configs:
            if entry.fallback is not None:
                self._check_fallback(entry, names)
        for name in self.toolchains or ():
            if name not in TOOLCHAINS:
                raise ValueError(f"toolchains: {name!r} is none of {', '.join(TOOLCHAINS)}")
        known = set(names) | set(TOOLCHAINS)
        for alias, target in self.aliases.models.items():
            if target not in known:
                raise ValueError(
                    f"aliases.models.{alias} names {target!r}, which is not configured"
                )
        return self

    def _check_fallback(self, entry: ModelConfig, names: Counter[str]) -> None:
        if entry.fallback == entry.name or entry.fallback not in names:
            raise ValueError(f"{entry.name}: fallback must be the name of another entry")
        other = next(one for one in self.model_configs if one.name == entry.fallback)
        if other.resolved_task != entry.resolved_task:
            raise ValueError(f"{entry.name}: fallback {other.name} serves another task")


def load_config(path: Path) -> ServiceConfig:
    """Read and validate a configuration file. Raises InvalidConfig."""
    return parse_config(read_config(path))


def read_config(path: Path) -> str:
    """The text of a configuration file. Raises InvalidConfig."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise InvalidConfig(f"cannot read {path.name or path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidConfig(f"{path.name} is not UTF-8 text; save it as UTF-8") from exc


def parse_config(text: str) -> ServiceConfig:
    """Validate the text of a configuration file. Raises InvalidConfig."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise InvalidConfig(f"not YAML{where}: {getattr(exc, 'problem', None) or exc}") from exc
    if not isinstance(document, dict):
        raise InvalidConfig("the file must be a mapping with the key model_configs")
    try:
        return ServiceConfig.model_validate(document)
    except ValidationError as exc:
        raise InvalidConfig("\n".join(_explain(document, error) for error in exc.errors())) from exc


_REMEDIES = {
    "extra_forbidden": "unknown key; remove it or correct its spelling",
    "missing": "required; add it",
    "model_type": "must be a mapping",
}
_SPELLINGS = {
    "name": "must be lower-case letters and digits, with '.', '_' and '-' between them",
    "device": "must be auto, cpu, cuda, or one GPU by its number such as cuda:0",
}
"""Of the keys whose values have a pattern."""


def _explain(document: dict[str, Any], error: Any) -> str:
    """One line for one error: which entry, which key, what to do."""
    path = [str(part) for part in error["loc"]]
    if path[:1] == ["model_configs"] and len(path) > 1:
        path[:2] = [_entry_name(document, int(path[1]))]
    where = ": ".join(filter(None, [path[0] if path else "", ".".join(path[1:])]))
    words = _REMEDIES.get(error["type"]) or remedy(error)
    if error["type"] == "string_pattern_mismatch":
        words = _SPELLINGS[path[-1]]
    return f"{where}: {words}" if where else words


def _entry_name(document: dict[str, Any], index: int) -> str:
    entries = document.get("model_configs")
    entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"model_configs[{index}]" + (f" ({name})" if isinstance(name, str) else "")
