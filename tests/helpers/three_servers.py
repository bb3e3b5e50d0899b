"""Three servers, each with a cell of two tenants, and a real PgBouncer in front of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from poolers import Pooler
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from servers import APP_LOGIN, NEWEST, SERVERS, SETTINGS, TEMPLATE, data_folder
from typer.testing import CliRunner, Result
from waiting import rows, session, value, wait_for

from runner import cli
from runner.cells.file import Cell, read, write
from runner.cells.shared import sync
from runner.embedded import EmbeddedServer

NAMES = {"home": ("acme", "asia"), "north": ("boreal", "baltic"), "south": ("coral", "cape")}
DATABASE = "shop"
OPERATOR = "cells_operator"
SECRET = b"0123456789abcdef0123456789abcdef"
SMALL = {"shared_buffers": "64MB", "max_wal_size": "256MB"}
# Of every user, so that the supervisors' pages and totals are among them. As text, since ids of
# rows that came from another cell are in no order that matters.
ANSWERS = """
    select u.id, (select count(*) from authz.subordinates(u.id)),
        array(select (p.fund_id, p.total_count, p.amount)::text
            from finance.page_authorized_funds(u.id, 1, 20) as p),
        authz.user_scope(u.id, 'funds', 'read')::text,
        authz.check_user_permission(u.id, 'funds', 'read', u.base_unit_id),
        authz.check_user_permission(u.id, 'orders', 'update', u.base_unit_id)
    from authz.users as u inner join authz.org_units as n on u.tenant_id = n.id
    where n.code = %s and u.is_active order by u.id
"""
DIGESTS = """
    select d.title, d.row_count, d.digest
    from authz.org_units as n cross join lateral ops.tenant_digests(n.id) as d
    where n.parent_id is null and n.code = %s order by 1
