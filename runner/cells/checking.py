"""`cells check`: connect as each tenant does, and see which cell answers."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg.conninfo import make_conninfo

from runner.cells.everywhere import identity
from runner.cells.file import PLATFORM, Cell, platform_of
from runner.cells.shared import reason
from runner.connect import Target, connect
from runner.errors import DRIFT, FAILED, RunnerError


def check(cells: list[Cell], through: str | None, *, say: Callable[[str], None]) -> int:
    """A line for each tenant and the platform; 1 where one does not answer, 3 for a wrong cell."""
    code = 0
    routes = [(PLATFORM, platform_of(cells))]
    routes += sorted((tenant, cell) for cell in cells for tenant in cell.tenants)
    for name, cell in routes:
        conninfo = cell.dsn if through is None else make_conninfo(through, dbname=name)
        try:
            # A pooler in transaction mode keeps no prepared statements.
            with connect(Target(conninfo), prepare_threshold=None) as conn:
                told = identity(conn)
        except (RunnerError, psycopg.Error) as error:
            say(f"{name}: does not answer: {reason(error)}")
            code = code or FAILED
            continue
        answered = f"{told['name']} ({told['number']})" if told else "a database that is no cell"
        if told is None or (told["name"], told["number"]) != (cell.name, cell.number):
            say(f"{name}: {answered} answers, not {cell.title}")
            code = DRIFT
        elif name != PLATFORM and name not in told["tenants"]:
            say(f"{name}: {answered} answers and does not hold it")
            code = DRIFT
        else:
            say(f"{name}: {answered}")
    return code


def become_cell(cell: Cell) -> None:
    """Makes the database of the cell one, by ops.set_cell()."""
    with connect(cell.target) as conn:
        found = conn.execute("select to_regprocedure('ops.set_cell(int, text)') is not null")
        row = found.fetchone()
        if not row or not row[0]:
            raise RunnerError(
                f"the database of cell {cell.name} has no fundwarden that knows cells",
                "Run runner --dsn ... migrate on it first.",
            )
        conn.execute("select ops.set_cell(%s, %s)", [cell.number, cell.name])
