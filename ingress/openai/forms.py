"""Uploads: one file, and fields spelled in any of the ways that clients spell lists.

Mostly multipart forms; JSON where a client has put the file into it as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeVar, get_origin

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contract.errors import InvalidRequest, shown
from ingress.client_body import WHOLE_ITEMS
from ingress.errors import explain
from ingress.json_body import read_json_body

M = TypeVar("M", bound=BaseModel)
_MOST_FIELDS = 1_000
_LONGEST_FIELD = 8 << 20
"""Bytes: ten seconds of a known speaker, uncompressed, in base64."""
_MOST_ITEMS = 10_000
"""Of a list; eight megabytes of `[],` would be millions."""
_FILE, _INPUT_AUDIO = "file", "input_audio"
_BASE64 = re.compile(rb"\s*(data:|[A-Za-z0-9+/_-]{64})")
"""How a file begins that came as text; no audio file begins so."""
_NAME = re.compile(r"(?P<name>[^\[\]]{1,64})(?P<list>\[\d*\])?(\[(?P<key>[^\[\]]{1,64})\])?")


@dataclass(frozen=True, slots=True)
class Upload:
    data: bytes
    content_type: str
    """As the client names it; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Recording:
    data: bytes | str
    """A file; as text, base64 of one."""
    name: str
    """The field that held it."""


async def read_form(request: Request, fields: type[M]) -> tuple[Recording, M]:
    """The uploaded file and the validated fields. Raises InvalidRequest that names the field."""
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        return read_json_upload(await read_json_body(request), fields)
    upload, asked = await read_upload(request, fields, name=_FILE)
    is_text = _BASE64.match(upload.data)
    return Recording(upload.data.decode("latin-1") if is_text else upload.data, _FILE), asked


def read_json_upload(body: Any, fields: type[M]) -> tuple[Recording, M]:
    """The same of a JSON object. Raises InvalidRequest."""
    given = dict(body) if isinstance(body, dict) else {}
    name, data = _FILE, given.pop(_FILE, None)
    if isinstance(given.get(_INPUT_AUDIO), dict):
        name, data = f"{_INPUT_AUDIO}.data", given.pop(_INPUT_AUDIO).get("data")
    if not isinstance(data, str):
        raise InvalidRequest(
            f"{name} is required; send base64, or a recording as multipart/form-data", param=name
        )
    return Recording(data, name), _validated(given, fields)


def has_recording(body: Any) -> bool:
    """Whether JSON is an upload: `input_audio: {data, format}` as OpenRouter takes it (its API
    reference, "Create transcription"), or the form as an object. HSE's `input_audio` is text."""
    return isinstance(body, Mapping) and (
        _FILE in body or isinstance(body.get(_INPUT_AUDIO), Mapping)
    )


async def read_upload(request: Request, fields: type[M], *, name: str) -> tuple[Upload, M]:
    """The same where the file's field has another name."""
    form, misnamed = await _parsed(request, name)
    try:
        upload = form.get(name)
        if not form:  # JSON, or nothing at all
            raise _missing(name, misnamed)
        asked = _validated(_values(request, form, fields, name), fields)
        if not isinstance(upload, UploadFile):
            raise _missing(name, misnamed - fields.model_fields.keys())
        return Upload(await upload.read(), upload.content_type or ""), asked
    finally:
        await form.close()


def _missing(file: str, misnamed: Set[str]) -> InvalidRequest:
    remedy = "upload a recording as multipart/form-data"
    if misnamed:
        remedy = f"an upload is named {', '.join(sorted(misnamed))}; name it {file}"
    return InvalidRequest(f"{file} is required; {remedy}", param=file)


