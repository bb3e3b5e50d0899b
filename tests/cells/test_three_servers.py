"""Three servers under load, with kill -9: every tenant is whole, in one cell, and answered rightly.

The servers, the pooler and the kills are real. Clients work without a pause, each of their answers
is compared with a model in Python, and so are all rows at the end.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import stepwise_runner
from cell_clients import Client, Clients, Region, build, read_regions
from psycopg.conninfo import conninfo_to_dict
from three_servers import (
    ANSWERS,
    Platform,
    as_owner,
    holders,
    not_exact,
    three_servers,
    token,
)
from waiting import PATIENCE, rows, session, value, wait_for

from runner.cells.file import Cell
from runner.errors import FAILED

TENANT = "acme"
# Regions of each tenant, which makes twenty clients; those of the tenant that moves, and of the one
# beside it, have most of the work.
REGIONS = {"acme": 8, "asia": 4, "boreal": 2, "baltic": 2, "coral": 2, "cape": 2}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Three cells with two tenants each."""
    with three_servers() as made:
        for cell in made.cells():
            for tenant in cell.tenants:
                build(cell, tenant, REGIONS[tenant])
        yield made


def regions_of(
    platform: Platform, some: Callable[[str, int], bool], cells: list[Cell] | None = None
) -> list[Region]:
    """The regions as the tables have them now; of all cells, or of some."""
    return [
        region
        for cell in cells or platform.cells()
        for tenant in cell.tenants
        for place, region in enumerate(read_regions(cell, tenant))
        if some(tenant, place)
    ]


def same_as_models(platform: Platform, models: list[Region]) -> None:
    """All rows that the clients wrote are there, and nothing else is."""
    totals = {}
    for tenant in REGIONS:
        assert list(holders(platform, tenant)) == [platform.home(tenant).name]
        found = {one.unit: one for one in read_regions(platform.home(tenant), tenant)}
        for model in (one for one in models if one.tenant == tenant):
            there = found[model.unit]
            for what in ("bases", "customers", "orders", "funds", "grant"):
                assert getattr(there, what) == getattr(model, what), (tenant, model.unit, what)
            totals[tenant] = (model.total, next(iter(found.values())).total.first)
    for total, counted in totals.values():
        assert total.bounds(total.before()) == (counted, counted)


# Load.


@pytest.mark.parametrize(
    ("is_client", "moves"),
    [
        (lambda tenant, place: place < (2 if tenant == TENANT else tenant == "asia"), 1),
        pytest.param(lambda tenant, place: True, 2, marks=pytest.mark.long),
    ],
    ids=["few clients", "twenty clients"],
)
def test_nothing_is_lost_and_no_answer_is_wrong_while_a_tenant_moves(
    platform: Platform, is_client: Callable[[str, int], bool], moves: int
) -> None:
    models = regions_of(platform, is_client)
    with Clients(platform, models) as clients:
        clients.serve()
        assert clients.failures() == []
        for _ in range(moves):
            to = platform.next_home(TENANT).name
            done = platform.move(TENANT, to)
            assert done.returncode == 0, done.stderr
            assert clients.failures() == []
            platform.reroute()
            clients.serve()
            assert clients.failures() == []
    assert clients.failures() == []
    # Who is of another tenant may have waited, and was never sent away.
    assert {c.region.tenant for c in clients.threads if c.sent_away} <= {TENANT}
    same_as_models(platform, models)
    assert not_exact(platform.cells()) == []
    assert platform.check().exit_code == 0


# Kills.


@dataclass(frozen=True)
class Point:
    """Where a move is: what it does next, or what it just did; in which cell."""

    what: str
    text: str
    side: str | None

    @property
    def function(self) -> str | None:
        """The function of ours that the statement calls."""
        found = re.search(r"\bops\.\w+", self.text)
        return found[0] if found and self.what == "statement" else None


