"""Suite "audit": what a logged change costs over the same change unlogged; sealing, verifying."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import create
from bench.report import machine
from runner.connect import Target, connect
from runner.migrations import migrate

NAME = "fundwarden_bench_audit"
ROWS = 10_000
LIMIT = 20.0

FILL = """
    update authz.settings set refresh_mode = 'manual';
    insert into authz.org_units (id, code) values (1, 'root');
    insert into authz.org_units (id, parent_id, code)
    select g, 1, 'u' || g from generate_series(2, 200) as g;
    insert into authz.users (id, username, base_unit_id)
    select g, 'user' || g, 1 + g % 200 from generate_series(1, 20000) as g
"""
# What a turn does, logged and not; together they leave things as they were.
STATEMENTS = {
    "insert of grants": "insert into authz.user_roles (tenant_id, user_id, role_id, unit_id) "
    f"select 1, g, 3, 1 + g % 200 from generate_series(1, {ROWS}) as g",
    "update of grants": "update authz.user_roles "
    "set valid_until = now() + interval '1 day' * (1 + random() * 1000)",
    "delete of grants": "delete from authz.user_roles",
    "update of users": f"update authz.users set username = username || 'x' where id <= {ROWS}",
    "update back": f"update authz.users set username = left(username, -1) where id <= {ROWS}",
}


def run(target: Target, out: Path, *, turns: int, say: Callable[[str], None]) -> None:
    """Measure and write AUDIT.md."""
    ours = create(target, NAME)
    migrate(ours, say=lambda line: None)
    lines: list[str] = []
    with connect(ours, autocommit=True) as connection:
        connection.execute(FILL.encode())
        seen: dict[tuple[str, bool], list[float]] = {}
        for _ in range(turns):
            for logged in (True, False):
                _log(connection, logged)
                for what, statement in STATEMENTS.items():
                    seen.setdefault((what, logged), []).append(_seconds(connection, statement))
                connection.execute("vacuum authz.user_roles, authz.users")
        _log(connection, True)
        for what in STATEMENTS:
            with_log, without = (
                statistics.median(seen[what, logged]) * 1e6 / ROWS for logged in (True, False)
            )
            more = with_log - without
            lines.append(
                f"| {what} | {without:.1f} | {with_log:.1f} | {more:.1f} | "
                f"{with_log / without:.2f} | {'reached' if more <= LIMIT else '**not reached**'} |"
            )
            say(f"{what}: {more:.1f} microseconds a row more, {with_log / without:.2f}x")
        while _value(connection, "select count(*) from audit.permission_audit_log") < 1_000_000:
            connection.execute("update authz.users set is_active = not is_active")
        count = _value(connection, "select count(*) from audit.permission_audit_log")
        sealing = _seconds(connection, "select audit.seal()")
        again = _seconds(connection, "select audit.seal()")
        verifying = _seconds(connection, "select * from audit.verify()")
        version = _value(connection, "show server_version")
    say(f"{count:,} rows: sealed in {sealing:.1f} s, verified in {verifying:.1f} s")
    text = f"""# What the log costs

Written by `runner bench --suite audit` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; \
PostgreSQL {version}. Statements of {ROWS:,} rows, medians of {turns} turns with the triggers of \
the log and without them, in microseconds a row; at most {LIMIT:.0f} more is wanted.

| what | not logged | logged | more | ratio | |
|---|---|---|---|---|---|
{chr(10).join(lines)}

{count:,} rows of the log were sealed in {sealing:.1f} s and verified in {verifying:.1f} s; a seal \
with nothing to seal took {again * 1000:.0f} ms after that.
"""
    (out / "AUDIT.md").write_text(text, encoding="utf-8")
    say(f"wrote {out / 'AUDIT.md'}")


def _log(connection: psycopg.Connection[Any], wanted: bool) -> None:
    """Puts the triggers of the log on the two tables in place, or aside."""
    found = connection.execute(
        "select format('alter table %%s %%s trigger %%I', t.tgrelid::regclass, %s::text, t.tgname) "
        "from pg_trigger as t where t.tgfoid = 'authz_private.tg_audit'::regproc "
        "and t.tgrelid in ('authz.users'::regclass, 'authz.user_roles'::regclass)",
        ["enable always" if wanted else "disable"],
    ).fetchall()
    for (command,) in found:
        connection.execute(command.encode())


def _seconds(connection: psycopg.Connection[Any], statement: str) -> float:
    start = time.perf_counter()
    connection.execute(statement.encode())
    return time.perf_counter() - start


def _value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
