"""One command on every cell: a line for each, and the worst of what they say as exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from runner import project as runner_project
from runner.cells.file import Cell
from runner.cells.shared import Shared, reason, shared_state
from runner.connect import connect
from runner.errors import DRIFT, FAILED, NEWER, RunnerError
from runner.migrations import migrate, status
from runner.migrations.bookkeeping import read
from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER, Project, read_project
from runner.refreshing import refresh

Say = Callable[[str], None]

# The worst first.
RANKS = (NEWER, DRIFT, FAILED, 0)
# Neighbours may be one migration apart, as while they are being migrated.
WIDEST = 1


@dataclass(frozen=True)
class Found:
    """What a cell is: its last migration and its place among ours, and who it says it is."""

    cell: Cell
    migration: str | None
    place: int
    is_newer: bool
    identity: dict[str, Any] | None


def look(cell: Cell, project: Project) -> Found:
    """Asks the cell; RunnerError when it does not answer."""
    with connect(cell.target) as conn:
        conn.execute("set transaction read only")
        conn.execute("set local search_path = pg_catalog")
        recorded = read(conn)
        ours = [migration.id for migration in project.migrations]
        applied = [one for one in ours if one in recorded.migrations]
        return Found(
            cell,
            applied[-1] if applied else None,
            ours.index(applied[-1]) if applied else -1,
            bool(recorded.unknown_to(project)),
            identity(conn),
        )


def identity(conn: psycopg.Connection[Any]) -> dict[str, Any] | None:
    """The row of ops.this_cell(); None where there is none, or no such function.

    Asked as the login where it may, else as the owner.
    """
    row = conn.execute(
        """
        select has_function_privilege(p.oid, 'execute') and has_schema_privilege(n.oid, 'usage')
        from pg_proc as p
        inner join pg_namespace as n on p.pronamespace = n.oid
        where p.oid = to_regprocedure('ops.this_cell()')
        """
    ).fetchone()
    if not row:
        return None
    with acting_as(conn, None if row[0] else OWNER):
        told = conn.execute("select to_jsonb(c) from ops.this_cell() as c").fetchone()
    return dict(told[0]) if told else None


def misfit(cell: Cell, told: dict[str, Any] | None) -> str | None:
    """How the database differs from what the file says of it; None where it does not."""
    if told is None:
        return f"is no cell yet: runner cells add makes it cell {cell.number}"
    if (told["number"], told["name"]) != (cell.number, cell.name):
        return f"is cell {told['name']} ({told['number']}), not {cell.title}"
    missing = sorted(set(cell.tenants) - set(told["tenants"]))
    if missing:
        return f"does not hold {', '.join(missing)}"
    unlisted = sorted(set(told["tenants"]) - set(cell.tenants))
    return f"holds {', '.join(unlisted)}, which the file does not say" if unlisted else None


def too_far_apart(found: list[Found]) -> str | None:
    """The oldest and the newest cell, if more than one migration lies between them."""
    places = sorted((one for one in found if not one.is_newer), key=lambda one: one.place)
    if not places or places[-1].place - places[0].place <= WIDEST:
        return None
    first, last = places[0], places[-1]
    return (
        f"versions are too far apart: {first.cell.title} is at {first.migration}, "
        f"{last.cell.title} at {last.migration}: runner migrate --all"
    )


def unconnected(cells: list[Cell]) -> str | None:
    """What the platform answers for, where it does and the file names other cells."""
    platform = next((cell for cell in cells if cell.number == 0), None)
    if platform is None:
        return None
    try:
        with connect(platform.target) as conn, acting_as(conn, OWNER):
            there = conn.execute("select to_regclass('ops.connected_cells') is not null").fetchone()
            if not there or not there[0]:
                return None
            rows = conn.execute("select name from ops.connected_cells").fetchall()
    except (RunnerError, psycopg.Error):
        # Its own line says so.
        return None
    connected = {str(row[0]) for row in rows}
    names = {cell.name for cell in cells}
    if not connected or connected == names:
        return None
    return (
        f"{platform.title} answers questions for {', '.join(sorted(connected))}, and the file has "
        f"{', '.join(sorted(names))}: runner cells connect"
    )


def migrate_all(cells: list[Cell], *, plan: bool = False, say: Say) -> None:
    """One cell after the other. Nothing begins unless all answer and none is newer.

    It stops at the first that fails: the next run goes on there. So cells never differ by more
    than the version before and the version after.
    """
    project = read_project(runner_project.root())
    for cell in cells:
        try:
            found = look(cell, project)
        except (RunnerError, psycopg.Error) as error:
            raise RunnerError(
                f"cell {cell.title}: {reason(error)}",
                "No cell was migrated: one that is left behind would be a version too old.",
            ) from error
        if found.is_newer:
            raise RunnerError(
                f"cell {cell.title} is newer than this code",
                "No cell was migrated. Use the version of the runner that migrated it, or later.",
                NEWER,
            )
    for cell in cells:
        said: list[str] = []
        try:
            migrate(cell.target, plan=plan, say=said.append)
        except RunnerError as error:
            raise RunnerError(
                f"cell {cell.title}: {error.message}", error.hint, error.exit_code
            ) from error
        warnings = [line for line in said if line.startswith("warning: ")]
        applied = sum(line.startswith(("applying ", "would apply ")) for line in said)
        done = "nothing to do"
        if plan and said != [done]:
            done = f"would apply {applied} files"
        elif said != [done]:
            done = f"migrated to {look(cell, project).migration}, {applied} files"
        say("; ".join([f"{cell.title}: {done}", *warnings]))


def refresh_all(cells: list[Cell], *, say: Say) -> int:
    """The view of every cell that answers; the exit code."""
    code = 0
    for cell in cells:
        said: list[str] = []
        try:
            refresh(cell.target, say=said.append)
            say(f"{cell.title}: {'; '.join(said)}")
        except (RunnerError, psycopg.Error) as error:
            say(f"{cell.title}: failed: {reason(error)}")
            code = FAILED
    return code


def status_all(cells: list[Cell], *, say: Say) -> int:
    """A line for each cell, and one if versions are too far apart; the exit code."""
    project = read_project(runner_project.root())
    shared = Shared.of(cells)
    codes, found = [0], []
    for cell in cells:
        try:
            one = look(cell, project)
            told = status(cell.target)
            parts = [f"at {one.migration}" if one.migration else "not installed"]
            if one.is_newer:
                parts = ["newer than this code"]
            found.append(one)
            parts.append(told.in_short())
            counted = Counter(check["severity"] for check in told.health)
            parts += [
                f"{counted[severity]} {severity}"
                for severity in ("critical", "warning")
                if counted[severity]
            ]
            wrong = misfit(cell, one.identity) if one.migration else None
            codes += [told.exit_code, DRIFT if wrong else 0]
            behind, code = shared_state(cell, one.identity, shared)
            codes.append(code)
            say(f"{cell.title}: " + "; ".join(filter(None, [*parts, wrong, behind])))
        except (RunnerError, psycopg.Error) as error:
            codes.append(FAILED)
            say(f"{cell.title}: does not answer: {reason(error)}")
    apart = too_far_apart(found)
    unlike = unconnected(cells)
    if unlike:
        say(unlike)
        codes.append(DRIFT)
    if apart:
        say(apart)
        codes.append(DRIFT)
    return next(rank for rank in RANKS if rank in codes)