class Moving:
    """A move that goes from point to point as it is told."""

    def __init__(self, platform: Platform, tenant: str) -> None:
        self.old, self.new = platform.home(tenant), platform.next_home(tenant)
        self.sides = {
            conninfo_to_dict(cell.dsn)["host"]: side
            for cell, side in ((self.old, "old"), (self.new, "new"))
        }
        program = Path(stepwise_runner.__file__)
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(program), "cells", "move", tenant, "--to", self.new.name),
                *("--file", str(platform.path)),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.told: Queue[Point | None] = Queue()
        # Set when it has come to the next point, or to its end.
        self.is_further = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        # The function that each side has called last tells its commits apart.
        last: dict[str | None, str] = {}
        for line in self.process.stdout:
            told = json.loads(line)
            text = told["text"]
            for cell, side in ((self.old, "OLD"), (self.new, "NEW")):
                text = text.replace(cell.title, side)
            # Numbers differ from move to move: times, ids, rows.
            text = re.sub(r"\d[\d.,]*", "#", text)
            point = Point(told["what"], text, self.sides.get(told["host"]))
            if point.function:
                last[point.side] = point.function
            if point.what.startswith("commit"):
                point = replace(point, text=f"after {last.get(point.side)}")
            self.told.put(point)
            self.is_further.set()
        self.told.put(None)
        self.is_further.set()

    def point(self) -> Point | None:
        """The next point; None at the end, as often as asked."""
        found = self.told.get(timeout=PATIENCE)
        if found is None:
            self.told.put(None)
        return found

    def go(self, word: str = "go") -> None:
        assert self.process.stdin is not None
        self.is_further.clear()
        # It may have been killed.
        with suppress(BrokenPipeError):
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()

    def until(self, wanted: Point, occurrence: int) -> None:
        """Stops at that point."""
        met = 0
        while (point := self.point()) is not None:
            met += point == wanted
            if met > occurrence:
                return
            self.go()
        raise AssertionError(f"the move did not come to {wanted}: {self.end()}")

    def enter(self, point: Point) -> None:
        """Goes on until the server is in the middle of the statement, or has ended it already."""
        cell = self.old if point.side == "old" else self.new
        active = (
            "select exists (select from pg_stat_activity as a "
            "where a.state = 'active' and a.pid <> pg_backend_pid() and a.query like %s)"
        )
        with session(cell.dsn) as observer:
            self.go()
            wait_for(
                "the statement is under way",
                lambda: bool(value(observer, active, f"%{point.function}(%")),
                self.is_further,
            )

    def end(self) -> tuple[int, str]:
        """Goes on to the end; the exit code, and what it wrote to stderr."""
        while self.point() is not None:
            self.go()
        error = self.process.communicate(timeout=PATIENCE)[1]
        return self.process.returncode, error


# Whether another session, which goes on only when it is told to, keeps ours from reading a table,
# and whether it keeps ours from writing one.
LOCKED = """
    select
        coalesce(bool_or(l.mode = 'AccessExclusiveLock'), false),
        coalesce(bool_or(l.mode in ('AccessExclusiveLock', 'ExclusiveLock')), false)
    from pg_locks as l
    inner join pg_database as d on l.database = d.oid and d.datname = current_database()
    inner join pg_class as c on l.relation = c.oid and c.relkind in ('r', 'p')
    where l.granted
        and c.relnamespace::regnamespace::text in ('authz', 'authz_private', 'finance', 'ops')
"""


@pytest.mark.long
def test_what_is_written_at_any_point_of_a_move_arrives(platform: Platform) -> None:
    models = regions_of(platform, lambda tenant, place: tenant == TENANT and place < 2)
    clients = [
        Client(platform, region, seed, threading.Event()) for seed, region in enumerate(models)
    ]
    writes = itertools.cycle(
        [Client.create, Client.transfer_order, Client.change_grant,
         Client.update, Client.transfer_customer, Client.delete, Client.give_up, Client.overreach]
    )  # fmt: skip
    reads = itertools.cycle([Client.page, Client.see_total, Client.check])
    moving = Moving(platform, TENANT)
    said: list[Point] = []
    written = 0
    for client in clients:
        client.exchange_workers()
    with session(moving.old.dsn) as observer:
        while (point := moving.point()) is not None:
            said.append(point)
            [(unreadable, unwritable)] = rows(observer, LOCKED)
            for client in clients:
                if unreadable or not client.is_served(client.region.admin):
                    continue
                if not unwritable:
                    # Between a copy and the next; the others at each point.
                    if point.what == "committed":
                        client.exchange_workers()
                    next(writes)(client)
                    written += 1
                next(reads)(client)
            moving.go()
    code, error = moving.end()
    assert code == 0, error
    assert written > 20
    # What can be caught up with is.
    assert [point for point in said if "beginning again" in point.text] == []
    platform.reroute()
    same_as_models(platform, models)
    for client in clients:
        client.page()
        client.connection.close()
    assert not_exact([moving.old, moving.new]) == []


