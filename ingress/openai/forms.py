"""Multipart uploads: one file, and fields spelled in any of the ways that clients spell lists."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar, get_origin

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contract.errors import InvalidRequest, shown
from ingress.errors import explain

M = TypeVar("M", bound=BaseModel)
_MOST_FIELDS = 1_000
_LONGEST_FIELD = 1 << 20
_NAME = re.compile(r"(?P<name>[^\[\]]{1,64})(?P<list>\[\d*\])?(\[(?P<key>[^\[\]]{1,64})\])?")


async def read_form(request: Request, fields: type[M]) -> tuple[bytes, M]:
    """The uploaded file and the validated fields. Raises InvalidRequest that names the field."""
    form = await _parsed(request)
    try:
        upload = form.get("file")
        asked = _validated(form, fields)
        if not isinstance(upload, UploadFile):
            raise InvalidRequest(
                "file is required; upload a recording as multipart/form-data", param="file"
            )
        return await upload.read(), asked
    finally:
        await form.close()


class _InMemoryParser(MultiPartParser):
    """Keeps uploads where the body is counted and bounded, never in a temporary file: a full or
    read-only disk stops nobody. 0 is SpooledTemporaryFile's spelling of no limit."""

    spool_max_size = 0


async def _parsed(request: Request) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await request.form(max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    parser = _InMemoryParser(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=_MOST_FIELDS,
        max_part_size=_LONGEST_FIELD,
    )
    try:
        return await parser.parse()
    except MultiPartException as exc:
        raise _explained(exc.message) from None


def _explained(message: str) -> InvalidRequest:
    """What Starlette found, with a remedy."""
    if message.startswith("Too many files"):
        return InvalidRequest("more than one file is uploaded; send one, as file", param="file")
    remedies = {
        "Too many fields": f"body has more than {_MOST_FIELDS} fields; send fewer",
        "Part exceeded": f"body has a field longer than {_LONGEST_FIELD} bytes; shorten it",
    }
    broken = (
        f"body is no multipart form ({message.rstrip('.')}); let your HTTP library write it, "
        "its content-type too"
    )
    words = (text for start, text in remedies.items() if message.startswith(start))
    return InvalidRequest(next(words, broken), param="body")


def _validated(form: FormData, fields: type[M]) -> M:
    values: dict[str, Any] = {}
    for key, value in form.multi_items():
        if key != "file":
            _add(values, key, value, fields)
    try:
        return fields.model_validate(values)
    except ValidationError as exc:
        raise explain(exc.errors(include_url=False)) from None


def _add(
    values: dict[str, Any], key: str, value: UploadFile | str, fields: type[BaseModel]
) -> None:
    """`words`, `words[]` and `words[0]` are one list; `options[key]` is an entry of an object."""
    match = _NAME.fullmatch(key)
    name = match["name"] if match else shown(key)
    field = fields.model_fields.get(name)
    if isinstance(value, UploadFile):
        if field is not None:
            raise InvalidRequest(f"{name} must be text; only file is uploaded", param=name)
        values[name] = "an upload"
    elif match and match["key"]:
        entries = values.setdefault(name, {})
        if not isinstance(entries, dict):
            raise InvalidRequest(f"{name} is given both as text and as an object", param=name)
        entries[match["key"]] = value
    elif field is not None and get_origin(field.annotation) is list:
        values.setdefault(name, []).extend(_items(value))
    else:
        values[name] = value


def _items(value: str) -> list[Any]:
    """One value of a list field: an item, several with commas, or a list in JSON."""
    if value.lstrip().startswith("["):
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return listed
    return [item.strip() for item in value.split(",")]
