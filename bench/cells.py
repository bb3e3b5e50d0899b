"""Suite "cells": three cells on three servers beside one server, and the moves of tenants."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.report import machine
from runner.cells.file import Cell, read, write
from runner.cells.moving import move
from runner.cells.shared import sync
from runner.connect import Target, connect
from runner.embedded import EmbeddedServer
from runner.migrations import migrate

Say = Callable[[str], None]
Connection = psycopg.Connection[Any]

TENANTS = {"home": "acme", "north": "boreal", "south": "coral"}
CLIENTS = 12
# A person brings five rows: the user, a grant, a customer, an order and a fund.
ROWS_OF_PERSON = 5
SIZES = (1_000, 10_000, 100_000)
# The one server has as much of a cache as the three together.
CACHE = 384
WORLD = """
    insert into authz.org_units (code, kind) values (%(tenant)s, 'organization');
    insert into authz.org_units (parent_id, code, kind)
    select t.id, 'u' || g, 'office'
    from authz.org_units as t cross join generate_series(1, greatest(%(people)s / 50, 1)) as g
    where t.parent_id is null and t.code = %(tenant)s;
    insert into authz.users (username, base_unit_id)
    select %(tenant)s || g, u.id
    from generate_series(1, %(people)s) as g
    inner join (
        select n.id, row_number() over (order by n.id) as place, count(*) over () as units
        from authz.org_units as n inner join authz.org_units as t on n.parent_id = t.id
        where t.code = %(tenant)s
    ) as u on g %% u.units + 1 = u.place;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, u.base_unit_id
    from authz.users as u
    inner join authz.org_units as t on u.tenant_id = t.id
    inner join authz.roles as r on r.tenant_id is null
        and r.code = case when u.id %% 5 = 0 then 'supervisor' else 'staff' end
    where t.code = %(tenant)s;
    insert into finance.customers (name, manager_id)
    select 'customer', u.id
    from authz.users as u inner join authz.org_units as t on u.tenant_id = t.id
    where t.code = %(tenant)s;
    insert into finance.orders (handler_id, customer_id)
    select c.manager_id, c.id
    from finance.customers as c inner join authz.org_units as t on c.tenant_id = t.id
    where t.code = %(tenant)s;
    insert into finance.financial_funds (handle_by, order_id, customer_id, amount)
    select o.handler_id, o.id, o.customer_id, o.id %% 1000
    from finance.orders as o inner join authz.org_units as t on o.tenant_id = t.id
    where t.code = %(tenant)s;
"""
SUPERVISORS = """
    select u.id from authz.users as u inner join authz.org_units as t on u.tenant_id = t.id
    where t.code = %s and u.id %% 5 = 0 order by u.id limit 200
"""
GRANTS = """
    select min(g.id), max(g.id) from authz.user_roles as g
    inner join authz.org_units as t on g.tenant_id = t.id where t.code = %s
"""
PAGE = """\\set who random(1, {count})
select count(*) from finance.page_authorized_funds((array[{ids}])[:who], 1, 20);
"""
GRANT = """\\set g random({first}, {last})
update authz.user_roles set inherit_to_descendants = not inherit_to_descendants where id = :g;
"""
WRITE = """
    update finance.financial_funds as f set amount = f.amount + 1
    where (f.tenant_id, f.id) = (
        select x.tenant_id, min(x.id) from finance.financial_funds as x
        inner join authz.org_units as t on x.tenant_id = t.id
        where t.code = %s group by x.tenant_id
    )
