"""The configuration file as a source that may change."""

from __future__ import annotations

import logging
from pathlib import Path

from contract.config import InvalidConfig, ServiceConfig, parse_config, read_config

logger = logging.getLogger(__name__)


class ConfigFile:
    """A ConfigMap's mount swaps a symlink, so the path is read anew and its content compared."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self._error: str | None = None

    def load(self) -> ServiceConfig:
        """Read at start. Raises InvalidConfig."""
        self._text = read_config(self._path)
        return parse_config(self._text)

    def changed(self) -> ServiceConfig | None:
        """The new content; None when it is as before or cannot be used, which is logged once."""
        try:
            text = read_config(self._path)
            if text == self._text:
                self._error = None
                return None
            config = parse_config(text)
        except InvalidConfig as exc:
            self._report(exc.message)
            return None
        self._text, self._error = text, None
        return config

    def _report(self, error: str) -> None:
        if error != self._error:
            logger.error("%s changed and cannot be used; as before: %s", self._path.name, error)
        self._error = error
