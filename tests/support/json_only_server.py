"""The server of served.py as it was before V2 REST had binary tensors: it refuses them, and
parameters that came later.

python json_only_server.py HTTP_PORT GRPC_PORT GATE_FILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import served
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from contract.errors import InvalidRequest
from contract.fields import refuse_unknown
from transport.asgi.body import read_body, replayed
from transport.asgi.settings import MEGABYTE
from transport.error_body import body_of_error
from transport.kserve.sdk import app
from transport.v2_body import HEADER_LENGTH

_CALL = ("arrays", "task", "priority")
_PARAMETERS = {
    "/v2/models/synthesize/infer": (
        *("language", "voice", "speed", "seed", "noise_scale", "noise_scale_w", "sdp_ratio"),
    ),
    "/v2/models/transcribe/infer": (
        *("language", "translate", "prompt", "hotwords", "temperature", "word_timestamps"),
        *("segment_timestamps", "vad_filter", "beam_size"),
    ),
}


class JsonOnly:
    """Reads the body and answers as the server of commit a8c6a8b did (transport/kserve/server.py,
    decode_inference_request; contract/wire/tensors.py, input_from_message; contract/tasks.py)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = _PARAMETERS.get(scope.get("path", ""))
        if known is None:
            await self._app(scope, receive, send)
            return
        chunks = await read_body(
            scope, receive, max_bytes=100 * MEGABYTE, inspect=lambda chunk: None
        )
        try:
            if HEADER_LENGTH.encode() in dict(scope["headers"]):
                raise InvalidRequest(
                    "binary tensors are not served on REST; send JSON (application/json) with "
                    "base64 in BYTES tensors, or use gRPC",
                    param=HEADER_LENGTH,
                )
            given = json.loads(b"".join(chunks)).get("parameters", {})
            refuse_unknown("parameter", [one for one in given if one not in _CALL], known)
        except InvalidRequest as refusal:
            await JSONResponse(body_of_error(refusal), refusal.status)(scope, receive, send)
        else:
            await self._app(scope, replayed(chunks, receive), send)


if __name__ == "__main__":
    app.add_middleware(JsonOnly)
    served.main(int(sys.argv[1]), int(sys.argv[2]), served.Gate(Path(sys.argv[3])))
