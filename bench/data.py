"""Suite "data": pages and totals under row rules and masks against the same without."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import databases, page
from bench.report import machine
from bench.rows import timed
from runner.connect import Target, connect
from runner.errors import RunnerError

# Each page and total as it is asked, with the rules in force and with the switch off.
QUERIES = {
    "page 1, function": "select fund_id from finance.page_authorized_funds(null, 1, 20, 'fund_id')",
    "page 1, view": "select id, amount, customer_id, created_at, order_id from secure.funds "
    "order by id limit 20",
    "page 1, table": "select id from finance.financial_funds order by id limit 20",
    "exact count, function": "select finance.count_authorized_funds()",
    "exact count, view": "select count(*) from secure.funds",
    "exact count, table": "select count(*) from finance.financial_funds",
}
# Three rules that hide a few rows, so that it is not fewer rows that make it fast.
ROW_RULES = [
    ("variable", "bench_currencies", {"field": "currency", "op": "in",
                                      "value": [{"var": "bench_currencies"}]}),
    ("role", None, {"field": "amount", "op": "<", "value": 100_000}),
    ("user", None, {"field": "status", "op": "<>", "value": "cancelled"}),
]  # fmt: skip
MASKS = [
    ("amount", "mask", {"kind": "round", "digits": -2}),
    ("customer_id", "mask", {"kind": "hash"}),
    ("created_at", "mask", {"kind": "truncate", "unit": "month"}),
    ("order_id", "disable", None),
]
MANY = 1000


def run(target: Target, out: Path, *, records: int, turns: int, say: Callable[[str], None]) -> None:
    """Measure and write DATA.md."""
    ours = databases.seeded(target, "fundwarden_bench", records, fresh=False, say=say)
    with connect(ours, autocommit=True) as connection:
        connection.execute("select authz.refresh_user_effective_policies()")
        connection.execute("update authz.settings set record_act_as = false")
        _clear(connection)
        connection.execute("select authz.register_dataset('finance.financial_funds', 'funds')")
        try:
            lines = _under_rules(connection, turns, say)
            changes = _many_rules(connection, turns, say)
            index = _index_line(connection)
        finally:
            _clear(connection)
        version = connection.execute("show server_version").fetchone()
    text = [
        "# Pages and totals under data permissions",
        "",
        f"Written by `runner bench --suite data` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version[0] if version else ''}; {records:,} funds. The application role, "
        "signed in, asks with three row rules (by variable, role and user) and four masks in "
        "force, and with the switch off, in turn; medians in milliseconds, of the statement alone. "
        "The rules hide few rows: it is not fewer rows that are measured.",
        "",
        "| who sees | what | with rules | without | ratio |",
        "|---|---|---|---|---|",
        *lines,
        "",
        f"## {MANY:,} rules on one table",
        "",
        "| what | ms |",
        "|---|---|",
        *changes,
        "",
        "## A rule on an indexed column",
        "",
        index,
        "",
    ]
    (out / "DATA.md").write_text("\n".join(text), encoding="utf-8")


def _clear(connection: psycopg.Connection[Any]) -> None:
    connection.execute("update authz.settings set data_permissions = 'on'")
    connection.execute("select authz.unregister_dataset(d.name) from authz.datasets as d")
    connection.execute("delete from authz.variables where name like 'bench%'")


def _under_rules(
    connection: psycopg.Connection[Any], turns: int, say: Callable[[str], None]
) -> list[str]:
    lines: list[str] = []
    connection.execute(
        "insert into authz.variables (name, type, is_list, default_value) select "
        "'bench_currencies', 'text', true, jsonb_agg(distinct f.currency) from "
        "finance.financial_funds as f where f.currency <> 'JPY'"
    )
    for size, (user, people, *_) in page.supervisors(connection, page.SIZES).items():
        connection.execute("delete from authz.row_permissions")
        connection.execute("delete from authz.column_permissions")
        _write_rules(connection, user)
        for what, query in QUERIES.items():
            times: dict[str, list[float]] = {"on": [], "off": []}
            for _ in range(turns):
                for switch, spent in times.items():
                    connection.execute("update authz.settings set data_permissions = %s", [switch])
                    timed(connection, user, query)
                    spent.append(timed(connection, user, query)[0])
            ruled, free = (statistics.median(times[switch]) for switch in ("on", "off"))
            lines.append(f"| {people:,} people | {what} | {ruled:.2f} | {free:.2f} | "
                         f"{ruled / free:.2f}x |")  # fmt: skip
            say(f"{size:>8,} {what}: {ruled:.2f} of {free:.2f} ms")
    connection.execute("update authz.settings set data_permissions = 'on'")
    return lines


def _write_rules(connection: psycopg.Connection[Any], user: int) -> None:
    row = connection.execute(
        "select g.role_id from authz.user_roles as g where g.user_id = %s limit 1", [user]
    ).fetchone()
    if row is None:
        raise RunnerError(f"user {user} holds no role", "Seed the database with this version.")
    role = str(row[0])
    for dimension, subject, condition in ROW_RULES:
        connection.execute(
            "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
            "values ('funds', %s, %s, 'restrict', %s)",
            [dimension, subject or {"role": role, "user": str(user)}[dimension],
             json.dumps(condition)],
        )  # fmt: skip
    for column, mode, mask in MASKS:
        connection.execute(
            "insert into authz.column_permissions "
            "(dataset, column_name, dimension, subject, mode, mask) "
            "values ('funds', %s, 'role', %s, %s, %s)",
            [column, role, mode, json.dumps(mask) if mask else None],
        )


def _many_rules(
    connection: psycopg.Connection[Any], turns: int, say: Callable[[str], None]
) -> list[str]:
    """A thousand rules of as many users: what one more costs, and what reading costs."""
    user, *_ = page.supervisors(connection, page.SIZES)[1000]
    connection.execute("delete from authz.row_permissions")
    connection.execute("delete from authz.column_permissions")
    one = _seconds(connection, "select count(*) from finance.financial_funds", user, turns)
    connection.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
        "select 'funds', 'user', u.id::text, 'restrict', "
        '\'{"field": "status", "op": "<>", "value": "cancelled"}\' '
        "from (select u.id from authz.users as u where u.id <> %s order by u.id limit %s) as u",
        [user, MANY],
    )
    spent: dict[str, list[float]] = {"insert": [], "update": [], "delete": []}
    for _ in range(turns):
        for what, statement in {
            "insert": "insert into authz.row_permissions (dataset, dimension, subject, mode, "
            "filter) values ('funds', 'user', %s, 'restrict', "
            '\'{"field": "status", "op": "<>", "value": "open"}\')',
            "update": "update authz.row_permissions set filter = "
            '\'{"field": "status", "op": "<>", "value": "settled"}\' '
            "where user_id = %s",
            "delete": "delete from authz.row_permissions where user_id = %s",
        }.items():
            begun = time.perf_counter()
            connection.execute(statement.encode(), [user])
            spent[what].append((time.perf_counter() - begun) * 1e3)
    read = {
        what: _seconds(connection, query, user, turns)
        for what, query in {
            "exact count, table": "select count(*) from finance.financial_funds",
            "exact count, view": "select count(*) from secure.funds",
            "exact count, function": "select finance.count_authorized_funds()",
        }.items()
    }
    lines = [f"| {what} of one rule | {statistics.median(took):.0f} |"
             for what, took in spent.items()]  # fmt: skip
    lines += [f"| {what}, by a user of none of them | {took:.1f} |" for what, took in read.items()]
    lines.append(f"| exact count, table, without any rule | {one:.1f} |")
    for line in lines:
        say(line)
    return lines


def _seconds(connection: psycopg.Connection[Any], query: str, user: int, turns: int) -> float:
    timed(connection, user, query)
    return statistics.median(timed(connection, user, query)[0] for _ in range(turns))


def _index_line(connection: psycopg.Connection[Any]) -> str:
    """What the plan of the table says under a rule about everybody."""
    connection.execute("delete from authz.row_permissions")
    connection.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) values "
        "('funds', 'variable', 'tenant_id', 'restrict', "
        '\'{"all": [{"field": "tenant_id", "op": "=", "value": {"var": "tenant_id"}}, '
        '{"field": "created_at", "op": "<", "value": "2020-01-03T00:00:00Z"}]}\')'
    )
    user, *_ = page.supervisors(connection, page.SIZES)[100_000]
    plan = timed(
        connection, user, "explain (costs off) select count(*) from finance.financial_funds"
    )[1]
    found = [line.strip() for (line,) in plan if "Scan" in line or "Index Cond" in line]
    return "```\n" + "\n".join(found) + "\n```"
