"""Collects db/tests/*.sql: each file is an item on each server, its TAP lines the outcome."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from servers import Server

FILES = Path(__file__).parents[2] / "db" / "tests"
SHARES = ("/usr/share/postgresql/*", "/usr/pgsql-*/share", "/opt/homebrew/share/postgresql*",
          "/usr/local/share/postgresql*")  # fmt: skip
LINE = re.compile(r"^(not )?ok (\d+)")
ERROR = re.compile(r"(^| )(ERROR|FATAL|PANIC): ")
PLAN = re.compile(r"^1\.\.(\d+)$")


def script() -> Path:
    """The newest plain script of pgTAP on this machine; a failure that names the way to get it."""
    found = sorted(
        path
        for pattern in SHARES
        for path in Path("/").glob(pattern.lstrip("/") + "/extension/pgtap--*.sql")
        if re.fullmatch(r"pgtap--\d+\.\d+\.\d+\.sql", path.name)
    )
    if not found:
        pytest.fail("pgTAP is not installed: run `make test`, which installs it")
    return found[-1]


def install(conninfo: str) -> None:
    """pgTAP in schema tap: as extension where the server has it, else from the plain script."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("create schema tap")
        admin.execute("grant usage on schema tap to public")
        known = admin.execute("select from pg_available_extensions where name = 'pgtap'").fetchone()
        if known is not None:
            admin.execute("create extension pgtap with schema tap")
            return
        text = script().read_text(encoding="utf-8")
        text = re.sub(r"^\\echo.*$", "", text, flags=re.MULTILINE)
        admin.execute("set search_path = tap, public")
        admin.execute(text.encode())


def problems(output: str, returncode: int) -> list[str]:
    """What is wrong in the output of one file; an empty list when all is well."""
    wrong: list[str] = []
    planned: int | None = None
    seen: list[int] = []
    failing = False
    for line in output.splitlines():
        plan, result = PLAN.match(line), LINE.match(line)
        if plan:
            planned = int(plan[1])
        elif result:
            seen.append(int(result[2]))
            failing = bool(result[1]) and "# TODO" not in line
            if failing:
                wrong.append(line)
        elif (
            (line.startswith("#") and failing)
            or re.match(r"^(psql:.*)?(ERROR|FATAL|PANIC):", line)
            or " ERROR: " in line
        ):
            wrong.append(line)
        else:
            failing = False
    if planned is None:
        wrong.append("no plan")
    elif seen != list(range(1, planned + 1)):
        wrong.append(f"planned {planned} tests, ran {len(seen)}")
    if returncode != 0:
        wrong.append(f"psql ended with {returncode}")
    return wrong


class PgTapError(Exception):
    """Lines of a pgTAP file that are not ok."""


class PgTapItem(pytest.Item):
    """One file on one server."""

    def __init__(self, major: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.major = major

    def runtest(self) -> None:
        from servers import SERVERS

        server = SERVERS.get(self.major)
        with server.copy(tap_template(server)) as janitor:
            done = subprocess.run(
                [
                    *(str(server.bin("psql")), "-X", "-q", "-A", "-t"),
                    *("-v", "ON_ERROR_STOP=1", "-f", str(self.path)),
                    server.conninfo(janitor.dbname),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        found = problems(done.stdout + done.stderr, done.returncode)
        if found:
            raise PgTapError("\n".join(found))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        if isinstance(excinfo.value, PgTapError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


TAP_TEMPLATES: dict[str, str] = {}


def tap_template(server: Server) -> str:
    """The migrated template with pgTAP in it, made once a server."""
    key = str(server.major)
    if key not in TAP_TEMPLATES:
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("create database fundwarden_tap template fundwarden_template")
        install(server.conninfo("fundwarden_tap"))
        TAP_TEMPLATES[key] = "fundwarden_tap"
    return TAP_TEMPLATES[key]


class PgTapFile(pytest.File):
    """A file of db/tests."""

    def collect(self) -> Iterator[PgTapItem]:
        from servers import majors

        for major in majors(self.config):
            yield PgTapItem.from_parent(self, name=f"{self.path.stem}[{major}]", major=major)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PgTapFile | None:
    if file_path.suffix == ".sql" and FILES in file_path.parents:
        return PgTapFile.from_parent(parent, path=file_path)
    return None
