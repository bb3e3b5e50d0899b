"""The [databases] section of PgBouncer: one name per tenant, leading to its cell."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from runner.cells.file import PLATFORM, Cell, platform_of
from runner.embedded import PORT
from runner.errors import USAGE, RunnerError


def databases(cells: list[Cell]) -> str:
    """The section. Users and passwords are those of whoever connects, so none is in it."""
    lines = [f"{PLATFORM} = {_route(platform_of(cells))}"]
    lines += sorted(f"{tenant} = {_route(cell)}" for cell in cells for tenant in cell.tenants)
    return "[databases]\n" + "".join(f"{line}\n" for line in lines)


def _route(cell: Cell) -> str:
    said = conninfo_to_dict(cell.dsn)
    host = said.get("hostaddr") or said.get("host")
    dbname = said.get("dbname")
    port = str(said.get("port") or PORT)
    # The pooler is another process, maybe on another machine: it shares no variables with this one.
    if not host or not dbname:
        raise RunnerError(
            f"the dsn of cell {cell.name} names no {'database' if host else 'host'}",
            "The pooler has to be told both.",
            USAGE,
        )
    if any(not one.isprintable() for one in str(host) + str(dbname)):
        raise RunnerError(
            f"the dsn of cell {cell.name} holds a line break or the like",
            "Its entry is one line.",
            USAGE,
        )
    if "," in port:
        raise RunnerError(
            f"the dsn of cell {cell.name} has several ports", "PgBouncer takes one.", USAGE
        )
    return f"host={_value(str(host))} port={port} dbname={_value(str(dbname))}"


def _value(text: str) -> str:
    if all(one.isalnum() or one in "._-/:,@" for one in text):
        return text
    return "'" + text.replace("'", "''") + "'"
