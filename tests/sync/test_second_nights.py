"""Random companies and random nights: after each feed the database answers as the model does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from feed import Row, stage
from reference_model import Fund, Grant, Membership, Owned, Unit, User, World
from world_answers import disagreements, system_roles
from world_builder import NOON, beside, random_world, window

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
# FUNDWARDEN_NIGHTS=2000 looks harder than the suite does.
NIGHTS = int(os.environ.get("FUNDWARDEN_NIGHTS", "20"))
NIGHTS_OF_A_WORLD = 4


@dataclass
class Company:
    """What the feeds say: a world of one tenant, its names, and whoever and whatever left."""

    world: World
    root: int
    roles: dict[int, str]
    names: dict[int, str] = field(default_factory=dict)
    rng: random.Random = field(default_factory=random.Random)
    last: int = 1000
    loaded: set[int] = field(default_factory=set)
    places: dict[int, tuple[int | None, str]] = field(default_factory=dict)
    homes: dict[int, int] = field(default_factory=dict)

    def fresh(self) -> int:
        self.last += 1
        return self.last

    def units(self) -> list[int]:
        return [u.id for u in self.world.units.values() if u.is_active]

    def people(self) -> list[int]:
        return [u.id for u in self.world.users.values() if u.is_active]


def random_company(rng: random.Random, connection: Connection) -> Company:
    """One tenant of a random world; an administrator stays in it, whatever happens."""
    world = random_world(rng, system_roles(connection))
    root = next(u.id for u in world.units.values() if u.parent_id is None)
    world.units = {u: unit for u, unit in world.units.items() if world.tenant(u) == root}
    for unit in world.units.values():
        unit.is_active = True
    world.users = {u: user for u, user in world.users.items() if user.base_unit_id in world.units}
    for user in world.users.values():
        user.is_active = True
    boss = 999
    world.users[boss] = User(boss, root)
    known = world.users
    world.memberships = {n: m for n, m in world.memberships.items() if m.user_id in known}
    world.grants = {n: g for n, g in world.grants.items() if g.user_id in known}
    world.customers = {n: c for n, c in world.customers.items() if c.owner_id in known}
    world.orders = {n: o for n, o in world.orders.items() if o.owner_id in known}
    world.funds = {
        n: f for n, f in world.funds.items()
        if (f.handle_by is None or f.handle_by in known)
        and (f.order_id is None or f.order_id in world.orders)
        and (f.customer_id is None or f.customer_id in world.customers)
    }  # fmt: skip
    codes = dict(connection.execute("select id, code from authz.roles"))
    admin = next(number for number, code in codes.items() if code == "admin")
    world.units[root].kind = "organization"
    world.grants[boss] = Grant(boss, boss, admin, root, True, window(random.Random(0)))
    world.grants[boss].window.valid_from = world.grants[boss].window.valid_until = None
    for role in (101, 102):
        # Made by hand: what a role permits is no part of a feed.
        permissions = world.roles[role].permissions
        connection.execute(
            "insert into authz.roles (id, code, is_active) overriding system value "
            "values (%s, %s, %s)", [role, f"role{role}", world.roles[role].is_active]
        )  # fmt: skip
        for permission in permissions:
            connection.execute(
                "insert into authz.permissions (resource, action, scope) "
                "values (%s::text::ext.ltree, %s, %s) on conflict do nothing", permission
            )  # fmt: skip
            connection.execute(
                "insert into authz.role_permissions (role_id, permission_id) select %s, p.id "
                "from authz.permissions as p where p.resource::text = %s and p.action = %s "
                "and p.scope::text = %s and p.conditions is null", [role, *permission]
            )  # fmt: skip
        codes[role] = f"role{role}"
    return Company(world, root, codes, {u: f"Unit {u}" for u in world.units}, rng)


# What happens in a night.


def move(c: Company) -> None:
    unit, parent = c.rng.choice(c.units()), c.rng.choice(c.units())
    if unit != c.root and parent not in c.world.subtree(unit):
        c.world.units[unit].parent_id = parent


def swap_codes(c: Company) -> None:
    """Two units exchange everything but their people and children: each line has the other's."""
    one, other = c.rng.choice(c.units()), c.rng.choice(c.units())
    if c.root in (one, other):
        return
    first, second = c.world.units[one], c.world.units[other]
    if one in c.world.subtree(other) or other in c.world.subtree(one):
        return
    first.parent_id, second.parent_id = second.parent_id, first.parent_id
    first.kind, second.kind = second.kind, first.kind
    c.names[one], c.names[other] = c.names[other], c.names[one]


