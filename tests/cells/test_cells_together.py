"""Three databases are three cells: every tenant is found, and one command reaches them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from poolers import pooler
from psycopg.conninfo import make_conninfo
from servers import Server
from typer.testing import CliRunner, Result
from waiting import refusal, rows, session, value

from runner import cli
from runner.cells.everywhere import identity, look, misfit, too_far_apart
from runner.cells.file import Cell, read, write
from runner.cells.pooler import databases
from runner.cells.shared import Shared, shared_state
from runner.connect import connect
from runner.errors import DRIFT, FAILED, NEWER, USAGE, RunnerError
from runner.migrations.sources import read_project
from runner.project import root

pytestmark = pytest.mark.one_server

NAMES = {"home": ("acme", "asia"), "north": ("boreal", "baltic"), "south": ("coral", "cape")}
SECRET = b"0123456789abcdef0123456789abcdef"
TENANTS = """
    insert into authz.org_units (code) select c from unnest(%s::text []) as c;
    insert into authz.users (username, base_unit_id)
    select 'boss of ' || u.code, u.id from authz.org_units as u;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, u.base_unit_id
    from authz.users as u inner join authz.roles as r on r.code = 'supervisor';
    insert into finance.financial_funds (handle_by, amount)
    select u.id, 10 from authz.users as u;
    select authz.refresh_user_effective_policies();
