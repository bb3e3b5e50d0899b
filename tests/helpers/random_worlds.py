"""Random organisations with their rights: made, and stored in a database."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from policy_model import (
    Delegation,
    Grant,
    Membership,
    Permission,
    Policy,
    Role,
    Template,
    Unit,
    User,
    Window,
    World,
)

Connection = psycopg.Connection[Any]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
SCOPES = ("own", "team", "team", "region", "organization", "system")
ACTIONS = ("read", "update")
CONTEXTS: list[dict[str, Any]] = [{}, {"amount": 7, "city": "Perth"}]
FIRST = 1000


def random_window(rng: random.Random) -> Window:
    """Mostly open; else with an end at the clock, an instant beside it, or far from it."""
    if rng.random() < 0.6:
        return Window()
    steps = [timedelta(0), INSTANT, -INSTANT, timedelta(days=9), timedelta(days=-9)]
    start = NOON + rng.choice(steps) if rng.random() < 0.6 else None
    end = NOON + rng.choice(steps) if rng.random() < 0.6 else None
    if start is not None and end is not None and start >= end:
        start, end = end - timedelta(days=1), end
    return Window(start, end)


def random_condition(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    """Of every operator but those of the clock, with fields that are there or not."""
    roll = rng.random()
    if depth < 2 and roll < 0.3:
        parts = [random_condition(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        return rng.choice([{"all": parts}, {"any": parts}, {"not": parts[0]}])
    field = rng.choice(["amount", "city", "absent", "user_id"])
    number = rng.choice([6, 7, 8, 7.0, {"var": "amount"}, {"var": "absent"}])
    text = rng.choice(["Perth", "Per", "Sydney", "", {"var": "city"}])
    value = text if field == "city" or rng.random() < 0.1 else number
    other = rng.choice([5, 7, 9, "Perth"])
    op = rng.choice(
        ["=", "<>", "<", "<=", ">", ">=", "in", "not_in", "between", "prefix", "is_null"]
    )
    if op == "is_null":
        return {"field": field, "op": op, "value": rng.random() < 0.5}
    if op in ("in", "not_in", "between"):
        return {"field": field, "op": op, "value": [value, other]}
    return {"field": field, "op": op, "value": text if op == "prefix" else value}


def add_grant(w: World, g: Grant) -> None:
    """Unless the same is granted at the same time already."""
    same = (g.kind, g.user, g.what, g.unit)
    if not any(
        (o.kind, o.user, o.what, o.unit) == same and o.window.overlaps(g.window) for o in w.grants
    ):
        w.grants.append(g)


def random_world(rng: random.Random) -> World:
    """Two tenants at most, a dozen units, and little of everything else."""
    w = World(clock=NOON)
    for number in range(FIRST, FIRST + rng.randint(1, 12)):
        roots = [u for u in w.units.values() if u.parent is None]
        root = not roots or (len(roots) < 2 and rng.random() < 0.15)
        parent = None if root else rng.choice(list(w.units))
        kind = rng.choice(["unit", "office", "region", "organization"])
        w.units[number] = Unit(number, parent, kind, rng.random() < 0.93)
    units = list(w.units)
    roots = [u.id for u in w.units.values() if u.parent is None]
    for number in range(FIRST, FIRST + rng.randint(1, 4)):
        w.users[number] = User(number, rng.choice(units), rng.random() < 0.93)
    for number in range(FIRST, FIRST + rng.randint(0, 3)):
        user = rng.choice(list(w.users.values()))
        home = [u for u in units if w.tenant(u) == w.tenant(user.base)]
        m = Membership(number, user.id, rng.choice(home), random_window(rng))
        if not any(
            (o.user, o.unit) == (m.user, m.unit) and o.window.overlaps(m.window)
            for o in w.memberships
        ):
            w.memberships.append(m)
    kinds = set()
    for number in range(FIRST, FIRST + rng.randint(1, 8)):
        condition = random_condition(rng) if rng.random() < 0.3 else None
        p = Permission(
            number,
            rng.choice(
                ["finance", "finance.funds", "finance.funds", "directory", "directory.users"]
            ),
            rng.choice(["read", "read", "update", "manage"]),
            rng.choice(SCOPES),
            condition,
        )
        key = (p.resource, p.action, p.scope, json.dumps(condition, sort_keys=True))
        if key not in kinds:
            w.permissions[number] = p
            kinds.add(key)

    def some(where: Callable[[Permission], bool]) -> list[int]:
        fitting = [p.id for p in w.permissions.values() if where(p)]
        return rng.sample(fitting, rng.randint(0, min(3, len(fitting))))

    for number in range(FIRST, FIRST + rng.randint(0, 4)):
        tenant = rng.choice([None, None, *roots])
        w.policies[number] = Policy(
            number,
            tenant,
            rng.choice(["allow", "deny"]),
            rng.choice([-1, 0, 0, 1, 5]),
            rng.random() < 0.9,
            some(lambda p, t=tenant: t is None or p.scope != "system"),
        )
    for number in range(FIRST, FIRST + rng.randint(1, 4)):
        tenant = rng.choice([None, None, *roots])
        parents = [r.id for r in w.roles.values() if r.tenant in (None, tenant)]
        policies = [p.id for p in w.policies.values() if p.tenant in (None, tenant)]
        w.roles[number] = Role(
            number,
            tenant,
            rng.choice(parents) if parents and rng.random() < 0.6 else None,
            rng.choice([10, 50, 90]),
            rng.random() < 0.9,
            some(lambda p, t=tenant: t is None or p.scope != "system"),
            rng.sample(policies, rng.randint(0, min(2, len(policies)))),
        )
    for number in range(FIRST, FIRST + rng.randint(0, 8)):
        user = rng.choice(list(w.users.values()))
        tenant = w.tenant(user.base)
        kind = rng.choice(["role", "role", "policy", "permission"])
        choices: dict[str, list[int]] = {
            "role": [r.id for r in w.roles.values() if r.tenant in (None, tenant)],
            "policy": [p.id for p in w.policies.values() if p.tenant in (None, tenant)],
            "permission": [p.id for p in w.permissions.values() if p.scope != "system"],
        }
        home = [u for u in units if w.tenant(u) == tenant]
        if choices[kind]:
            g = Grant(
                number,
                kind,
                user.id,
                rng.choice(choices[kind]),
                rng.choice([None, *home]),
                rng.random() < 0.7,
                random_window(rng),
            )
            add_grant(w, g)
            if rng.random() < 0.2 and g.window.end is not None:
                # The same again, at once or an instant later.
                start = g.window.end + rng.choice([timedelta(0), INSTANT])
                add_grant(w, replace(g, id=g.id + 100, inherit=not g.inherit, window=Window(start)))
    if rng.random() < 0.4:
        for unit in sorted(rng.sample(units, rng.randint(1, len(units)))):
            key = rng.choice(["funds.read", "funds.update"])
            w.templates.append(
                Template(unit, key, rng.choice([0, 50, 99]), rng.random() < 0.7, rng.random() < 0.3)
            )
    if rng.random() < 0.5:
        for number in range(FIRST, FIRST + rng.randint(1, 6)):
            delegator = rng.choice(list(w.users.values()))
            home = w.tenant(delegator.base)
            others = [u for u in w.users.values() if w.tenant(u.base) == home and u != delegator]
            if not others:
                continue
            window = random_window(rng)
            w.delegations.append(
                Delegation(
                    number,
                    delegator.id,
                    rng.choice(others).id,
                    rng.choice(["finance", "finance.funds", "directory.users"]),
                    rng.choice(["read", "read", "update", "manage"]),
                    rng.choice([u for u in units if w.tenant(u) == home]),
                    rng.random() < 0.7,
                    Window(
                        window.start or NOON - timedelta(days=20),
                        window.end or NOON + timedelta(days=20),
                    ),
                    rng.choice(["active", "active", "active", "pending", "revoked"]),
                )
            )
    return w


def store(connection: Connection, w: World) -> None:
    """The world in the tables; what is there already stays."""

    def insert(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        places = ", ".join(["%s"] * len(columns.split(", ")))
        with connection.cursor() as cursor:
            cursor.executemany(f"insert into {table} ({columns}) values ({places})", rows)

    def link(table: str, columns: str, pairs: list[tuple[int, int]]) -> None:
        insert(table, columns, list(dict.fromkeys(pairs)))

    insert(
        "authz.org_units",
        "id, parent_id, code, kind, is_active",
        [(u.id, u.parent, f"u{u.id}", u.kind, u.is_active) for u in w.units.values()],
    )
    insert(
        "authz.users",
        "id, username, base_unit_id, is_active",
        [(u.id, f"user{u.id}", u.base, u.is_active) for u in w.users.values()],
    )
    insert(
        "authz.memberships",
        "id, user_id, unit_id, valid_from, valid_until",
        [(m.id, m.user, m.unit, m.window.start, m.window.end) for m in w.memberships],
    )
    # The unconditional ones are there from the start, under ids of their own.
    for p in w.permissions.values():
        row = connection.execute(
            "select id from authz.permissions where resource::text = %s and action = %s "
            "and scope = %s and conditions is not distinct from %s",
            (p.resource, p.action, p.scope, json.dumps(p.condition) if p.condition else None),
        ).fetchone()
        if row is None:
            insert(
                "authz.permissions",
                "id, resource, action, scope, conditions",
                [(p.id, p.resource, p.action, p.scope, json.dumps(p.condition))],
            )
        else:
            p.id = row[0]
    ids = {number: p.id for number, p in w.permissions.items()}
    insert(
        "authz.policies",
        "id, tenant_id, name, effect, priority, is_active",
        [
            (p.id, p.tenant, f"p{p.id}", p.effect, p.priority, p.is_active)
            for p in w.policies.values()
        ],
    )
    link(
        "authz.policy_permissions",
        "policy_id, permission_id",
        [(p.id, ids[n]) for p in w.policies.values() for n in p.permissions],
    )
    insert(
        "authz.roles",
        "id, tenant_id, parent_role_id, code, rank, is_active",
        [(r.id, r.tenant, r.parent, f"r{r.id}", r.rank, r.is_active) for r in w.roles.values()],
    )
    link(
        "authz.role_permissions",
        "role_id, permission_id",
        [(r.id, ids[n]) for r in w.roles.values() for n in r.permissions],
    )
    link(
        "authz.role_policies",
        "role_id, policy_id",
        [(r.id, n) for r in w.roles.values() for n in r.policies],
    )
    for kind, table, column in (
        ("role", "authz.user_roles", "role_id"),
        ("policy", "authz.user_policies", "policy_id"),
        ("permission", "authz.user_permissions", "permission_id"),
    ):
        insert(
            table,
            f"id, user_id, {column}, unit_id, inherit_to_descendants, valid_from, valid_until",
            [
                (
                    g.id,
                    g.user,
                    ids[g.what] if kind == "permission" else g.what,
                    g.unit,
                    g.inherit,
                    g.window.start,
                    g.window.end,
                )
                for g in w.grants
                if g.kind == kind
            ],
        )
    insert(
        "authz.delegations",
        "id, tenant_id, delegator_id, delegate_id, resource, action, unit_id, "
        "inherit_to_descendants, valid_from, valid_until, status, reason, requested_by",
        [
            (
                d.id,
                w.tenant(d.unit),
                d.delegator,
                d.delegate,
                d.resource,
                d.action,
                d.unit,
                d.inherit,
                d.window.start,
                d.window.end,
                d.status,
                "away",
                d.delegator,
            )
            for d in w.delegations
        ],
    )
    # From below: nothing can be written under a lock, but a lock can come over what is there.
    for t in reversed(w.templates):
        insert(
            "authz.permission_templates",
            "unit_id, permission_key, min_role_rank, is_enabled, is_locked",
            [(t.unit, t.key, t.min_rank, t.is_enabled, t.is_locked)],
        )


def questions(w: World) -> list[dict[str, Any]]:
    """Every user, resource, action and unit, with and without context, own rows too."""
    asked = []
    for user in w.users:
        for resource in ("funds", "finance", "users"):
            for action in ACTIONS:
                for unit in w.units:
                    for context in (*CONTEXTS, {"owner_id": user}):
                        asked.append(
                            {
                                "user_id": user,
                                "resource": resource,
                                "action": action,
                                "unit_id": unit,
                                "context": context,
                            }
                        )
    return asked


def owned(connection: Connection, rng: random.Random, w: World) -> dict[str, dict[int, list[int]]]:
    """Customers, orders and funds of random owners: for each row its owners."""
    users = sorted(w.users)
    customers = {n: [rng.choice(users)] for n in range(1, 7)}
    orders = {n: [rng.choice(users)] for n in range(1, 9)}
    funds: dict[int, list[int]] = {}
    for n, (user,) in customers.items():
        connection.execute("insert into finance.customers (id, manager_id) values (%s, %s)",
                           (n, user))  # fmt: skip
    for n, (user,) in orders.items():
        connection.execute("insert into finance.orders (id, handler_id) values (%s, %s)", (n, user))
    tenant = {u: w.tenant(w.users[u].base) for u in users}
    for n in range(1, 25):
        mine = rng.choice(users)
        handler = mine if rng.random() < 0.7 else None
        order = _one_of(rng, [o for o, (u,) in orders.items() if tenant[u] == tenant[mine]])
        customer = _one_of(rng, [c for c, (u,) in customers.items() if tenant[u] == tenant[mine]])
        owners = [handler] if handler else []
        owners += orders[order] if order else []
        owners += customers[customer] if customer else []
        if owners:
            funds[n] = owners
            connection.execute(
                "insert into finance.financial_funds "
                "(tenant_id, id, handle_by, order_id, customer_id, amount) "
                "values (%s, %s, %s, %s, %s, %s)",
                (tenant[mine], n, handler, order, customer, n),
            )
    return {"customers": customers, "orders": orders, "funds": funds}


def _one_of(rng: random.Random, ids: list[int]) -> int | None:
    return rng.choice(ids) if ids and rng.random() < 0.6 else None
