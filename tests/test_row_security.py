"""What the application role reads from the tables is what the model says, and what paging lists."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from policy_model import MENU, World
from servers import Server
from test_policies import NOON, random_world, store

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
WORLDS = int(os.environ.get("FUNDWARDEN_ROW_WORLDS", "100"))


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


READ = {
    "customers": "select id from finance.customers order by id",
    "orders": "select id from finance.orders order by id",
    "funds": "select id from finance.financial_funds order by id",
    "users": "select id from authz.users order by id",
    "units": "select id from authz.org_units order by id",
}


def disagreements(connection: Connection, rng: random.Random, w: World) -> list[str]:
    rows = owned(connection, rng, w)
    found: list[str] = []
    for user in sorted(w.users):
        # Neither can sign in.
        if not w.users[user].is_active or not w.units[w.tenant(w.users[user].base)].is_active:
            continue
        connection.execute("set local role fundwarden_trusted")
        connection.execute("select authz.act_as(%s)", [user])
        connection.execute("set local role fundwarden_app")
        expected = {
            kind: [
                n
                for n, owners in sorted(of_kind.items())
                if any(
                    w.check(user, kind, "read", w.users[o].base, {"owner_id": o}) for o in owners
                )
            ]
            for kind, of_kind in rows.items()
        }
        expected["units"] = [u for u in sorted(w.units) if w.check(user, "units", "read", u, {})]
        expected["users"] = [
            u
            for u in sorted(w.users)
            if w.check(user, "users", "read", w.users[u].base, {"owner_id": u})
        ]
        for kind, query in READ.items():
            seen = [row[0] for row in connection.execute(query.encode())]
            if seen != expected[kind]:
                found.append(f"{kind} of {user}: {expected[kind]} expected, {seen} seen")
        paged = [
            row[0]
            for row in connection.execute(
                "select fund_id from finance.page_authorized_funds(page_size => 100)"
            )
        ]
        if paged != expected["funds"]:
            found.append(f"page of {user}: {expected['funds']} expected, {paged} seen")
        connection.execute("set local role fundwarden_owner")
    return found


def live_through(
    connection: Connection, seed: int, before: Callable[[Connection], None] | None = None
) -> list[str]:
    rng = random.Random(seed)
    connection.execute("begin")
    try:
        if before is not None:
            before(connection)
        connection.execute("set local role fundwarden_owner")
        w = random_world(rng)
        connection.execute("insert into authz_private.clock_override (instant) values (%s)", [NOON])
        store(connection, w)
        if rng.random() < 0.5:
            connection.execute("select authz.refresh_user_effective_policies()")
        return disagreements(connection, rng, w)
    finally:
        connection.execute("rollback")


@pytest.fixture(scope="module")
def connection(module_database: str) -> Any:
    with psycopg.connect(module_database, autocommit=True) as opened:
        opened.execute("set synchronous_commit = off")
        yield opened


def test_tables_show_the_application_what_the_model_says(
    connection: Connection, server: Server
) -> None:
    wrong = {seed: found for seed in range(WORLDS) if (found := live_through(connection, seed))}
    assert wrong == {}


BROKEN = {
    "a policy is missing": "drop policy readers_see_what_any_owner_shows "
    "on finance.financial_funds",
    "row security is off": "alter table finance.orders disable row level security",
    "everybody sees": "create policy everybody on finance.customers using (true)",
}


@pytest.mark.parametrize("how", sorted(BROKEN))
def test_worlds_notice_when(connection: Connection, how: str) -> None:
    def sabotage(opened: Connection) -> None:
        opened.execute(BROKEN[how].encode())

    assert any(live_through(connection, seed, sabotage) for seed in range(150))


OWN_DENIED = """
    insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme');
    insert into authz.users (id, username, base_unit_id)
    values (9101, 'ann', 9001), (9102, 'bob', 9001);
    insert into finance.orders (id, handler_id) values (9201, 9101), (9202, 9102);
    insert into finance.customers (id, manager_id) values (9301, 9101), (9302, 9102);
    insert into finance.financial_funds (tenant_id, id, handle_by, order_id, customer_id, amount)
    values
    (9001, 1, 9101, null, null, 1), (9001, 2, null, 9201, null, 1), (9001, 3, null, null, 9301, 1),
    (9001, 4, 9101, 9202, null, 1), (9001, 5, 9102, 9201, 9301, 1), (9001, 6, 9101, 9201, 9302, 1),
    (9001, 7, 9102, null, null, 1);
    insert into authz.policies (id, name, effect, priority) values (9501, 'not mine', 'deny', 1);
    insert into authz.policy_permissions (policy_id, permission_id)
    select 9501, p.id from authz.permissions as p where p.resource::text in ('finance', 'directory')
        and p.action = 'manage' and p.scope = 'own';
    insert into authz.user_roles (user_id, role_id)
    select 9101, r.id from authz.roles as r where r.code = 'supervisor';
    insert into authz.user_policies (user_id, policy_id) values (9101, 9501);
"""


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_deny_of_what_is_owned_leaves_what_others_own(
    connection: Connection, is_dropped: bool
) -> None:
    connection.execute("begin")
    try:
        if is_dropped:
            for table in ("finance.financial_funds", "finance.orders", "authz.users"):
                connection.execute(f"drop policy denied_what_is_their_own on {table}".encode())
        connection.execute("set local role fundwarden_owner")
        connection.execute(OWN_DENIED)
        connection.execute("set local role fundwarden_trusted")
        connection.execute("select authz.act_as(9101)")
        connection.execute("set local role fundwarden_app")
        seen = {
            kind: [row[0] for row in connection.execute(query.encode())]
            for kind, query in READ.items()
        }
        assert seen["funds"] == ([1, 2, 3] if is_dropped else []) + [4, 5, 6, 7]
        assert seen["orders"] == ([9201] if is_dropped else []) + [9202]
        assert seen["customers"] == [9302]
        assert seen["users"] == ([9101] if is_dropped else []) + [9102]
        paged = connection.execute("select fund_id from finance.page_authorized_funds()")
        assert [row[0] for row in paged] == [4, 5, 6, 7]
    finally:
        connection.execute("rollback")


NOBODY = [None, "", "1", "1:" + "0" * 64]


@pytest.mark.parametrize("identity", NOBODY)
def test_nobody_sees_no_row(connection: Connection, identity: str | None) -> None:
    connection.execute("begin")
    try:
        connection.execute("set local role fundwarden_owner")
        w = random_world(random.Random(1))
        store(connection, w)
        owned(connection, random.Random(1), w)
        connection.execute("set local role fundwarden_app")
        if identity is not None:
            connection.execute("select set_config('fundwarden.identity', %s, true)", [identity])
        for query in READ.values():
            assert connection.execute(query.encode()).fetchall() == []
    finally:
        connection.execute("rollback")


def test_the_menu_covers_what_the_tables_hold() -> None:
    assert {"customers", "orders", "funds", "users", "units"} <= set(MENU)
