"""What a program of ours writes to its log."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging
from contract.errors import ConnectionLost
from transport.logs import configure

configure("INFO")
for error in (ConnectionLost("piper went away"), KeyError("a bug of ours")):
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=error)
"""


def test_an_answer_that_broke_off_leaves_no_trace_but_a_bug_does() -> None:
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = map(json.loads, ended.stderr.splitlines())
    assert (line["level"], line["message"]) == ("ERROR", "Exception in ASGI application")
    assert "a bug of ours" in line["exception"]
