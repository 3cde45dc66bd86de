"""The server of served.py as it was before V2 REST had binary tensors: it refuses them.

python json_only_server.py HTTP_PORT GRPC_PORT GATE_FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import served
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from contract.errors import InvalidRequest
from transport.error_body import body_of_error
from transport.kserve.sdk import app
from transport.v2_body import HEADER_LENGTH


class JsonOnly:
    """Reads the body and answers as the server of commit a8c6a8b did (transport/kserve/server.py,
    decode_inference_request)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if HEADER_LENGTH.encode() not in dict(scope.get("headers", ())):
            await self._app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        refusal = InvalidRequest(
            "binary tensors are not served on REST; send JSON (application/json) with base64 in "
            "BYTES tensors, or use gRPC",
            param=HEADER_LENGTH,
        )
        await JSONResponse(body_of_error(refusal), refusal.status)(scope, receive, send)


if __name__ == "__main__":
    app.add_middleware(JsonOnly)
    served.main(int(sys.argv[1]), int(sys.argv[2]), served.Admission(Path(sys.argv[3])))
