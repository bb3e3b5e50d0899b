"""Suite "compare": every strategy people try, the same questions, 1 to 100 clients at once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import psycopg

from bench import databases, others
from bench.compare import engines, growth, inlists
from bench.compare.clients import Clients, Load, Seen
from bench.compare.report import Results, write
from bench.compare.strategies import (
    EMPTY,
    OURS,
    Answer,
    Places,
    Question,
    Strategy,
    cancelled_after,
    measurable,
    session,
    text,
)
from runner.connect import Target, connect
from runner.errors import USAGE, RunnerError

Say = Callable[[str], None]

NAME = "fundwarden_bench_compare"
SMALL = "fundwarden_bench_compare_small"
LARGE = "fundwarden_bench_large"
# The size everything is compared at, and above which --records only asks how page and total grow.
MILLION = 1_000_000
# Of the server's connections, those left to others.
SPARE = 12
SETTINGS = (
    *("shared_buffers", "work_mem", "random_page_cost", "jit", "max_connections"),
    *("max_parallel_workers_per_gather",),
)


@dataclass(frozen=True)
class Plan:
    """How much of everything a run does; seconds unless said otherwise."""

    window: float
    # A strategy that one client cannot ask three times in a window is given up to this.
    budget: float
    clients: tuple[int, ...]
    questions: int
    single: int
    many: int
    lists: tuple[int, ...]
    rounds: int
    # One build or refresh of the materialized view, and one answer when answers are compared.
    patience: float


FULL = Plan(10, 60, (1, 20, 100), 8, 15, 60, (*inlists.SIZES, 100_000), 120, 180)
QUICK = Plan(1.5, 10, (1, 20, 100), 3, 3, 10, inlists.SIZES, 20, 60)


def run(
    target: Target,
    out: Path,
    *,
    records: int,
    plan: Plan,
    fresh: bool,
    drop: bool,
    say: Say,
) -> None:
    """Measure and write REPORT.md; above a million records measure growth, write GROWTH.md."""
    name = NAME if records >= MILLION else SMALL
    ours = databases.seeded(target, name, min(records, MILLION), fresh=fresh, say=say)
    if records > MILLION:
        large = databases.seeded(target, LARGE, records, fresh=fresh, say=say)
        growth.run(
            {MILLION: ours, records: large},
            out, people=1000, rounds=plan.rounds, say=say,
        )  # fmt: skip
        if drop:
            with connect(target, autocommit=True) as connection:
                connection.execute(f"drop database {LARGE} with (force)".encode())
        say(f"wrote {out / 'GROWTH.md'}")
        return
    with _ending_well():
        compare(ours, out, records=records, plan=plan, say=say)


@contextlib.contextmanager
def _ending_well() -> Iterator[None]:
    """A run that is terminated also stops its servers and clears its files away."""

    def stop(*args: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def compare(
    ours: Target,
    out: Path,
    *,
    records: int,
    plan: Plan,
    say: Say,
    strategies: Callable[[Places], dict[str, Strategy]] = measurable,
    mariadb: bool = True,
) -> Results:
    """Build what the rivals need in a seeded database, check, measure, write the report."""
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(connect(ours, autocommit=True))
        allowed = int(_one(connection, "show max_connections")) - SPARE
        if allowed < max(plan.clients):
            raise RunnerError(
                f"{max(plan.clients)} clients need more than the server's {allowed + SPARE} "
                "connections",
                f"Raise max_connections to {max(plan.clients) + SPARE} or more.",
                USAGE,
            )
        say("authz.user_effective_policies is brought up to date")
        connection.execute("select authz.refresh_user_effective_policies()")
        asked = questions(connection, records)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_roomy())))
        folder.chmod(0o755)
        places, missing = _places(connection, ours, stack, folder, mariadb, say)
        chosen = strategies(places)
        say("materialized view of every supervisor with every fund")
        view = materialize(connection, chosen, plan.patience, missing)
        speeds, checked = check(chosen, places, asked[: plan.questions], plan, missing, say)
        results = Results(
            records,
            _one(connection, "show server_version"),
            {name: _one(connection, f"show {name}") for name in SETTINGS},
            sorted({(q.user, q.people) for q in asked}),
            max(q.page for q in asked),
            checked,
            chosen,
            plan.clients,
            plan.window,
            view=view,
            missing=missing,
        )
        _sizes(connection, results)
        clients = stack.enter_context(Clients(places, tuple(asked), allowed))
        _loads(clients, results, plan, speeds, say)
        users = [q.user for q in asked if q.page == 1]
        if plan.many:
            results.single = others.load(ours, users, 1, plan.single)
            results.many = others.load(ours, users, max(plan.clients), plan.many)
            results.many_seconds = plan.many
            say(f"{max(plan.clients)} clients for {plan.many} s: p95 {results.many.p95:.0f} ms")
        results.listed = inlists.measure(connection, plan.lists)
        results.limits = inlists.limits(connection)
    results.minutes = (time.monotonic() - begun) / 60
    write(results, out)
    say(f"wrote {out / 'REPORT.md'} after {results.minutes:.1f} minutes{os.linesep}")
    return results


def questions(connection: psycopg.Connection[Any], records: int) -> list[Question]:
    """Up to twenty supervisors of about the same size, with every page of the first twenty."""
    people = 1000 if records >= 100_000 else max(10, records // 50)
    rows = connection.execute(text("world"), {"people": people}).fetchall()
    if not rows:
        raise RunnerError(f"nobody supervises about {people:,} people", "Seed more records.")
    # Nobody is asked for a page beyond the last.
    pages = max(1, min(20, min(row[1] for row in rows) // 30))
    found = [
        Question(user, size, path, unit, page)
        for user, size, path, unit in rows
        for page in range(1, pages + 1)
    ]
    random.Random(1).shuffle(found)  # noqa: S311
    return found


def materialize(
    connection: psycopg.Connection[Any],
    strategies: dict[str, Strategy],
    seconds: float,
    missing: list[str],
) -> dict[str, str]:
    """Build the view anew and refresh it, each within a time; what it took, for the report."""
    if "matview" not in strategies:
        return {}
    seen: dict[str, str] = {}
    connection.execute("drop materialized view if exists rival.user_funds")
    connection.execute(f"set statement_timeout = {int(seconds * 1000)}".encode())
    try:
        for what, statement in (
            ("build, all supervisors", text("user_funds")),
            ("build, its index", text("user_funds_index")),
            ("refresh, readers go on", text("user_funds_refresh")),
        ):
            begun = time.monotonic()
            try:
                connection.execute(statement)
            except psycopg.errors.QueryCanceled:
                seen[what] = f"not done within {seconds:.0f} s"
                if what.startswith("build"):
                    del strategies["matview"]
                    missing.append(f"per-user materialized view: {what} took over {seconds:.0f} s")
                    return seen
            else:
                seen[what] = f"{time.monotonic() - begun:.1f} s"
    finally:
        connection.execute("reset statement_timeout")
    connection.execute("vacuum analyze rival.user_funds")
    rows = _one(connection, "select count(*) from rival.user_funds")
    size = int(_one(connection, "select pg_total_relation_size('rival.user_funds')"))
    seen["rows"] = f"{int(rows):,}"
    seen["size with its index"] = f"{size / 1e6:,.0f} MB"
    return seen


def check(
    strategies: dict[str, Strategy],
    places: Places,
    asked: list[Question],
    plan: Plan,
    missing: list[str],
    say: Say,
) -> tuple[dict[str, float], dict[str, int]]:
    """Every strategy answers as ours does, or RunnerError; seconds a request, questions asked.

    A slow one is asked at least one question, more while the budget lasts; one that does not
    answer within the plan's patience is left out and named as missing.
    """
    with session(strategies[OURS], places) as one:
        expected = [_plain(strategies[OURS].ask(one, q)) for q in asked]
    if not expected[0][1]:
        raise RunnerError("the first question has no rows", "Seed more records.")
    speeds: dict[str, float] = {}
    checked: dict[str, int] = {}
    for key, strategy in list(strategies.items()):
        spent: list[float] = []
        with session(strategy, places) as one:
            for number, question in enumerate(asked):
                if spent and sum(spent) + min(spent) > plan.budget:
                    break
                begun = time.monotonic()
                try:
                    with cancelled_after(one, plan.patience):
                        found = _plain(strategy.ask(one, question))
                except Exception:
                    if time.monotonic() - begun < plan.patience:
                        raise
                    break
                spent.append(time.monotonic() - begun)
                if found != expected[number]:
                    raise RunnerError(
                        f"{strategy.title} answers otherwise: user {question.user}, "
                        f"page {question.page}",
                        f"total {found[0]} against {expected[number][0]}, rows {found[1][:2]} "
                        f"against {expected[number][1][:2]}",
                    )
        if not spent:
            del strategies[key]
            missing.append(f"{strategy.title}: no answer within {plan.patience:g} s.")
            say(missing[-1])
            continue
        speeds[key], checked[key] = min(spent), len(spent)
        say(f"{strategy.title}: {len(spent)} answers equal, {min(spent) * 1e3:,.1f} ms")
    return speeds, checked


def _plain(answer: Answer) -> Answer:
    return answer[0], [engines.plain(row) for row in answer[1]]


def _loads(
    clients: Clients, results: Results, plan: Plan, speeds: dict[str, float], say: Say
) -> None:
    """All strategies at each number of clients; one client in two turns, so that drift evens."""
    for number in plan.clients:
        turns = 2 if number == 1 else 1
        found: dict[str, Load] = {}
        for turn in range(turns):
            for key in (*results.strategies, EMPTY):
                speed = speeds.get(key, 0.0)
                seconds = plan.window / turns
                slow = speed * 3 > plan.window
                if slow and number == 1:
                    if turn:
                        continue
                    seconds = min(plan.budget, speed * 3)
                seen = clients.window(key, number, seconds, warm=not slow)
                one = found.setdefault(key, Load(key, number, 0.0, Seen()))
                one.seconds += seconds
                one.seen.add(seen)
        for key, one in found.items():
            if key == EMPTY:
                results.empty[number] = one
            else:
                results.loads[key, number] = one
            say(
                f"{number} clients, {key}: {one.rate:,.1f}/s, "
                + (f"p95 {one.percentile(0.95):,.1f} ms, " if one.done else "")
                + f"{one.errors} errors, {one.seen.unfinished} running"
            )


def _places(
    connection: psycopg.Connection[Any],
    ours: Target,
    stack: contextlib.ExitStack,
    folder: Path,
    mariadb: bool,
    say: Say,
) -> tuple[Places, list[str]]:
    """The same rows for every engine that is here, and what is not here."""
    if engines.build_rivals(connection):
        say("built the tables of the rivals")
    engines.export(connection, folder)
    file = engines.sqlite_file(folder)
    say("loaded SQLite")
    lacking = engines.mariadb_missing() if mariadb else "it was not asked for"
    if lacking is not None:
        say(f"without MariaDB: {lacking}")
        return Places(ours.conninfo, file), [f"MariaDB: {lacking}."]
    memory = int(_one(
        connection,
        "select setting::bigint * 8192 / 1048576 from pg_settings where name = 'shared_buffers'",
    ))  # fmt: skip
    socket = stack.enter_context(engines.mariadb_server(folder, memory))
    say("loaded MariaDB")
    return Places(ours.conninfo, file, socket), []


def _sizes(connection: psycopg.Connection[Any], results: Results) -> None:
    """What the tables take, and the rivals' indexes in words."""
    results.sizes = dict(
        connection.execute(
            "select c.oid::regclass::text, pg_total_relation_size(c.oid) from pg_class as c "
            "where c.relkind in ('r', 'm') and (c.relnamespace = 'rival'::regnamespace "
            "or c.oid = 'finance.financial_funds'::regclass) "
            "order by c.relnamespace::regnamespace::text, pg_total_relation_size(c.oid) desc"
        ).fetchall()
    )
    results.indexes = [
        row[0]
        for row in connection.execute(
            "select i.indexdef || ';' from pg_indexes as i where i.schemaname = 'rival' order by 1"
        )
    ]


def _one(connection: psycopg.Connection[Any], query: str) -> str:
    """The one value of a query, as text."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _roomy() -> str:
    """Where the files of the other engines go; a short path, as a socket is among them."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108
