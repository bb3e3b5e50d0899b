"""`cells connect`: the platform reads the other cells through foreign servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runner.cells.file import Cell, platform_of
from runner.cells.shared import reason
from runner.connect import Target, connect
from runner.errors import USAGE, RunnerError
from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER

# Of who connects, and not of where to; or not for a foreign server.
NOT_OF_A_SERVER = ("user", "password", "passfile", "client_encoding", "replication")


def connect_cells(
    cells: list[Cell], user: str, *, without_password: bool, say: Callable[[str], None]
) -> None:
    """Connects cell 0 to all others as the login, or changes nothing."""
    platform = platform_of(cells)
    others = [cell for cell in cells if cell.number]
    told = [_connection(cell, user, without_password) for cell in others]
    with connect(platform.target) as conn:
        conn.execute("select ops.connect_cells(%s::jsonb)", [json.dumps(told)])
        with acting_as(conn, OWNER):
            row = conn.execute("select missing from authz_private.reach_cells()").fetchone()
        missing = [one for one in row[0] if "tenant" not in one] if row else []
        if missing:
            raise RunnerError(
                f"from the server of {platform.title}, cell {missing[0]['cell']} "
                f"{missing[0]['problem']}",
                "Nothing was changed. The dsn has to lead to the cell from there, too.",
            )
    for cell in others:
        say(f"{cell.title}: connected as {user}")
    say(f"{platform.title} answers for {len(cells)} cells")


def _connection(cell: Cell, user: str, without_password: bool) -> dict[str, Any]:
    """What ops.connect_cells() takes of the cell, tried out; the password is what libpq found."""
    said = conninfo_to_dict(cell.dsn)
    server = {name: str(value) for name, value in said.items() if name not in NOT_OF_A_SERVER}
    leads = {"host", "hostaddr"} & server.keys() and "dbname" in server
    if not leads and "service" not in server:
        raise RunnerError(
            f"the dsn of cell {cell.name} does not name host and dbname, or a service",
            "The server of the platform shares no variables with this program.",
            USAGE,
        )
    conninfo = make_conninfo("", **server, user=user)
    try:
        with connect(Target(conninfo)) as conn:
            row = conn.execute("select number, name from platform.cell_state").fetchone()
            asked = conn.pgconn.used_password
            password = conn.info.password
    except (RunnerError, psycopg.Error) as error:
        raise RunnerError(
            f"cell {cell.title} as {user}: {reason(error)}",
            f"Nothing was changed. In every cell: create role {user} login in role "
            "fundwarden_platform.",
        ) from error
    if row is None or tuple(row) != (cell.number, cell.name):
        found = f"cell {row[1]} ({row[0]})" if row else "no cell"
        raise RunnerError(f"the database of {cell.title} is {found}", "See runner cells check.")
    told = {"number": cell.number, "name": cell.name, "server": server, "user": user}
    if without_password:
        return told
    if not asked or not password:
        raise RunnerError(
            f"cell {cell.title} asked {user} for no password",
            "Require one in its pg_hba.conf and put it into ~/.pgpass or PGPASSWORD; or let the "
            "server of the platform prove who it is, with --no-password as a superuser.",
        )
    return {**told, "password": password}
