"""Log lines: JSON, one object a line, or text for a terminal. Set up once, by main."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from datetime import UTC, datetime

from contract.errors import SpeechError


class JsonFormatter(logging.Formatter):
    """`logger.info("request", extra={"fields": {...}})` puts the fields into the object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        fields = getattr(record, "fields", {})
        shown = " ".join(f"{key}={fields[key]}" for key in _FOR_PEOPLE if key in fields)
        line = f"{time} {record.levelname:<7} {record.getMessage()} {shown}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _WithoutBrokenAnswers(logging.Filter):
    """Leaves out an error of ours that broke an answer off: its request's own line has the code."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], SpeechError))


_FOR_PEOPLE = ("method", "path", "model", "task", "toolchain", "status", "code", "duration_ms")


def configure(level: str) -> None:
    """Send everything to stderr: JSON, or text where a person reads along.

    Our line per request replaces the SDK's and uvicorn's.
    """
    formatter = "text" if sys.stderr.isatty() else "json"
    quiet = {"level": "WARNING"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}, "text": {"()": TextFormatter}},
            "filters": {"without_broken_answers": {"()": _WithoutBrokenAnswers}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": formatter}},
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {
                "kserve": {**quiet, "handlers": ["stderr"], "propagate": False},
                "kserve.trace": quiet,
                "uvicorn": {"level": level},
                "uvicorn.access": quiet,
                "uvicorn.error": {"filters": ["without_broken_answers"]},
                "httpx": quiet,
            },
        }
    )
