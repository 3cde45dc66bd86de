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
    control: tuple[str, ...]
    """`pg_ctl` of this server, without what it is to do."""
    account: str | None

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

    def stop(self) -> None:
        """At once, as a machine that fails."""
        self._run("-m", "immediate", "stop")

    def start(self) -> None:
        self._run("start")

    def create(self, *initdb: str) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run(initdb, check=True, user=self.account, cwd="/", stdout=quiet)

    def _run(self, *what: str) -> None:
        self.create(*self.control, *what)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    programs, account = _programs(), _account()
    assert programs is not None
    user = account if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="speech-postgres-"))
    if user is not None:
        shutil.chown(directory, user)
    data, port = f"{directory}/data", _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    control = (f"{programs}/pg_ctl", "-D", data, "-w", "-l", f"{directory}/log", "-o", options)
    server = Postgres(port, control, user)
    try:
        server.create(f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "postgres")
        server.start()
        try:
            yield server
        finally:
            server.stop()
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
