"""`seed`: works off the steps that db/seed lists; all rows and all keys in one transaction."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from runner.connect import Target, connect
from runner.errors import INTERRUPTED, RunnerError, way_out
from runner.project import root

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One statement of the seed; rows is how many it writes, 0 where that is not the point."""

    phase: str
    title: str
    command: str
    rows: int


class Meter(Protocol):
    """Shows how far the seed has come."""

    def begin(self, step: Step) -> None:
        """The step is about to run."""

    def end(self, step: Step) -> None:
        """The step is done."""


def seed(
    target: Target,
    *,
    records: int,
    random_seed: int = 1,
    append: bool = False,
    reset: bool = False,
    say: Say = print,
    progress: bool | None = None,
) -> None:
    """Fills the database with `records` users, customers, orders, funds and memberships each.

    The same random_seed gives the same rows. progress: a bar, or plain lines; None asks the
    terminal. Raises RunnerError, and has changed nothing, when the database is not migrated, when
    it holds data and neither append nor reset was asked for, or when it is interrupted.
    """
    begun = time.monotonic()
    committed = False
    try:
        with connect(target) as conn:
            steps = prepare(conn, records, random_seed, append=append, reset=reset)
            with _meter(steps, say, progress) as meter:
                _work(conn, [step for step in steps if step.phase != "vacuum"], meter)
                conn.commit()
                committed = True
                conn.autocommit = True
                _work(conn, [step for step in steps if step.phase == "vacuum"], meter)
    except KeyboardInterrupt as interrupt:
        raise RunnerError("interrupted", _state(committed), INTERRUPTED) from interrupt
    except psycopg.Error as error:
        raise RunnerError(
            error.diag.message_primary or " ".join(str(error).split()),
            error.diag.message_hint or f"{_state(committed)} {way_out(error.sqlstate)}".strip(),
        ) from error
    seconds = time.monotonic() - begun
    rows = sum(step.rows for step in steps)
    say(f"{rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a second, keys included")


def prepare(
    conn: psycopg.Connection[Any], records: int, random_seed: int, *, append: bool, reset: bool
) -> list[Step]:
    """Begins the transaction and plans the seed; psycopg.Error says why it cannot be.

    The caller executes the steps in order: those of the phases rows and keys before it commits,
    those of the phase vacuum after, outside a transaction.
    """
    folder = root() / "db" / "seed"
    for file in (folder / "open.sql", *sorted(folder.glob("0*.sql"))):
        conn.execute(file.read_text(encoding="utf-8"))
    conn.execute(
        "select pg_temp.seed_plan(%s::bigint, %s::bigint, %s, %s)",
        (records, random_seed, append, reset),
    )
    rows = conn.execute(
        "select phase, title, command, row_count from pg_temp.seed_steps order by no"
    ).fetchall()
    return [Step(*row) for row in rows]


def _work(conn: psycopg.Connection[Any], steps: list[Step], meter: Meter) -> None:
    for step in steps:
        meter.begin(step)
        conn.execute(step.command)
        meter.end(step)


def _state(committed: bool) -> str:
    if committed:
        return (
            'The data is complete. Run "vacuumdb --analyze" on the database, or pages are slow, '
            'and "runner refresh".'
        )
    return "Nothing was changed."


@contextmanager
def _meter(steps: list[Step], say: Say, progress: bool | None) -> Iterator[Meter]:
    if progress is None:
        progress = sys.stdout.isatty()
    if not progress:
        yield Lines(steps, say)
        return
    with Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(),
    ) as bars:
        yield Bars(steps, bars)


_PHASES = {"rows": "Rows", "keys": "Indexes and keys", "vacuum": "Vacuum"}


def _size(steps: list[Step], phase: str) -> int:
    """What a phase counts: rows, or steps where none are written."""
    return sum(step.rows if phase == "rows" else 1 for step in steps if step.phase == phase)


class Bars:
    """One bar a phase, with the rate and the time that remains."""

    def __init__(self, steps: list[Step], bars: Progress) -> None:
        self._bars = bars
        self._tasks = {
            phase: bars.add_task(title, total=_size(steps, phase), start=False)
            for phase, title in _PHASES.items()
        }

    def begin(self, step: Step) -> None:
        """Starts the clock of the phase, names the step."""
        task = self._tasks[step.phase]
        self._bars.start_task(task)
        self._bars.update(task, description=f"{_PHASES[step.phase]}: {step.title}"[:26])

    def end(self, step: Step) -> None:
        """Moves the bar of the phase."""
        advance = step.rows if step.phase == "rows" else 1
        self._bars.update(self._tasks[step.phase], advance=advance)


class _Rate(ProgressColumn):
    """Rows, or keys, a second."""

    def render(self, task: Task) -> Text:
        """Empty until there is something to divide."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


class Lines:
    """A line when a kind of rows or a phase is done, and at least every few seconds."""

    EVERY = 5.0

    def __init__(self, steps: list[Step], say: Say) -> None:
        self._say = say
        self._left = list(steps)
        self._done = 0
        self._begun = self._told = time.monotonic()

    def begin(self, step: Step) -> None:
        """Nothing: a line is for what is done."""

    def end(self, step: Step) -> None:
        """Says how far it is, if that is news."""
        now = time.monotonic()
        self._left = self._left[1:]
        following = self._left[0] if self._left else None
        if step.phase == "rows":
            self._done += step.rows
            total = self._done + _size(self._left, "rows")
            news = following is None or (following.phase, following.title) != ("rows", step.title)
            if news or now - self._told > self.EVERY:
                rate = self._done / max(now - self._begun, 1e-6)
                self._say(
                    f"{step.title}: {self._done:,} of {total:,} rows, {rate:,.0f}/s,"
                    f" {(total - self._done) / rate:,.0f} s left for rows"
                )
                self._told = now
        elif following is None or following.phase != step.phase or now - self._told > self.EVERY:
            left = _size(self._left, step.phase)
            self._say(f"{_PHASES[step.phase].lower()}: {f'{left} left' if left else 'done'}")
            self._told = now
