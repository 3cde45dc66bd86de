"""GET /, /docs and /assets: open to everybody, for they tell nothing about this server."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from contract.errors import NotFound
from ingress.settings import Settings
from ingress.web.assets import assets

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_DOCS_POLICY = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI writes style attributes."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "microphone=(self)",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def router(settings: Settings) -> APIRouter:
    """What the settings leave on."""
    routes = APIRouter(include_in_schema=False)
    has_docs = settings.docs != "off"
    documents = assets().documents
    if settings.page:
        page = documents["index.html"]
        linked = page if has_docs else page.replace(b' id="docs-link"', b' id="docs-link" hidden')
        _add_document(routes, "/", linked, _POLICY)
    if has_docs:
        _add_document(routes, "/docs", documents["docs.html"], _DOCS_POLICY)
    if settings.page or has_docs:
        _add_files(routes)
    return routes


def _add_document(routes: APIRouter, path: str, body: bytes, policy: str) -> None:
    headers = _HEADERS | {"content-security-policy": policy, "cache-control": "no-cache"}

    @routes.get(path)
    async def document() -> Response:
        return Response(body, media_type="text/html", headers=headers)


def _add_files(routes: APIRouter) -> None:
    @routes.get("/assets/{version}/{name}")
    async def file(version: str, name: str) -> Response:
        """During an upgrade a page of the other version may ask: it gets what is here, unkept."""
        found = assets().files.get(name)
        if found is None:
            raise NotFound("no such file of the page")
        is_ours = version == assets().version
        kept = {"cache-control": _FOR_EVER if is_ours else "no-store"}
        return Response(found.body, media_type=found.media_type, headers=_HEADERS | kept)
