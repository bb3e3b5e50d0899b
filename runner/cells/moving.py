"""`cells move`: a tenant goes from one cell to another, whole and in exactly one at any time.

Its rows are copied while people work, then once more what changed since, and only the last changes
while writes wait. The commit that lets it go in the old cell decides. Before it the old cell holds
the tenant, and what the new one has is not served; after it the new one does. The next run takes
back the one, or finishes the other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from runner.cells.everywhere import identity, misfit
from runner.cells.file import Cell, write
from runner.cells.shared import reason
from runner.connect import connect
from runner.errors import USAGE, RunnerError
from runner.migrations.sources import OWNER

Say = Callable[[str], None]
Connection = psycopg.Connection[Any]

MOVING = int.from_bytes(hashlib.sha256(b"fundwarden move").digest()[:8], "big", signed=True)
# How often a move begins again when the changes of others do not fit into its copy.
ATTEMPTS = 3
# Writes wait once so few rows changed while the changes before were copied.
FEW_ROWS = 1000
PASSES = 5
# Half the time after which the server looks for deadlocks and ends somebody else, at most 0.3 s.
LOCK_TIMEOUT = """
    select set_config(
        'lock_timeout',
        least(300, extract(epoch from current_setting('deadlock_timeout')::interval) * 500)::int
        || 'ms',
        true
    )
