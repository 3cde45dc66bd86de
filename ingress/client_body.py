"""What every body of a client has in common: how "not given" is spelled, and unknown keys.

Serialisers write null, an empty string, list or object, or their language's word for nothing where
a user gave no value; that is not given. Keys that nobody here knows belong to neighbouring
servers: they are ignored, and named in the answer's header `x-ignored-parameters`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ingress.encoding import AudioFormat

IGNORED_HEADER = "x-ignored-parameters"
_UNSET = frozenset({"", "none", "null", "undefined", "[]", "{}"})
_LONGEST_UNSET = 16
_MOST_NAMES, _LONGEST_NAME = 32, 64
_FORMAT_NAMES = {
    **{"mpeg": AudioFormat.MP3, "ogg": AudioFormat.OPUS, "oga": AudioFormat.OPUS},
    **{"wave": AudioFormat.WAV, "x-wav": AudioFormat.WAV, "x-flac": AudioFormat.FLAC},
    "raw": AudioFormat.PCM,
}


class ClientBody(BaseModel):
    """A body, or an object inside one. Unknown keys stay in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_unset(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {
            key: _without_unset_items(value)
            for key, value in data.items()
            if value is not None and not (is_unset(value) and cls._may_be_unset(key))
        }

    @classmethod
    def _may_be_unset(cls, key: Any) -> bool:
        """Text that must be there is never taken for nothing: "None" can be spoken."""
        field = cls.model_fields.get(key)
        return field is None or not (field.is_required() or field.default == "")


def is_unset(value: Any) -> bool:
    """Whether it is what serialisers write where a user gave no value."""
    if isinstance(value, dict):
        return all(_is_nothing(item) for item in value.values())
    return _is_nothing(value)


def _is_nothing(value: Any) -> bool:
    """Long strings are not looked at: hashing an upload in base64 takes a while."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_UNSET and value.strip().casefold() in _UNSET
    return value is None or value in ([], {})


def _without_unset_items(value: Any) -> Any:
    if isinstance(value, list):
        return [item for item in value if not is_unset(item)]
    return value


def unknown_keys(body: BaseModel) -> list[str]:
    """Keys that have no field, with those of objects inside: `generation_options.colour`.

    The first of them, as many as a header names.
    """
    return list(islice(_unknown_keys(body, ""), _MOST_NAMES))


def _unknown_keys(body: BaseModel, prefix: str) -> Iterator[str]:
    yield from (f"{prefix}{key}" for key in body.model_extra or ())
    for name in body.model_fields_set & type(body).model_fields.keys():
        value = getattr(body, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, BaseModel):
                yield from _unknown_keys(item, f"{prefix}{name}.")


def header_value(names: list[str]) -> str:
    """Names a client sent, fit for a header: short, ASCII, each once."""
    clean = (re.sub(r"[^\w.\-\[\]]", "?", name[:_LONGEST_NAME], flags=re.ASCII) for name in names)
    return ", ".join(list(dict.fromkeys(clean))[:_MOST_NAMES])


def _lowered(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def format_name(value: Any) -> Any:
    """`WAV`, `audio/mpeg` and `ogg` as AudioFormat spells them; what else there is, unchanged."""
    name = _lowered(value)
    if not isinstance(name, str):
        return value
    name = name.removeprefix("audio/")
    return _FORMAT_NAMES.get(name, name)


def _unless_random(value: Any) -> Any:
    return None if value in (-1, "-1") else value


Seed = Annotated[
    int | None,
    Field(ge=0, le=2**63 - 1),
    BeforeValidator(_unless_random, json_schema_input_type=int),
]
"""Same seed, same sound, where the model has chance in it; -1 is how many programs spell none."""
AnyCase = BeforeValidator(_lowered)
"""For enumerations and literals, which are all in lower case."""
FileFormat = Annotated[AudioFormat, BeforeValidator(format_name)]
WHOLE_ITEMS = "whole items"
"""Marks a list of a form whose items may hold commas."""
