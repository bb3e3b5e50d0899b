"""The runner as a program that stops at every point until it is told to go on.

A point is before a statement, before and after a commit, and after a line. It is written to stdout
as JSON, and the program reads a line: `go`, or `lost`, which ends the connection as if the answer
of the server had not arrived.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import psycopg
import typer

from runner import cli

execute, copy, commit = psycopg.Cursor.execute, psycopg.Cursor.copy, psycopg.Connection.commit
leave = psycopg.Transaction.__exit__
echo = typer.echo
# Statements of both cells may go on at once.
one_at_a_time = threading.Lock()


def stop(what: str, text: str, connection: Any = None) -> None:
    host = connection.info.host if connection is not None else None
    with one_at_a_time:
        print(json.dumps({"what": what, "text": " ".join(text.split()), "host": host}), flush=True)
        answer = sys.stdin.readline().strip()
    if answer == "lost":
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


def text_of(query: Any) -> str:
    return query.decode() if isinstance(query, bytes) else str(query)


def executing(self: Any, query: Any, *rest: Any, **named: Any) -> Any:
    stop("statement", text_of(query), self.connection)
    return execute(self, query, *rest, **named)


def copying(self: Any, query: Any, *rest: Any, **named: Any) -> Any:
    stop("statement", text_of(query), self.connection)
    return copy(self, query, *rest, **named)


def committing(self: Any) -> None:
    stop("commit", "", self)
    commit(self)
    stop("committed", "", self)


def leaving(self: Any, *error: Any) -> Any:
    if error[0] is not None:
        return leave(self, *error)
    stop("commit", "", self.connection)
    told = leave(self, *error)
    stop("committed", "", self.connection)
    return told


def echoing(message: Any = None, *rest: Any, err: bool = False, **named: Any) -> None:
    if err:
        echo(message, *rest, err=True, **named)
    else:
        stop("line", str(message))


if __name__ == "__main__":
    psycopg.Cursor.execute = executing  # type: ignore[method-assign, assignment]
    psycopg.Cursor.copy = copying  # type: ignore[method-assign, assignment]
    psycopg.Connection.commit = committing  # type: ignore[method-assign]
    psycopg.Transaction.__exit__ = leaving  # type: ignore[method-assign]
    typer.echo = echoing
    cli.main()