"""
# How long, in seconds, the move tries to get its locks.
TRYING = 30
USERS_ASKED = 1000
# How long, in seconds, the old rows wait for transactions that were there when the tenant left.
PATIENCE = 30


class OutrunError(Exception):
    """Others changed rows in a way that does not fit the copy, or hold locks for too long."""


def move(cells: list[Cell], path: Path, tenant: str, to: str, *, say: Say) -> None:
    """Moves the tenant, or finishes or takes back a move that was interrupted."""
    new = next((cell for cell in cells if cell.name == to), None)
    old = next((cell for cell in cells if tenant in cell.tenants), None)
    if new is None or old is None:
        what = f"cell {to}" if new is None else f"tenant {tenant}"
        raise RunnerError(f"there is no {what} in {path}", "See runner cells list.", USAGE)
    if new is old:
        _finish_elsewhere(cells, new, tenant, say)
        return
    with ExitStack() as stack:
        source, destination = (_enter(stack, cell) for cell in (old, new))
        here, there = state(source, tenant), state(destination, tenant)
        if here is not None and here[1] == "departed" and here[2] != new.number:
            raise RunnerError(
                f"{tenant} has left {old.title} for cell {here[2]}", "Finish that move: name it."
            )
        if there is not None and there[1] == "here":
            if here is not None and here[1] == "here":
                raise RunnerError(
                    f"both {old.title} and {new.title} hold {tenant}", "One of them is another's."
                )
            say(f"{new.title} holds {tenant} already")
        elif there is not None and (here is None or here[1] == "departed"):
            say(f"finishing an interrupted move: {old.title} has let {tenant} go")
            destination.execute("select ops.admit_tenant(%s)", [there[0]])
        elif here is None:
            raise RunnerError(f"{old.title} does not hold {tenant}", "See runner cells check.")
        else:
            if there is not None:
                say(f"taking back an interrupted move: {new.title} drops its copy")
                _remove(destination, there[0])
            _transfer(old, new, source, destination, tenant, say)
        destination.commit()
        write(path, _switched(cells, old, new, tenant))
        say(f"{tenant} is in {new.title}: write the databases of the pooler again and reload it")
        _finish(old, source, tenant, say)


def state(conn: Connection, tenant: str) -> tuple[int, str, int | None] | None:
    """Id and state of the tenant in a cell, and the number of the cell that it left for."""
    row = conn.execute("select * from ops.tenant_state(%s)", [tenant]).fetchone()
    return (int(row[0]), str(row[1]), row[2]) if row else None


def _enter(stack: ExitStack, cell: Cell) -> Connection:
    """A connection to the cell as the owner, who alone moves from it or to it."""
    conn = stack.enter_context(connect(cell.target))
    told = identity(conn)
    wrong = misfit(replace(cell, tenants=tuple(told["tenants"])) if told else cell, told)
    if wrong:
        raise RunnerError(f"the database of {cell.title} {wrong}", "See cells check.")
    conn.execute(f"set role {OWNER}".encode())
    # A copy takes as long as it takes.
    conn.execute("set idle_in_transaction_session_timeout = 0")
    conn.execute("set statement_timeout = 0")
    # Of the session and not of its transactions: a run that died lets go when its last commit has
    # ended, and until then nobody may judge what it left.
    free = conn.execute("select pg_try_advisory_lock(%s)", [MOVING]).fetchone()
    conn.commit()
    if not free or not free[0]:
        raise RunnerError(f"another move from or to {cell.title} is under way", "Wait for its end.")
    return conn


def _switched(cells: list[Cell], old: Cell, new: Cell, tenant: str) -> list[Cell]:
    left = tuple(one for one in old.tenants if one != tenant)
    return [
        replace(cell, tenants=left)
        if cell is old
        else replace(cell, tenants=(*cell.tenants, tenant))
        if cell is new
        else cell
        for cell in cells
    ]


def _transfer(
    old: Cell, new: Cell, source: Connection, destination: Connection, tenant: str, say: Say
) -> None:
    for left in reversed(range(ATTEMPTS)):
        try:
            return _attempt(old, new, source, destination, tenant, say)
        except OutrunError as outrun:
            source.rollback()
            destination.rollback()
            if not left:
                raise RunnerError(
                    f"{tenant} changed too much while it was copied: {outrun}",
                    "Nothing was moved. Run the move again when less is written.",
                ) from outrun
            say(f"beginning again: {outrun}")


def _attempt(
    old: Cell, new: Cell, source: Connection, destination: Connection, tenant: str, say: Say
) -> None:
    row = source.execute("select ops.movable_tenant(%s)", [tenant]).fetchone()
    assert row is not None
    tenant_id = int(row[0])
    head = source.execute("select audit.seal()").fetchone()
    assert head is not None
    source.commit()
    seen = _copy(source, destination, tenant_id, None, with_last=False)
    try:
        destination.execute("select ops.receive_tenant(%s, %s)", [tenant_id, old.number])
    except psycopg.errors.ForeignKeyViolation as error:
        missing = error.diag.message_detail or error.diag.message_primary
        raise RunnerError(
            f"{new.title} lacks what rows of {tenant} refer to: {missing}",
            "Nothing was moved. If it is a row of the platform: runner cells sync.",
        ) from error
    counted = _compare(source, destination, tenant_id, with_last=False)
    row = source.execute("select ops.tenant_has_data_permissions(%s)", [tenant_id]).fetchone()
    has_data_permissions = bool(row and row[0])
    _verify(source, destination)
    if not has_data_permissions:
        _ask(source, destination, tenant_id, tenant)
    source.commit()
    say(f"{new.title}: {counted:,} rows arrived and are the same")
    for _ in range(PASSES):
        seen, changed = _catch_up(source, destination, tenant_id, seen, with_last=False)
        source.commit()
        if changed <= FEW_ROWS:
            break
    begun = _hold(old, source, tenant, say)
    say(f"{old.title}: writes wait")
    _, changed = _catch_up(source, destination, tenant_id, seen, with_last=True)
    counted = _compare(source, destination, tenant_id, with_last=True)
    if has_data_permissions:
        # They decide about the totals, and arrive last.
        _ask(source, destination, tenant_id, tenant)
    say(f"{new.title}: {counted:,} rows are the same, {changed:,} of them written meanwhile")
    destination.execute("select audit.note_arrival(%s, %s)", [tenant_id, head[0]])
    destination.commit()
    say(f"{new.title}: the copy is kept, and not served yet")
    source.execute("select ops.depart_tenant(%s, %s)", [tenant_id, new.number])
    source.commit()
    say(f"{old.title}: has let {tenant} go; writes waited {monotonic() - begun:.1f} s")
    destination.execute("select ops.admit_tenant(%s)", [tenant_id])


def _copy(
    source: Connection,
    destination: Connection,
    tenant_id: int,
    since: str | None,
    *,
    with_last: bool,
) -> str:
    """Rows written since a snapshot, or all, into the stage; the snapshot that was read."""
    if source.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
        source.execute("set transaction isolation level repeatable read, read only")
    row = source.execute("select pg_current_snapshot()::text").fetchone()
    assert row is not None
    destination.execute("select ops.make_stages()")
    leaving = psycopg.ClientCursor(source).mogrify(
        "copy (select * from ops.tenant_rows(%s, %s::pg_snapshot, %s)) to stdout",
        [tenant_id, since, with_last],
    )
    _pipe(source, leaving, destination, "copy arriving_rows from stdin")
    logged = psycopg.ClientCursor(source).mogrify(
        "copy (select * from audit.tenant_log(%s, %s::pg_snapshot)) to stdout",
        [tenant_id, since],
    )
    _pipe(source, logged, destination, "copy arriving_log from stdin")
    destination.execute("analyze arriving_rows")
    destination.execute("select audit.receive_log(%s)", [tenant_id])
    return str(row[0])


def _pipe(source: Connection, leaving: str, destination: Connection, arriving: str) -> None:
    with (
        source.cursor().copy(leaving.encode()) as blocks,
        destination.cursor().copy(arriving.encode()) as sink,
    ):
        for block in blocks:
            sink.write(block)


def _catch_up(
    source: Connection, destination: Connection, tenant_id: int, since: str, *, with_last: bool
) -> tuple[str, int]:
    """Brings the copy up to the source's present; the snapshot read, and how many rows it took."""
    seen = _copy(source, destination, tenant_id, since, with_last=with_last)
    counts = source.execute(
        "select ops.tenant_row_counts(%s, %s)", [tenant_id, with_last]
    ).fetchone()
    assert counts is not None
    try:
        row = destination.execute(
            "select ops.tables_with_removed_rows(%s, %s, %s)",
            [tenant_id, Jsonb(counts[0]), with_last],
        ).fetchone()
        assert row is not None
        removed: Sequence[str] = row[0]
        if removed:
            leaving = psycopg.ClientCursor(source).mogrify(
                "copy (select * from ops.tenant_keys(%s, %s)) to stdout",
                [tenant_id, list(removed)],
            )
            _pipe(source, leaving, destination, "copy staying_rows from stdin")
        destination.execute("select ops.receive_changes(%s, %s)", [tenant_id, list(removed)])
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError) as error:
        raise OutrunError(error.diag.message_primary) from error
    changed = destination.execute("select count(*) from arriving_rows").fetchone()
    return seen, int(changed[0]) if changed else 0


