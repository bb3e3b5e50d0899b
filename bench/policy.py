"""Suite "policy": checks, lists and changes at 100,000 users, 100,000 units, a million rows."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import beside, big_tree, exists
from bench.others import program
from bench.report import machine
from runner.connect import Target, connect
from runner.errors import RunnerError

NAME = "fundwarden_bench_policy"

FILL = """
    insert into authz.users (id, username, base_unit_id)
    select g, 'user' || g, 1000 + (20 + g % 100) * 1000 + g / 100 % 1000
    from generate_series(1, 100000) as g;
    insert into authz.policies (id, name)
    select g, 'policy ' || g from generate_series(1, 20) as g;
    insert into authz.policy_permissions (policy_id, permission_id)
    select o.id, p.id
    from authz.policies as o
    inner join authz.permissions as p on p.scope = 'team'
        and p.resource::text in ('finance.funds', 'finance.orders')
        and (p.action = 'read' or p.action = 'update');
    insert into authz.roles (id, code)
    select 100 + g, 'role_' || g from generate_series(1, 10) as g;
    insert into authz.role_policies (role_id, policy_id)
    select 100 + g, g from generate_series(1, 10) as g;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g, 101 + g % 10, 2 from generate_series(1, 100000) as g where g % 4 = 0
    union all
    select g, 101 + g % 10, u.base_unit_id
    from generate_series(1, 100000) as g inner join authz.users as u on u.id = g where g % 4 <> 0;
    insert into authz.user_policies (user_id, policy_id, unit_id)
    select g, 11 + g % 10, u.base_unit_id
    from generate_series(1, 100000) as g inner join authz.users as u on u.id = g;
    insert into authz.user_permissions (user_id, permission_id, unit_id)
    select g, p.id, u.base_unit_id
    from generate_series(1, 100000) as g
    inner join authz.users as u on u.id = g
    inner join authz.permissions as p on p.resource::text = 'finance.customers'
        and p.scope = 'team' and p.action in ('read', 'update');