@dataclass
class Whole:
    """What a tenant is and answers, and what the others are."""

    rows: list[tuple[Any, ...]]
    answers: list[tuple[Any, ...]]
    others: dict[str, dict[str, list[tuple[Any, ...]]]]

    @classmethod
    def of(cls, platform: Platform, tenant: str) -> Whole:
        [(holder, digests)] = holders(platform, tenant).items()
        assert holder == platform.home(tenant).name
        return cls(
            digests,
            as_owner(platform.home(tenant), ANSWERS, tenant),
            {other: holders(platform, other) for other in REGIONS if other != tenant},
        )


@pytest.fixture(scope="module")
def points(platform: Platform) -> list[tuple[Point, int]]:
    """All points of a move that nobody disturbed, from where it calls the first function of ours
    that changes anything or takes long; each with how often it was there before."""
    moving = Moving(platform, TENANT)
    found: list[Point] = []
    while (point := moving.point()) is not None:
        found.append(point)
        moving.go()
    code, error = moving.end()
    assert code == 0, error
    platform.reroute()
    begun = next(
        place
        for place, point in enumerate(found)
        if point.what == "statement"
        and "ops." in point.text
        and not re.search(r"this_cell|tenant_state", point.text)
    )
    return [
        (point, found[:place].count(point))
        for place, point in enumerate(found)
        # Of what is done to one table after the other, the first and the last.
        if place >= begun and (point not in found[:place] or point not in found[place + 1 :])
    ]


def starts_again(platform: Platform, moving: Moving, before: Whole) -> None:
    """The same command until it ends well, and everything is as it was, in the new cell."""
    said: list[str] = []

    def is_done() -> bool:
        done = platform.move(TENANT, moving.new.name)
        said.append(done.stdout + done.stderr)
        if done.returncode:
            assert "Traceback" not in done.stderr
            assert "\nhint: " in done.stderr, done.stderr
        return done.returncode == 0 or f"is in {moving.new.name} already" in done.stderr

    wait_for("the move is done", is_done)
    assert platform.home(TENANT).name == moving.new.name
    assert holders(platform, TENANT) == {moving.new.name: before.rows}, said
    assert Whole.of(platform, TENANT) == before
    platform.reroute()
    wait_for("every tenant answers", lambda: platform.check().exit_code == 0)
    boss = read_regions(moving.new, TENANT)[0]
    with session(platform.through(TENANT)) as app, app.transaction():
        assert value(app, "select authz.sign_in(%s)", token(moving.new, boss.boss)) == boss.boss
        assert [
            key for (key,) in rows(app, "select fund_id from finance.page_authorized_funds()")
        ] == boss.visible(boss.boss)[:20]


def kill(platform: Platform, moving: Moving, target: str) -> None:
    if target == "runner":
        moving.process.kill()
    elif target == "pooler":
        platform.pool.kill()
    else:
        platform.servers[getattr(moving, target).name].kill()


def revive(platform: Platform, moving: Moving, target: str) -> None:
    if target == "pooler":
        platform.pool.start()
    elif target != "runner":
        platform.servers[getattr(moving, target).name].embedded.start()


def killed(platform: Platform, target: str, point: Point, occurrence: int) -> None:
    """kill -9 at the point, and the same command again."""
    before = Whole.of(platform, TENANT)
    moving = Moving(platform, TENANT)
    moving.until(point, occurrence)
    if point.function:
        moving.enter(point)
    kill(platform, moving, target)
    # The answer of a commit that is done gets lost with the server.
    if point.what == "committed" and point.side == target:
        moving.go("lost")
    elif not point.function:
        moving.go()
    moving.end()
    revive(platform, moving, target)
    starts_again(platform, moving, before)


def concerns(target: str, point: Point) -> bool:
    """Whether killing this at that point differs from killing it at the point before."""
    is_work = point.text.startswith("select ops.") and bool(point.function)
    if target == "runner":
        return is_work or point.what in ("committed", "line")
    if target == "pooler":
        return point.what == "line"
    # A commit that does not happen, and one that nobody hears of.
    return target == point.side and (is_work or point.what in ("commit", "committed"))


def test_a_server_killed_before_it_commits_has_done_nothing_and_the_next_run_moves_the_tenant(
    platform: Platform, points: list[tuple[Point, int]]
) -> None:
    said = next(place for place, (point, _) in enumerate(points) if "has let" in point.text)
    commits = [one for one in points[:said] if (one[0].what, one[0].side) == ("commit", "old")]
    killed(platform, "old", *commits[-1])
    assert not_exact(platform.cells()) == []