def _hold(old: Cell, source: Connection, tenant: str, say: Say) -> float:
    """Keeps others from writing; when it began."""
    first = monotonic()
    said = False
    while (begun := monotonic()) < first + TRYING:
        source.execute(LOCK_TIMEOUT.encode())
        try:
            source.execute("select ops.hold_tenant(%s)", [tenant])
        except psycopg.errors.LockNotAvailable:
            source.rollback()
            if not said:
                say(f"{old.title}: waiting for transactions that write")
            said = True
        else:
            source.execute("set local lock_timeout = '10s'")
            return begun
    raise OutrunError("somebody writes in one transaction for longer than the move waits")


def _compare(
    source: Connection, destination: Connection, tenant_id: int, *, with_last: bool
) -> int:
    """The number of rows; where a table differs, RunnerError, or OutrunError after others wrote."""
    left, arrived = _both(
        source,
        destination,
        "select * from ops.tenant_digests(%s, %s) order by 1",
        [tenant_id, with_last],
    )
    if left != arrived:
        tables = sorted({row[0] for row in set(left) ^ set(arrived)})
        differ = f"rows arrived otherwise than they left: {', '.join(tables)}"
        if with_last:
            raise OutrunError(differ)
        raise RunnerError(
            differ,
            "Nothing was moved. Bring both cells to one version, and to one state of the platform.",
        )
    return sum(int(row[1]) for row in left)


