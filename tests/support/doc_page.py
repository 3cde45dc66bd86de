"""A page of docs/ whose commands are run."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class DocPage:
    name: str

    @property
    def text(self) -> str:
        return (DOCS / self.name).read_text(encoding="utf-8")

    def block(self, language: str) -> str:
        """The first block of this language."""
        found = re.search(rf"^```{language}\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE)
        assert found is not None
        return found[1]


def output_of(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
