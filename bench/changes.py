"""Suite "changes": what a change of access costs, and what it costs whoever asks after it."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import databases
from bench.others import program
from bench.report import machine
from runner.connect import Target, connect

Connection = psycopg.Connection[Any]
SIZES = {
    20_000: "fundwarden_bench_fiftieth",
    100_000: "fundwarden_bench_tenth",
    1_000_000: "fundwarden_bench",
}
# Constraints that LIKE does not copy, so that both tables are asked for as much.
FOREIGN_KEYS = """
    select format('alter table public.bare_user_roles add %s', pg_get_constraintdef(c.oid))
    from pg_constraint as c
    where c.conrelid = 'authz.user_roles'::regclass and c.contype = 'f'
"""
GRANT = "insert into {} (tenant_id, user_id, role_id, unit_id) values (%s, %s, %s, %s)"
CHECK = "select authz.check_user_permission(%s::bigint, 'funds', 'read', %s::int)"


@dataclass
class Found:
    """Medians in milliseconds, but for refresh in seconds."""

    users: int
    rows: int = 0
    grant: float = 0
    bare: float = 0
    slowest: float = 0
    p99: float = 0
    unchanged: float = 0
    changed: float = 0
    before_role: float = 0
    after_role: float = 0
    refresh: float = 0
    loads: dict[str, tuple[float, float]] = field(default_factory=dict)


def run(target: Target, out: Path, *, quick: bool, say: Callable[[str], None]) -> None:
    """Measure and write CHANGES.md."""
    sizes = dict(list(SIZES.items())[: 1 if quick else None])
    found: list[Found] = []
    version = ""
    for users, name in sizes.items():
        ours = databases.seeded(target, name, users, fresh=False, say=say)
        with connect(ours, autocommit=True) as connection:
            connection.execute("update authz.settings set refresh_mode = default")
            connection.execute("select authz.refresh_user_effective_policies()")
            connection.execute("vacuum analyze authz.user_roles, authz.user_effective_policies")
            row = connection.execute(
                "select count(*), current_setting('server_version') "
                "from authz.user_effective_policies"
            ).fetchone()
            this = Found(users, rows=row[0] if row else 0)
            version = row[1] if row else ""
            _checks(connection, this)
            with _people(connection) as people:
                _grants(connection, this, people, 300 if quick else 1000)
                _many(connection, this, people, 1000 if quick else 10_000)
            _refresh(ours, connection, this, seconds=5 if quick else 20)
        found.append(this)
        say(f"{users:,} users: grant {this.grant:.2f} of {this.bare:.2f} ms, slowest of many "
            f"{this.slowest:.0f} ms; check {this.changed:.3f} of {this.unchanged:.3f} ms, after a "
            f"role changed {this.after_role:.3f} of {this.before_role:.3f} ms; refresh "
            f"{this.refresh:.1f} s")  # fmt: skip
    _write(out, found, str(version))
    say(f"wrote {out / 'CHANGES.md'}")


@contextmanager
def _people(connection: Connection) -> Iterator[list[tuple[Any, ...]]]:
    """Grants that nobody has yet: tenant, user, role, unit; taken back at the end."""
    connection.execute("create table public.bare_user_roles (like authz.user_roles including all)")
    connection.execute(
        "insert into public.bare_user_roles overriding system value select * from authz.user_roles"
    )
    # Ids of the copy go on where those of the table do.
    connection.execute(
        "select setval(pg_get_serial_sequence('public.bare_user_roles', 'id'), "
        "(select max(id) from authz.user_roles))"
    )
    for (statement,) in connection.execute(FOREIGN_KEYS).fetchall():
        connection.execute(statement)
    role = "(select r.id from authz.roles as r where r.code = 'supervisor' and r.tenant_id is null)"
    people = connection.execute(
        f"select u.tenant_id, u.id, {role}, u.base_unit_id from authz.users as u "
        f"where u.is_active and not exists (select from authz.user_roles as g "
        f"where g.user_id = u.id and g.role_id = {role}) order by u.id limit 20000".encode()
    ).fetchall()
    connection.execute("vacuum analyze public.bare_user_roles")
    connection.execute("checkpoint")
    try:
        yield people
    finally:
        connection.execute("drop table public.bare_user_roles")
        with connection.transaction():
            connection.cursor().executemany(
                "delete from authz.user_roles where user_id = %s and role_id = %s and unit_id = %s",
                [(user, role_id, unit) for _, user, role_id, unit in people],
            )


def _timed(connection: Connection, statement: str, parameters: Any) -> float:
    begun = time.perf_counter()
    connection.execute(statement.encode(), parameters, prepare=True)
    return (time.perf_counter() - begun) * 1e3


def _grants(connection: Connection, this: Found, people: list[Any], turns: int) -> None:
    """One row committed, in our table and in a bare one with the same rows, turn and turn about."""
    times: tuple[list[float], list[float]] = ([], [])
    for person in people[:turns]:
        for place, table in enumerate(("authz.user_roles", "public.bare_user_roles")):
            times[place].append(_timed(connection, GRANT.format(table), person))
    this.grant, this.bare = (statistics.median(t[20:]) for t in times)
    del people[:turns]


def _many(connection: Connection, this: Found, people: list[Any], count: int) -> None:
    """One grant a transaction, many of them in a row."""
    times = [_timed(connection, GRANT.format("authz.user_roles"), p) for p in people[:count]]
    this.slowest = max(times)
    this.p99 = statistics.quantiles(times, n=100)[98]


def _checks(connection: Connection, this: Found) -> None:
    """Of somebody just changed against somebody not changed; before and after a role is changed."""
    asked = connection.execute(
        "select u.id, u.base_unit_id from authz.users as u where u.is_active "
        "order by u.id % 97, u.id limit 400"
    ).fetchall()
    touch = "update authz.user_roles set valid_until = valid_until where user_id = %s"
    times: dict[str, list[float]] = {"unchanged": [], "changed": [], "before": [], "after": []}
    for place, person in enumerate(asked):
        other = asked[place - 1]
        # The statement before warms the caches of both alike.
        connection.execute(touch, [person[0]])
        order = ("changed", "unchanged") if place % 2 else ("unchanged", "changed")
        for what in order:
            times[what].append(_timed(connection, CHECK, person if what == "changed" else other))
        if place % 2:
            # Who was changed is not, once the view has caught up: so only half of them are.
            connection.execute("delete from authz_private.policy_marks where user_id is not null")
    for turn in range(20):
        connection.execute("select authz.refresh_user_effective_policies()")
        for what in ("before", "after"):
            if what == "after":
                connection.execute(
                    "update authz.policies set priority = priority where id in "
                    "(select min(id) from authz.policies)"
                )
                connection.execute("update authz.roles set rank = rank where code = 'supervisor'")
            for person in asked[turn * 20 : turn * 20 + 20]:
                times[what].append(_timed(connection, CHECK, person))
        if this.users >= 1_000_000 and turn == 4:
            break
    middle = {what: statistics.median(t[5:]) for what, t in times.items()}
    this.unchanged, this.changed = middle["unchanged"], middle["changed"]
    this.before_role, this.after_role = middle["before"], middle["after"]


def _load(target: Target, script: str, seconds: float, folder: Path) -> subprocess.Popen[str]:
    """One client of pgbench, its latencies logged."""
    path = folder / f"{len(list(folder.iterdir()))}.sql"
    path.write_text(script)
    return subprocess.Popen(
        [program(target, "pgbench"), "-n", "-M", "prepared", "-T", str(int(seconds)),
         "-f", str(path), "-l", "--log-prefix", str(path.with_suffix("")), target.conninfo],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _p99(folder: Path, number: int) -> float:
    latencies = [
        int(line.split()[2])
        for log in folder.glob(f"{number}.[0-9]*")
        for line in log.read_text().splitlines()
    ]
    return statistics.quantiles(latencies, n=100)[98] / 1e3 if len(latencies) > 1 else 0.0


def _refresh(target: Target, connection: Connection, this: Found, *, seconds: float) -> None:
    """A concurrent refresh with checks and grants beside it, and both without it."""
    scripts = {
        "checks": f"\\set u random(1, {this.users})\n"
        "select authz.check_user_permission(:u, 'funds', 'read', 1);\n",
        "grants": f"\\set u random(1, {this.users})\nupdate authz.user_roles "
        "set inherit_to_descendants = not inherit_to_descendants where id = :u;\n",
    }
    connection.execute("checkpoint")
    begun = time.perf_counter()
    connection.execute("select authz.refresh_user_effective_policies()")
    this.refresh = time.perf_counter() - begun
    for what, script in scripts.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            quiet = _load(target, script, min(seconds, max(3, this.refresh)), folder)
            quiet.communicate()
            busy = _load(target, script, max(3, this.refresh * 1.5), folder)
            while busy.poll() is None:
                connection.execute("select authz.refresh_user_effective_policies()")
            busy.communicate()
            numbers = sorted(
                int(m[1]) for p in folder.glob("*.sql") if (m := re.match(r"(\d+)", p.name))
            )
            this.loads[what] = (_p99(folder, numbers[0]), _p99(folder, numbers[1]))


def _write(out: Path, found: list[Found], version: str) -> None:
    def line(
        what: str, seen: Callable[[Found], str], wanted: str, ok: Callable[[Found], bool]
    ) -> str:
        reached = "reached" if all(ok(f) for f in found) else "**not reached**"
        return f"| {what} | {' | '.join(seen(f) for f in found)} | {wanted} | {reached} |"

    least = min(f.grant for f in found)
    lines = [
        "# What a change of access costs",
        "",
        f"Written by `runner bench --suite changes` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version}; databases of `runner seed`, settings as installed. Medians in "
        "milliseconds as the client sees them, taken side by side.",
        "",
        f"| what | {' | '.join(f'{f.users:,} users' for f in found)} | target | |",
        "|---|" + "---|" * (len(found) + 2),
        f"| rows of `authz.user_effective_policies` | {' | '.join(f'{f.rows:,}' for f in found)} | | |",  # noqa: E501
        line("one grant committed, against the same row in a bare table",
             lambda f: f"{f.grant:.2f} of {f.bare:.2f}: {f.grant / f.bare:.2f}x", "at most 2x",
             lambda f: f.grant <= 2 * f.bare),
        line("the same against the least of the sizes", lambda f: f"{f.grant / least:.2f}x",
             "at most 1.3x", lambda f: f.grant <= 1.3 * least),
        line("many grants in a row, one a transaction: the slowest (99th of 100)",
             lambda f: f"{f.slowest:.0f} ({f.p99:.2f})", "at most 50", lambda f: f.slowest <= 50),
        line("check of somebody just changed, against somebody not changed",
             lambda f: f"{f.changed:.3f} of {f.unchanged:.3f}: {f.changed / f.unchanged:.2f}x",
             "at most 1.3x", lambda f: f.changed <= 1.3 * f.unchanged),
        line("check after a role was changed, against before",
             lambda f: f"{f.after_role:.3f} of {f.before_role:.3f}: "
             f"{f.after_role / f.before_role:.2f}x", "at most 1.5x",
             lambda f: f.after_role <= 1.5 * f.before_role),
        line("concurrent refresh, seconds", lambda f: f"{f.refresh:.1f}", "at most 30",
             lambda f: f.refresh <= 30),
        *(line(f"99 of 100 {what} during refreshes, against without",
               lambda f, w=what: f"{f.loads[w][1]:.2f} of {f.loads[w][0]:.2f}: "  # type: ignore[misc]
               f"{f.loads[w][1] / f.loads[w][0]:.2f}x", "at most 2x",
               lambda f, w=what: f.loads[w][1] <= 2 * f.loads[w][0])  # type: ignore[misc]
          for what in ("checks", "grants")),
        "",
    ]  # fmt: skip
    (out / "CHANGES.md").write_text("\n".join(lines), encoding="utf-8")
