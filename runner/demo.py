"""`demo`: the main job on real data, each statement shown before its answer."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from runner.connect import Target, connect
from runner.errors import RunnerError
from runner.migrations import migrate
from runner.seeding import seed

PEOPLE = (10, 100, 1_000, 10_000, 100_000)

FILLED = "select count(*) from finance.financial_funds"

SUPERVISORS = "select user_id, subordinates from authz.supervisors order by subordinates, user_id"

SIGN_IN = "select authz.act_as({user})"

PAGE = """select row_number, total_count, fund_id, amount, currency, status, created_at::date
from finance.page_authorized_funds(
    page_size => 5, sort_by => 'amount', sort_order => 'desc')"""

WHY = """select owner_kind, owner_unit_path, role_code, permission, reason
from finance.explain_fund_access({user}, {fund})
where is_visible limit 1"""


def demo(target: Target, *, records: int) -> None:
    """Migrates, seeds an empty database, pages as three supervisors and says why a row is there.

    A database that holds funds is paged as it is. RunnerError where nobody supervises anybody.
    """
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()
    console.rule("1. migrate", align="left")
    said: list[str] = []
    migrate(target, say=said.append)
    console.print(said[0] if len(said) == 1 else f"{len(said) - 1} files applied, {said[-1]}")
    with connect(target) as conn:
        filled = _value(conn, FILLED)
    console.rule("2. seed", align="left")
    if filled:
        console.print(f"the database holds {filled:,} funds already: left as they are")
    else:
        seed(target, records=records, say=console.print)
    with connect(target, autocommit=True) as conn:
        chosen = _supervisors(conn)
        if not chosen:
            raise RunnerError(
                "nobody in this database supervises anybody",
                'Grant somebody the role supervisor, or run "runner seed --reset --records N".',
            )
        for number, (user, people) in enumerate(chosen, 3):
            console.rule(f"{number}. user {user}, who supervises {people:,} people", align="left")
            _page(console, conn, user, explained=number == 3)
    console.rule("What to try next", align="left")
    console.print(
        "runner psql                      open psql on the same database\n"
        "  begin; select authz.act_as(2); select * from finance.page_authorized_funds();\n"
        "  select * from authz.supervisors order by subordinates desc limit 10;\n"
        "runner seed --reset --records 1000000\n"
        "runner status                    compare the database with this version\n"
        "runner bench                     compare with six other ways to page\n"
        "runner stop                      the server; its data stays"
    )
    console.print(f"done in {time.monotonic() - begun:.0f} s")


def _supervisors(conn: psycopg.Connection[Any]) -> list[tuple[int, int]]:
    """At most three, of very different size: about the largest of PEOPLE there are."""
    rows = conn.execute(SUPERVISORS).fetchall()
    if not rows:
        return []
    there = [size for size in PEOPLE if size <= rows[-1][1] * 2] or [PEOPLE[0]]
    near = [
        min(rows, key=lambda row: (round(abs(row[1] / size - 1), 1), row[0])) for size in there[-3:]
    ]
    return list(dict.fromkeys(near))


def _page(console: Console, conn: psycopg.Connection[Any], user: int, *, explained: bool) -> None:
    with conn.transaction():
        _show(console, conn, SIGN_IN.format(user=user), answer=False)
        # The first call of a session makes its plans; the second is what an application sees.
        conn.execute(PAGE.encode())
        found = _show(console, conn, PAGE)
        if explained and found:
            console.print("Why is the first of them visible?")
            _show(console, conn, WHY.format(user=user, fund=found[0][2]))


def _show(
    console: Console, conn: psycopg.Connection[Any], query: str, *, answer: bool = True
) -> list[tuple[Any, ...]]:
    console.print(f"[bold]{query};[/bold]")
    begun = time.perf_counter()
    cursor = conn.execute(query.encode())
    rows = cursor.fetchall()
    milliseconds = (time.perf_counter() - begun) * 1000
    if answer:
        names = [column.name for column in cursor.description or []]
        if len(rows) == 1:
            for name, value in zip(names, rows[0], strict=True):
                console.print(f"  {name:<16} {value}")
        else:
            console.print(_table(names, rows))
        console.print(f"({len(rows)} rows, {milliseconds:.1f} ms)\n")
    return rows


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        numbers = bool(rows) and not isinstance(rows[0][place], str | date)
        table.add_column(name, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    return table


def _value(conn: psycopg.Connection[Any], query: str) -> Any:
    row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None
