"""The report: every strategy with every figure, what it was given, what was not measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.chart import bars
from bench.compare.clients import Load
from bench.compare.inlists import FORMS, Listed
from bench.compare.strategies import OURS, PAGE_SIZE, STRATEGIES, Strategy
from bench.others import Load as Pages
from bench.report import machine

COLOURS = dict(
    zip(
        STRATEGIES,
        (
            *("#1a9850", "#2b83ba", "#8073ac", "#b2abd2", "#542788", "#d73027", "#c9a227"),
            *("#fc8d59", "#e08214", "#67001f", "#999999", "#666666", "#c994c7", "#dd1c77"),
        ),
        strict=True,
    )
)
FORM_COLOURS = dict(zip(FORMS, ("#d73027", "#8073ac", "#1a9850"), strict=True))
# Of a hundred clients on all cores, beside a fair share of the wait.
LIMIT = 1.5


@dataclass
class Results:
    """Everything one run found."""

    records: int
    version: str
    settings: dict[str, str]
    supervisors: list[tuple[int, int]]
    pages: int
    checked: dict[str, int]
    strategies: dict[str, Strategy]
    clients: tuple[int, ...]
    window: float
    loads: dict[tuple[str, int], Load] = field(default_factory=dict)
    empty: dict[int, Load] = field(default_factory=dict)
    view: dict[str, str] = field(default_factory=dict)
    indexes: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    listed: list[Listed] = field(default_factory=list)
    limits: list[tuple[str, str]] = field(default_factory=list)
    single: Pages | None = None
    many: Pages | None = None
    many_seconds: int = 0
    missing: list[str] = field(default_factory=list)
    minutes: float = 0.0


def write(results: Results, folder: Path) -> None:
    """REPORT.md and its charts in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "REPORT.md").write_text(markdown(results), encoding="utf-8")
    titles = {key: each.title for key, each in results.strategies.items()}
    charts: dict[str, tuple[str, Callable[[Load], float]]] = {
        "rate": ("Pages with their total, a second", lambda load: load.rate),
        "p95": ("95 of 100 requests took at most, ms", lambda load: load.percentile(0.95)),
    }
    for name, (title, value) in charts.items():
        groups = [
            (
                f"{clients} client{'s' * (clients > 1)}",
                {
                    key: value(load)
                    for key in titles
                    if (load := results.loads.get((key, clients))) and load.done
                },
            )
            for clients in results.clients
        ]
        chart = bars(title, groups, titles, COLOURS, width=1160.0)
        (folder / f"{name}.svg").write_text(chart, encoding="utf-8")
    people = sorted({one.people for one in results.listed})
    chart = bars(
        "Count by three lists of ids, milliseconds as the client sees them",
        [
            (f"{size:,} users", {one.form: one.total for one in results.listed
                                 if one.people == size and one.error is None})
            for size in people
        ],
        {form: form for form in FORMS},
        FORM_COLOURS,
    )  # fmt: skip
    (folder / "inlists.svg").write_text(chart, encoding="utf-8")


def markdown(results: Results) -> str:
    """The report as text."""
    people = [one[1] for one in results.supervisors]
    return "\n".join(
        [
            "# Every strategy on the same data",
            "",
            f"Written by `runner bench --suite compare` on {datetime.now(UTC):%Y-%m-%d}, in "
            f"{results.minutes:.0f} minutes. {machine()}; PostgreSQL {results.version}; "
            f"{results.records:,} users, customers, orders and funds.",
            "Settings: " + ", ".join(f"{k} {v}" for k, v in results.settings.items()) + ".",
            "",
            f"A page of {PAGE_SIZE} whole rows by amount, and the exact total, of the funds a "
            "supervisor may see: handled by a subordinate, or of an order handled by one, or of a "
            f"customer managed by one. {len(results.supervisors)} supervisors of {min(people):,} "
            f"to {max(people):,} people, pages 1 to {results.pages}, chosen at random.",
            "",
            "Rows and totals of all strategies were compared before anything was timed: "
            + ", ".join(f"{results.strategies[k].title} {n}" for k, n in results.checked.items())
            + " questions.",
            "",
            "![Pages a second](rate.svg)\n\n![95 of 100 requests](p95.svg)",
            *_loads(results),
            *_target(results),
            *_strategies(results),
            *_view(results),
            *_lists(results),
            "## Not measured",
            "",
            *(f"- {line}" for line in results.missing or ["Nothing was left out."]),
            "",
        ]
    )


