"""What one InferenceService tells about itself: which model, where, and whether it is awake.

    labels       harmony-speech/model-type   required: without it a service is not ours
                 harmony-speech/model        its V2 model name; absent: the service's own name
                 harmony-speech/task         required for model types of plugins
                 harmony-speech/language
                 harmony-speech/toolchain    the toolchain that its transformer runs
    annotations  harmony-speech/model-config the whole entry as JSON; wins over everything above
                 harmony-speech/voices       separated by commas
                 harmony-speech/fallback

The status is KServe's v1beta1 (pkg/apis/serving/v1beta1/inference_service_status.go).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from contract.catalog import Availability
from contract.config import ModelConfig
from contract.tasks import Task
from contract.toolchains import TOOLCHAINS

PREFIX = "harmony-speech/"
MODEL_TYPE = f"{PREFIX}model-type"
SELECTOR = MODEL_TYPE
"""Label selector of our InferenceServices: the label is there, whatever it says."""


class MalformedService(Exception):
    """The InferenceService does not say what it serves; the message names key and remedy."""


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    """Of the InferenceService."""
    entry: ModelConfig
    availability: Availability
    address: str
    """Of the predictor."""
    toolchain: Toolchain | None = None


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What the transformer before the predictor runs."""

    name: str
    availability: Availability
    address: str


def read_service(document: object) -> Service:
    """Raises MalformedService."""
    try:
        found = _InferenceService.model_validate(document)
    except ValidationError as exc:
        raise MalformedService(_first_error(exc)) from exc
    has_transformer = found.spec.transformer is not None
    availability = _availability(found.status)
    service = Service(
        name=found.metadata.name,
        entry=_entry(found.metadata),
        availability=availability,
        address=_address(found, "predictor", is_entry=not has_transformer),
    )
    toolchain = found.metadata.labels.get(f"{PREFIX}toolchain")
    if toolchain is None or not has_transformer:
        return service
    return replace(service, toolchain=_toolchain(found, toolchain, availability))


# What it serves -------------------------------------------------------------------------------


def _entry(metadata: _Metadata) -> ModelConfig:
    written = metadata.annotations.get(f"{PREFIX}model-config")
    try:
        if written is not None:
            entry = ModelConfig.model_validate_json(written)
        else:
            entry = ModelConfig.model_validate(_from_labels(metadata))
    except ValidationError as exc:
        where = "model-config: " if written is not None else ""
        raise MalformedService(f"{PREFIX}{where}{_first_error(exc)}") from exc
    return entry if entry.resolved_task else _with_task(entry, metadata.labels)


def _from_labels(metadata: _Metadata) -> dict[str, Any]:
    labels, annotations = metadata.labels, metadata.annotations
    voices = annotations.get(f"{PREFIX}voices", "").split(",")
    given = {
        "name": labels.get(f"{PREFIX}model", metadata.name),
        # Callers load no weights. The generation keeps cached answers of other weights apart.
        "model": f"inferenceservice:{metadata.name}@{metadata.generation}",
        "model_type": labels.get(MODEL_TYPE),
        "language": labels.get(f"{PREFIX}language"),
        "task": labels.get(f"{PREFIX}task"),
        "voices": tuple(voice.strip() for voice in voices if voice.strip()),
        "fallback": annotations.get(f"{PREFIX}fallback"),
    }
    return {key: value for key, value in given.items() if value is not None}


def _with_task(entry: ModelConfig, labels: dict[str, str]) -> ModelConfig:
    """A plugin's type is known where its package is, so the service has to name the task."""
    named = labels.get(f"{PREFIX}task", "")
    try:
        return entry.model_copy(update={"task": Task(named)})
    except ValueError:
        raise MalformedService(
            f"label {PREFIX}task is {named!r}; name the task of model type {entry.model_type}"
        ) from None


def _toolchain(found: _InferenceService, name: str, predictor: Availability) -> Toolchain:
    if name not in TOOLCHAINS:
        raise MalformedService(
            f"label {PREFIX}toolchain is {name!r}; known: {', '.join(TOOLCHAINS)}"
        )
    is_ready = found.status.is_true("TransformerReady")
    return Toolchain(
        name=name,
        availability=predictor if is_ready else Availability.NOT_READY,
        address=_address(found, "transformer", is_entry=True),
    )


# Whether it is awake --------------------------------------------------------------------------


def _availability(status: _Status) -> Availability:
    """As KServe last wrote it. It counts ready pods, and leaves the count out when it is zero."""
    if not status.is_true("PredictorReady"):
        return Availability.NOT_READY
    copies = status.model_status.copies
    return (
        Availability.ASLEEP
        if copies is not None and not copies.total_copies
        else Availability.READY
    )


# Where it is ----------------------------------------------------------------------------------


def _address(found: _InferenceService, component: str, *, is_entry: bool) -> str:
    """The component's own address in the cluster; never `status.url`, whose domain may not exist.

    In Standard mode only the entry has an address, and Services are named by KServe's rule.
    """
    status = found.status
    addresses = [status.components.get(component, _Component()).address]
    if is_entry:
        addresses.append(status.address)
    for address in addresses:
        origin = _origin(address.url) if address is not None else None
        if origin is not None:
            return origin
    return f"http://{found.metadata.name}-{component}.{found.metadata.namespace}.svc"


def _origin(url: str | None) -> str | None:
    """Scheme and host; older KServe put a model's V1 path behind them."""
    parts = urlsplit(url or "")
    is_usable = parts.scheme in ("http", "https") and parts.hostname
    return f"{parts.scheme}://{parts.netloc}" if is_usable else None


# The parts of an InferenceService that are read ---------------------------------------------------


class _Read(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        defer_build=True,  # 60 ms that only who reads InferenceServices needs
    )


class _Metadata(_Read):
    name: str
    namespace: str
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _Spec(_Read):
    transformer: dict[str, Any] | None = None


class _Condition(_Read):
    type: str
    status: str = "Unknown"


class _Address(_Read):
    url: str | None = None


class _Component(_Read):
    address: _Address | None = None


class _Copies(_Read):
    total_copies: int = 0


class _ModelStatus(_Read):
    copies: _Copies | None = None


class _Status(_Read):
    conditions: tuple[_Condition, ...] = ()
    address: _Address | None = None
    components: dict[str, _Component] = {}
    model_status: _ModelStatus = _ModelStatus()

    def is_true(self, condition: str) -> bool:
        return any(one.type == condition and one.status == "True" for one in self.conditions)


class _InferenceService(_Read):
    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()


def _first_error(exc: ValidationError) -> str:
    """One line without the value, which may be long."""
    error = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else error["msg"]
