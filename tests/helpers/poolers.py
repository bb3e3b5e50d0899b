"""PgBouncer in transaction mode, in front of the servers of a test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from waiting import PATIENCE, session, value, wait_for

PLACES = "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"


def program() -> str:
    """PgBouncer; a failure that names the way to get it."""
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ["PATH"], *PLACES]))
    if found is None:
        pytest.fail("PgBouncer is not installed: run `make test`, which installs it")
    return found


def version() -> tuple[int, ...]:
    """Of the pooler, as (major, minor)."""
    told = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"PgBouncer (\d+)\.(\d+)", told.stdout)
    assert found is not None, told.stdout
    return int(found[1]), int(found[2])


class Pooler:
    """A PgBouncer of its own; its [databases] can be written again, and it can be killed."""

    def __init__(
        self, server: Any, section: str, logins: Sequence[str], *, backends: int, prepared: bool
    ) -> None:
        # Not under the test's own folder, which the server's user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="fundwarden-pool-", dir="/var/tmp"))
        self.logins = logins
        # Root it refuses to be; who owns the server's files enters the server's socket.
        self.owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            with session(server.conninfo("postgres")) as admin:
                data = Path(value(admin, "show data_directory")).stat()
            self.owner = {"user": data.st_uid, "group": data.st_gid, "extra_groups": []}
        settings = {
            "listen_addr": "",
            "listen_port": "6432",
            "unix_socket_dir": str(self.folder),
            "auth_type": "trust",
            "auth_file": str(self.folder / "users"),
            "admin_users": "pool_admin",
            "pool_mode": "transaction",
            "default_pool_size": str(backends),
            "max_client_conn": "100",
            # A server that was away is asked again at once.
            "server_login_retry": "0.1",
            "logfile": str(self.folder / "log"),
            "pidfile": str(self.folder / "pid"),
            **({"max_prepared_statements": "50"} if prepared else {}),
        }
        self._write("users", "".join(f'"{login}" ""\n' for login in [*logins, "pool_admin"]))
        self._write(
            "ini",
            f"%include {self.folder / 'databases.ini'}\n[pgbouncer]\n"
            + "".join(f"{name} = {text}\n" for name, text in settings.items()),
        )
        self.write_databases(section)
        if self.owner:
            os.chown(self.folder, self.owner["user"], self.owner["group"])
        self.process: subprocess.Popen[bytes] | None = None
        self.conninfo = make_conninfo("", host=str(self.folder), port="6432")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        if self.owner:
            os.chown(path, self.owner["user"], self.owner["group"])

    def write_databases(self, section: str) -> None:
        """Another [databases] section; reload() makes it known."""
        self.first = re.findall(r"^(\w+) = host", section, re.M)[0]
        self._write("databases.ini", section)

    def start(self) -> None:
        """Returns when clients reach the first database."""
        for name in (".s.PGSQL.6432", "pid"):
            # Of one that was killed.
            (self.folder / name).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [program(), "--quiet", str(self.folder / "ini")], cwd=self.folder, **self.owner
        )
        first = make_conninfo(self.conninfo, dbname=self.first, user=self.logins[0])
        wait_for("the pooler answers", lambda: answers(first))

    def reload(self) -> None:
        """Reads the configuration again, and returns when it has."""
        with session(make_conninfo(self.conninfo, dbname="pgbouncer", user="pool_admin")) as admin:
            admin.execute("reload")

    def kill(self) -> None:
        """As the kernel does when memory ends."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        """Ends it and removes its files."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def pooler(
    server: Any, section: str, logins: Sequence[str], *, backends: int, prepared: bool
) -> Iterator[str]:
    """Conninfo of the pooler, without dbname and user; it has the [databases] section given."""
    pool = Pooler(server, section, logins, backends=backends, prepared=prepared)
    try:
        pool.start()
        yield pool.conninfo
    finally:
        pool.stop()


def answers(conninfo: str) -> bool:
    try:
        with session(conninfo) as connection:
            return value(connection, "select 1") == 1
    except psycopg.OperationalError:
        return False
