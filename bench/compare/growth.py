"""Page and total for the same number of people as the data grows: GROWTH.md and growth.svg."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.chart import bars
from bench.compare.strategies import PAGE_SIZE, text
from bench.report import machine
from runner.connect import Target, connect
from runner.errors import RunnerError

LIMIT = 1.5
SORTS = (("amount", "DESC"), ("fund_id", "ASC"))
PAGES = (1, 20)
CALL = (
    "select p.total_count, p.fund_id from finance.page_authorized_funds("
    "%s::bigint, %s::int, %s::int, %s, %s) as p"
)


@dataclass
class Grown:
    """One database: how much is in it, and who asks."""

    records: int
    bytes: int
    people: list[int]
    funds: list[int]
    medians: dict[tuple[str, int], float]


def run(
    targets: dict[int, Target],
    out: Path,
    *,
    people: int,
    rounds: int,
    say: Callable[[str], None],
) -> None:
    """Measure databases of so many records, the smallest first, and write the report."""
    connections = {size: connect(target, autocommit=True) for size, target in targets.items()}
    try:
        found = measure(connections, people, rounds)
        row = next(iter(connections.values())).execute("show server_version").fetchone()
    finally:
        for connection in connections.values():
            connection.close()
    for key in found[0].medians:
        times = [one.medians[key] for one in found]
        say(f"{key[0]}, page {key[1]}: " + " to ".join(f"{ms:.2f}" for ms in times) + " ms")
    out.mkdir(parents=True, exist_ok=True)
    (out / "GROWTH.md").write_text(
        markdown(found, people, rounds, str(row[0] if row else "")), encoding="utf-8"
    )
    (out / "growth.svg").write_text(
        bars(
            f"Page and total of supervisors of about {people:,}, milliseconds",
            [
                (f"{sort}, page {page}", {str(one.records): one.medians[sort, page]
                                          for one in found})
                for sort, page in found[0].medians
            ],
            {str(one.records): f"{one.records:,} funds" for one in found},
            dict(zip((str(one.records) for one in found), ("#1a9850", "#8073ac"), strict=True)),
        ),
        encoding="utf-8",
    )  # fmt: skip


def measure(
    connections: dict[int, psycopg.Connection[Any]], people: int, rounds: int
) -> list[Grown]:
    """Turn and turn about, so that drift hits all alike; the same number of people in each."""
    found: list[Grown] = []
    users: list[list[int]] = []
    for size, connection in connections.items():
        # The same state in all: grants read from the tables, as a refreshed view of ten million
        # users would take longer to make than all of this.
        connection.execute(
            "refresh materialized view authz.user_effective_policies with no data"
        )  # fmt: skip
        rows = connection.execute(text("world"), {"people": people}).fetchall()[:10]
        if not rows:
            raise RunnerError(
                f"nobody supervises about {people:,} people", "Seed more records."
            )  # fmt: skip
        totals = [
            count[0]
            for user, *_ in rows
            if (count := connection.execute(
                "select finance.count_authorized_funds(%s::bigint)", [user]
            ).fetchone())
        ]  # fmt: skip
        bytes_ = connection.execute("select pg_database_size(current_database())").fetchone()
        users.append([user for user, *_ in rows])
        found.append(
            Grown(size, bytes_[0] if bytes_ else 0, [row[1] for row in rows], totals, {})
        )  # fmt: skip
    for column, direction in SORTS:
        for page in PAGES:
            times: list[list[float]] = [[] for _ in found]
            for turn in range(rounds):
                for number, connection in enumerate(connections.values()):
                    user = users[number][turn % len(users[number])]
                    for again in range(3):
                        spent = _timed(connection, user, page, column, direction)
                        # The other one has filled the caches: the first of a turn warms them.
                        if again:
                            times[number].append(spent)
            for number, one in enumerate(found):
                one.medians[f"{column} {direction.lower()}", page] = statistics.median(
                    times[number]
                )
    return found


def _timed(
    connection: psycopg.Connection[Any], user: int, page: int, column: str, direction: str
) -> float:
    begun = time.perf_counter()
    connection.execute(CALL, [user, page, PAGE_SIZE, column, direction], prepare=True).fetchall()
    return (time.perf_counter() - begun) * 1e3


def markdown(found: list[Grown], people: int, rounds: int, version: str) -> str:
    """The report as text."""
    first, last = found[0], found[-1]
    lines = [
        "# The same people, more data",
        "",
        f"Written by `runner bench --suite compare --records {last.records}` on "
        f"{datetime.now(UTC):%Y-%m-%d}. {machine()}; PostgreSQL {version}.",
        "",
        f"`finance.page_authorized_funds`: a page of {PAGE_SIZE} and the exact total for up to ten "
        f"supervisors of about {people:,} people in each database, turn and turn about; medians "
        f"of {2 * rounds} calls, milliseconds as the client sees them. "
        "`authz.user_effective_policies` is empty in both: grants are read from the tables.",
        "",
        "![Medians](growth.svg)",
        "",
        "| funds in the database | size | supervisors | people | funds seen |",
        "|---|---|---|---|---|",
        *(
            f"| {one.records:,} | {one.bytes / 1e9:.1f} GB | {len(one.people)} "
            f"| {min(one.people):,} to {max(one.people):,} "
            f"| {min(one.funds):,} to {max(one.funds):,} |"
            for one in found
        ),
        "",
        f"| order | page | {first.records:,} | {last.records:,} | ratio | at most {LIMIT}x |",
        "|---|---|---|---|---|---|",
    ]
    for (sort, page), ms in first.medians.items():
        ratio = last.medians[sort, page] / ms
        lines.append(
            f"| {sort} | {page} | {ms:.2f} | {last.medians[sort, page]:.2f} | {ratio:.2f}x | "
            f"{'reached' if ratio <= LIMIT else '**not reached**'} |"
        )
    return "\n".join(lines) + "\n"
