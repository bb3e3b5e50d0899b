"""The report of the suite page: Markdown with every figure and its ratio, and a chart."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.chart import bars
from bench.methods import METHODS
from bench.others import Load, Move, Seeding
from bench.page import Case

TARGETS = {100: 10, 1_000: 20, 10_000: 25, 100_000: 40}
COLOURS = {
    "a": "#1a9850",
    "b": "#d73027",
    "c": "#fc8d59",
    "d": "#c9a227",
    "e": "#8073ac",
    "f": "#888888",
}


@dataclass
class Results:
    """Everything one run found."""

    records: int
    version: str
    settings: dict[str, str]
    cases: list[Case]
    first_pages: dict[int, float]
    growth: tuple[int, float, float] | None = None
    loads: list[Load] = field(default_factory=list)
    move: Move | None = None
    seeding: Seeding | None = None


def write(results: Results, folder: Path) -> None:
    """PAGE.md and page.svg in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "PAGE.md").write_text(markdown(results), encoding="utf-8")
    (folder / "page.svg").write_text(chart(results), encoding="utf-8")


def machine() -> str:
    """Cores, memory and model of the processor."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def markdown(results: Results) -> str:
    """The report as text."""
    lines = [
        "# Paging authorised funds: every method on the same data",
        "",
        f"Written by `runner bench --suite page` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"{results.version}; {results.records:,} users, customers, orders, funds and memberships.",
        "Settings: " + ", ".join(f"{k} {v}" for k, v in results.settings.items()) + ".",
        "",
        "Warm cache, one client, medians of interleaved turns, milliseconds as the client sees "
        "them. Every method but the floor was checked to give the same rows and total first.",
        "",
        "![Medians by size of scope](page.svg)",
        "",
        "## Methods",
        "",
        *(f"- **{key}**: {(method.__doc__ or name).split(') ')[-1].rstrip('.')}."
          if key in "abef" else f"- **{key}**: {name}."
          for key, (name, method) in METHODS.items()),
        "",
        "The SQL of each is in `bench/methods.py`. b is given what an application would "
        "give it: prepared statements, one transaction, indexes on every key, and an ANALYZE of "
        "its temporary table before the page.",
        "",
        "## Page and total together",
        "",
        "| people | funds | order | page | a | b | c | d | e | f | b/a | c/a | d/a | e/a | a/f |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for case in results.cases:
        m = case.medians
        lines.append(
            f"| {case.question.people:,} | {case.total:,} | {case.question.order} "
            f"| {case.question.page:,} | **{m['a']:.2f}** | "
            + " | ".join(f"{m[k]:.1f}" for k in "bcdef")
            + " | "
            + " | ".join(f"{case.ratio(k):.0f}x" for k in "bcde")
            + f" | {m['a'] / m['f']:.2f} |"
        )
    lines += ["", "## Against the targets", "", "| target | seen | |", "|---|---|---|"]
    for size, target in TARGETS.items():
        ratios = [c.ratio("b") for c in results.cases if c.size == size]
        if ratios:
            lines.append(
                f"| {target}x over b at {size:,} people | {min(ratios):.1f}x to "
                f"{max(ratios):.1f}x | {_verdict(min(ratios) >= target)} |"
            )
    floor = max(c.medians["a"] / c.medians["f"] for c in results.cases)
    lines.append(f"| at most 2x the floor | {floor:.2f}x at worst | {_verdict(floor <= 2)} |")
    slowest = max(results.first_pages.values())
    lines.append(
        f"| first page alone under 3 ms | {slowest:.2f} ms at worst | {_verdict(slowest < 3)} |"
    )
    if results.growth:
        people, small, large = results.growth
        lines.append(
            f"| ten times the data, about {people:,} people: at most 1.5x | {small:.2f} to "
            f"{large:.2f} ms: {large / small:.2f}x | {_verdict(large / small <= 1.5)} |"
        )
    if results.loads:
        single, cores = results.loads[0].tps, os.cpu_count() or 1
        for load in results.loads[1:]:
            share = load.tps / (single * cores)
            lines.append(
                f"| {load.clients} clients: 60 % of single-client throughput x {cores} cores, "
                f"no error | {share:.0%}, {load.errors} errors | "
                f"{_verdict(share >= 0.6 and not load.errors)} |"
            )
        growth = max(load.catalog_growth for load in results.loads)
        lines.append(f"| no growth of pg_class and pg_attribute | {growth} rows "
                     f"| {_verdict(growth <= 0)} |")  # fmt: skip
    if results.move:
        ratio = results.move.ours / results.move.bare
        lines.append(
            f"| moving {results.move.units - 1:,} descendants: at most 2x the bare update "
            f"| {results.move.ours:.0f} against {results.move.bare:.0f} ms: {ratio:.2f}x, "
            f"{results.move.fund_writes} funds touched | {_verdict(ratio <= 2)} |"
        )
    if results.seeding:
        s = results.seeding
        lines.append(
            f"| seeding: at most 5x pgbench -i per row | {s.seconds:.0f} s for "
            f"{s.records * 5:,} rows against {s.pgbench_seconds:.1f} s for {s.pgbench_rows:,}: "
            f"{s.ratio:.1f}x, runner at most {s.memory:.0f} MB | {_verdict(s.ratio <= 5)} |"
        )
    lines += ["", "## First page alone", "", "| people | ms |", "|---|---|"]
    lines += [f"| {size:,} | {ms:.2f} |" for size, ms in results.first_pages.items()]
    lines += ["", "The whole call where that is under 3 ms, else the rows without their total."]
    if results.loads:
        lines += [
            "",
            "## Clients at once",
            "",
            "Supervisors of about 1,000 people, random pages 1 to 20, random sorts, pgbench with "
            "prepared statements.",
            "",
            "| clients | pages/s | mean ms | p95 ms | errors |",
            "|---|---|---|---|---|",
            *(
                f"| {x.clients} | {x.tps:.0f} | {x.mean:.1f} | {x.p95:.1f} | {x.errors} |"
                for x in results.loads
            ),
        ]
    return "\n".join(lines) + "\n"


def chart(results: Results) -> str:
    """First page by amount, for each size and method."""
    return bars(
        "First page by amount with its total, milliseconds",
        [
            (f"{case.question.people:,} people, {case.total:,} funds", case.medians)
            for case in results.cases
            if case.question.page == 1 and case.question.order == "amount desc"
        ],
        {key: f"{key} {name[:22]}" for key, (name, _) in METHODS.items()},
        COLOURS,
    )