class _InMemoryParser(MultiPartParser):
    """Keeps uploads where the body is counted and bounded, never in a temporary file: a full or
    read-only disk stops nobody. 0 is SpooledTemporaryFile's spelling of no limit.

    The part that is named `file` is the upload, also without a file name, as programs that write
    forms by hand send it, or with `filename*` alone (urllib3 before 1.25). All others are text,
    also with a file name, as Python's `requests` writes whatever stands in `files=`.
    """

    spool_max_size = 0

    def __init__(self, request: Request, file: str) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=_MOST_FIELDS,
            max_part_size=_LONGEST_FIELD,
        )
        self._file = file.encode()
        self.misnamed: set[str] = set()
        """Fields that came with a file name and are not the file."""
        self._is_whole = False

    async def parse(self) -> FormData:
        form = await super().parse()
        if not self._is_whole:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("it ends before its last boundary")
        return form

    def on_headers_finished(self) -> None:
        part = self._current_part
        _, options = parse_options_header(part.content_disposition)
        name = options.get(b"name")
        if name is not None:
            is_file = name.partition(b"[")[0] == self._file
            part.content_disposition = _disposition(self._file if is_file else name, is_file)
        super().on_headers_finished()
        if name is not None and b"filename" in options and part.file is None:
            self.misnamed.add(self.field)

    def on_end(self) -> None:
        self._is_whole = True

    @property
    def field(self) -> str:
        """Of the part that is being read, without a list's brackets."""
        return shown(self._current_part.field_name.partition("[")[0])


def _disposition(name: bytes, is_file: bool) -> bytes:
    """A part's header, with a file name for a file alone."""
    quoted = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'form-data; name="' + quoted + (b'"; filename=""' if is_file else b'"')


async def _parsed(request: Request, file: str) -> tuple[FormData, Set[str]]:
    """The form, and which of its fields came with a file name though they are not the file."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        form = await request.form(max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
        return form, frozenset()
    parser = _InMemoryParser(request, file)
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        if parser.field in parser.misnamed:
            raise _missing(file, {parser.field}) from None
        raise _explained(exc.message, file, parser.field) from None
    return form, parser.misnamed


def _explained(message: str, file: str, field: str) -> InvalidRequest:
    """What Starlette found, with a remedy. `field` was being read."""
    if message.startswith("Too many files"):
        return InvalidRequest(f"more than one {file} is uploaded; send one", param=file)
    if message.startswith("Part exceeded"):
        return InvalidRequest(
            f"{field} is longer than {_LONGEST_FIELD} bytes; shorten it", param=field
        )
    if message.startswith("Too many fields"):
        return InvalidRequest(f"body has more than {_MOST_FIELDS} fields; send fewer", param="body")
    broken = (
        f"body is no multipart form ({message.rstrip('.')}); let your HTTP library write it, "
        "its content-type too"
    )
    return InvalidRequest(broken, param="body")


def _values(request: Request, form: FormData, fields: type[BaseModel], file: str) -> dict[str, Any]:
    """Of the form; what it lacks, of the address."""
    values: dict[str, Any] = {}
    for items in (form.multi_items(), request.query_params.multi_items()):
        found: dict[str, Any] = {}
        for key, value in items:
            if key != file:
                _add(found, key, str(value), fields)
        values = found | values
    return values


def _validated(values: Mapping[str, Any], fields: type[M]) -> M:
    try:
        return fields.model_validate(values)
    except ValidationError as exc:
        raise explain(exc.errors(include_url=False)) from None


def _add(values: dict[str, Any], key: str, value: str, fields: type[BaseModel]) -> None:
    """`words`, `words[]` and `words[0]` are one list; `options[key]` is an entry of an object."""
    match = _NAME.fullmatch(key)
    name = match["name"] if match else shown(key)
    field = fields.model_fields.get(name)
    if match and match["key"]:
        entries = values.setdefault(name, {})
        if not isinstance(entries, dict):
            raise _mixed(name)
        entries[match["key"]] = value
    elif field is not None and get_origin(field.annotation) is list:
        listed = values.setdefault(name, [])
        if not isinstance(listed, list):
            raise _mixed(name)
        if len(listed) + value.count(",") >= _MOST_ITEMS:  # before any is made
            raise InvalidRequest(
                f"{name} has more than {_MOST_ITEMS} items; send fewer", param=name
            )
        listed.extend(_items(value, is_whole=WHOLE_ITEMS in field.metadata))
    else:
        values[name] = value


def _mixed(name: str) -> InvalidRequest:
    return InvalidRequest(f"{name} is given both as text and as an object; send one", param=name)


def _items(value: str, *, is_whole: bool) -> list[Any]:
    """One value of a list field: an item, several with commas unless whole, or a list in JSON."""
    if value.lstrip().startswith("["):
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return listed
    return [value] if is_whole else [item.strip() for item in value.split(",")]
