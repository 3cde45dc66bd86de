"""Text goldens: what the original front ends made of a text (tests/data/README.md)."""

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "data" / "parity" / "frontend.json"


def goldens(name: str) -> Any:
    """The entry `name` of the file: mostly a list of (text, expected) pairs."""
    return json.loads(_FILE.read_text(encoding="utf-8"))[name]
