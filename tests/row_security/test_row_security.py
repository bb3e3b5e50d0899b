"""What the application role reads from the tables is what the model says, and what paging lists."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from policy_model import MENU, World
from random_worlds import NOON, owned, random_world, store
from servers import Server

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
WORLDS = int(os.environ.get("FUNDWARDEN_ROW_WORLDS", "8"))


READ = {
    "customers": "select id from finance.customers order by id",
    "orders": "select id from finance.orders order by id",
    "funds": "select id from finance.financial_funds order by id",
    "users": "select id from authz.users order by id",
    "units": "select id from authz.org_units order by id",
}


# Where authz_private.exceeds_units says no, the whole scope has nothing beyond units, for every
# user, also for those who cannot sign in.
RULED_OUT = """
    select u.id, q.resource
    from authz.users as u
    cross join unnest(array['customers', 'orders', 'funds', 'users', 'units']) as q (resource)
    cross join lateral authz_private.exceeds_units(u.id, q.resource, 'read') as r
    cross join lateral authz_private.scope_of(u.id, q.resource, 'read') as s
    where r.maybe_tenants is not true and (s.every_tenant or s.whole_tenant or s.other_tenants)
        or r.maybe_own is not true and (s.own_rows or s.own_denied)
"""


def disagreements(connection: Connection, rng: random.Random, w: World) -> list[str]:
    rows = owned(connection, rng, w)
    found = [f"ruled out for {row}" for row in connection.execute(RULED_OUT)]
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
@pytest.mark.long
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


# Of each kind one user whose scope is more than units.
MORE_THAN_UNITS = """
    insert into authz.org_units (id, parent_id, code)
    values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9001, 'south');
    insert into authz.users (id, username, base_unit_id)
    values (9101, 'all tenants', 9002), (9102, 'all of one', 9002), (9103, 'elsewhere', 9002),
    (9104, 'on condition', 9002), (9105, 'denied', 9002);
    insert into authz.roles (id, code) values (9601, 'seer');
    insert into authz.permissions (id, resource, action, scope, conditions)
    values (9701, 'finance.funds', 'read', 'team', '{"field": "amount", "op": ">", "value": 1}');
    insert into authz.policies (id, name, effect, priority) values (9501, 'not mine', 'deny', 1);
    insert into authz.role_permissions (role_id, permission_id)
    select 9601, p.id
    from authz.permissions as p
    where p.resource::text = 'finance.funds' and p.action = 'read' and p.scope = 'system';
    insert into authz.policy_permissions (policy_id, permission_id)
    select 9501, p.id
    from authz.permissions as p
    where p.resource::text = 'finance.funds' and p.action = 'read' and p.scope = 'own';
    insert into authz.user_policies (user_id, policy_id) values (9105, 9501);
    insert into authz.user_roles (user_id, role_id, unit_id) values (9101, 9601, 9002);
    insert into authz.user_permissions (user_id, permission_id, unit_id) values (9104, 9701, 9002);
    insert into authz.user_permissions (user_id, permission_id, unit_id)
    select w.user_id, p.id, w.unit_id
    from (
        values (9102, 'team', 9001), (9103, 'team', 9003), (9103, 'own', 9002),
        (9104, 'own', 9002), (9105, 'team', 9002)
    ) as w (user_id, scope, unit_id)
    inner join authz.permissions as p
        on p.resource::text = 'finance.funds' and p.action = 'read' and p.scope::text = w.scope
        and p.conditions is null;
"""
WEAK_REACH = {
    "nothing": ("", "", set[int]()),
    "every tenant": ("g.scope = 'system' or", "", {9101}),
    "a whole tenant": ("or g.scope <> 'own' and", "and", {9101, 9102}),
    "what is owned": ("or bool_or(g.scope = 'own')", "or false", {9103, 9104}),
    "that units are elsewhere": ("and g.conditions", "or g.conditions", {9103, 9104}),
    "conditions": ("and g.conditions is null", "", {9104}),
    "a deny": ("bool_or(g.effect = 'deny')", "false", {9105}),
}


@pytest.mark.parametrize("forgotten", sorted(WEAK_REACH))
def test_what_is_ruled_out_without_asking_for_the_scope_is_not_there(
    connection: Connection, forgotten: str
) -> None:
    guard, instead, told = WEAK_REACH[forgotten]
    file = Path(__file__).parents[2] / "db/functions/decision/authz_private.exceeds_units.sql"
    text = file.read_text(encoding="utf-8")
    assert guard in text
    connection.execute("begin")
    try:
        connection.execute("set local role fundwarden_owner")
        connection.execute((text.replace(guard, instead) if guard else text).encode())
        connection.execute(MORE_THAN_UNITS)
        assert {row[0] for row in connection.execute(RULED_OUT)} == told
        scopes = connection.execute(
            "select s.every_tenant or s.whole_tenant, s.own_rows, s.own_denied "
            "from generate_series(9101, 9105) as u (id) "
            "cross join lateral authz_private.scope_of(u.id, 'funds', 'read') as s order by u.id"
        ).fetchall()
        tenants, own, denied = (True, False, False), (False, True, False), (False, False, True)
        assert scopes == [tenants, tenants, own, own, denied]
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