def turn_over(c: Company) -> None:
    """A unit and the one above it change places."""
    unit = c.world.units[c.rng.choice(c.units())]
    if unit.id == c.root or unit.parent_id in (None, c.root):
        return
    above = c.world.units[unit.parent_id]
    unit.parent_id, above.parent_id = above.parent_id, unit.id


def rename(c: Company) -> None:
    c.names[c.rng.choice(c.units())] = c.rng.choice(["", "Ünïted", "a;b", "'=x"]) or "x"


def rekind(c: Company) -> None:
    unit = c.rng.choice(c.units())
    if unit == c.root:
        # Its kind is what the administrator's role reaches by.
        return
    c.world.units[unit].kind = c.rng.choice(["unit", "office", "region", "organization"])


def found_unit(c: Company) -> None:
    number = c.fresh()
    c.world.units[number] = Unit(number, c.rng.choice(c.units()), "", "office")
    c.names[number] = f"New {number}"


def merge(c: Company) -> None:
    """A department goes up in the one above it."""
    unit = c.rng.choice(c.units())
    if unit == c.root or unit not in c.loaded:
        return
    gone = c.world.units[unit]
    assert gone.parent_id is not None
    for child in c.world.units.values():
        if child.parent_id == unit and child.is_active:
            child.parent_id = gone.parent_id
    for user in c.world.users.values():
        if user.base_unit_id == unit and user.is_active:
            user.base_unit_id = gone.parent_id
    c.world.grants = {n: g for n, g in c.world.grants.items() if g.unit_id != unit}
    c.world.memberships = {n: m for n, m in c.world.memberships.items() if m.unit_id != unit}
    gone.is_active = False
    # No line says any more where it was to go this night.
    gone.parent_id, gone.kind = c.places[unit]


def split(c: Company) -> None:
    """Half of a department moves into a new one below it."""
    unit = c.rng.choice(c.units())
    number = c.fresh()
    c.world.units[number] = Unit(number, unit, "", "team")
    c.names[number] = f"Half {number}"
    for user in c.world.users.values():
        is_here = user.base_unit_id == unit and user.is_active and user.id != 999
        if is_here and c.rng.random() < 0.5:
            user.base_unit_id = number


def reopen(c: Company) -> None:
    for unit in c.world.units.values():
        if not unit.is_active:
            unit.is_active = True
            unit.parent_id = c.rng.choice([u for u in c.units() if u not in
                                           c.world.subtree(unit.id)])  # fmt: skip
            return


def transfer(c: Company) -> None:
    c.world.users[c.rng.choice(c.people())].base_unit_id = c.rng.choice(c.units())


def hire(c: Company) -> None:
    number = c.fresh()
    c.world.users[number] = User(number, c.rng.choice(c.units()))


def leave(c: Company) -> None:
    user = c.rng.choice(c.people())
    if user != 999 and user in c.loaded:
        c.world.users[user].is_active = False
        c.world.users[user].base_unit_id = c.homes[user]


def come_back(c: Company) -> None:
    for user in c.world.users.values():
        if not user.is_active:
            user.is_active = True
            user.base_unit_id = c.rng.choice(c.units())
            return


def grant(c: Company) -> None:
    number = c.fresh()
    unit = c.rng.choice([*c.units(), None])
    new = Grant(number, c.rng.choice(c.people()), c.rng.choice(list(c.roles)), unit,
                c.rng.random() < 0.7, window(c.rng))  # fmt: skip
    if beside(new, c.world):
        c.world.grants[number] = new


def revoke(c: Company) -> None:
    number = c.rng.choice(list(c.world.grants))
    if number != 999:
        del c.world.grants[number]


def change_window(c: Company) -> None:
    number = c.rng.choice(list(c.world.grants))
    if number == 999:
        return
    held = deepcopy(c.world.grants[number])
    held.window, held.inherit = window(c.rng), c.rng.random() < 0.5
    if beside(held, c.world):
        c.world.grants[number] = held


def join(c: Company) -> None:
    number = c.fresh()
    new = Membership(number, c.rng.choice(c.people()), c.rng.choice(c.units()), window(c.rng))
    if beside(new, c.world):
        c.world.memberships[number] = new


