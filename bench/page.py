"""Suite "page": the same pages by every method, interleaved in one run, medians and ratios."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.methods import METHODS, PAGE_SIZE, Question
from runner.errors import RunnerError

SIZES = (100, 1_000, 10_000, 100_000)
PAGES = (1, 1_000)
BURST = 4
ORDERS = ("amount desc", "fund_id")


@dataclass
class Case:
    """One question with the medians of every method, in milliseconds."""

    size: int
    question: Question
    total: int
    rows: int
    medians: dict[str, float] = field(default_factory=dict)

    def ratio(self, method: str) -> float:
        """How many times as long as ours."""
        return self.medians[method] / self.medians["a"]


def supervisors(connection: psycopg.Connection[Any], sizes: tuple[int, ...]) -> dict[int, Any]:
    """For each size the supervisor nearest to it: user_id, people, path, tenant_id."""
    found = connection.execute(
        "with s as materialized (select v.* from authz.supervisors as v) "
        "select s.user_id, s.subordinates, n.path::text, n.tenant_id from s "
        "inner join authz.org_units as n on s.unit_id = n.id "
        "inner join authz.users as u on s.user_id = u.id "
        "inner join authz.org_units as b on u.base_unit_id = b.id "
        # One subtree, which the supervisor belongs to: then the rivals' sets are the same.
        "where b.path operator (ext.<@) n.path and s.user_id in ("
        "select o.user_id from s as o group by o.user_id having count(*) = 1)"
    ).fetchall()
    chosen: dict[int, Any] = {}
    for size in sizes:
        near = min(found, key=lambda row: abs(row[1] - size), default=None)
        if near is not None and 0.5 <= near[1] / size <= 2:
            chosen[size] = near
    return chosen


def questions(connection: psycopg.Connection[Any], sizes: tuple[int, ...] = SIZES) -> list[Case]:
    """Every combination of size, page and order that the data has a supervisor for."""
    cases = []
    for size, (user, people, path, tenant) in supervisors(connection, sizes).items():
        for order in ORDERS:
            for page in PAGES:
                question = Question(user, people, page, order, path=path, tenant_id=tenant)
                cases.append(Case(size, question, 0, 0))
    if not cases:
        raise RunnerError("no supervisor of a fitting size", "Seed more records.")
    return cases


def verify(connection: psycopg.Connection[Any], case: Case) -> None:
    """All methods but the floor give the same rows and total, or RunnerError."""
    expected = METHODS["c"][1](connection, case.question)
    case.total, case.rows = expected[0], len(expected[1])
    for key, (name, method) in METHODS.items():
        if key == "f":
            continue
        total, ids = method(connection, case.question)
        if total == -1:
            row = connection.execute(
                "select finance.count_authorized_funds(%s::bigint)", [case.question.user_id]
            ).fetchone()
            total = row[0] if row else -1
        if (total, ids) != expected:
            raise RunnerError(
                f"{name} answers otherwise: user {case.question.user_id}, "
                f"{case.question.order}, page {case.question.page}",
                f"total {total} against {expected[0]}, rows {ids[:3]} against {expected[1][:3]}",
            )


def measure(connection: psycopg.Connection[Any], case: Case, seconds: float) -> None:
    """Median milliseconds of each method, warm; turns are taken so that drift hits all alike."""
    times: dict[str, list[float]] = {key: [] for key in METHODS}
    for key, (_, method) in METHODS.items():
        method(connection, case.question)
        times[key].append(timed(connection, key, case.question))
    rounds = 0
    end = time.perf_counter() + seconds
    while rounds < 3 or (time.perf_counter() < end and rounds < 60):
        for key in METHODS:
            # A slow method has its say in a few turns.
            if rounds >= 3 and times[key][0] > 400:
                continue
            # The one before has filled the processor's caches: the first of a turn warms them.
            turn = [timed(connection, key, case.question)]
            if turn[0] < 400:
                turn = [timed(connection, key, case.question) for _ in range(BURST)]
            times[key].extend(turn)
        rounds += 1
    case.medians = {key: statistics.median(found[1:]) for key, found in times.items()}


def timed(connection: psycopg.Connection[Any], key: str, question: Question) -> float:
    """Milliseconds of one turn, seen from the client."""
    method = METHODS[key][1]
    start = time.perf_counter()
    method(connection, question)
    return (time.perf_counter() - start) * 1e3


def first_page(connection: psycopg.Connection[Any], case: Case) -> float:
    """Median milliseconds of the scope and twenty rows along the sort index, no total counted."""
    q = case.question
    column, _, direction = q.order.partition(" ")
    key = "id" if column == "fund_id" else column
    found = []
    for _ in range(25):
        start = time.perf_counter()
        scope = connection.execute(
            "select s.unit_ids from authz.user_scope(%s::bigint, 'funds', 'read') as s",
            [q.user_id],
            prepare=True,
        ).fetchone()
        connection.execute(
            f"select f.* from finance.financial_funds as f where f.tenant_id = %s "
            f"and (f.handler_unit_id in (select unnest(%s::int[])) "
            f"or f.order_unit_id in (select unnest(%s::int[])) "
            f"or f.customer_unit_id in (select unnest(%s::int[]))) "
            f"order by f.{key} {direction}, f.id limit {PAGE_SIZE}",
            [q.tenant_id, *[scope[0] if scope else []] * 3],
            prepare=True,
        ).fetchall()
        found.append((time.perf_counter() - start) * 1e3)
    return statistics.median(found)