"""

Row = tuple[str, str, str, bool | None]


def built(target: Target, say: Callable[[str], None]) -> Target:
    """The database, made once."""
    found = beside(target, NAME)
    if exists(target, NAME):
        return found
    big_tree(target, NAME, say=say)
    with connect(found, autocommit=True) as connection:
        connection.execute("update authz.settings set refresh_mode = 'manual'")
        connection.execute(FILL.encode())
        connection.execute("vacuum analyze")
        connection.execute("select authz.refresh_user_effective_policies()")
        connection.execute("vacuum analyze authz.user_effective_policies")
    return found


def run(target: Target, out: Path, *, seconds: int, say: Callable[[str], None]) -> None:
    """Measure and write POLICY.md."""
    ours = built(target, say)
    rows: list[Row] = []

    def note(what: str, seen: str, wanted: str, reached: bool | None) -> None:
        rows.append((what, seen, wanted, reached))
        say(f"{what}: {seen}")

    with connect(ours, autocommit=True) as connection:
        count = _value(connection, "select count(*) from authz.user_effective_policies")
        key, check = _pair(ours, LOOKUP, CHECK, seconds)
        note("check against primary-key lookup", f"{check:.0f} of {key:.0f} per s: "
             f"{check / key:.2f}", "at least 0.4", check / key >= 0.4)  # fmt: skip
        connection.execute(
            "select authz.refresh_user_permissions(g, null) from generate_series(1, 100000, 100) "
            "as g"
        )
        key, check = _pair(ours, LOOKUP, CHECK, seconds)
        note("the same with marks pending for 1 % of users", f"{check / key:.2f}",
             "at least 0.3", check / key >= 0.3)  # fmt: skip
        connection.execute("select authz.refresh_user_effective_policies()")
        single, bulk = _bulk(connection)
        note("bulk of 1,000 mixed checks against 1,000 calls", f"{bulk:.1f} of {single:.1f} ms: "
             f"{bulk / single:.2f}", "at most 0.4", bulk / single <= 0.4)  # fmt: skip
        one = _median(connection, CALL)
        why = _median(connection, EXPLAIN)
        note("explanation against a check", f"{why:.2f} of {one:.3f} ms: {why / one:.1f}x",
             "under 20x", why / one < 20)  # fmt: skip
        who = _median(connection, WHO, 15)
        note("first 100 of 25,000 who may, against a check", f"{who:.2f} ms: {who / one:.0f}x",
             "under 50x", who / one < 50)  # fmt: skip
        ours_ms, bare_ms = _grants(connection)
        note("commit of one grant, deferred, against a bare table", f"{ours_ms:.2f} of "
             f"{bare_ms:.2f} ms: {ours_ms / bare_ms:.2f}x", "at most 1.5x",
             ours_ms / bare_ms <= 1.5)  # fmt: skip
        concurrent, plain = _refreshes(connection)
        note("concurrent refresh, 1 % changed, against a plain one", f"{concurrent:.1f} of "
             f"{plain:.1f} s: {concurrent / plain:.2f}x", "at most 2x",
             concurrent / plain <= 2)  # fmt: skip
        version = _value(connection, "show server_version")
    _write(out, rows, count, str(version))


LOOKUP = "\\set u random(1, 100000)\nselect * from authz.users where id = :u;\n"
CHECK = (
    "\\set u random(1, 100000)\n\\set n random(22000, 119999)\n"
    "select authz.check_user_permission(:u, 'funds', 'read', :n);\n"
)
CALL = "select authz.check_user_permission(4, 'funds', 'read', 25000)"
EXPLAIN = "select * from authz.explain_user_permission(4, 'funds', 'read', 25000)"
WHO = "select * from authz.users_with_permission('funds', 'read', 2)"


def _pair(target: Target, one: str, other: str, seconds: int) -> tuple[float, float]:
    """Medians of transactions per second, turn and turn about."""
    found: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            for place, script in enumerate((one, other)):
                path = Path(folder) / f"{place}.sql"
                path.write_text(script)
                done = subprocess.run(
                    [program(target, "pgbench"), "-n", "-M", "prepared", "-T", str(seconds),
                     "-f", str(path), target.conninfo],
                    capture_output=True, text=True, check=True,
                )  # fmt: skip
                tps = re.search(r"tps = ([\d.]+)", done.stdout)
                found[place].append(float(tps[1]) if tps else 0.0)
    return statistics.median(found[0]), statistics.median(found[1])


def _bulk(connection: psycopg.Connection[Any]) -> tuple[float, float]:
    asked = [
        {
            "user_id": 1 + n * 7919 % 100000,
            "resource": ("funds", "orders", "customers")[n % 3],
            "action": ("read", "update")[n // 3 % 2],
            "unit_id": 22000 + n * 104729 % 98000,
        }
        for n in range(1000)
    ]
    times: tuple[list[float], list[float]] = ([], [])
    call = "select authz.check_user_permission(%(user_id)s, %(resource)s, %(action)s, %(unit_id)s)"
    for _ in range(7):
        begun = time.perf_counter()
        singles = [connection.execute(call, q, prepare=True).fetchone() for q in asked]
        times[0].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        bulk = connection.execute(
            "select c.allowed from authz.check_user_permissions(null, %s) as c",
            [json.dumps(asked)],
        ).fetchall()
        times[1].append(time.perf_counter() - begun)
        if singles != bulk:
            raise RunnerError("bulk and single checks disagree")
    return statistics.median(times[0]) * 1e3, statistics.median(times[1]) * 1e3


def _median(connection: psycopg.Connection[Any], query: str, times: int = 101) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.execute(query.encode(), prepare=True).fetchall()
        found.append(time.perf_counter() - begun)
    return statistics.median(found[1:]) * 1e3


def _grants(connection: psycopg.Connection[Any]) -> tuple[float, float]:
    """Medians of committing one row, turn and turn about; taken back afterwards."""
    connection.execute("update authz.settings set refresh_mode = 'deferred'")
    connection.execute("create table public.bare_user_roles (like authz.user_roles including all)")
    insert = "insert into {} (tenant_id, user_id, role_id, unit_id) values (1, %s, 101, 25000)"
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(1, 301):
        for place, table in enumerate(("authz.user_roles", "public.bare_user_roles")):
            begun = time.perf_counter()
            connection.execute(insert.format(table).encode(), [number], prepare=True)
            times[place].append(time.perf_counter() - begun)
    connection.execute("drop table public.bare_user_roles")
    connection.execute("delete from authz.user_roles where role_id = 101 and unit_id = 25000")
    connection.execute("update authz.settings set refresh_mode = 'manual'")
    return statistics.median(times[0]) * 1e3, statistics.median(times[1]) * 1e3


def _refreshes(connection: psycopg.Connection[Any]) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(2):
        connection.execute(
            "update authz.user_permissions set inherit_to_descendants = %s "
            "where user_id %% 100 = 7",
            [bool(turn)],
        )
        for place, how in enumerate(("concurrently ", "")):
            begun = time.perf_counter()
            connection.execute(
                f"refresh materialized view {how}authz.user_effective_policies".encode()
            )
            times[place].append(time.perf_counter() - begun)
    return statistics.median(times[0]), statistics.median(times[1])


def _value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _write(out: Path, rows: list[Row], count: Any, version: str) -> None:
    verdict = {True: "reached", False: "**not reached**", None: ""}
    lines = [
        "# Checks and changes of rights",
        "",
        f"Written by `runner bench --suite policy` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version}; 100,000 users, 100,106 units, {count:,} rows in "
        "`authz.user_effective_policies`. Medians of turns taken side by side, as the client sees "
        "them.",
        "",
        "| what | seen | target | |",
        "|---|---|---|---|",
        *(f"| {what} | {seen} | {wanted} | {verdict[reached]} |"
          for what, seen, wanted, reached in rows),
        "",
    ]  # fmt: skip
    (out / "POLICY.md").write_text("\n".join(lines), encoding="utf-8")
