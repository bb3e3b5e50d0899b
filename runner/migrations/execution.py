"""Running SQL text: one statement at a time, as a role, with errors that name file and line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from runner.errors import FAILED, RunnerError, way_out
from runner.migrations import sqltext
from runner.migrations.sources import Source


class ScriptError(RunnerError):
    """A statement the server refused; `sqlstate` says why, for those who can do something."""

    def __init__(self, message: str, hint: str | None, sqlstate: str | None) -> None:
        super().__init__(message, hint=hint, exit_code=FAILED)
        self.sqlstate = sqlstate


def described(where: str, error: psycopg.Error) -> ScriptError:
    """The server's error as ours: message and detail in one sentence, its hint as the hint."""
    if error.sqlstate is None:
        # The server is gone or was never there; it had nothing to say.
        reason = (str(error).strip() or "the connection was lost").splitlines()[0]
        return ScriptError(
            f"{where}: {reason}", f"nothing of this run was kept. {way_out(None)}", None
        )
    diag = error.diag
    message = f"{where}: {diag.message_primary} ({error.sqlstate})"
    if diag.message_detail:
        message += "\n" + diag.message_detail
    hint = diag.message_hint or way_out(error.sqlstate) or None
    return ScriptError(message, hint, error.sqlstate)


@contextmanager
def acting_as(conn: psycopg.Connection[Any], role: str | None) -> Iterator[None]:
    """Runs the block as `role`, or as the connecting user.

    After an error it leaves the role alone: rolling back to the savepoint resets it, and nothing
    else would be accepted before that.
    """
    conn.execute("reset role")
    if role is not None:
        conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    yield
    conn.execute("reset role")


def run_script(conn: psycopg.Connection[Any], source: Source) -> None:
    """Runs every statement of the file inside a savepoint of its own.

    Raises ScriptError naming file and line: the server's position where it gave one, else the line
    the statement begins on. Nothing of the file is kept then.
    """
    statement: sqltext.Statement | None = None
    try:
        with conn.transaction():
            # A file that sets the path for itself must not set it for the next one.
            conn.execute("set local search_path = pg_catalog")
            with acting_as(conn, source.role):
                for statement in sqltext.split(source.text):
                    conn.execute(statement.text.encode())
            conn.execute("set local search_path = pg_catalog")
    except psycopg.Error as error:
        line = 1
        if statement is not None:
            line = statement.line
            position = error.diag.statement_position
            if position is not None:
                line += sqltext.line_of(statement.text, int(position) - 1) - 1
        raise described(f"{source.shown}:{line}", error) from error