"""


@dataclass
class Side:
    """Done a second in each turn: by the one server, and by the three together."""

    one: list[float]
    three: list[float]

    @property
    def ratio(self) -> float:
        return statistics.median(b / a for a, b in zip(self.one, self.three, strict=True))


@dataclass
class Moved:
    """A move of a tenant; times in seconds."""

    rows: int
    frozen: float
    neighbour: float
    whole: float


def run(target: Target, out: Path, *, quick: bool, say: Say) -> None:
    """Measure and write CELLS.md. The servers are this suite's own, whatever the target is."""
    del target
    people, turns, seconds = (2_000, 2, 3) if quick else (12_000, 5, 6)
    sizes = SIZES[: 2 if quick else None]
    with _servers() as servers:
        cells = [
            Cell(name, number, servers[name].conninfo(), (tenant,))
            for number, (name, tenant) in enumerate(TENANTS.items())
        ]
        for cell in cells:
            with connect(cell.target) as connection:
                connection.execute("select ops.set_cell(%s, %s)", [cell.number, cell.name])
        sync(cells, say=lambda line: None)
        one = servers["one"].conninfo()
        for cell in cells:
            for conninfo in (one, cell.dsn):
                _build(conninfo, cell.tenants[0], people)
        with connect(Target(one)) as connection:
            row = connection.execute("show server_version").fetchone()
        say(f"three tenants of {people:,} people each, on one server and on three")
        found = {}
        for what, script in (("pages", _page), ("grants", _grant)):
            side = found[what] = Side([], [])
            for turn in range(turns):
                pairs = [
                    (side.one, [one] * len(cells)),
                    (side.three, [cell.dsn for cell in cells]),
                ]
                # Turn and turn about, so that drift hits both alike.
                for times, where in pairs if turn % 2 else reversed(pairs):
                    times.append(_load(servers["one"], where, script, seconds))
            say(f"{what}: {statistics.median(side.one):,.0f} a second on one server, "
                f"{statistics.median(side.three):,.0f} on three: {side.ratio:.2f}x")  # fmt: skip
        servers["one"].stop()
        moved = [_move(cells, size, say) for size in sizes]
    _write(out, found, moved, str(row[0] if row else ""), people, turns, seconds)
    say(f"wrote {out / 'CELLS.md'}")


