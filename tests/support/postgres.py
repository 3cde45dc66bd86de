"""A real PostgreSQL server of one test run, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")


def missing() -> str | None:
    """Why no server can be started; None when one can."""
    if _programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no account postgres"
    return None


@dataclass(frozen=True)
class Postgres:
    port: int
    log: Path

    def new_database(self) -> str:
        """The URL of an empty one."""
        name = f"test_{uuid.uuid4().hex}"
        programs = _programs()
        assert programs is not None
        url = f"postgresql://postgres@127.0.0.1:{self.port}"
        subprocess.run(
            [programs / "psql", "-q", f"{url}/postgres", "-c", f"CREATE DATABASE {name}"],
            check=True,
        )
        return f"{url}/{name}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    programs, account = _programs(), _account()
    assert programs is not None
    user = account if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="speech-postgres-"))
    if user is not None:
        shutil.chown(directory, user)
    data, log = directory / "data", directory / "log"
    port = _free_port()
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "user": user, "cwd": directory}
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    try:
        subprocess.run([programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres"], **quiet)
        control = [programs / "pg_ctl", "-D", data, "-w"]
        subprocess.run([*control, "-l", log, "-o", options, "start"], **quiet)
        try:
            yield Postgres(port, log)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path | None:
    found = sorted(_DEBIAN.glob("*/bin/initdb")) if _DEBIAN.exists() else []
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path and shutil.which("psql") else None


def _account() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
