"""Random worlds, put into the model and the database alike, and random changes to both."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from reference_model import (
    Fund,
    Grant,
    Membership,
    Owned,
    RefusedError,
    Role,
    Unit,
    User,
    Window,
    World,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
STATUSES = ("open", "paid", "held")
SCOPES = ("own", "team", "region", "organization", "system")
RESOURCES = ("finance", "finance.funds", "finance.orders", "directory", "directory.users")
ACTIONS = ("read", "manage", "update")
# SQLSTATEs that say no for a reason of the rules.
REFUSALS = {"23503", "23505", "23514", "23502", "23001", "23P01"}

Connection = psycopg.Connection[Any]


def window(rng: random.Random) -> Window:
    """Often open, else with an end at the clock, an instant beside it, or far from it."""
    if rng.random() < 0.5:
        return Window()
    steps = [timedelta(0), INSTANT, -INSTANT, timedelta(days=9), timedelta(days=-9)]
    start = NOON + rng.choice(steps) if rng.random() < 0.6 else None
    end = NOON + rng.choice(steps) if rng.random() < 0.6 else None
    if start is not None and end is not None and start >= end:
        start, end = end - timedelta(days=1), end
    return Window(start, end)


def beside(holder: Membership | Grant, world: World) -> bool:
    """Whether no other row gives the same thing at the same time."""
    there = world.memberships if isinstance(holder, Membership) else world.grants
    return not any(
        other.id != holder.id
        and (other.user_id, other.unit_id) == (holder.user_id, holder.unit_id)
        and getattr(other, "role_id", None) == getattr(holder, "role_id", None)
        and other.window.overlaps(holder.window)
        for other in there.values()
    )


def random_world(rng: random.Random, system_roles: dict[str, Role]) -> World:
    """A few tenants, a few dozen of everything, ties and nulls included."""
    world = World(clock=NOON)
    kinds = ["unit", "unit", "office", "region", "organization"]
    for number in range(1, rng.randint(1, 24) + 1):
        tenants = [u for u in world.units.values() if u.parent_id is None]
        if not tenants or (len(tenants) < 3 and rng.random() < 0.1):
            parent = None
        else:
            parent = rng.choice(list(world.units))
        world.units[number] = Unit(
            number, parent, f"u{number}", rng.choice(kinds), rng.random() > 0.1
        )
    units = list(world.units)
    for number in range(1, rng.randint(1, 8) + 1):
        world.users[number] = User(number, rng.choice(units), rng.random() > 0.1)
    world.roles = dict(system_roles)
    for number in (101, 102):
        permissions = {
            (rng.choice(RESOURCES), rng.choice(ACTIONS), rng.choice(SCOPES))
            for _ in range(rng.randint(1, 3))
        }
        world.roles[number] = Role(number, permissions, rng.random() > 0.15)

    def unit_beside(user_id: int) -> int:
        tenant = world.tenant(world.users[user_id].base_unit_id)
        return rng.choice([u for u in units if world.tenant(u) == tenant])

    users = list(world.users)
    for number in range(1, rng.randint(0, 6) + 1):
        user = rng.choice(users)
        membership = Membership(number, user, unit_beside(user), window(rng))
        if beside(membership, world):
            world.memberships[number] = membership
    for number in range(1, rng.randint(1, 9) + 1):
        user = rng.choice(users)
        unit = unit_beside(user) if rng.random() < 0.7 else None
        role = rng.choice(list(world.roles))
        grant = Grant(number, user, role, unit, rng.random() < 0.75, window(rng))
        if beside(grant, world):
            world.grants[number] = grant
        if rng.random() < 0.2 and grant.window.valid_until is not None:
            # The same again, at once or an instant later.
            start = grant.window.valid_until + rng.choice([timedelta(0), INSTANT])
            again = Grant(number + 100, user, role, unit, rng.random() < 0.75, Window(start))
            if beside(again, world):
                world.grants[again.id] = again
    for kind in (world.customers, world.orders):
        for number in range(1, rng.randint(0, 8) + 1):
            owner = rng.choice(users)
            tenant = world.tenant(world.users[owner].base_unit_id)
            kind[number] = Owned(number, tenant, owner)
    tenants_of_users = {world.tenant(u.base_unit_id) for u in world.users.values()}
    for number in range(1, rng.randint(0, 22) + 1):
        tenant = rng.choice(sorted(tenants_of_users))
        handlers = [u for u in users if world.tenant(world.users[u].base_unit_id) == tenant]
        orders = [o.id for o in world.orders.values() if o.tenant_id == tenant]
        customers = [c.id for c in world.customers.values() if c.tenant_id == tenant]
        fund = Fund(
            number,
            tenant,
            rng.choice([*handlers, None]),
            rng.choice([*orders, None]),
            rng.choice([*customers, None]),
            Decimal(rng.randint(-2, 5)),
            rng.choice(STATUSES),
            NOON + rng.choice([timedelta(0), INSTANT, timedelta(days=rng.randint(-9, 9))]),
        )
        if fund.handle_by is None and fund.order_id is None and fund.customer_id is None:
            fund.handle_by = handlers[0]
        world.funds[number] = fund
    return world


def store(connection: Connection, world: World) -> None:
    """The inputs alone, as an owner would insert them; what is derived is left to the database."""

    def insert(table: str, columns: str, rows: list[dict[str, Any]], order: str = "id") -> None:
        names = ", ".join(c.split()[0] for c in columns.split(", "))
        connection.execute(
            f"insert into {table} ({names}) overriding system value "
            f"select {names} from jsonb_to_recordset(%s::jsonb) as r ({columns}) order by {order}",
            [json.dumps(rows, default=str)],
        )

    def of(holder: Window) -> dict[str, Any]:
        return {"valid_from": holder.valid_from, "valid_until": holder.valid_until}

    insert(
        "authz.org_units",
        "id int, parent_id int, code text, kind text, is_active boolean",
        [vars(u) for u in world.units.values()],
    )
    insert(
        "authz.users",
        "id bigint, base_unit_id int, is_active boolean, username text",
        [vars(u) | {"username": f"user{u.id}"} for u in world.users.values()],
    )
    custom = [r for r in world.roles.values() if r.id > 100]
    insert(
        "authz.roles",
        "id int, code text, is_active boolean",
        [{"id": r.id, "code": f"role{r.id}", "is_active": r.is_active} for r in custom],
    )
    held = [(r.id, *p) for r in custom for p in r.permissions]
    connection.execute(
        "insert into authz.permissions (resource, action, scope) select distinct "
        "(p->>1)::ext.ltree, p->>2, (p->>3)::authz.permission_scope "
        "from jsonb_array_elements(%s::jsonb) as p on conflict do nothing",
        [json.dumps(held)],
    )
    connection.execute(
        "insert into authz.role_permissions (role_id, permission_id) "
        "select (p->>0)::int, q.id from jsonb_array_elements(%s::jsonb) as p "
        "inner join authz.permissions as q on q.resource::text = p->>1 "
        "and q.action = p->>2 and q.scope::text = p->>3",
        [json.dumps(held)],
    )
    insert(
        "authz.memberships",
        "id bigint, user_id bigint, unit_id int, valid_from timestamptz, valid_until timestamptz",
        [
            {"id": m.id, "user_id": m.user_id, "unit_id": m.unit_id} | of(m.window)
            for m in world.memberships.values()
        ],
    )
    insert(
        "authz.user_roles",
        "id bigint, user_id bigint, role_id int, unit_id int, inherit_to_descendants boolean, "
        "valid_from timestamptz, valid_until timestamptz",
        [
            {
                "id": g.id,
                "user_id": g.user_id,
                "role_id": g.role_id,
                "unit_id": g.unit_id,
                "inherit_to_descendants": g.inherit,
            }
            | of(g.window)
            for g in world.grants.values()
        ],
    )
    for table, owner, kind in (
        ("finance.customers", "manager_id", world.customers),
        ("finance.orders", "handler_id", world.orders),
    ):
        insert(
            table,
            f"id bigint, {owner} bigint",
            [{"id": o.id, owner: o.owner_id} for o in kind.values()],
        )
    insert(
        "finance.financial_funds",
        "id bigint, tenant_id int, handle_by bigint, order_id bigint, customer_id bigint, "
        "amount numeric, status text, created_at timestamptz",
        [vars(f) for f in world.funds.values()],
    )


def random_change(
    rng: random.Random, world: World
) -> tuple[Callable[[], None], str, list[Any]] | None:
    """A change as the model makes it and as the database does; None where nothing fits."""
    units, users = list(world.units), list(world.users)
    unit, user = rng.choice(units), rng.choice(users)
    other = rng.choice(units)
    kind = rng.choice(
        [
            "move",
            "move",
            "rename",
            "transfer",
            "transfer",
            "give",
            "assign",
            "assign",
            "delete",
            "switch",
            "window",
        ]
    )
    if kind == "move":
        return (
            lambda: world.move(unit, other),
            "update authz.org_units set parent_id = %s where id = %s",
            [other, unit],
        )
    if kind == "rename":
        code = f"u{rng.choice(units)}" if rng.random() < 0.4 else f"n{rng.randint(1, 99)}"
        return (
            lambda: world.rename(unit, code),
            "update authz.org_units set code = %s where id = %s",
            [code, unit],
        )
    if kind == "transfer":
        return (
            lambda: world.transfer(user, unit),
            "update authz.users set base_unit_id = %s where id = %s",
            [unit, user],
        )
    if kind in ("give", "delete"):
        orders = rng.random() < 0.5
        there = world.orders if orders else world.customers
        if not there:
            return None
        owned = rng.choice(list(there.values()))
        table, owner = ("orders", "handler_id") if orders else ("customers", "manager_id")
        if kind == "give":
            return (
                lambda: world.give(owned, user),
                f"update finance.{table} set {owner} = %s where id = %s",
                [user, owned.id],
            )
        return (
            lambda: world.delete("order_id" if orders else "customer_id", owned.id),
            f"delete from finance.{table} where id = %s",
            [owned.id],
        )
    if kind == "assign":
        if not world.funds:
            return None
        fund = rng.choice(list(world.funds.values()))
        column = rng.choice(["handle_by", "order_id", "customer_id"])
        choices = {"handle_by": users, "order_id": list(world.orders)}
        choices["customer_id"] = list(world.customers)
        value = rng.choice([*choices[column], None])
        return (
            lambda: world.assign(fund, column, value),
            f"update finance.financial_funds set {column} = %s where id = %s",
            [value, fund.id],
        )
    if kind == "switch":
        table, there = rng.choice([("org_units", world.units), ("users", world.users)])
        found = rng.choice(list(there.values()))

        def switch() -> None:
            found.is_active = not found.is_active

        return (
            switch,
            f"update authz.{table} set is_active = not is_active where id = %s",
            [found.id],
        )
    if not world.grants:
        return None
    grant, fresh = rng.choice(list(world.grants.values())), window(rng)

    def change() -> None:
        if not beside(replace(grant, window=fresh), world):
            raise RefusedError
        grant.window = fresh

    return (
        change,
        "update authz.user_roles set valid_from = %s, valid_until = %s where id = %s",
        [fresh.valid_from, fresh.valid_until, grant.id],
    )


def apply_change(
    connection: Connection, change: tuple[Callable[[], None], str, list[Any]]
) -> str | None:
    """Make the change in both; what they disagree on, or None."""
    in_model, statement, parameters = change
    try:
        in_model()
        allowed = True
    except RefusedError:
        allowed = False
    connection.execute("savepoint change")
    try:
        connection.execute(statement, parameters)
    except psycopg.Error as error:
        connection.execute("rollback to savepoint change")
        if allowed or error.sqlstate not in REFUSALS:
            return f"{statement} {parameters}: {error}"
        return None
    return None if allowed else f"not refused: {statement} {parameters}"
