"""Prints what the package and some of its extras need, for an image layer without our own code.

    python .ci/requirements.py discovery redis > requirements.txt

pip installs a project's requirements only together with the project. Standard library only.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

_OWN_EXTRAS = re.compile(r"harmony-speech\[(.+)\]")


def requirements(extras: Iterable[str], pyproject: str = "pyproject.toml") -> list[str]:
    """Requirements in order, extras of extras resolved. Raises KeyError for an unknown extra."""
    project = tomllib.loads(Path(pyproject).read_text(encoding="utf-8"))["project"]
    optional: dict[str, list[str]] = project["optional-dependencies"]
    found = dict.fromkeys(project["dependencies"])
    waiting, seen = list(extras), set[str]()
    while waiting:
        extra = waiting.pop(0)
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in optional[extra]:
            own = _OWN_EXTRAS.fullmatch(requirement)
            if own:
                waiting += own[1].split(",")
            else:
                found[requirement] = None
    return list(found)


if __name__ == "__main__":
    sys.stdout.write("\n".join(requirements(sys.argv[1:])) + "\n")