def _ask(source: Connection, destination: Connection, tenant_id: int, tenant: str) -> None:
    """That the copy answers as the source does, of users chosen at random; else RunnerError."""
    left, arrived = _both(
        source,
        destination,
        "select * from ops.tenant_totals(%s, %s, %s) order by 1",
        [tenant_id, USERS_ASKED, secrets.token_hex(8)],
    )
    for (user, before), (_, after) in zip(left, arrived, strict=True):
        if before != after:
            raise RunnerError(
                f"user {user} of {tenant} may read {before:,} funds, and would {after:,} there",
                "Nothing was moved. Roles, and data permissions of everybody, have to be the same.",
            )


def _verify(source: Connection, destination: Connection) -> None:
    """What both cells find about themselves; RunnerError where it is something."""
    effective, log = (
        "select count(*) from authz.verify_effective_policies()",
        "select count(*) from audit.verify()",
    )
    for conn, query in ((destination, effective), (source, log)):
        row = conn.execute(query.encode()).fetchone()
        if row and row[0]:
            raise RunnerError(f"{query} finds {row[0]:,}", "Nothing was moved. Look at them first.")


def _both(
    source: Connection, destination: Connection, query: str, values: list[Any]
) -> tuple[list[Any], list[Any]]:
    """The answers of both cells, asked at the same time."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: destination.execute(query.encode(), values).fetchall())
        return source.execute(query.encode(), values).fetchall(), other.result()


def _finish(cell: Cell, conn: Connection, tenant: str, say: Say) -> bool:
    """Removes the rows of a tenant that departed, and what an earlier removal left."""
    gone = [row[0] for row in conn.execute("select ops.departed_tenants(%s)", [tenant])]
    for tenant_id in gone:
        _remove(conn, tenant_id)
    if gone:
        say(f"{cell.title}: keeps the old rows in ops.departed_rows")
    return bool(gone)


def _remove(conn: Connection, tenant_id: int) -> None:
    """Deletes the rows of a tenant that is not served here."""
    conn.commit()
    patient_until = monotonic() + PATIENCE
    while monotonic() < patient_until:
        over = conn.execute("select ops.departure_is_over(%s)", [tenant_id]).fetchone()
        conn.commit()
        if over and over[0]:
            break
        sleep(0.05)
    for is_last in (True, False):
        conn.execute("set local lock_timeout = '10s'")
        conn.execute("select ops.release_tenant(%s, %s)", [tenant_id, is_last])
        conn.commit()
    patient_until = monotonic() + PATIENCE
    while True:
        conn.execute(LOCK_TIMEOUT.encode())
        try:
            row = conn.execute("select ops.end_departure(%s)", [tenant_id]).fetchone()
            conn.commit()
        except psycopg.errors.LockNotAvailable as error:
            conn.rollback()
            if monotonic() > patient_until:
                raise RunnerError(
                    "somebody reads a table for longer than the move waits",
                    "The tenant has moved. Run the move again: it removes the last triggers.",
                ) from error
            continue
        if not row or row[0] is None:
            return


def _finish_elsewhere(cells: list[Cell], new: Cell, tenant: str, say: Say) -> None:
    """Ends what an interrupted move left in other cells of a tenant that is where it should be."""
    finished = False
    for cell in cells:
        if cell is new:
            continue
        try:
            with ExitStack() as stack:
                finished |= _finish(cell, _enter(stack, cell), tenant, say)
        except (RunnerError, psycopg.Error) as error:
            say(f"{cell.title}: not asked whether it keeps old rows: {reason(error)}")
    if not finished:
        raise RunnerError(f"{tenant} is in {new.name} already", "Nothing was done.", USAGE)
