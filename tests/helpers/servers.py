"""The throw-away servers of a test run: one of each major, each with a migrated template.

The workers of a run share the work of making them: one makes the files of a major, all copy them.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pytest_postgresql.janitor import DatabaseJanitor

from runner.connect import Target
from runner.embedded import EmbeddedServer
from runner.migrations import migrate

TEMPLATE = "fundwarden_template"
APP_LOGIN = "app_login"
TRUSTED_LOGIN = "trusted_login"
ENOUGH_MEMORY = 8 * 2**30
COUNTER = itertools.count(1)

# Nothing here survives the run, so nothing has to reach the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "512MB",
    "max_connections": "150",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "shared_preload_libraries": "",
    # No test may depend on when it comes, and it would look into hundreds of copies.
    "autovacuum_naptime": "1h",
    # How long sessions that wait for each other do so before one is refused.
    "deadlock_timeout": "100ms",
}


class Copy(DatabaseJanitor):
    """A copy made file by file: a third of the time of one made through the log."""

    def init(self) -> None:
        with self.cursor() as cursor:
            cursor.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(self.dbname), sql.Identifier(str(self.template_dbname))
                )
            )


class Server:
    """A running server: where it is, which major, and the template the tests copy."""

    def __init__(self, embedded: EmbeddedServer) -> None:
        self.embedded = embedded
        embedded.start()
        with psycopg.connect(self.conninfo()) as admin:
            self.major = admin.info.server_version // 10000

    def make_template(self) -> None:
        """The migrated template and the logins of the tests."""
        with psycopg.connect(self.conninfo(), autocommit=True) as admin:
            admin.execute(f"create database {TEMPLATE}")
            migrate(Target(self.conninfo(TEMPLATE)), say=lambda line: None)
            admin.execute(f"create role {APP_LOGIN} login in role fundwarden_app")
            admin.execute(f"create role {TRUSTED_LOGIN} login in role fundwarden_trusted")

    def conninfo(self, dbname: str = "postgres") -> str:
        """Conninfo of a database of this server, as superuser."""
        return self.embedded.conninfo(dbname)

    def bin(self, name: str) -> Path:
        """One of the server's programs."""
        return self.embedded.bin(name)

    def copy(self, template: str = TEMPLATE) -> Copy:
        """A context that makes a database from the template and drops it."""
        where = conninfo_to_dict(self.conninfo())
        return Copy(
            user=str(where["user"]),
            host=str(where["host"]),
            port=str(where["port"]),
            dbname=f"copy_{next(COUNTER)}",
            template_dbname=template,
        )

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """Conninfo of a copy, as superuser, with the rights on the database itself."""
        with self.copy(template) as janitor:
            conninfo = self.conninfo(janitor.dbname)
            # They are not copied with it.
            with psycopg.connect(conninfo) as admin:
                admin.execute("select ops.apply_database_rights()")
            yield conninfo

    @contextmanager
    def filled(self, fill: Callable[[str], object]) -> Iterator[str]:
        """The name of a template of a module's own, filled once, for its tests to copy."""
        with self.copy() as janitor:
            conninfo = self.conninfo(janitor.dbname)
            with psycopg.connect(conninfo) as admin:
                admin.execute("select ops.apply_database_rights()")
            fill(conninfo)
            yield str(janitor.dbname)


MAJORS = ("15", "16", "17", "18")
NEWEST = MAJORS[-1]


def programs(major: str) -> Path | None:
    """The binaries of that major: the system's, else those of .ci/ensure-servers, else none."""
    fetched = Path(__file__).parents[2] / "build/servers" / major / "bin"
    for folder in (
        Path(f"/usr/lib/postgresql/{major}/bin"),
        Path(f"/usr/pgsql-{major}/bin"),
        fetched,
    ):
        if (folder / "postgres").exists():
            return folder
    return None


# None is the embedded server's own.
PROGRAMS = {NEWEST: None} | {major: found for major in MAJORS[:-1] if (found := programs(major))}


def majors(config: pytest.Config) -> list[str]:
    """The majors to test on: `two` are the newest and the oldest, where there are two."""
    chosen = config.getoption("--server")
    if chosen in MAJORS:
        if chosen not in PROGRAMS:
            raise pytest.UsageError(f"no server of major {chosen}: run .ci/ensure-servers")
        return [chosen]
    there = sorted(PROGRAMS, reverse=True)
    if chosen == "all" and len(there) < len(MAJORS):
        raise pytest.UsageError(f"servers of {there} only: run .ci/ensure-servers")
    return there if chosen == "all" else [m for m in there if m in (MAJORS[0], NEWEST)]


def data_folder() -> str:
    """Where the servers' files go: in memory, where there is much of it.

    Disk file systems spend a third of a run on finding inodes for the thousands of files that a
    copy of a database is made of and a drop deletes.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and available_memory() >= ENOUGH_MEMORY:
        return str(memory) if shutil.disk_usage(memory).free >= ENOUGH_MEMORY else "/var/tmp"
    return "/var/tmp"


def available_memory() -> int:
    """Bytes that programs can have without swapping; 0 where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    sizes = dict(line.split(":") for line in lines)
    return int(sizes.get("MemAvailable", "0 kB").split()[0]) * 1024


# The folder that the workers of a run share, and the majors that the run is about.
SHARED = "FUNDWARDEN_SUITE_SHARED"


class Servers:
    """Servers already started in this run; kept to the end, as switching costs seconds."""

    def __init__(self) -> None:
        self.started: dict[str, Server] = {}
        self.folders: list[Path] = []
        self.wanted: list[str] = []

    def share(self) -> None:
        """Make the folder that the workers share; called before they are started."""
        os.environ[SHARED] = str(self._folder("shared"))

    def get(self, major: str) -> Server:
        """The server of that major, started on first use."""
        if major not in self.started:
            home = self._folder("suite") / "home"
            if SHARED in os.environ:
                made = self._made(Path(os.environ[SHARED]), major)
                # With owners and modes: the server's files are not of the user who runs the tests.
                subprocess.run(["cp", "-a", made, home], check=True)
            self.started[major] = server = self._server(home, major)
            if SHARED not in os.environ:
                server.make_template()
        return self.started[major]

    def stop(self) -> None:
        """Stop them all and remove their data."""
        for server in self.started.values():
            server.embedded.stop()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _made(self, shared: Path, major: str) -> Path:
        """The files of a stopped server, made by the first worker that comes.

        While another one is at it, this one makes those that the run will need next.
        """
        home = shared / f"home-{major}"
        done = shared / f"{major}.done"
        with (shared / f"{major}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                for other in self.wanted:
                    if other < major:
                        self._made(shared, other)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(home, ignore_errors=True)
                server = self._server(home, major)
                try:
                    server.make_template()
                finally:
                    server.embedded.stop()
                done.touch()
        return home

    def _folder(self, what: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"fundwarden-{what}-", dir=data_folder()))
        folder.chmod(0o755)
        self.folders.append(folder)
        return folder

    def _server(self, home: Path, major: str) -> Server:
        return Server(EmbeddedServer(home, settings=SETTINGS, programs=PROGRAMS[major]))


SERVERS = Servers()
