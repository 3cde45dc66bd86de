"""Addresses of Azure OpenAI, as the official clients' AzureOpenAI classes write them.

openai-python src/openai/lib/azure.py at 3.57.0: _build_request puts `/deployments/{model}` before
the paths of `_deployments_endpoints`, _configure_realtime asks for `/realtime?deployment=`; all
below `{endpoint}/openai`, with `api-version`. Newer clients use `{endpoint}/openai/v1`.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

_ADDRESS = re.compile(r"/openai(?:/deployments/(?P<deployment>.+?)(?=/audio/)|/v1)?(?P<path>/.+)")


class AzurePaths:
    """ASGI middleware. A deployment is the model of whoever names none in the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            match = _ADDRESS.fullmatch(scope["path"])
            if match is not None:
                query = _query(scope["query_string"], match["deployment"])
                scope = {**scope, "path": f"/v1{match['path']}", "query_string": query}
        await self._app(scope, receive, send)


def _query(query: bytes, deployment: str | None) -> bytes:
    """A client's, with the deployment as `model`."""
    given = parse_qsl(query.decode("latin-1"))
    deployment = dict(given).get("deployment", deployment)
    kept = [(key, value) for key, value in given if key not in ("api-version", "deployment")]
    if deployment is not None:
        kept.append(("model", deployment))
    return urlencode(kept).encode()
