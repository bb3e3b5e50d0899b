"""What the suite measures beside the pages: clients at once, a large move, seeding."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import big_tree, create
from runner.connect import Target, connect
from runner.errors import RunnerError
from runner.migrations import migrate
from runner.seeding import seed

SCRIPT = """\\set who random(1, {count})
\\set sort random(1, 4)
\\set page random(1, 20)
select count(*) from finance.page_authorized_funds(
    (array[{ids}])[:who], :page, 20,
    (array['amount', 'fund_id', 'created_at', 'status'])[:sort], 'desc'
);
"""


@dataclass
class Load:
    """What pgbench saw with that many clients; latencies in milliseconds."""

    clients: int
    tps: float
    mean: float
    median: float
    p95: float
    errors: int
    catalog_growth: int


def program(target: Target, name: str) -> str:
    """The embedded server's program, else the one of the PATH."""
    return str(target.embedded.bin(name)) if target.embedded else name


def catalog_rows(target: Target) -> int:
    """Rows of the catalogs that a temporary table a call would swell."""
    with connect(target, autocommit=True) as connection:
        row = connection.execute(
            "select (select count(*) from pg_class) + (select count(*) from pg_attribute)"
        ).fetchone()
    return int(row[0]) if row else 0


def load(target: Target, users: list[int], clients: int, seconds: int) -> Load:
    """Random pages and sorts of several supervisors by that many clients at once."""
    before = catalog_rows(target)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "page.sql"
        script.write_text(SCRIPT.format(count=len(users), ids=", ".join(map(str, users))))
        done = subprocess.run(
            [
                program(target, "pgbench"),
                *("-n", "-M", "prepared", "-f", str(script), "-c", str(clients)),
                *("-j", "2" if clients > 1 else "1", "-T", str(seconds)),
                *("-l", "--log-prefix", str(Path(folder) / "log")),
                target.conninfo,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        latencies = sorted(
            int(line.split()[2])
            for log in Path(folder).glob("log*")
            for line in log.read_text().splitlines()
        )
    tps = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if tps is None or not latencies:
        raise RunnerError(f"pgbench failed: {done.stderr.strip()[-300:]}")
    return Load(
        clients,
        float(tps[1]),
        statistics.mean(latencies) / 1000,
        statistics.median(latencies) / 1000,
        latencies[int(len(latencies) * 0.95)] / 1000,
        (int(failed[1]) if failed else 0) + (done.returncode != 0),
        # The sessions of pgbench are gone, and their temporary tables with them.
        catalog_rows(target) - before,
    )


@dataclass
class Move:
    """Medians in milliseconds of moving 20,020 descendants, and of the bare update."""

    ours: float
    bare: float
    units: int
    fund_writes: int


def move(target: Target, say: Any) -> Move:
    """One statement with our triggers against the same paths written with triggers off."""
    tree = big_tree(target, "fundwarden_bench_tree", say=say)
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    touched = funds = 0
    with connect(tree) as connection:
        for _ in range(7):
            for how in times:
                connection.execute(
                    "set local session_replication_role = "
                    + ("origin" if how == "ours" else "replica")
                )
                start = time.perf_counter()
                if how == "ours":
                    connection.execute("select authz.move_unit(2, 3)")
                else:
                    connection.execute(
                        "update authz.org_units set level = level + 1, path = "
                        "'root.b2'::ext.ltree operator(ext.||) ext.subpath(path, 1) "
                        "where path operator(ext.<@) 'root.b1'::ext.ltree"
                    )
                times[how].append((time.perf_counter() - start) * 1e3)
                row = connection.execute(
                    "select count(*), pg_stat_get_xact_tuples_updated("
                    "'finance.financial_funds'::regclass) from authz.org_units "
                    "where path operator(ext.<@) 'root.b2.b1'::ext.ltree"
                ).fetchone()
                if row:
                    touched, funds = row[0], funds + row[1]
                connection.rollback()
            connection.autocommit = True
            connection.execute("vacuum authz.org_units")
            connection.autocommit = False
    return Move(
        statistics.median(times["ours"][1:]), statistics.median(times["bare"][1:]), touched, funds
    )


@dataclass
class Seeding:
    """Seconds per row of our seed and of pgbench's, and the runner's peak memory in MB."""

    records: int
    seconds: float
    pgbench_seconds: float
    pgbench_rows: int
    memory: float

    @property
    def ratio(self) -> float:
        """Ours over pgbench's, per row; a record is five rows."""
        return (self.seconds / (self.records * 5)) / (self.pgbench_seconds / self.pgbench_rows)


def seeding(target: Target, records: int) -> Seeding:
    """Seed and pgbench -i on the same server in the same run, each into a new database."""
    scale = max(1, records // 20_000)
    rival = create(target, "fundwarden_bench_pgbench")
    _checkpoint(target)
    start = time.perf_counter()
    subprocess.run(
        [program(target, "pgbench"), "-i", "-q", "-s", str(scale), rival.conninfo],
        capture_output=True,
        check=True,
    )
    pgbench_seconds = time.perf_counter() - start
    ours = create(target, "fundwarden_bench_seed")
    migrate(ours, say=lambda line: None)
    _checkpoint(target)
    start = time.perf_counter()
    seed(ours, records=records)
    seconds = time.perf_counter() - start
    with connect(target, autocommit=True) as connection:
        for name in ("fundwarden_bench_pgbench", "fundwarden_bench_seed"):
            connection.execute(f"drop database {name} with (force)".encode())
    return Seeding(
        records,
        seconds,
        pgbench_seconds,
        scale * 100_000,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _checkpoint(target: Target) -> None:
    """Lets nobody write what another one left behind."""
    with connect(target, autocommit=True) as connection:
        connection.execute("checkpoint")


def similar_supervisors(connection: psycopg.Connection[Any], size: int) -> list[int]:
    """Supervisors of about that many people, up to twenty."""
    rows = connection.execute(
        "select user_id from authz.supervisors where subordinates between %s and %s "
        "order by abs(subordinates - %s), user_id limit 20",
        [size * 0.4, size * 2.5, size],
    )
    return [row[0] for row in rows]
