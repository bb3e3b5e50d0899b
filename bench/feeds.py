"""Suite "sync": a company loaded from files, and its nights, against COPY into bare tables."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg

from bench import databases
from bench.report import machine
from runner.connect import Target, connect
from runner.migrations import migrate
from runner.syncing import Feed, sync

# What stands beside: the same columns, checks, indexes and keys, and no trigger.
BARE = """
    create schema bare;
    create table bare.org_units (like authz.org_units including all);
    create table bare.users (like authz.users including all);
    create table bare.user_roles (like authz.user_roles including all);
    alter table bare.org_units
        add foreign key (tenant_id, parent_id) references bare.org_units (tenant_id, id),
        add foreign key (kind) references authz.unit_kinds (kind);
    alter table bare.users
        add foreign key (tenant_id, base_unit_id) references bare.org_units (tenant_id, id);
    alter table bare.user_roles
        add foreign key (tenant_id, user_id) references bare.users (tenant_id, id),
        add foreign key (tenant_id, unit_id) references bare.org_units (tenant_id, id),
        add foreign key (role_id) references authz.roles (id);
"""
TABLES = ("org_units", "users", "user_roles")
MOVED = 1000


def run(target: Target, out: Path, *, records: int, say: Callable[[str], None]) -> None:
    """Measure and write SYNC.md."""
    ours = databases.create(target, "fundwarden_bench_sync")
    migrate(ours, say=lambda line: None)
    units, grants = max(records // 10, 10), records * 13 // 10
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, records, units, grants, moved=0)
        feed = Feed(tenant="U1", only=["units", "people", "grants"])
        took["first"] = _timed(lambda: sync(ours, folder, feed, say=lambda line: None))
        say(f"first load: {took['first']:.1f} s")
        with connect(ours, autocommit=True) as connection:
            connection.execute("vacuum analyze")
            took["bare"] = _bare(connection, folder)
            say(f"COPY into bare tables: {took['bare']:.1f} s")
            before = _logged(connection)
        took["again"] = _timed(lambda: sync(ours, folder, feed, say=lambda line: None))
        with connect(ours, autocommit=True) as connection:
            written = _logged(connection) - before
            took["again, in the database"] = _timed(
                lambda: connection.execute("select count(*) from sync.apply('U1')")
            )
        say(f"without changes: {took['again']:.1f} s, {written} rows of the model written")
        _write(folder, records, units, grants, moved=min(MOVED, records // 30))
        with connect(ours, autocommit=True) as connection:
            connection.execute("update authz.settings set refresh_mode = 'manual'")
            marks = _marks(connection)
        took["night"] = _timed(lambda: sync(ours, folder, feed, say=lambda line: None))
        with connect(ours, autocommit=True) as connection:
            marked = _marks(connection) - marks
            version = connection.execute("show server_version").fetchone()
    say(f"a night: {took['night']:.1f} s, {marked} users marked")
    rows = units + records + grants
    text = [
        "# A company from files",
        "",
        f"{units:,} units, {records:,} people and {grants:,} grants, from CSV files by "
        "`runner sync`, against the same rows by COPY into bare tables with the same columns, "
        f"checks, indexes and keys. {machine()}; PostgreSQL {version[0] if version else '?'}.",
        "",
        "| what | seconds | ratio |",
        "|---|---|---|",
        f"| COPY into bare tables | {took['bare']:.1f} | 1.0x |",
        f"| first load | {took['first']:.1f} | {took['first'] / took['bare']:.1f}x |",
        f"| the same files again | {took['again']:.1f} | "
        f"{took['again'] / rows * 1e6:.1f} s a million rows |",
        f"| of which `sync.apply` | {took['again, in the database']:.1f} | "
        f"{took['again, in the database'] / rows * 1e6:.1f} s a million rows |",
        f"| a night with {min(MOVED, records // 30):,} transfers | {took['night']:.1f} | "
        f"{took['night'] / took['again']:.2f}x of the same files again |",
        "",
        f"The same files again wrote {written} rows of the model. "
        f"The night marked {marked:,} users.",
        "",
    ]
    (out / "SYNC.md").write_text("\n".join(text), encoding="utf-8")


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _write(folder: Path, people: int, units: int, grants: int, *, moved: int) -> None:
    """The files of a night, in which the first people work one unit further."""

    def file(name: str, titles: list[str], lines: Iterable[list[Any]]) -> None:
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(titles)
            writer.writerows(lines)

    file(
        "units",
        ["external_id", "parent_external_id", "name", "kind"],
        ([f"U{n}", f"U{max(n // 10, 1)}" if n > 1 else "", f"Unit {n}", "Office"]
         for n in range(1, units + 1)),
    )  # fmt: skip
    file(
        "people",
        ["external_id", "username", "unit_external_id", "display_name"],
        ([f"E{n}", f"user{n}", f"U{1 + (n + (n <= moved)) % units}", f"Person {n}"]
         for n in range(1, people + 1)),
    )  # fmt: skip
    file(
        "grants",
        ["person_external_id", "role_code", "unit_external_id"],
        (["E1", "admin", "U1"] if n == 1 else
         [f"E{1 + n % people}", "staff" if n <= people else "supervisor", f"U{1 + n % units}"]
         for n in range(1, grants + 1)),
    )  # fmt: skip


def _bare(connection: psycopg.Connection[Any], folder: Path) -> float:
    """The rows of the model, copied into tables that nothing watches."""
    connection.execute(BARE.encode())
    seconds = 0.0
    for table in TABLES:
        path = folder / f"{table}.rows"
        with (
            path.open("wb") as out,
            connection.cursor().copy(
                f"copy (select t.* from authz.{table} as t order by t.id) to stdout".encode()
            ) as rows,
        ):
            for block in rows:
                out.write(block)
        begun = time.monotonic()
        with (
            path.open("rb") as file,
            connection.cursor().copy(f"copy bare.{table} from stdin".encode()) as into,
        ):
            while block := file.read(2**20):
                into.write(block)
        seconds += time.monotonic() - begun
        path.unlink()
    connection.execute("drop schema bare cascade")
    return seconds


def _logged(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "select count(*) from audit.permission_audit_log where table_name is not null"
    ).fetchone()
    return int(row[0]) if row else 0


def _marks(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select count(*) from authz_private.policy_marks").fetchone()
    return int(row[0]) if row else 0
