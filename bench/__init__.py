"""The benchmark: everything measured side by side in one run, written down with ratios."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import (
    audit,
    cells,
    changes,
    compare,
    data,
    databases,
    datasets,
    feeds,
    others,
    page,
    policy,
    rows,
)
from bench.report import Results, write
from runner.connect import Target, connect
from runner.errors import USAGE, RunnerError
from runner.project import root

SETTINGS = ("shared_buffers", "work_mem", "random_page_cost", "jit", "max_parallel_workers")


def run(
    target: Target,
    *,
    suite: str = "page",
    records: int = 1_000_000,
    out: Path | None = None,
    quick: bool = False,
    with_seed: bool = False,
    fresh: bool = False,
    seconds: float | None = None,
    drop: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Measure a suite and write its report to out, bench/ of the checkout by default."""
    if suite == "compare":
        plan = compare.QUICK if quick else compare.FULL
        if seconds is not None:
            plan = replace(plan, window=seconds)
        compare.run(
            target,
            out or root() / "bench",
            records=records,
            plan=plan,
            fresh=fresh,
            drop=drop,
            say=say,
        )
        return
    if suite == "policy":
        policy.run(target, out or root() / "bench", seconds=1 if quick else 5, say=say)
        return
    if suite == "changes":
        changes.run(target, out or root() / "bench", quick=quick, say=say)
        return
    if suite == "cells":
        cells.run(target, out or root() / "bench", quick=quick, say=say)
        return
    if suite == "audit":
        audit.run(target, out or root() / "bench", turns=2 if quick else 9, say=say)
        return
    if suite == "rows":
        rows.run(
            target, out or root() / "bench", records=records, turns=7 if quick else 41, say=say
        )
        return
    if suite == "datasets":
        datasets.run(
            target, out or root() / "bench", records=records, turns=5 if quick else 15, say=say
        )
        return
    if suite == "data":
        data.run(
            target, out or root() / "bench", records=records, turns=3 if quick else 15, say=say
        )
        return
    if suite == "sync":
        feeds.run(target, out or root() / "bench", records=records, say=say)
        return
    if suite != "page":
        raise RunnerError(
            f"there is no suite {suite}",
            "Suites: audit, cells, changes, compare, data, datasets, page, policy, rows, sync.",
            USAGE,
        )
    turns, load_seconds = (0.3, 3) if quick else (4.0, 30)
    ours = databases.seeded(target, "fundwarden_bench", records, fresh=fresh, say=say)
    with connect(ours, autocommit=True) as connection:
        cases = page.questions(connection)
        for case in cases:
            page.verify(connection, case)
            page.measure(connection, case, turns)
            say(
                f"{case.question.people:>8,} people, {case.question.order}, page "
                f"{case.question.page:,}: "
                + "  ".join(f"{k} {v:.2f}" for k, v in case.medians.items())
            )
        firsts: dict[int, float] = {}
        for case in cases:
            if case.question.page == 1:
                ms = case.medians["a"]
                ms = ms if ms < 3 else page.first_page(connection, case)
                firsts[case.size] = max(ms, firsts.get(case.size, 0))
        version = connection.execute("show server_version").fetchone()
        settings = {
            name: str((connection.execute(f"show {name}".encode()).fetchone() or ("",))[0])
            for name in SETTINGS
        }
        users = others.similar_supervisors(connection, 1000)
    results = Results(
        records, f"PostgreSQL {version[0] if version else ''}", settings, cases, firsts
    )
    results.growth = growth(target, records, fresh=fresh, seconds=turns, say=say)
    if users:
        for clients in (1, 20, 100):
            results.loads.append(others.load(ours, users, clients, load_seconds))
            say(f"{clients} clients: {results.loads[-1].tps:.0f} pages/s")
    results.move = others.move(target, say)
    say(f"move: {results.move.ours:.0f} ms against {results.move.bare:.0f} ms")
    if with_seed:
        results.seeding = others.seeding(target, records)
        say(f"seeding: {results.seeding.ratio:.1f}x of pgbench -i per row")
    folder = out or root() / "bench"
    write(results, folder)
    say(f"wrote {folder / 'PAGE.md'}{os.linesep}")


def growth(
    target: Target, records: int, *, fresh: bool, seconds: float, say: Callable[[str], None]
) -> tuple[int, float, float] | None:
    """People, and milliseconds of page and total at a tenth of the records and at all of them."""
    small = databases.seeded(target, "fundwarden_bench_tenth", records // 10, fresh=fresh, say=say)
    large = databases.beside(target, "fundwarden_bench")
    found = []
    with connect(small, autocommit=True) as one, connect(large, autocommit=True) as ten:
        for connection in (one, ten):
            cases = [
                c
                for c in page.questions(connection, (1000,))
                if c.question.page == 1 and c.question.order == "amount desc"
            ]
            if not cases:
                return None
            found.append((connection, cases[0]))
        # Turn and turn about, so that drift hits both alike.
        times: list[list[float]] = [[], []]
        for _ in range(200):
            for number, (connection, case) in enumerate(found):
                times[number].append(page.timed(connection, "a", case.question))
    middle = [sorted(t)[len(t) // 2] for t in times]
    say(f"ten times the data: {middle[0]:.2f} to {middle[1]:.2f} ms")
    return found[1][1].question.people, middle[0], middle[1]
