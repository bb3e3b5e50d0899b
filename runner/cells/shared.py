"""Rows of the platform: read from cell 0, taken by the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from runner.cells.file import Cell, platform_of
from runner.connect import connect
from runner.errors import DRIFT, FAILED, RunnerError, way_out
from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER


@dataclass(frozen=True)
class Shared:
    """What ops.platform_rows() answered, as text: Python would round its numbers."""

    rows: str

    @property
    def version(self) -> str:
        return str(json.loads(self.rows)["version"])

    @classmethod
    def read(cls, platform: Cell) -> Shared:
        """Asks the platform; raises what keeps it from answering."""
        with connect(platform.target) as conn, acting_as(conn, OWNER):
            row = conn.execute("select ops.platform_rows()::text").fetchone()
        return cls(str(row[0]) if row else "")

    @classmethod
    def of(cls, cells: list[Cell]) -> Shared | None:
        """The same; None where the platform is missing or does not answer."""
        try:
            return cls.read(platform_of(cells))
        except (RunnerError, psycopg.Error):
            return None


def reason(error: Exception) -> str:
    """The error as half a line."""
    if isinstance(error, RunnerError):
        return error.message.splitlines()[0] + (f" ({error.hint})" if error.hint else "")
    assert isinstance(error, psycopg.Error)
    message = error.diag.message_primary or " ".join(str(error).split())
    hint = error.diag.message_hint or way_out(error.sqlstate)
    return message + (f" ({hint})" if hint else "")


def shared_state(
    cell: Cell, told: dict[str, Any] | None, shared: Shared | None
) -> tuple[str | None, int]:
    """How far the cell is behind the platform, and the exit code for it."""
    if told is None or cell.number == 0:
        return None, 0
    taken = str(told["platform_taken_at"] or "never")[:19].replace("T", " ")
    if shared is None:
        return f"platform rows: the platform does not answer, taken {taken}", 0
    with connect(cell.target) as conn, acting_as(conn, OWNER):
        row = conn.execute("select ops.platform_behind(%s::jsonb)", [shared.rows]).fetchone()
    behind = int(row[0]) if row else 0
    if behind == 0:
        return "platform rows: current", 0
    return f"platform rows: {behind} behind, taken {taken}: runner cells sync", DRIFT


def sync(cells: list[Cell], *, say: Callable[[str], None]) -> int:
    """Every cell takes the rows of the platform, each in a transaction; the exit code."""
    shared = Shared.read(platform_of(cells))
    code = 0
    for cell in cells:
        if cell.number == 0:
            continue
        try:
            with connect(cell.target) as conn, acting_as(conn, OWNER):
                row = conn.execute(
                    "select ops.take_platform_rows(%s::jsonb)", [shared.rows]
                ).fetchone()
            say(f"{cell.title}: {row[0] if row else 0} rows changed")
        except (RunnerError, psycopg.Error) as error:
            say(f"{cell.title}: failed, and is as it was: {reason(error)}")
            code = FAILED
    return code
