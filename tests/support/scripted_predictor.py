"""A V2 server that answers, fails, refuses, hangs or dies as a test says, and counts inferences."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.errors import SpeechError
from contract.tasks import TaskOutput
from contract.wire.message import Message
from contract.wire.tensors import to_message
from transport.error_body import body_of_error
from transport.v2_body import response_body

HANG, DIE = "hang", "die"


class ScriptedPredictor:
    """`behaviour` decides every inference: an output, an error, HANG or DIE."""

    def __init__(self, output: TaskOutput) -> None:
        self.output = output
        self.behaviour: TaskOutput | SpeechError | str = output
        self.inferences = 0
        self.is_ready = True
        self.port = 0
        self.asked = threading.Event()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def behave(self) -> None:
        """As a healthy server, from zero."""
        self.behaviour, self.inferences, self.is_ready = self.output, 0, True
        self.asked.clear()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        predictor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the library's name
                self._send(200 if predictor.is_ready else 503, b"{}")

            def do_POST(self) -> None:  # the library's name
                self.rfile.read(int(self.headers["content-length"]))
                predictor.inferences += 1
                behaviour = predictor.behaviour
                predictor.asked.set()
                if isinstance(behaviour, SpeechError):
                    self._send(behaviour.status, json.dumps(body_of_error(behaviour)).encode())
                elif isinstance(behaviour, TaskOutput):
                    body, _ = response_body("scripted", to_message(behaviour), Message())
                    self._send(200, body)
                else:
                    if behaviour == HANG:
                        predictor.released.wait(30)
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler


@contextmanager
def serving(predictor: ScriptedPredictor, port: int = 0) -> Iterator[ScriptedPredictor]:
    server = ThreadingHTTPServer(("127.0.0.1", port), predictor.handler())
    server.daemon_threads, server.block_on_close = True, False
    predictor.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield predictor
    finally:
        predictor.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
