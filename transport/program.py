"""What every program of ours does at its beginning and end."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from typing import NoReturn

from pydantic import ValidationError

from contract.explain import remedy


def settings_errors(exc: ValidationError) -> str:
    """Wrong environment variables, by the names that the operator set."""
    errors = (f"SPEECH_{str(error['loc'][0]).upper()} {remedy(error)}" for error in exc.errors())
    return "; ".join(errors)


MAX_PORT = 65535


def port(text: str) -> int:
    """A port as a flag of the command line gives it; 0 takes a free one."""
    if not (text.isdecimal() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {MAX_PORT}")
    return int(text)


def cannot_listen(host: str, port: int) -> str:
    """For whoever starts a server that uvicorn has ended: it logs the system's reason alone."""
    return (
        f"Cannot listen on {host}, port {port}. Is another program using it? "
        "Choose another with --port, or correct --host."
    )


def enable_garbage_collection() -> None:
    """Enable Python's collector, for what is made from here on.

    Our programs disable it while they import: it takes a twelfth of the processor time then, and
    nothing that imports make is garbage. What is there is frozen: full collections pass over it.
    """
    gc.freeze()
    gc.enable()


def leave(code: int) -> NoReturn:
    """End the process now, with everything flushed, whatever native threads still do.

    A model that is loading when the server is asked to stop cannot be interrupted. The interpreter
    would tear down C++ libraries under its thread, and they abort: a clean end would look like a
    crash.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