@pytest.mark.long
@pytest.mark.parametrize("target", ["runner", "old", "new", "pooler"])
def test_killed_at_any_point_of_a_move_the_tenant_is_whole_in_one_cell(
    platform: Platform, points: list[tuple[Point, int]], target: str
) -> None:
    chosen = [one for one in points if concerns(target, one[0])]
    assert len(chosen) >= 3
    for point, occurrence in chosen:
        try:
            killed(platform, target, point, occurrence)
        except BaseException as error:
            error.add_note(f"{target} killed at {point}, {occurrence}")
            raise
    # What a kill had broken in the log or in what is derived would still be broken.
    assert not_exact(platform.cells()) == []


# The platform is away.

CLERK = """
    insert into authz.roles (code) values ('clerk');
    insert into authz.role_permissions (role_id, permission_id)
    select r.id, p.id
    from authz.roles as r
    inner join authz.permissions as p on p.resource::text = 'finance.funds'
        and p.action = 'read' and p.scope = 'team' and p.conditions is null
    where r.code = 'clerk';
"""
HIRED = """
    with hired as (
        insert into authz.users (username, base_unit_id) values ('clerk', %s)
        returning tenant_id, id, base_unit_id
    )

    insert into authz.user_roles (user_id, role_id, unit_id)
    select h.id, r.id, h.base_unit_id
    from hired as h inner join authz.roles as r on r.code = 'clerk'
    returning user_id
"""
# The clerk loses what they had, and there is a role that nobody has yet.
CHANGED = """
    delete from authz.role_permissions as l using authz.roles as r
    where r.code = 'clerk' and l.role_id = r.id;
    insert into authz.roles (code) values ('late');
"""


@pytest.mark.long
def test_while_the_platform_is_away_cells_answer_for_what_they_have_and_then_catch_up(
    platform: Platform,
) -> None:
    home = next(cell for cell in platform.cells() if cell.number == 0)
    others = [cell for cell in platform.cells() if cell.number > 0]
    late = "select count(*) from authz.roles as r where r.code = 'late'"

    def sync() -> list[str]:
        done = platform.runner("cells", "sync")
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    with session(home.dsn) as owner:
        owner.execute(CLERK)
    assert [line.split(": ")[1] for line in sync()] == ["2 rows changed"] * len(others)
    # One of a tenant that is not on the platform.
    tenant = others[0].tenants[0]
    region = read_regions(others[0], tenant)[0]
    with session(others[0].dsn) as owner:
        clerk = value(owner, HIRED, region.unit)
    clerks_token = token(others[0], clerk)

    def clerk_sees() -> int:
        with session(platform.through(tenant)) as app, app.transaction():
            assert value(app, "select authz.sign_in(%s)", clerks_token) == clerk
            return int(value(app, "select finance.count_authorized_funds(null)"))

    assert clerk_sees() == len(region.funds)
    # Nobody takes this before the platform goes.
    with session(home.dsn) as owner:
        owner.execute(CHANGED)
    platform.servers[home.name].kill()
    try:
        models = regions_of(
            platform, lambda name, place: place == 0 and name not in home.tenants, others
        )
        with Clients(platform, models) as clients:
            clients.serve(10)
        assert clients.failures() == []
        said = platform.runner("status", "--all")
        assert said.exit_code == FAILED
        lines = said.output.splitlines()
        assert lines[0].startswith(f"{home.title}: does not answer: ")
        for cell, line in zip(others, lines[1:], strict=True):
            assert line.startswith(f"{cell.title}: at 00")
            assert "platform rows: the platform does not answer, taken 20" in line
        assert platform.runner("cells", "sync").exit_code == FAILED
        # Not through the pooler, which would let them wait for the server to come back.
        checked = platform.runner("cells", "check")
        assert checked.exit_code == FAILED
        away = [line for line in checked.output.splitlines() if "does not answer" in line]
        assert {line.split(":")[0] for line in away} == {"platform", *home.tenants}
        found = {one.unit: one for t in others[0].tenants for one in read_regions(others[0], t)}
        assert clerk_sees() == len(found[region.unit].funds)
    finally:
        platform.servers[home.name].embedded.start()
    assert [line.split(": ")[1] for line in sync()] == ["2 rows changed"] * len(others)
    assert clerk_sees() == 0
    assert [value_of(cell, late) for cell in others] == [1] * len(others)
    current = platform.runner("status", "--all")
    assert current.exit_code == 0, current.output
    assert current.output.count("platform rows: current") == len(others)
    wait_for("every tenant answers", lambda: platform.check().exit_code == 0)
    assert not_exact(platform.cells()) == []


def value_of(cell: Cell, query: str) -> Any:
    with session(cell.dsn) as owner:
        return value(owner, query)
