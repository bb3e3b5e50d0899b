"""Where lists of ids break: planning, statement bytes and the limits, by the number of users."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from runner.errors import RunnerError

SIZES = (50, 500, 2_000, 10_000)
# What the wire protocol counts parameters with, and one more than it can.
LIMIT = 65_535
REPEATS = 5
# Milliseconds; what takes longer is asked once.
SLOW = 1000
LARGE = 1_000_000

STATEMENT = """select count(*)
from rival.funds as f
where f.handle_by {0}
    or f.order_id in (select o.id from rival.orders as o where o.handler_id {0})
    or f.customer_id in (select c.id from rival.customers as c where c.manager_id {0})"""

Asked = tuple[str, list[Any]]


def literal(ids: list[int]) -> Asked:
    """The ids as text, three times."""
    return STATEMENT.format("in (" + ", ".join(map(str, ids)) + ")"), []


def bound(ids: list[int]) -> Asked:
    """A parameter an id, in each of the three lists, as query builders send it."""
    return STATEMENT.format("in (" + ", ".join(["%s"] * len(ids)) + ")"), ids * 3


def array(ids: list[int]) -> Asked:
    """One array, three times; of the column's type, else it is searched from end to end."""
    return STATEMENT.format("= any(%s::bigint[])"), [ids] * 3


FORMS: dict[str, Callable[[list[int]], Asked]] = {
    "literal IN": literal,
    "bound IN": bound,
    "= any(array)": array,
}


@dataclass
class Listed:
    """One form with that many users; milliseconds, or the error in place of them."""

    people: int
    form: str
    bytes: int
    parameters: int
    planning: float = 0.0
    execution: float = 0.0
    total: float = 0.0
    error: str | None = None


def measure(connection: psycopg.Connection[Any], sizes: tuple[int, ...]) -> list[Listed]:
    """All forms at all sizes the data has users for, their counts checked equal."""
    found = connection.execute(
        "select u.id from rival.users as u order by hashint8(u.id), u.id limit %s", [max(sizes)]
    ).fetchall()
    ids = [row[0] for row in found]
    listed: list[Listed] = []
    for size in sizes:
        if size > len(ids):
            continue
        counts = set()
        for form, write in FORMS.items():
            one, count = _measure(connection, form, write, ids[:size])
            listed.append(one)
            counts.add(count)
        if len(counts - {None}) != 1:
            raise RunnerError(f"the forms count differently: {counts}")
    return listed


def _measure(
    connection: psycopg.Connection[Any],
    form: str,
    write: Callable[[list[int]], Asked],
    ids: list[int],
) -> tuple[Listed, int | None]:
    query, values = write(ids)
    one = Listed(len(ids), form, len(query), len(values))
    times: list[tuple[float, float, float]] = []
    count = None
    try:
        for _ in range(REPEATS):
            begun = time.perf_counter()
            row = connection.execute(query.encode(), values, prepare=False).fetchone()
            total = (time.perf_counter() - begun) * 1e3
            count = row[0] if row else None
            explained = connection.execute(
                b"explain (analyze, timing off, format json) " + query.encode(),
                values,
                prepare=False,
            ).fetchone()
            assert explained is not None
            plan = explained[0][0]
            times.append((plan["Planning Time"], plan["Execution Time"], total))
            if total > SLOW:
                break
    except psycopg.Error as error:
        one.error = " ".join(str(error).split())
        return one, None
    one.planning, one.execution, one.total = (
        statistics.median(column) for column in zip(*times, strict=True)
    )
    return one, count


def limits(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """What was tried at the limits, and exactly what was said."""
    said = []
    for parameters in (LIMIT, LIMIT + 1):
        marks = ", ".join(["%s"] * parameters)
        query = f"select count(*) from rival.users as u where u.id in ({marks})"
        said.append((f"PostgreSQL, {parameters:,} bound parameters", _try(
            lambda q=query, n=parameters: connection.execute(  # type: ignore[misc]
                q.encode(), list(range(n)), prepare=False
            ),
            psycopg.Error,
        )))  # fmt: skip
    text = "select count(*) from rival.users as u where u.id in ({})".format(
        ", ".join(map(str, range(LARGE)))
    )
    said.append((f"PostgreSQL, {LARGE:,} literals, a statement of {len(text):,} bytes", _try(
        lambda: connection.execute(text.encode(), prepare=False), psycopg.Error
    )))  # fmt: skip
    with sqlite3.connect(":memory:") as file:
        most = file.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        marks = ", ".join(["?"] * (most + 1))
        said.append((f"SQLite, {most + 1:,} bound parameters", _try(
            lambda: file.execute(f"select 1 in ({marks})", [0] * (most + 1)), sqlite3.Error
        )))  # fmt: skip
        longest = file.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH)
    said.append(("SQLite, longest statement", f"{longest:,} bytes"))
    return said


def _try(ask: Callable[[], Any], failures: type[Exception]) -> str:
    begun = time.perf_counter()
    try:
        ask()
    except failures as error:
        return "`" + " ".join(str(error).split()) + "`"
    return f"answered in {(time.perf_counter() - begun) * 1e3:,.0f} ms"