@contextmanager
def _servers() -> Iterator[dict[str, EmbeddedServer]]:
    """The one server and the three, of one migrated folder of data; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="fundwarden-bench-cells-", dir="/var/tmp"))
    folder.chmod(0o755)
    names = ["one", *TENANTS]
    servers = {
        name: EmbeddedServer(
            folder / name,
            settings={"shared_buffers": f"{CACHE * (len(TENANTS) if name == 'one' else 1)}MB"},
        )
        for name in names
    }
    try:
        first = servers[names[0]]
        migrate(Target(first.start()), say=lambda line: None)
        first.stop()
        for name in names[1:]:
            servers[name].home.mkdir(mode=0o755)
            servers[name].home.chmod(0o755)
            subprocess.run(["cp", "-a", first.data, servers[name].data], check=True)
        for server in servers.values():
            server.start()
        yield servers
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _build(conninfo: str, tenant: str, people: int) -> None:
    with psycopg.connect(conninfo, autocommit=True) as owner:
        psycopg.ClientCursor(owner).execute(
            WORLD.encode(), {"tenant": tenant, "people": max(people, 5)}
        )
        owner.execute("select authz.refresh_user_effective_policies()")
        owner.execute("vacuum analyze")


def _page(connection: Connection, tenant: str) -> str:
    ids = [row[0] for row in connection.execute(SUPERVISORS, [tenant]).fetchall()]
    return PAGE.format(count=len(ids), ids=", ".join(map(str, ids)))


def _grant(connection: Connection, tenant: str) -> str:
    row = connection.execute(GRANTS, [tenant]).fetchone()
    assert row is not None
    return GRANT.format(first=row[0], last=row[1])


def _load(
    server: EmbeddedServer,
    where: list[str],
    script: Callable[[Connection, str], str],
    seconds: int,
) -> float:
    """Transactions a second of all tenants together, each with its share of the clients."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = []
        for conninfo, tenant in zip(where, TENANTS.values(), strict=True):
            path = folder / f"{tenant}.sql"
            with psycopg.connect(conninfo) as connection:
                path.write_text(script(connection, tenant))
            running.append((path, conninfo))
        processes = [
            subprocess.Popen(
                [str(server.bin("pgbench")), "-n", "-M", "prepared", "-T", str(seconds),
                 "-c", str(CLIENTS // len(TENANTS)), "-j", "1", "-f", str(path), conninfo],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for path, conninfo in running
        ]  # fmt: skip
        said = [process.communicate()[0] for process in processes]
    return sum(_per_second(text) for text in said)


def _per_second(said: str) -> float:
    found = re.search(r"tps = ([\d.]+)", said)
    failed = re.search(r"number of failed transactions: (\d+)", said)
    assert found is not None and failed is not None and failed[1] == "0", said
    return float(found[1])


def _move(cells: list[Cell], size: int, say: Say) -> Moved:
    """A new tenant of that size goes from home to north, while another one of home is written."""
    home, north = cells[:2]
    tenant = f"moved_{size}"
    _build(home.dsn, tenant, size // ROWS_OF_PERSON)
    with psycopg.connect(home.dsn) as owner:
        row = owner.execute(
            "select sum(d.row_count) from authz.org_units as t "
            "cross join lateral ops.tenant_digests(t.id) as d "
            "where t.parent_id is null and t.code = %s",
            [tenant],
        ).fetchone()
    rows = int(row[0]) if row else 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.toml"
        write(path, [Cell(home.name, home.number, home.dsn, (tenant,)), north])
        said: list[str] = []
        ending = threading.Event()
        longest = [0.0]

        def neighbour() -> None:
            with psycopg.connect(home.dsn, autocommit=True) as writer:
                while not ending.is_set():
                    begun = time.perf_counter()
                    writer.execute(WRITE, [home.tenants[0]])
                    longest[0] = max(longest[0], time.perf_counter() - begun)

        thread = threading.Thread(target=neighbour)
        thread.start()
        try:
            begun = time.perf_counter()
            move(read(path), path, tenant, north.name, say=said.append)
            whole = time.perf_counter() - begun
        finally:
            ending.set()
            thread.join()
    waited = [float(m[1]) for line in said if (m := re.search(r"waited ([\d.]+) s", line))]
    say(f"{rows:,} rows: moved in {whole:.1f} s, of which writes waited {waited[-1]:.1f} s")
    return Moved(rows, waited[-1], longest[0], whole)


def _write(
    out: Path,
    found: dict[str, Side],
    moved: list[Moved],
    version: str,
    people: int,
    turns: int,
    seconds: int,
) -> None:
    """The report as text."""
    lines = [
        "# Three cells beside one server",
        "",
        f"Written by `runner bench --suite cells` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version}; embedded servers, settings as installed, a cache of "
        f"{CACHE * len(TENANTS)} MB for the one server and of {CACHE} MB for each of the three.",
        "",
        f"Three tenants of {people:,} people, customers, orders and funds each. {CLIENTS} clients, "
        f"a third of them for each tenant; medians of {turns} turns of {seconds} s, one server and "
        "three in turn. All servers and all clients share the cores of this machine, so the ratio "
        "says what the division costs. What it gains are the cores, the memory and the disks of "
        "the other machines, which are not here.",
        "",
        "| what | one server, a second | three cells, a second | three / one | target | |",
        "|---|---|---|---|---|---|",
        *(
            f"| {what} | {statistics.median(side.one):,.0f} | {statistics.median(side.three):,.0f} "
            f"| {side.ratio:.2f}x | at least 0.8x | "
            f"{'reached' if side.ratio >= 0.8 else '**not reached**'} |"
            for what, side in found.items()
        ),
        "",
        "A page is of 20 funds with the exact total, for one of 200 supervisors. A grant is one "
        "row of `authz.user_roles` changed and committed.",
        "",
        "## Moves",
        "",
        "A tenant moves from one cell to another while a client writes to another tenant of the "
        "old cell without a pause. Seconds.",
        "",
        "| rows of the tenant | writes waited | longest write of the other tenant | the whole move "
        "|",
        "|---|---|---|---|",
        *(
            f"| {one.rows:,} | {one.frozen:.1f} | {one.neighbour:.1f} | {one.whole:.1f} |"
            for one in moved
        ),
        "",
    ]
    (out / "CELLS.md").write_text("\n".join(lines), encoding="utf-8")
