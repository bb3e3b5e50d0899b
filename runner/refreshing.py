"""`refresh`: brings the materialized view up to date, once or whenever the database says so."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import psycopg

from runner.connect import Target, connect
from runner.errors import INTERRUPTED, RunnerError, way_out

CHANNEL = "permission_refresh"
# So long after a notification others are waited for, to be answered by one refresh.
DEBOUNCE_SECONDS = 0.2
# Looked at without a notification too: one sent while nobody listened is lost.
IDLE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0

Say = Callable[[str], None]


def refresh(target: Target, *, say: Say = print) -> None:
    """One refresh now; RunnerError when another session is at it or it fails."""
    with connect(target, autocommit=True) as conn:
        try:
            conn.execute("select authz.refresh_user_effective_policies()")
        except psycopg.Error as error:
            raise RunnerError(
                error.diag.message_primary or " ".join(str(error).split()),
                error.diag.message_hint or way_out(error.sqlstate),
            ) from error
        except KeyboardInterrupt as interrupt:
            hint = "Answers are exact without; run it again."
            raise RunnerError("interrupted", hint, INTERRUPTED) from interrupt
        say(_last(conn))


def listen(target: Target, *, say: Say = print, stop: threading.Event | None = None) -> None:
    """Refreshes after each change until `stop`, SIGTERM or SIGINT; reconnects when it must."""
    ending = stop or threading.Event()
    pause = 1.0
    with _signals(ending):
        while not ending.is_set():
            try:
                with connect(target, autocommit=True) as conn:
                    conn.execute(f"listen {CHANNEL}".encode())
                    say("listening")
                    pause = 1.0
                    _serve(conn, say, ending)
            except (psycopg.OperationalError, RunnerError) as error:
                if ending.is_set():
                    break
                say(f"{' '.join(str(error).split())}; trying again in {pause:.0f} s")
                ending.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    say("stopped")


def _serve(conn: psycopg.Connection[Any], say: Say, ending: threading.Event) -> None:
    logged = _newest(conn)
    while not ending.is_set():
        conn.execute("call authz.refresh_if_marked()")
        newest = _newest(conn)
        if newest != logged:
            logged = newest
            say(_last(conn))
        # In short turns: a signal has to be noticed.
        waited = 0.0
        while not ending.is_set() and waited < IDLE_SECONDS:
            if any(True for _ in conn.notifies(timeout=1.0, stop_after=1)):
                ending.wait(DEBOUNCE_SECONDS)
                for _ in conn.notifies(timeout=0):
                    pass
                break
            waited += 1.0


def _newest(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("select coalesce(max(l.id), 0) from ops.refresh_log as l").fetchone()
    return int(row[0]) if row else 0


def _last(conn: psycopg.Connection[Any]) -> str:
    row = conn.execute(
        "select coalesce('failed: ' || l.failure, format('%s rows changed in %s ms', "
        "l.rows_changed, round(extract(epoch from l.finished_at - l.started_at) * 1000))) "
        "from ops.refresh_log as l order by l.id desc limit 1"
    ).fetchone()
    return str(row[0]) if row else "nothing was refreshed"


@contextlib.contextmanager
def _signals(ending: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set the event; where signals are not ours to take, nothing does."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ending.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, end) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
