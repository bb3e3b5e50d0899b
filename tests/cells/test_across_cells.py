"""Questions over all cells: merged pages, exact totals, and cells that are named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from servers import Server
from waiting import rows, session, value

from runner.cells.file import Cell

NAMES = {"home": ("acme", "asia"), "north": ("boreal", "baltic"), "south": ("coral", "cape")}


@pytest.fixture(scope="module")
def cells(server: Server) -> Iterator[list[Cell]]:
    with ExitStack() as stack:
        made = []
        for number, (name, tenants) in enumerate(NAMES.items()):
            janitor = stack.enter_context(server.copy())
            conninfo = server.conninfo(janitor.dbname)
            with psycopg.connect(conninfo) as owner:
                owner.execute("select ops.apply_database_rights()")
                owner.execute("select ops.set_cell(%s, %s)", [number, name])
            made.append(Cell(name, number, conninfo, tenants))
        yield made


def test_first(cells: list[Cell]) -> None:
    with session(cells[0].dsn) as admin:
        admin.execute("create role r_login login in role fundwarden_platform")
        spec = []
        for c in cells[1:]:
            d = conninfo_to_dict(c.dsn)
            d.pop("user"); d.pop("password", None)
            spec.append({"number": c.number, "name": c.name, "server": d, "user": "r_login"})
        admin.execute("select ops.connect_cells(%s)", [json.dumps(spec)])
        admin.execute("select ops.connect_cells(%s)", [json.dumps(spec)])
        print(rows(admin, "select * from platform.counts()"))
        for r in rows(admin, "select * from platform.health()"): print(r)
        for r in rows(admin, "select * from platform.search_log(max_rows => 5)"): print(r)
        print(rows(admin, "select * from authz_private.reach_cells()"))
        q = value(admin, "select authz_private.question_over_cells(authz_private.page_question(2,20,'amount','desc'), authz_private.page_branches(2,20,'amount','desc','d.amount > 5'), (select cells from authz_private.reach_cells()))")
        print(q)
        print("\n".join(r[0] for r in rows(admin, "explain (verbose, costs off) " + q)))
    assert 0