"""
PAGE = "select p.total_count from finance.page_authorized_funds() as p"


@pytest.fixture(scope="module")
def cells(server: Server) -> Iterator[list[Cell]]:
    """Cells 0, 1 and 2, with two tenants each and a key that all of them know."""
    with ExitStack() as stack:
        made = []
        for number, (name, tenants) in enumerate(NAMES.items()):
            janitor = stack.enter_context(server.copy())
            conninfo = server.conninfo(janitor.dbname)
            with psycopg.connect(conninfo) as owner:
                owner.execute("select ops.apply_database_rights()")
                owner.execute("select ops.set_cell(%s, %s)", [number, name])
                psycopg.ClientCursor(owner).execute(TENANTS, [list(tenants)])
                owner.execute("select authz.add_token_key('shared', %s)", [SECRET])
            made.append(Cell(name, number, conninfo, tenants))
        with session(server.conninfo("postgres")) as admin:
            admin.execute("create role cells_operator login in role fundwarden_operator")
        yield made
    with session(server.conninfo("postgres")) as admin:
        admin.execute("drop role cells_operator")


@pytest.fixture
def file(tmp_path: Path, cells: list[Cell]) -> Path:
    path = tmp_path / "cells.toml"
    write(path, cells)
    return path


def down(cell: Cell) -> Cell:
    """The same where no server is."""
    return replace(cell, dsn=make_conninfo(cell.dsn, host="/nonexistent"))


def runner(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(one) for one in arguments])


def error(result: Result) -> RunnerError:
    assert isinstance(result.exception, RunnerError), result.output
    return result.exception


def test_adding_makes_a_database_a_cell(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "cells.toml"
    with server.copy() as janitor:
        dsn = server.conninfo(janitor.dbname)
        done = runner(
            "cells", "add", "east", dsn, "--number", "5", "--tenant", "edo", "--file", path
        )
        assert (done.exit_code, done.output) == (0, f"east (5) is in {path}\n")
        assert read(path) == [Cell("east", 5, dsn, ("edo",))]
        with session(dsn) as owner:
            assert rows(owner, "select c.number, c.name from ops.this_cell() as c") == [(5, "east")]
        done = runner(
            "cells", "add", "east", dsn, "--number", "5", "--tenant", "efate", "--file", path
        )
        assert read(path)[0].tenants == ("edo", "efate")
        assert runner("cells", "list", "--file", path).output.splitlines() == [
            f"east\t5\t{dsn}\tedo efate"
        ]


def test_what_cannot_become_the_cell_is_not_added(
    server: Server, cells: list[Cell], tmp_path: Path
) -> None:
    path = tmp_path / "cells.toml"
    done = runner("cells", "add", "bare", server.conninfo(), "--number", "3", "--file", path)
    assert "knows cells" in error(done).message
    done = runner("cells", "add", "south", cells[0].dsn, "--number", "2", "--file", path)
    assert isinstance(done.exception, psycopg.Error)
    assert done.exception.sqlstate == "55000"
    done = runner("cells", "add", "south", cells[0].dsn, "--number", "200", "--file", path)
    assert error(done).exit_code == USAGE
    assert not path.exists()


def test_the_list_shows_no_password(tmp_path: Path) -> None:
    path = tmp_path / "cells.toml"
    write(path, [Cell("home", 0, "postgresql://me:hush@localhost/shop", ("acme",))])
    assert "hush" not in runner("cells", "list", "--file", path).output


def test_every_tenant_is_found_in_its_cell_and_what_is_not_there_is_named(
    cells: list[Cell], file: Path
) -> None:
    done = runner("cells", "check", "--file", file)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "platform: home (0)",
        *sorted(f"{tenant}: {cell.title}" for cell in cells for tenant in cell.tenants),
    ]
    home, north, south = cells
    # Two cells exchanged, a tenant that is nowhere, and a server that is gone.
    write(file, [replace(home, tenants=("acme", "atlantis")), down(north),
                 replace(south, dsn=home.dsn)])  # fmt: skip
    done = runner("cells", "check", "--file", file)
    told = dict(line.split(": ", 1) for line in done.output.splitlines())
    assert done.exit_code == DRIFT
    assert told["acme"] == "home (0)"
    assert told["atlantis"] == "home (0) answers and does not hold it"
    assert told["boreal"].startswith("does not answer: cannot connect")
    assert told["coral"] == "home (0) answers, not south (2)"


def test_through_the_pooler_an_application_connects_to_its_tenant_and_is_answered(
    server: Server, cells: list[Cell], file: Path, tmp_path: Path
) -> None:
    section = tmp_path / "databases.ini"
    assert runner("cells", "pgbouncer", "--out", section, "--file", file).exit_code == 0
    assert section.read_text() == databases(cells)
    assert runner("cells", "pgbouncer", "--file", file).output == section.read_text()
    tokens = {}
    for cell in cells:
        with session(cell.dsn) as owner:
            tokens |= dict(
                rows(
                    owner,
                    "select u.code, authz.issue_token(x.id, kid => 'shared') "
                    "from authz.users as x inner join authz.org_units as u on x.tenant_id = u.id",
                )
            )
    with pooler(
        server, section.read_text(), ["app_login", "cells_operator"], backends=2, prepared=False
    ) as conninfo:
        through = make_conninfo(conninfo, user="cells_operator")
        done = runner("cells", "check", "--through", through, "--file", file)
        assert done.exit_code == 0, done.output
        assert len(done.output.splitlines()) == 7
        homes = {tenant: cell for cell in cells for tenant in cell.tenants}
        for tenant, cell in homes.items():
            with session(make_conninfo(conninfo, dbname=tenant, user="app_login")) as app:
                for of, token in tokens.items():
                    app.execute("begin")
                    if homes[of] is cell:
                        assert value(app, "select authz.sign_in(%s)", token) > 0
                        assert rows(app, PAGE) == [(1,)]
                    else:
                        said = refusal(app, "select authz.sign_in(%s)", token)
                        assert said.sqlstate == "FW101"
                    app.execute("rollback")
                # An application learns nothing of cells.
                assert refusal(app, "select * from ops.this_cell()").sqlstate == "42501"


def test_a_migration_reaches_all_or_begins_nowhere(cells: list[Cell], file: Path) -> None:
    gone = "select to_regprocedure('ops.rls_lint()') is null"
    home, north, south = cells
    with session(home.dsn) as admin:
        admin.execute("drop function ops.rls_lint()")
        write(file, [home, north, down(south)])
        refused = error(runner("migrate", "--all", "--file", file))
        assert "cell south (2): cannot connect" in refused.message
        assert value(admin, gone) is True
        write(file, [home])
        planned = runner("migrate", "--all", "--plan", "--file", file)
        assert planned.output.splitlines() == ["home (0): would apply 1 files"]
        assert value(admin, gone) is True
        write(file, [home, north])
        first, second = runner("migrate", "--all", "--file", file).output.splitlines()
        assert first.startswith("home (0): migrated to 00")
        assert second == "north (1): nothing to do"
        assert value(admin, gone) is False


def test_a_newer_cell_keeps_all_from_being_migrated(server: Server, file: Path) -> None:
    with server.copy() as janitor:
        newer = Cell("west", 3, server.conninfo(janitor.dbname))
        with psycopg.connect(newer.dsn) as admin:
            admin.execute(
                "insert into fundwarden.applied_migrations (id, sha256) values ('9999_x', '')"
            )
            admin.execute(
                "insert into fundwarden._yoyo_migration (migration_hash, migration_id) "
                "values ('x', '9999_x')"
            )
        write(file, [newer])
        refused = error(runner("migrate", "--all", "--file", file))
        assert (refused.exit_code, "newer than this code" in refused.message) == (NEWER, True)


def test_the_platforms_rows_reach_every_cell_that_answers(cells: list[Cell], file: Path) -> None:
    home, north, south = cells

    def states() -> list[str | None]:
        shared = Shared.of(cells)
        told = []
        for cell in cells:
            with connect(cell.target) as conn:
                who = identity(conn)
            told.append(shared_state(cell, who, shared)[0])
        return told

    with session(home.dsn) as owner:
        owner.execute("update authz.roles set name = name || '!' where code = 'staff'")
    behind = "platform rows: 1 behind, taken never: runner cells sync"
    assert states() == [None, behind, behind]
    write(file, [home, down(north), south])
    done = runner("cells", "sync", "--file", file)
    assert done.exit_code == FAILED
    failed, taken = done.output.splitlines()
    assert failed.startswith("north (1): failed, and is as it was: cannot connect")
    assert taken == "south (2): 1 rows changed"
    assert states() == [None, behind, "platform rows: current"]
    write(file, cells)
    assert runner("cells", "sync", "--file", file).output.splitlines() == [
        "north (1): 1 rows changed", "south (2): 0 rows changed",
    ]  # fmt: skip
    assert states() == [None, "platform rows: current", "platform rows: current"]
    with session(north.dsn) as owner:
        assert rows(owner, "select * from authz.verify_effective_policies()") == []
        assert rows(owner, "select * from audit.verify_tables()") == []
    # Without the platform the cells go on, and say since when.
    assert Shared.of([down(home), north]) is None
    write(file, [down(home), north])
    assert "cannot connect" in error(runner("cells", "sync", "--file", file)).message
    with connect(north.target) as conn:
        told, code = shared_state(north, identity(conn), None)
    assert str(told).startswith("platform rows: the platform does not answer, taken 20")
    assert code == 0


def test_the_status_has_a_line_for_each_cell(cells: list[Cell], file: Path) -> None:
    home, north, south = cells
    write(file, [replace(home, tenants=("acme",)), down(north)])
    done = runner("status", "--all", "--file", file)
    assert done.exit_code == DRIFT
    first, second = done.output.splitlines()
    assert first.startswith("home (0): at 00")
    assert "; up to date; " in first
    assert first.endswith("; holds asia, which the file does not say")
    assert second.startswith("north (1): does not answer: cannot connect")
    with connect(south.target) as conn:
        told = identity(conn)
    assert misfit(south, told) is None
    assert misfit(replace(south, name="sud"), told) == "is cell south (2), not sud (2)"
    assert misfit(replace(south, number=4), told) == "is cell south (2), not south (4)"
    assert misfit(replace(south, tenants=(*south.tenants, "chad")), told) == "does not hold chad"
    assert "is no cell yet" in str(misfit(south, None))


def test_versions_that_are_too_far_apart_are_reported(server: Server, cells: list[Cell]) -> None:
    project = read_project(root())
    newest = look(cells[0], project)
    with server.copy() as janitor:
        old = Cell("west", 3, server.conninfo(janitor.dbname))
        for is_too_far in (False, True):
            with psycopg.connect(old.dsn) as admin:
                last = admin.execute(
                    "delete from fundwarden.applied_migrations as m where m.id = "
                    "(select max(x.id) from fundwarden.applied_migrations as x) returning m.id"
                ).fetchone()
                admin.execute(
                    "delete from fundwarden._yoyo_migration where migration_id = %s", last
                )
            told = too_far_apart([newest, look(old, project)])
            assert (told is not None) is is_too_far
        assert str(told).startswith("versions are too far apart: west (3) is at 00")


def test_a_refresh_reaches_every_cell_that_answers(cells: list[Cell], file: Path) -> None:
    write(file, [cells[0], down(cells[1]), cells[2]])
    done = runner("refresh", "--all", "--file", file)
    assert done.exit_code == FAILED
    first, second, third = done.output.splitlines()
    assert first.startswith("home (0): ") and "rows changed in" in first
    assert second.startswith("north (1): failed: cannot connect")
    assert "rows changed in" in third


@pytest.mark.parametrize(
    "arguments",
    [("status", "--all", "--json"), ("refresh", "--all", "--listen"),
     ("--dsn", "host=x", "migrate", "--all"), ("status", "--all", "--file", "/nonexistent.toml")],
)  # fmt: skip
def test_options_that_exclude_each_other_are_refused(arguments: tuple[str, ...]) -> None:
    cli.options.dsn = None
    assert error(runner(*arguments)).exit_code == USAGE
    cli.options.dsn = None