"""


class CellServer:
    """A server of its own: a copy of the suite's, with the migrated template and the logins."""

    def __init__(self, folder: Path) -> None:
        suite = SERVERS.get(NEWEST)
        self.embedded = EmbeddedServer(
            folder, settings=SETTINGS | SMALL, programs=suite.embedded.programs
        )
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        data = self.embedded.data
        data.mkdir(mode=0o700)
        owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            # As root the server runs under a user of its own, and so must the copy.
            found = suite.embedded.data.stat()
            os.chown(data, found.st_uid, found.st_gid)
            owner = {"user": found.st_uid, "group": found.st_gid, "extra_groups": []}
        where = conninfo_to_dict(suite.conninfo("postgres"))
        subprocess.run(
            [
                *(str(suite.bin("pg_basebackup")), "--pgdata", str(data), "--no-sync"),
                *("--checkpoint", "fast", "--wal-method", "stream", "--dbname"),
                make_conninfo("", **{k: v for k, v in where.items() if k != "dbname"}),
            ],
            check=True,
            cwd=data,
            **owner,
        )
        self.embedded.start()

    def conninfo(self, dbname: str = DATABASE) -> str:
        return self.embedded.conninfo(dbname)

    def kill(self) -> None:
        """kill -9 of every process, the first one first: nothing is said, nothing is written."""
        first = int((self.embedded.data / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout
        pairs = [[int(one) for one in line.split()] for line in listed.splitlines()]
        for pid in (first, *(pid for pid, parent in pairs if parent == first)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_for("the server is dead", lambda: not self.embedded.running())


class Platform:
    """The three cells, their file and their pooler, and what an administrator does with them."""

    def __init__(self, folder: Path, servers: dict[str, CellServer]) -> None:
        self.servers = servers
        self.path = folder / "cells.toml"
        self.section = folder / "databases.ini"
        cells = [
            Cell(name, number, servers[name].conninfo(), tenants)
            for number, (name, tenants) in enumerate(NAMES.items())
        ]
        write(self.path, cells)
        for cell in cells:
            with session(servers[cell.name].conninfo("postgres")) as admin:
                admin.execute(f"create database {DATABASE} template {TEMPLATE} strategy file_copy")
                admin.execute(f"create role {OPERATOR} login in role fundwarden_operator")
            with session(cell.dsn) as owner:
                owner.execute("select ops.apply_database_rights()")
                owner.execute("select ops.set_cell(%s, %s)", [cell.number, cell.name])
                owner.execute("select authz.add_token_key('shared', %s)", [SECRET])
        assert sync(cells, say=lambda line: None) == 0
        assert self.runner("cells", "pgbouncer", "--out", str(self.section)).exit_code == 0
        self.pool = Pooler(
            servers["home"], self.section.read_text(), [APP_LOGIN, OPERATOR],
            backends=4, prepared=False,
        )  # fmt: skip

    def cells(self) -> list[Cell]:
        return read(self.path)

    def home(self, tenant: str) -> Cell:
        """Where the file says that the tenant is."""
        return next(cell for cell in self.cells() if tenant in cell.tenants)

    def next_home(self, tenant: str) -> Cell:
        """The cell that comes after it."""
        cells = self.cells()
        return cells[(self.home(tenant).number + 1) % len(cells)]

    def runner(self, *arguments: str) -> Result:
        """The command line, in this process: starting Python takes longer than the command."""
        return CliRunner().invoke(cli.app, [*arguments, "--file", str(self.path)])

    def move(self, tenant: str, to: str) -> subprocess.CompletedProcess[str]:
        """`runner cells move` as an administrator runs it."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "runner.cli", "cells", "move", tenant, "--to", to),
                *("--file", str(self.path)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def reroute(self) -> None:
        """What the last line of a move says: write the databases of the pooler and reload it."""
        done = self.runner("cells", "pgbouncer", "--out", str(self.section))
        assert done.exit_code == 0, done.output
        self.pool.write_databases(self.section.read_text())
        self.pool.reload()

    def through(self, tenant: str, user: str = APP_LOGIN) -> str:
        """Conninfo of the tenant's database, as an application has it."""
        return make_conninfo(self.pool.conninfo, dbname=tenant, user=user)

    def check(self) -> Result:
        """Every tenant answers through the pooler."""
        through = make_conninfo(self.pool.conninfo, user=OPERATOR)
        return self.runner("cells", "check", "--through", through)


@contextmanager
def three_servers() -> Iterator[Platform]:
    """Fresh servers without tenants; killed ones are no trouble at the end."""
    folder = Path(tempfile.mkdtemp(prefix="fundwarden-cells-", dir=data_folder()))
    folder.chmod(0o755)
    servers: dict[str, CellServer] = {}
    platform: Platform | None = None
    try:
        for name in NAMES:
            servers[name] = CellServer(folder / name)
        platform = Platform(folder, servers)
        platform.pool.start()
        yield platform
    finally:
        if platform is not None:
            platform.pool.stop()
        for server in servers.values():
            server.embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


def as_owner(cell: Cell, query: str, *params: object) -> list[tuple[Any, ...]]:
    with session(cell.dsn) as owner:
        owner.execute("set role fundwarden_owner")
        return rows(owner, query, *params)


def holders(platform: Platform, tenant: str) -> dict[str, list[tuple[Any, ...]]]:
    """Name of each cell that has rows of the tenant, and the digests of its tables."""
    found = {cell.name: as_owner(cell, DIGESTS, tenant) for cell in platform.cells()}
    return {name: digests for name, digests in found.items() if digests}


def not_exact(cells: Sequence[Cell]) -> list[tuple[Any, ...]]:
    """What is wrong in the cells by their own account."""
    found: list[tuple[Any, ...]] = []
    for cell in cells:
        for query in (
            "select v.* from authz.verify_effective_policies() as v",
            "select v.* from audit.verify() as v",
            "select v.* from audit.verify_tables() as v",
            "select c.name, c.detail from ops.health_checks(true) as c "
            "where c.severity = 'critical'",
            "select c.detail from ops.check_cell() as c where c.severity <> 'info'",
        ):
            found += [(cell.name, query, *row) for row in as_owner(cell, query)]
    return found


def token(cell: Cell, user_id: int) -> str:
    with session(cell.dsn) as owner:
        return str(value(owner, "select authz.issue_token(%s, kid => 'shared')", user_id))


def is_away(error: psycopg.Error) -> bool:
    """Whether this cell does not hold the tenant, or not yet."""
    return error.sqlstate == "FW101"
