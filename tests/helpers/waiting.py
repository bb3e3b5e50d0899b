"""Sessions that meet: a statement in a thread, and waiting until the server says it is blocked."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

PATIENCE = 60.0

ISOLATION_LEVELS = ("read committed", "repeatable read", "serializable")


def _long(*values: str) -> Any:
    return pytest.param(*values, marks=pytest.mark.long)


# For what one session does alone.
FIRST_LEVEL = [ISOLATION_LEVELS[0], *(_long(level) for level in ISOLATION_LEVELS[1:])]
# For two that meet: a lock must be there for the first level, and a row that both write for the
# second. The third is the second with more refusals.
LEVELS = [*ISOLATION_LEVELS[:2], _long(ISOLATION_LEVELS[2])]
# For two that meet, each at a level of its own: first_level, second_level.
LEVEL_PAIRS = [
    pair if pair[0] == pair[1] != ISOLATION_LEVELS[2] else _long(*pair)
    for pair in itertools.product(ISOLATION_LEVELS, repeat=2)
]

RETRY = ("40001", "40P01")


@contextmanager
def session(conninfo: str, *, user: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit session, of the conninfo's own user or of another."""
    chosen = make_conninfo(conninfo, user=user) if user else conninfo
    connection = psycopg.connect(chosen, autocommit=True, prepare_threshold=None)
    try:
        yield connection
    finally:
        # A statement still under way in a thread would keep its locks, and the test waiting.
        if connection.info.transaction_status == TransactionStatus.ACTIVE:
            connection.cancel()
        connection.close()


def rows(connection: psycopg.Connection[Any], sql: str, *params: object) -> list[tuple[Any, ...]]:
    """Rows of the statement, or none where it returns nothing."""
    cursor = connection.execute(sql, params or None)
    return cursor.fetchall() if cursor.description else []


def value(connection: psycopg.Connection[Any], sql: str, *params: object) -> Any:
    """The one value of the one row."""
    found = rows(connection, sql, *params)
    assert len(found) == 1, found
    return found[0][0]


def refusal(
    connection: psycopg.Connection[Any], sql: str, *params: object
) -> psycopg.errors.Diagnostic:
    """The error the statement ends with; a failed assertion when it succeeds."""
    try:
        found = rows(connection, sql, *params)
    except psycopg.Error as error:
        return error.diag
    raise AssertionError(f"not refused: {sql} {params} -> {found[:3]}")


class Running:
    """A statement under way in its own thread."""

    def __init__(
        self, connection: psycopg.Connection[Any], sql: str, params: Sequence[object] | None
    ) -> None:
        self.pid = connection.info.backend_pid
        self.done = threading.Event()
        self._found: list[tuple[Any, ...]] = []
        self._error: psycopg.Error | None = None

        def run() -> None:
            try:
                self._found = rows(connection, sql, *(params or ()))
            except psycopg.Error as error:
                self._error = error
            finally:
                self.done.set()

        threading.Thread(target=run, daemon=True).start()

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows of the statement, once it has ended; its error is raised."""
        if not self.done.wait(PATIENCE):
            raise TimeoutError("the statement did not end")
        if self._error is not None:
            raise self._error
        return self._found

    def outcome(self) -> str:
        """'done', or the SQLSTATE the statement ended with."""
        try:
            self.rows()
        except psycopg.Error as error:
            return error.sqlstate or "connection lost"
        return "done"


def start(connection: psycopg.Connection[Any], sql: str, *params: object) -> Running:
    """Runs the statement without waiting for its end."""
    return Running(connection, sql, params)


def outcome(connection: psycopg.Connection[Any], sql: str, *params: object) -> str:
    """'done', or the SQLSTATE the statement ended with."""
    return start(connection, sql, *params).outcome()


def wait_for(what: str, is_so: Callable[[], bool], unless: threading.Event | None = None) -> None:
    """Asks again and again until the answer is yes, the event has happened, or patience ends."""
    pause = unless or threading.Event()
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if pause.wait(0.005):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE:.0f} s: {what}")


def is_blocked(observer: psycopg.Connection[Any], pid: int) -> bool:
    """Whether the backend waits for a lock that another one holds."""
    return bool(value(observer, "select cardinality(pg_blocking_pids(%s)) > 0", pid))


def wait_until_blocked(observer: psycopg.Connection[Any], running: Running) -> None:
    """Returns when the statement waits for a lock; fails when it ends without having waited."""
    wait_for("the statement is blocked", lambda: is_blocked(observer, running.pid), running.done)
    assert not running.done.is_set(), f"ended without waiting: {running.outcome()}"


def wait_until_blocked_or_done(observer: psycopg.Connection[Any], running: Running) -> bool:
    """Returns whether the statement waits for a lock; false when it has ended."""
    wait_for("blocked or done", lambda: is_blocked(observer, running.pid), running.done)
    return not running.done.is_set()
