"""PgBouncer in transaction mode, in front of a test's server."""

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


@contextmanager
def pooler(
    server: Any, section: str, logins: Sequence[str], *, backends: int, prepared: bool
) -> Iterator[str]:
    """Conninfo of the pooler, without dbname and user; it has the [databases] section given."""
    # Not under the test's own folder, which the server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="fundwarden-pool-", dir="/var/tmp"))
    try:
        settings = {
            "listen_addr": "",
            "listen_port": "6432",
            "unix_socket_dir": str(folder),
            "auth_type": "trust",
            "auth_file": str(folder / "users"),
            "pool_mode": "transaction",
            "default_pool_size": str(backends),
            "max_client_conn": "100",
            "logfile": str(folder / "log"),
            "pidfile": str(folder / "pid"),
            **({"max_prepared_statements": "50"} if prepared else {}),
        }
        (folder / "users").write_text("".join(f'"{login}" ""\n' for login in logins))
        (folder / "ini").write_text(
            section
            + "[pgbouncer]\n"
            + "".join(f"{name} = {text}\n" for name, text in settings.items())
        )
        # Root it refuses to be; who owns the server's files enters the server's socket.
        owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            with session(server.conninfo("postgres")) as admin:
                data = Path(value(admin, "show data_directory")).stat()
            owner = {"user": data.st_uid, "group": data.st_gid, "extra_groups": []}
            for path in (folder, *folder.iterdir()):
                os.chown(path, data.st_uid, data.st_gid)
        running = subprocess.Popen([program(), "--quiet", str(folder / "ini")], cwd=folder, **owner)
        try:
            conninfo = make_conninfo("", host=str(folder), port="6432")
            first = re.findall(r"^(\w+) = host", section, re.M)[0]
            wait_for(
                "the pooler answers",
                lambda: answers(make_conninfo(conninfo, dbname=first, user=logins[0])),
            )
            yield conninfo
        finally:
            running.terminate()
            running.wait(PATIENCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def answers(conninfo: str) -> bool:
    try:
        with session(conninfo) as connection:
            return value(connection, "select 1") == 1
    except psycopg.OperationalError:
        return False