def _loads(results: Results) -> list[str]:
    lines = [
        "",
        "## Clients at once",
        "",
        f"{results.window:g} s a window. Every client is a thread of one of "
        f"{2 * (os.cpu_count() or 1)} processes on the machine of the server, with a session of "
        "its own, and asks again as soon as it is answered: the same driver for all, so that its "
        "cost is the same for all. `empty` is that cost: `select 1`. MariaDB's clients pay more: "
        "PyMySQL is pure Python. Where one client's request "
        "takes longer than a third of a window, its one-client window is longer and the seconds "
        "are given. A request that still runs when the window closes is cancelled and counts "
        "under *running*, in no other column: where many do, the truth is worse than what is "
        "shown. Nothing is extrapolated.",
    ]
    for clients in results.clients:
        lines += [
            "",
            f"### {clients} client{'s' * (clients > 1)}",
            "",
            "| strategy | done | a second | mean ms | p50 | p95 | p99 | errors | running |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        shown = [
            (results.strategies[key].title, load)
            for (key, many), load in results.loads.items()
            if many == clients
        ]
        if clients in results.empty:
            shown.append(("empty", results.empty[clients]))
        lines += [_load(title, load, results.window) for title, load in shown]
    failed = {
        f"{results.strategies[key].title}, {clients} clients: {times} x {said}"
        for (key, clients), load in results.loads.items()
        for said, times in load.seen.errors.items()
    }
    if failed:
        lines += ["", "Errors:", "", *(f"- {line}" for line in sorted(failed))]
    return lines


def _load(title: str, load: Load, window: float) -> str:
    name = f"**{title}**" if load.strategy == OURS else title
    if load.seconds > window * 1.01:
        name += f" ({load.seconds:.0f} s)"
    if not load.done:
        return f"| {name} | 0 | 0 | | | | | {load.errors} | {load.seen.unfinished} |"
    figures = (load.mean, *(load.percentile(share) for share in (0.5, 0.95, 0.99)))
    return (
        f"| {name} | {load.done:,} | {load.rate:,.1f} | "
        + " | ".join(f"{figure:,.2f}" if figure < 100 else f"{figure:,.0f}" for figure in figures)
        + f" | {load.errors} | {load.seen.unfinished} |"
    )


def _target(results: Results) -> list[str]:
    if results.single is None or results.many is None:
        return []
    cores = os.cpu_count() or 1
    one, many = results.single, results.many
    wanted = many.clients / cores * LIMIT * one.median
    reached = many.p95 <= wanted and not many.errors
    return [
        "",
        f"## {many.clients} clients for {results.many_seconds} s",
        "",
        "`finance.page_authorized_funds` by pgbench with prepared statements: supervisors of about "
        "the same size, pages 1 to 20, four sorts.",
        "",
        "| clients | pages/s | median ms | mean ms | p95 ms | errors |",
        "|---|---|---|---|---|---|",
        *(
            f"| {x.clients} | {x.tps:.0f} | {x.median:.2f} | {x.mean:.2f} | {x.p95:.2f} "
            f"| {x.errors} |"
            for x in (one, many)
        ),
        "",
        f"Target: no error, and p95 at most {many.clients} / {cores} cores x {LIMIT} x the median "
        f"of one client = {wanted:.0f} ms. Seen: {many.errors} errors, {many.p95:.0f} ms: "
        f"{'reached' if reached else '**not reached**'}.",
    ]


def _strategies(results: Results) -> list[str]:
    return [
        "",
        "## What each is and was given",
        "",
        "| strategy | how | indexes it uses |",
        "|---|---|---|",
        *(
            f"| {each.title} | {each.how} | {', '.join(each.indexes)} |"
            for each in results.strategies.values()
        ),
        "",
        "All but fundwarden read tables of their own with the same rows and none of our columns, "
        "so that their rows and indexes are smaller; they are told the supervisor's unit, check no "
        "permission and connect as a superuser, whom no policy holds (row security, per row: as "
        "the application role). All are analysed and vacuumed. SQL: "
        "`bench/compare/sql/`.",
        "",
        "| table with its indexes | MB |",
        "|---|---|",
        *(f"| {name} | {size / 1e6:,.0f} |" for name, size in results.sizes.items()),
        "",
        "Indexes of the PostgreSQL rivals; SQLite and MariaDB have the same, covering by being of "
        "several columns, and paths as text:",
        "",
        "```sql",
        *results.indexes,
        "```",
    ]


def _view(results: Results) -> list[str]:
    return [
        "",
        "## What the materialized view costs",
        "",
        "| what | seen |",
        "|---|---|",
        *(f"| {what} | {seen} |" for what, seen in results.view.items()),
        "",
        "A plain refresh blocks readers for as long as building takes; one may follow every "
        "change of a user's unit, of the tree, a role, an order, a customer or a fund.",
    ]


def _lists(results: Results) -> list[str]:
    lines = [
        "",
        "## Lists of ids",
        "",
        "Direct OR over lists of ids: handler in the list, or the order's handler, or the "
        "customer's manager; the number of funds. *total* is what the client waits, parsing and "
        "sending included; medians.",
        "",
        "![By number of users](inlists.svg)",
        "",
        "| users | form | statement bytes | parameters | planning ms | execution ms | total ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in results.listed:
        figures = (
            f"{one.planning:,.1f} | {one.execution:,.1f} | {one.total:,.1f}"
            if one.error is None
            else f"`{one.error}` | | "
        )
        lines.append(
            f"| {one.people:,} | {one.form} | {one.bytes:,} | {one.parameters:,} | {figures} |"
        )
    return [
        *lines,
        "",
        "At the limits:",
        "",
        "| tried | said |",
        "|---|---|",
        *(f"| {tried} | {said} |" for tried, said in results.limits),
        "",
        "The protocol counts parameters in 16 bits: a list bound three times ends at "
        f"{65_535 // 3:,} users, one bound once at 65,535.",
        "",
    ]
