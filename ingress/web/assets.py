"""The files of the page and of /docs, read once and sent from memory."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_SWAGGER_UI = ("swagger-ui-bundle.js", "swagger-ui.css")
_DOCUMENTS = ("index.html", "docs.html")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class Asset(NamedTuple):
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    version: str
    """A digest of all files: the address changes with them, so that they may be kept for ever."""
    files: Mapping[str, Asset]
    documents: Mapping[str, bytes]
    """HTML by name, each with the address of the files in it."""


@lru_cache(maxsize=1)
def assets() -> Assets:
    """Ours, and Swagger UI out of the package fastapi-swagger (2 MB)."""
    own = {one.name: one.read_bytes() for one in files("ingress.web").joinpath("static").iterdir()}
    swagger_ui = files("fastapi_swagger").joinpath("resources")
    found = own | {name: swagger_ui.joinpath(name).read_bytes() for name in _SWAGGER_UI}
    pages = {name: found.pop(name) for name in _DOCUMENTS}
    digest = hashlib.sha256()
    for name, body in sorted(found.items()):
        digest.update(name.encode() + b"\0" + body)
    version = digest.hexdigest()[:16]
    address = f"assets/{version}".encode()
    return Assets(
        version,
        {name: Asset(body, _media_type(name)) for name, body in found.items()},
        {name: body.replace(b"{assets}", address) for name, body in pages.items()},
    )


def _media_type(name: str) -> str:
    """Not the machine's own table: on some, JavaScript is text/plain there."""
    suffix = name[name.rindex(".") :]
    return _TYPES.get(suffix) or mimetypes.types_map[suffix]