def part(c: Company) -> None:
    if c.world.memberships:
        del c.world.memberships[c.rng.choice(list(c.world.memberships))]


def trade(c: Company) -> None:
    number = c.fresh()
    c.world.customers[number] = Owned(number, c.root, c.rng.choice(c.people()))
    order = c.fresh()
    c.world.orders[order] = Owned(order, c.root, c.rng.choice(c.people()))
    fund = c.fresh()
    c.world.funds[fund] = Fund(fund, c.root, c.rng.choice([*c.people(), None]), order, number,
                               Decimal(c.rng.randint(1, 9)), "open", NOON)  # fmt: skip


def give(c: Company) -> None:
    kind = c.rng.choice([c.world.customers, c.world.orders])
    if kind:
        kind[c.rng.choice(list(kind))].owner_id = c.rng.choice(c.people())


def revalue(c: Company) -> None:
    if c.world.funds:
        fund = c.world.funds[c.rng.choice(list(c.world.funds))]
        fund.amount, fund.status = Decimal(c.rng.randint(-3, 9)), c.rng.choice(["paid", "held"])


HAPPENINGS: list[Callable[[Company], None]] = [
    move, move, swap_codes, turn_over, rename, rekind, found_unit, merge, split, reopen, transfer,
    transfer, hire, leave, come_back, grant, grant, revoke, change_window, change_window, join,
    part, trade, give, revalue,
]  # fmt: skip


def stated(c: Company) -> dict[str, list[Row]]:
    """The files of the night, their lines in any order."""
    w = c.world
    active = set(c.units())

    def iso(at: Any) -> str | None:
        return None if at is None else at.isoformat()

    feed: dict[str, list[Row]] = {
        "units": [
            {"external_id": f"U {u.id}", "kind": u.kind, "name": c.names[u.id],
             "parent_external_id": None if u.parent_id is None else f"U {u.parent_id}"}
            for u in w.units.values() if u.is_active
        ],
        "people": [
            {"external_id": f"E{u.id}", "unit_external_id": f"U {u.base_unit_id}"}
            for u in w.users.values() if u.is_active
        ],
        "memberships": [
            {"person_external_id": f"E{m.user_id}", "unit_external_id": f"U {m.unit_id}",
             "valid_from": iso(m.window.valid_from), "valid_until": iso(m.window.valid_until)}
            for m in w.memberships.values() if m.unit_id in active
        ],
        "grants": [
            {"person_external_id": f"E{g.user_id}", "role_code": c.roles[g.role_id],
             "unit_external_id": None if g.unit_id is None else f"U {g.unit_id}",
             "inherit_to_descendants": g.inherit,
             "valid_from": iso(g.window.valid_from), "valid_until": iso(g.window.valid_until)}
            for g in w.grants.values()
        ],
        "customers": [
            {"id": o.id, "manager_external_id": f"E{o.owner_id}"} for o in w.customers.values()
        ],
        "orders": [
            {"id": o.id, "handler_external_id": f"E{o.owner_id}"} for o in w.orders.values()
        ],
        "funds": [
            {"id": f.id, "order_id": f.order_id, "customer_id": f.customer_id,
             "handler_external_id": None if f.handle_by is None else f"E{f.handle_by}",
             "amount": f.amount, "status": f.status, "created_at": iso(f.created_at)}
            for f in w.funds.values()
        ],
    }  # fmt: skip
    for rows in feed.values():
        c.rng.shuffle(rows)
    return feed


def translated(c: Company, connection: Connection) -> World:
    """The world with the ids and labels of the database."""
    units = dict(connection.execute("select substr(external_id, 3)::int, id from authz.org_units"))
    labels = dict(connection.execute("select id, code from authz.org_units"))
    users = dict(connection.execute("select substr(external_id, 2)::bigint, id from authz.users"))
    w = deepcopy(c.world)
    world = World(w.clock, roles=w.roles)
    for unit in w.units.values():
        unit.id = units[unit.id]
        unit.parent_id = None if unit.parent_id is None else units[unit.parent_id]
        unit.code = labels[unit.id]
        world.units[unit.id] = unit
    root = units[c.root]
    for user in w.users.values():
        user.id, user.base_unit_id = users[user.id], units[user.base_unit_id]
        world.users[user.id] = user
    for held in [*w.memberships.values(), *w.grants.values()]:
        held.user_id = users[held.user_id]
        held.unit_id = None if held.unit_id is None else units[held.unit_id]
    world.memberships, world.grants = w.memberships, w.grants
    for owned in [*w.customers.values(), *w.orders.values()]:
        owned.owner_id, owned.tenant_id = users[owned.owner_id], root
    world.customers, world.orders = w.customers, w.orders
    for fund in w.funds.values():
        fund.tenant_id = root
        fund.handle_by = None if fund.handle_by is None else users[fund.handle_by]
    world.funds = w.funds
    return world


