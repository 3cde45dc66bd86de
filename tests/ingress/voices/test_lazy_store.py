"""An ingress that stores no voices pays nothing for the store."""

from __future__ import annotations

import subprocess
import sys

LATE = ("sqlalchemy", "alembic", "aiosqlite", "asyncpg", "cryptography")


def test_the_ingress_starts_without_the_libraries_of_the_store() -> None:
    program = f"""
import sys
import ingress.server
print([name for name in {LATE!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
