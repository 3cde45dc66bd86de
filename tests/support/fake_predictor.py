"""Any number of synthesizers behind one V2 address: each answers with a tone of its own length."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fake_client import tone

from contract.tasks import AudioOutput
from contract.wire.message import Message
from contract.wire.tensors import to_message
from transport.v2_body import response_body


@dataclass
class FakePredictor:
    url: str = ""
    called: list[str] = field(default_factory=list)
    """Paths of the inferences."""


@contextmanager
def answering(seconds: float) -> Iterator[FakePredictor]:
    predictor = FakePredictor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the library's name
            predictor.called.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            output = to_message(AudioOutput(tone(seconds)))
            body, _ = response_body("tts", output, Message())
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    predictor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield predictor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
