"""`cells move`: a tenant goes from one cell to another, whole and in exactly one at any time.

The commit in the old cell decides. Before it the old cell holds the tenant, and the copy in the new
one is not served; after it the new one does. The next run takes back the one, or finishes the
other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg

from runner.cells.everywhere import identity, misfit
from runner.cells.file import Cell, write
from runner.connect import connect
from runner.errors import USAGE, RunnerError
from runner.migrations.sources import OWNER

Say = Callable[[str], None]
Connection = psycopg.Connection[Any]

COPY_OUT = "copy (select place, number, title, content from ops.tenant_rows({})) to stdout"
MOVING = int.from_bytes(hashlib.sha256(b"fundwarden move").digest()[:8], "big", signed=True)
STAGE = (
    "create temporary table arriving_rows (place int, number bigint, title text, content jsonb) "
    "on commit drop"
)


def move(cells: list[Cell], path: Path, tenant: str, to: str, *, say: Say) -> None:
    """Moves the tenant, or finishes or takes back a move that was interrupted."""
    new = next((cell for cell in cells if cell.name == to), None)
    old = next((cell for cell in cells if tenant in cell.tenants), None)
    if new is None or old is None:
        what = f"cell {to}" if new is None else f"tenant {tenant}"
        raise RunnerError(f"there is no {what} in {path}", "See runner cells list.", USAGE)
    if new is old:
        raise RunnerError(f"{tenant} is in {to} already", "Nothing was done.", USAGE)
    with ExitStack() as stack:
        source = stack.enter_context(connect(old.target))
        destination = stack.enter_context(connect(new.target))
        for cell, conn in ((old, source), (new, destination)):
            told = identity(conn)
            wrong = misfit(replace(cell, tenants=tuple(told["tenants"])) if told else cell, told)
            if wrong:
                raise RunnerError(f"the database of {cell.title} {wrong}", "See cells check.")
            conn.execute(f"set role {OWNER}".encode())
            conn.commit()
        # Of the sessions and not of their transactions: a run that died lets go when its last
        # commit has ended, and until then nobody may judge what it left.
        for cell, conn in ((old, source), (new, destination)):
            free = conn.execute("select pg_try_advisory_lock(%s)", [MOVING]).fetchone()
            conn.commit()
            if not free or not free[0]:
                raise RunnerError(
                    f"another move from or to {cell.title} is under way", "Wait for its end."
                )
        here, there = state(source, tenant), state(destination, tenant)
        if there is not None and there[1] == "here":
            if here is not None:
                raise RunnerError(
                    f"both {old.title} and {new.title} hold {tenant}", "One of them is another's."
                )
            say(f"{new.title} holds {tenant} already")
        elif there is not None and here is None:
            say(f"finishing an interrupted move: {old.title} has let {tenant} go")
            destination.execute("select ops.admit_tenant(%s)", [there[0]])
        elif here is None:
            raise RunnerError(f"{old.title} does not hold {tenant}", "See runner cells check.")
        else:
            if there is not None:
                say(f"taking back an interrupted move: {new.title} drops its copy")
                destination.execute("select ops.release_tenant(%s, false)", [there[0]])
            _transfer(old, new, source, destination, tenant, say)
        destination.commit()
    switched = [
        replace(cell, tenants=tuple(one for one in cell.tenants if one != tenant))
        if cell is old
        else replace(cell, tenants=(*cell.tenants, tenant))
        if cell is new
        else cell
        for cell in cells
    ]
    write(path, switched)
    say(f"{tenant} is in {new.title}: write the databases of the pooler again and reload it")


def state(conn: Connection, tenant: str) -> tuple[int, str] | None:
    """Id and state of the tenant in a cell."""
    row = conn.execute("select * from ops.tenant_state(%s)", [tenant]).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def _transfer(
    old: Cell, new: Cell, source: Connection, destination: Connection, tenant: str, say: Say
) -> None:
    source.commit()
    source.execute("set local lock_timeout = '10s'")
    row = source.execute("select ops.hold_tenant(%s)", [tenant]).fetchone()
    assert row is not None
    tenant_id = int(row[0])
    begun = monotonic()
    say(f"{old.title}: writes wait")
    destination.execute(STAGE.encode())
    with (
        source.cursor().copy(COPY_OUT.format(tenant_id).encode()) as leaving,
        destination.cursor().copy(b"copy arriving_rows from stdin") as arriving,
    ):
        for block in leaving:
            arriving.write(block)
    destination.execute("analyze arriving_rows")
    try:
        destination.execute("select ops.receive_tenant(%s, %s)", [tenant_id, old.number])
    except psycopg.errors.ForeignKeyViolation as error:
        raise RunnerError(
            f"{new.title} lacks what rows of {tenant} refer to: {error.diag.message_detail}",
            "Nothing was moved. If it is a row of the platform: runner cells sync.",
        ) from error
    counted = _compare(source, destination, tenant_id)
    say(f"{new.title}: {counted:,} rows arrived and are the same")
    destination.commit()
    say(f"{new.title}: the copy is kept, and not served yet")
    source.execute("select ops.release_tenant(%s, true)", [tenant_id])
    source.commit()
    say(f"{old.title}: has let {tenant} go; writes waited {monotonic() - begun:.1f} s")
    destination.execute("select ops.admit_tenant(%s)", [tenant_id])


def _compare(source: Connection, destination: Connection, tenant_id: int) -> int:
    """The number of rows; RunnerError where a table differs."""
    query = "select * from ops.tenant_digests(%s) order by 1"
    left, arrived = (conn.execute(query, [tenant_id]).fetchall() for conn in (source, destination))
    if left != arrived:
        tables = sorted({row[0] for row in set(left) ^ set(arrived)})
        raise RunnerError(
            f"rows arrived otherwise than they left: {', '.join(tables)}",
            "Nothing was moved. Bring both cells to one version, and to one state of the platform.",
        )
    wrong = destination.execute("select count(*) from authz.verify_effective_policies()").fetchone()
    if wrong and wrong[0]:
        raise RunnerError("the effective policies are not exact", "Nothing was moved.")
    return sum(int(row[1]) for row in left)
