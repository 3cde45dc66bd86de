"""What every program of ours does at its beginning and end."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

from pydantic import ValidationError


def settings_errors(exc: ValidationError) -> str:
    """Wrong environment variables, by the names that the operator set."""
    errors = (f"SPEECH_{str(error['loc'][0]).upper()}: {error['msg']}" for error in exc.errors())
    return "; ".join(errors)


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
