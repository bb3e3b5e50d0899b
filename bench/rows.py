"""Suite "rows": plain selects under row security against the functions that answer the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import databases, page
from bench.report import machine
from runner.connect import Target, connect
from runner.errors import RunnerError

PAIRS = {
    "page 1 by amount": (
        "select id from finance.financial_funds order by amount desc, id limit 20",
        "select fund_id from finance.page_authorized_funds(null, 1, 20, 'amount', 'DESC')",
    ),
    "exact count": (
        "select count(*) from finance.financial_funds",
        "select finance.count_authorized_funds()",
    ),
}


def run(target: Target, out: Path, *, records: int, turns: int, say: Callable[[str], None]) -> None:
    """Measure and write ROWS.md."""
    ours = databases.seeded(target, "fundwarden_bench", records, fresh=False, say=say)
    lines: list[str] = []
    with connect(ours, autocommit=True) as connection:
        connection.execute("select authz.refresh_user_effective_policies()")
        connection.execute("update authz.settings set record_act_as = false")
        for size, (user, people, *_) in page.supervisors(connection, page.SIZES).items():
            for what, (plain, called) in PAIRS.items():
                one, other = _medians(connection, user, (plain, called), turns)
                lines.append(f"| {people:,} people | {what} | {one:.2f} | {other:.2f} | "
                             f"{one / other:.2f}x |")  # fmt: skip
                say(f"{size:>8,} {what}: {one:.2f} of {other:.2f} ms")
        admin, tenant = _administrator(connection)
        gated = _median(connection, admin, PAIRS["exact count"][0], turns)
        bare = _median(
            connection,
            None,
            f"select count(*) from finance.financial_funds where tenant_id = {tenant}",
            turns,
        )
        lines.append(
            f"| a whole tenant | exact count, against one without policy | {gated:.2f} | "
            f"{bare:.2f} | {gated / bare:.2f}x |"
        )
        say(f"whole tenant: {gated:.2f} of {bare:.2f} ms")
        version = connection.execute("show server_version").fetchone()
    text = [
        "# Plain selects under row security",
        "",
        f"Written by `runner bench --suite rows` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version[0] if version else ''}; {records:,} funds. The application role, "
        "signed in, asks the table and the function in turn; medians in milliseconds, of the "
        "statement alone. The page of the function brings the exact total with it.",
        "",
        "| who sees | what | table | function | ratio |",
        "|---|---|---|---|---|",
        *lines,
        "",
    ]
    (out / "ROWS.md").write_text("\n".join(text), encoding="utf-8")


def _medians(
    connection: psycopg.Connection[Any], user: int, queries: tuple[str, str], turns: int
) -> tuple[float, float]:
    """Turn and turn about, and both with the same answer."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        answers = []
        for place, query in enumerate(queries):
            timed(connection, user, query)
            spent, answer = timed(connection, user, query)
            times[place].append(spent)
            answers.append(answer)
        if answers[0] != answers[1]:
            raise RunnerError("table and function answer differently", f"user {user}: {queries[0]}")
    return statistics.median(times[0]), statistics.median(times[1])


def _median(connection: psycopg.Connection[Any], user: int | None, query: str, turns: int) -> float:
    return statistics.median(timed(connection, user, query)[0] for _ in range(turns))


def timed(
    connection: psycopg.Connection[Any], user: int | None, query: str
) -> tuple[float, list[Any]]:
    with connection.transaction():
        if user is not None:
            connection.execute("set local role fundwarden_trusted")
            connection.execute("select authz.act_as(%s)", [user])
            connection.execute("set local role fundwarden_app")
        begun = time.perf_counter()
        rows = connection.execute(query.encode(), prepare=True).fetchall()
        return (time.perf_counter() - begun) * 1e3, rows


def _administrator(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """Somebody who sees all funds of the tenant with the most of them."""
    for user, tenant in connection.execute(
        "select g.user_id, g.tenant_id from authz.user_roles as g "
        "inner join authz.roles as r on g.role_id = r.id where r.code = 'admin' "
        "order by (select count(*) from finance.financial_funds as f "
        "where f.tenant_id = g.tenant_id) desc, g.user_id"
    ).fetchall():
        row = connection.execute(
            "select s.unit_ids <> '{}' from authz_private.scope_of(%s, 'funds', 'read') as s "
            "where s.whole_tenant",
            [user],
        ).fetchone()
        if row is not None:
            return user, tenant
    raise RunnerError("nobody sees a whole tenant", "Seed the database with this version.")
