"""`runner register`: a call of authz.register_dataset(), with its plan or its progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.connect import Target, connect
from runner.loading import told

ARGUMENTS = (
    "%(table)s, %(name)s, %(owners)s, %(resource)s, %(tenant_column)s, %(tenant_id)s, %(storage)s"
)


def plan(target: Target, arguments: Mapping[str, object], *, say: Callable[[str], None]) -> None:
    """Print each statement, with the lock it takes first and about how many rows it handles.

    Ends with about how many seconds the tables are locked.
    """
    with connect(target) as conn:
        steps = conn.execute(
            "select statement, lock, rows, seconds "
            f"from authz.plan_dataset({ARGUMENTS}) order by place",
            arguments,
        ).fetchall()
    for statement, lock, rows, _ in steps:
        note = " ".join(filter(None, [lock, f"about {rows:,} rows" if rows is not None else None]))
        say(f"{statement};" + (f"  -- {note}" if note else ""))
    seconds = sum(seconds or 0 for *_, seconds in steps)
    say(f"{len(steps)} statements, about {seconds:,.0f} s on two busy cores; nothing was changed")


def register(
    target: Target, arguments: Mapping[str, object], *, say: Callable[[str], None]
) -> None:
    """Register the table in one transaction, and say each step as it ends."""
    with told(), connect(target) as conn:
        conn.add_notice_handler(lambda notice: say(notice.message_primary or ""))
        conn.execute("set local client_min_messages = notice")
        registered = conn.execute(
            f"select authz.register_dataset({ARGUMENTS})", arguments
        ).fetchone()
    say(f"registered: {registered[0] if registered else ''}")
