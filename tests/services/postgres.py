"""A PostgreSQL server in a folder, as Debian's package `postgresql` brings it."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .process import free_ports, running
from .programs import on_path, program


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int
    password: str

    def new_database(self) -> str:
        """Make an empty database; its URL for SQLAlchemy."""
        name = f"t{secrets.token_hex(6)}"
        address = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres"]
        environment = {**os.environ, "PGPASSWORD": self.password}
        subprocess.run([tool("createdb"), *address, name], env=environment, check=True)
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{name}"


def tool(name: str) -> str:
    """The newest installed program of PostgreSQL; Debian keeps the server's off PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])],
    )
    return program("initdb", lambda _: str(found[-1]) if found else on_path(name))


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server of our own, durable as in production (fsync is on), and remove it after."""
    # PostgreSQL refuses to run as root; Debian's package makes the user.
    user = "postgres" if os.geteuid() == 0 else None
    password = secrets.token_hex(16)
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="ir-postgres-") as name:
        folder = Path(name)
        (folder / "password").write_text(password)
        data = folder / "data"
        data.mkdir()
        if user:
            for path in (folder, data, folder / "password"):
                shutil.chown(path, user, user)
        subprocess.run(
            [
                *(tool("initdb"), "--username=postgres", f"--pwfile={folder / 'password'}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", f"--pgdata={data}"),
            ],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        command = [tool("postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
        ready = [tool("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
        with running(
            [*command, "-k", ""],
            log=folder / "log",
            answers=lambda: subprocess.run(ready, check=False).returncode == 0,
            user=user,
            end=signal.SIGINT,  # a fast shutdown; killed, it would leave shared memory behind
        ):
            yield Postgres(port, password)