def nights(connection: Connection, seed: int) -> list[str]:
    """A company and its nights, rolled back; what database and model disagree on."""
    rng = random.Random(seed)
    connection.execute("begin")
    try:
        connection.execute("set local role fundwarden_owner")
        connection.execute("update authz.settings set sync_limit = 100")
        company = random_company(rng, connection)
        connection.execute("insert into authz_private.clock_override (instant) values (%s)", [NOON])
        ids: dict[str, int] = {}
        labels: dict[str, str] = {}
        for night in range(NIGHTS_OF_A_WORLD):
            if night > 0:
                for _ in range(rng.randint(1, 8)):
                    rng.choice(HAPPENINGS)(company)
            feed = stated(company)
            stage(connection, **feed)
            # Kinds are named, as of a kind whose last line is gone there is no row to see.
            what = [f"U {company.root}", list(feed)]
            planned = connection.execute(
                "select * from sync.plan(%s, only_kinds => %s)", what
            ).fetchall()
            wrong = [row[5] for row in planned if row[5] is not None]
            if wrong:
                return [f"night {night}: {wrong}"]
            applied = connection.execute(
                "select * from sync.apply(%s, only_kinds => %s)", what
            ).fetchall()
            company.homes = {u.id: u.base_unit_id for u in company.world.users.values()}
            company.places = {u.id: (u.parent_id, u.kind) for u in company.world.units.values()}
            company.loaded = {*company.world.units, *company.world.users}
            found = [] if sorted(map(str, planned)) == sorted(map(str, applied)) else ["plan"]
            again = connection.execute(
                "select * from sync.plan(%s, only_kinds => %s) where action <> 'unchanged'", what
            ).fetchall()
            if again:
                found.append(f"not done: {again}")
            for known, query in (
                (ids, "select 'u' || external_id, id from authz.org_units "
                      "union all select external_id, id from authz.users"),
                (labels, "select external_id, code from authz.org_units"),
            ):  # fmt: skip
                now = dict(connection.execute(query.encode()))
                found += [f"{code} became {now.get(code)}" for code in known
                          if now.get(code) != known[code]]  # fmt: skip
                known.update(now)
            world = translated(company, connection)
            found += disagreements(connection, rng, world)
            found += [str(row) for row in connection.execute("select * from audit.verify_tables()")]
            if found:
                return [f"night {night}: {one}" for one in found]
        return []
    finally:
        connection.execute("rollback")


@pytest.fixture(scope="module")
def session(module_database: str) -> Any:
    with psycopg.connect(module_database, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        yield connection


@pytest.mark.parametrize("part_of", range(4))
def test_after_every_night_database_and_model_agree(session: Connection, part_of: int) -> None:
    for seed in range(part_of, NIGHTS // (NIGHTS_OF_A_WORLD - 1), 4):
        assert nights(session, seed) == [], seed


@pytest.mark.parametrize(
    "how",
    [
        "alter table authz.org_units disable trigger _965_rewrite_subtree",
        "alter table authz.user_roles disable trigger _950_audit_inserted",
    ],
)
@pytest.mark.long
def test_nights_notice_when_a_trigger_is_missing(session: Connection, how: str) -> None:
    with session.transaction(force_rollback=True):
        session.execute(how.encode())

        def noticed(seed: int) -> bool:
            with session.transaction(force_rollback=True):
                return nights_within(session, seed) != []

        assert any(noticed(seed) for seed in range(12))


def nights_within(connection: Connection, seed: int) -> list[str]:
    """The same inside a transaction that is under way."""

    class Within:
        def execute(self, query: Any, values: Any = None) -> Any:
            if query in ("begin", "rollback"):
                return None
            return connection.execute(query, values)

    return nights(Within(), seed)  # type: ignore[arg-type]
