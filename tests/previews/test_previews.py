"""A preview says what the change then does, to whoever may make it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from administration_world import build, sign_in
from policy_model import World
from psycopg.types.json import Jsonb
from random_worlds import random_world, store
from servers import Server
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
# FUNDWARDEN_PREVIEWS=500 looks harder than the suite does.
WORLDS = int(os.environ.get("FUNDWARDEN_PREVIEWS", "2"))

PREVIEW = "select * from authz.preview(%s, %s)"
ALLOW = "select change, arguments from authz.what_would_allow(%s, %s, %s, %s)"
# kind, user_id, username, resource, permitted_action, unit_id, unit_path, unit_count, own_rows,
# rows_before, rows_after, detail
KIND, USER, NAME, RESOURCE, ACTION, UNIT, PATH, UNITS, OWN, BEFORE, AFTER, DETAIL = range(12)


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    build(module_database)
    return module_database


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


def preview(connection: Connection, action: str, /, **arguments: Any) -> list[tuple[Any, ...]]:
    return rows(connection, PREVIEW, action, Jsonb(arguments))


def told(found: list[tuple[Any, ...]], resource: str = "funds") -> list[tuple[Any, ...]]:
    """Of each gain and loss: kind, user, resource, action, how many units."""
    return sorted(
        (r[KIND], r[USER], r[RESOURCE], r[ACTION], r[UNITS])
        for r in found
        if r[KIND] != "summary" and r[RESOURCE] == resource
    )


# What one change does.


def test_a_role_at_a_unit_is_what_its_holder_gains(app: Connection) -> None:
    sign_in(app, 1)
    found = preview(app, "assign_role", user_id=9, role_id=102, unit_id=10)
    assert found[0][KIND] == "summary"
    assert found[0][DETAIL] == {
        "status": "done",
        "users": 1,
        "users_listed": 1,
        "gaining": 1,
        "losing": 0,
    }
    assert found[1][KIND : ACTION + 1] == ("summary", None, None, "orders", "read")
    assert told(found, "orders") == [("gain", 9, "orders", "read", 3)]
    assert found[2][UNIT : PATH + 1] == (10, "acme.north")
    assert value(app, "select count(*) from authz.list_requests()") == 0


def test_a_role_that_is_revoked_is_what_its_holder_loses(app: Connection) -> None:
    sign_in(app, 1)
    assert told(preview(app, "revoke_role", assignment_id=1006)) == [
        ("lose", 6, "funds", "read", 1)
    ]


def test_a_role_that_needs_approval_gives_nothing_yet(app: Connection) -> None:
    sign_in(app, 1)
    found = preview(app, "assign_role", user_id=9, role_id=104, unit_id=10, reason="why")
    assert len(found) == 1
    assert found[0][DETAIL]["status"] == "pending"


def test_a_change_of_a_role_concerns_all_who_hold_it(app: Connection) -> None:
    sign_in(app, 1)
    found = preview(app, "update_role", role_id=101, is_active=False)
    # bob is denied it anyway.
    assert told(found) == [("lose", 6, "funds", "read", 1)]
    assert found[0][DETAIL]["losing"] == 1


def test_of_two_who_were_given_the_same_the_one_whom_a_condition_names_loses_it(
    app: Connection,
) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute(
        "insert into authz.users (id, username, base_unit_id) values (40, 'sue', 21), "
        "(41, 'sid', 21); "
        "insert into authz.permissions (id, resource, action, scope, conditions) "
        "values (9001, 'finance.orders', 'read', 'team', "
        """'{"field": "user_id", "op": "=", "value": 41}'); """
        "insert into authz.roles (id, tenant_id, code, rank) values (112, 1, 'own_orders', 1); "
        "insert into authz.role_permissions (role_id, permission_id) values (112, 9001); "
        "insert into authz.user_roles (user_id, role_id, unit_id) values (40, 112, 21), "
        "(41, 112, 21)"
    )
    app.execute("reset role")
    sign_in(app, 1)
    found = preview(app, "update_role", role_id=112, is_active=False)
    assert told(found, "orders") == [("lose", 41, "orders", "read", 1)]


def test_a_move_of_a_unit_changes_who_reaches_it(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute("insert into authz.user_roles (user_id, role_id, unit_id) values (6, 101, 20)")
    app.execute("reset role")
    sign_in(app, 1)
    found = preview(app, "move_unit", unit_id=11, new_parent_id=20)
    assert ("gain", 6, "funds", "read", 1) in told(found)
    assert ("lose", 3, "funds", "read", 1) in told(found)


def test_a_delegation_gives_what_the_delegator_holds(app: Connection) -> None:
    sign_in(app, 3)
    arguments = {
        "delegate_id": 16,
        "resource": "funds",
        "action": "read",
        "unit_id": 11,
        "valid_until": value(app, "select now() + interval '1 day'").isoformat(),
        "reason": "holiday",
    }
    assert told(preview(app, "delegate", **arguments)) == [("gain", 16, "funds", "read", 1)]


def test_a_delegate_loses_what_the_delegator_loses(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute(
        "insert into authz.delegations (tenant_id, delegator_id, delegate_id, resource, action, "
        "unit_id, valid_from, valid_until, reason, requested_by) values "
        "(1, 6, 16, 'finance.funds', 'read', 21, '2000-01-01', '2999-01-01', 'away', 6)"
    )
    app.execute("reset role")
    sign_in(app, 1)
    assert told(preview(app, "revoke_role", assignment_id=1006)) == [
        ("lose", 6, "funds", "read", 1),
        ("lose", 16, "funds", "read", 1),
    ]


def test_a_template_gives_to_everybody_of_the_rank(app: Connection) -> None:
    sign_in(app, 1)
    found = preview(
        app, "set_permission_template", unit_id=11, permission_key="orders.read", min_role_rank=0
    )
    gaining = {(r[USER], r[RESOURCE], r[ACTION]) for r in found if r[KIND] == "gain"}
    assert (5, "orders", "read") in gaining


def test_rows_are_counted_before_and_after(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute(
        "insert into finance.financial_funds (tenant_id, handle_by, amount) "
        "values (1, 16, 1), (1, 16, 2), (1, 3, 4)"
    )
    app.execute("reset role")
    sign_in(app, 1)
    found = preview(app, "assign_role", user_id=6, role_id=101, unit_id=12)
    (row,) = [r for r in found if (r[KIND], r[RESOURCE]) == ("gain", "funds")]
    assert (row[UNITS], row[BEFORE], row[AFTER]) == (1, 0, 2)
    assert value(app, "select authz.current_user_id()") == 1


def test_rows_are_counted_for_twenty_users_whatever_else_they_gain(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute(
        "insert into authz.users (id, username, base_unit_id) "
        "select n, 'clerk' || n, 21 from generate_series(201, 221) as n; "
        "insert into authz.roles (id, tenant_id, code, rank, is_active) "
        "values (113, 1, 'clerk', 1, false); "
        "insert into authz.role_permissions (role_id, permission_id) "
        "select 113, r.permission_id from authz.role_permissions as r "
        "where r.role_id in (101, 102); "
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select n, 113, 21 from generate_series(201, 221) as n"
    )
    app.execute("reset role")
    sign_in(app, 1)
    found = preview(app, "update_role", role_id=113, is_active=True)
    assert len(told(found, "orders")) == 21
    assert [r[USER] for r in found if r[AFTER] is not None] == list(range(201, 221))


def test_a_user_who_is_deactivated_loses_everything(app: Connection) -> None:
    sign_in(app, 1)
    found = preview(app, "deactivate_user", user_id=6)
    assert ("lose", 6, "funds", "read", 1) in told(found)
    assert all(r[KIND] != "gain" for r in found)
    (row,) = [r for r in found if r[USER] == 6 and r[RESOURCE] == "funds"]
    assert (row[BEFORE], row[AFTER]) == (0, 0)


# Whom it tells what.


@pytest.mark.parametrize(
    ("user", "action", "arguments"),
    [
        (5, "assign_role", {"user_id": 16, "role_id": 101, "unit_id": 11}),
        (3, "assign_role", {"user_id": 6, "role_id": 101, "unit_id": 21}),
        (3, "assign_role", {"user_id": 3, "role_id": 101, "unit_id": 11}),
        (3, "assign_role", {"user_id": 424242, "role_id": 101, "unit_id": 11}),
        (3, "assign_role", {"user_id": 8, "role_id": 101, "unit_id": 11}),
        (3, "revoke_role", {"assignment_id": 1006}),
        (3, "revoke_role", {"assignment_id": 424242}),
        (1, "deactivate_user", {"user_id": 8}),
        (3, "deactivate_unit", {"unit_id": 20}),
        (5, "update_role", {"role_id": 101, "is_active": False}),
    ],
)
def test_a_preview_is_refused_as_the_change_itself(
    app: Connection, user: int, action: str, arguments: dict[str, Any]
) -> None:
    sign_in(app, user)
    app.execute("savepoint here")
    named = ", ".join(f"{name} => %s" for name in arguments)
    own = refusal(app, f"select authz.{action}({named})", *arguments.values())
    app.execute("rollback to here")
    error = refusal(app, PREVIEW, action, Jsonb(arguments))
    assert (error.sqlstate, error.message_primary, error.message_hint) == (
        own.sqlstate,
        own.message_primary,
        own.message_hint,
    )


def test_people_whom_the_caller_may_not_ask_about_are_neither_told_nor_counted(
    world: str,
) -> None:
    with session(world) as admin:
        admin.execute("begin")
        admin.execute("set local role fundwarden_owner")
        # The role of the north may be changed by somebody who sees the north alone.
        admin.execute(
            "create or replace function authz_private.administered_role("
            "actor_id bigint, role_id int) returns authz.roles language sql as "
            "'select r from authz.roles as r where r.id = administered_role.role_id'"
        )
        admin.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) values (16, 101, 12)"
        )
        admin.execute("reset role")
        sign_in(admin, 3)
        found = preview(admin, "update_role", role_id=101, is_active=False)
        assert {r[USER] for r in found if r[USER]} == {16}
        assert found[0][DETAIL]["losing"] == 1
        admin.execute("rollback")


def test_nobody_signed_in_previews_nothing(app: Connection) -> None:
    app.execute("set local role fundwarden_app")
    error = refusal(app, PREVIEW, "revoke_role", Jsonb({"assignment_id": 1}))
    assert error.sqlstate == "28000"


UNFIT: list[tuple[str | None, Any, str]] = [
    (None, {}, "action"),
    ("", {}, "action"),
    ("sign_in", {"token": "x"}, "action"),
    ("act_as", {"user_id": 1}, "action"),
    ("register_dataset", {}, "action"),
    ("assign_role; drop table authz.users", {}, "action"),
    ("assign_role", None, "arguments"),
    ("assign_role", [], "arguments"),
    ("assign_role", "x", "arguments"),
    ("assign_role", {}, "arguments"),
    ("assign_role", {"user_id": 1}, "arguments"),
    ("assign_role", {"user_id": 1, "role_id": 1, "x": 1}, "arguments"),
    ("assign_role", {"user_id": 1, "role_id": 1, "x) or (1=1": 1}, "arguments"),
    ("assign_role", {"user_id": "x", "role_id": 1}, "arguments"),
    ("assign_role", {"user_id": 1e30, "role_id": 1}, "arguments"),
    ("assign_role", {"user_id": [1], "role_id": 1}, "arguments"),
    ("assign_role", {"user_id": 1, "role_id": 1, "valid_until": "soon"}, "arguments"),
    ("assign_role", {"user_id": 1, "role_id": 1, "inherit_to_descendants": "maybe"}, "arguments"),
    ("update_policy", {"policy_id": 1, "effect": "perhaps"}, "arguments"),
]


@pytest.mark.parametrize(("action", "arguments", "named"), UNFIT)
def test_what_cannot_be_meant_is_refused(
    app: Connection, action: str | None, arguments: Any, named: str
) -> None:
    sign_in(app, 1)
    error = refusal(app, PREVIEW, action, None if arguments is None else Jsonb(arguments))
    assert (error.sqlstate, bool(error.message_hint)) == ("22023", True)
    assert str(error.message_primary).startswith(named)


def test_values_are_values(app: Connection) -> None:
    sign_in(app, 1)
    hostile = "x'); drop table authz.users; --"
    found = preview(app, "update_role", role_id=101, name=hostile, is_active=False)
    assert ("lose", 6, "funds", "read", 1) in told(found)


# What it leaves.

ALL_TABLES = """
    select c.oid::regclass::text
    from pg_class as c
    where c.relnamespace::regnamespace::text in (
            'authz', 'authz_private', 'finance', 'ops', 'audit'
        )
        and c.relkind = 'r'
"""


def contents(connection: Connection) -> dict[str, str]:
    return {
        table: value(
            connection, f"select md5(string_agg(t::text, ',' order by t::text)) from {table} as t"
        )
        for (table,) in rows(connection, ALL_TABLES)
        # What is written when somebody signs in is not of the preview.
        if not table.startswith("audit.permission_audit_log")
        and table != "authz_private.last_sign_ins"
    }


def test_a_preview_leaves_one_line_in_the_log_and_nothing_else(database: str) -> None:
    build(database)
    with session(database) as admin:
        before = contents(admin)
        logged = value(admin, "select count(*) from audit.permission_audit_log")
        with session(database) as app:
            for action, arguments in (
                ("assign_role", {"user_id": 16, "role_id": 102, "unit_id": 10}),
                ("move_unit", {"unit_id": 11, "new_parent_id": 20}),
                ("deactivate_user", {"user_id": 6}),
            ):
                app.execute("begin")
                sign_in(app, 1)
                preview(app, action, **arguments)
                app.execute("commit")
        assert contents(admin) == before
        lines = rows(
            admin,
            "select l.action, l.actor_id, l.effective_user_id, l.new_values "
            "from audit.permission_audit_log as l where l.action <> 'IMPERSONATE' "
            "order by l.id offset %s",
            logged
            - value(
                admin,
                "select count(*) from audit.permission_audit_log where action = 'IMPERSONATE'",
            )
            + 3,
        )
        assert [line[0] for line in lines] == ["PREVIEW"] * 3
        assert [line[2] for line in lines] == [1, 1, 1]
        assert lines[2][3] == {"action": "deactivate_user", "arguments": {"user_id": 6}}
        assert rows(admin, "select * from audit.verify()") == []


def test_a_preview_takes_no_lock_that_outlives_it(world: str) -> None:
    with session(world) as first, session(world) as second:
        first.execute("begin")
        sign_in(first, 1)
        preview(first, "assign_role", user_id=9, role_id=102, unit_id=10)
        second.execute("begin")
        second.execute("set local lock_timeout = '5s'")
        sign_in(second, 2)
        assert value(second, "select (authz.assign_role(16, 102, 10)).status") == "done"
        second.execute("rollback")
        first.execute("rollback")


# It is the difference between before and after.

CHANGES = [
    (
        "assign_role",
        {
            "user_id": "user",
            "role_id": "role",
            "unit_id": "unit?",
            "inherit_to_descendants": "bool",
        },
    ),
    ("assign_policy", {"user_id": "user", "policy_id": "policy", "unit_id": "unit?"}),
    ("grant_permission", {"user_id": "user", "permission_id": "permission", "unit_id": "unit?"}),
    ("revoke_role", {"assignment_id": "user_roles"}),
    ("revoke_policy", {"assignment_id": "user_policies"}),
    ("revoke_permission", {"assignment_id": "user_permissions"}),
    ("add_membership", {"user_id": "user", "unit_id": "unit"}),
    ("remove_membership", {"membership_id": "memberships"}),
    ("transfer_user", {"user_id": "user", "unit_id": "unit"}),
    ("deactivate_user", {"user_id": "user"}),
    ("activate_user", {"user_id": "user"}),
    ("move_unit", {"unit_id": "unit", "new_parent_id": "unit"}),
    ("deactivate_unit", {"unit_id": "unit"}),
    ("activate_unit", {"unit_id": "unit"}),
    ("update_unit", {"unit_id": "unit", "kind": "kind"}),
    (
        "set_permission_template",
        {"unit_id": "unit", "permission_key": "key", "is_enabled": "bool", "is_locked": "bool"},
    ),
    ("reset_permission_template", {"unit_id": "unit", "permission_key": "key"}),
    ("grant_permission_to_role", {"role_id": "role", "permission_id": "permission"}),
    ("revoke_permission_from_role", {"role_id": "role", "permission_id": "permission"}),
    ("add_policy_to_role", {"role_id": "role", "policy_id": "policy"}),
    ("remove_policy_from_role", {"role_id": "role", "policy_id": "policy"}),
    ("set_role_parent", {"role_id": "role", "parent_role_id": "role?"}),
    ("update_role", {"role_id": "role", "is_active": "bool"}),
    ("update_policy", {"policy_id": "policy", "effect": "effect", "is_active": "bool"}),
    ("add_permission_to_policy", {"policy_id": "policy", "permission_id": "permission"}),
    ("remove_permission_from_policy", {"policy_id": "policy", "permission_id": "permission"}),
]

# boss has everything everywhere, by a role of the platform, and belongs to the first tenant.
BOSS = """
    insert into authz.users (id, username, base_unit_id) values (1, 'boss', 1000);
    insert into authz.roles (id, code, rank) values (900, 'everything', 1000);
    insert into authz.role_permissions (role_id, permission_id)
    select 900, p.id from authz.permissions as p
    where p.resource::text in ('finance', 'directory') and p.action = 'manage'
        and p.scope = 'system';
    insert into authz.user_roles (user_id, role_id, unit_id) values (1, 900, 1000);
"""

SCOPES = """
    select u.id, r.code, a.action, s.unit_ids,
        s.own_rows or u.base_unit_id = any(s.unit_ids) and not s.own_denied
    from authz.users as u
    cross join authz.resources as r
    cross join (
        select action from authz.permissions
        union select split_part(permission_key, '.', 2) from authz.permission_templates
        union select action from authz.delegations
        union select 'export'
    ) as a
    cross join lateral authz_private.reached_units(u.id, r.code, a.action) as s
"""


def actions(admin: Connection) -> set[str]:
    """Those that a permission, a template or a delegation names."""
    return {
        row[0]
        for row in rows(
            admin,
            "select action from authz.permissions "
            "union select split_part(permission_key, '.', 2) from authz.permission_templates "
            "union select action from authz.delegations where status = 'active'",
        )
    }


def scopes(admin: Connection) -> dict[tuple[Any, ...], tuple[set[int], bool]]:
    return {row[:3]: (set(row[3]), bool(row[4])) for row in rows(admin, SCOPES)}


def chosen(rng: random.Random, admin: Connection, kind: str) -> Any:
    def some(query: str) -> Any:
        found = rows(admin, query)
        return rng.choice(sorted(found))[0] if found else None

    if kind.endswith("?") and rng.random() < 0.4:
        return None
    return {
        "user": lambda: some("select id from authz.users where id > 1"),
        "unit": lambda: some("select id from authz.org_units where id > 1"),
        "role": lambda: some("select id from authz.roles where id > 900"),
        "policy": lambda: some("select id from authz.policies"),
        "permission": lambda: some(
            "select id from authz.permissions where scope <> 'system' and "
            "(resource::text in ('finance.funds', 'directory.users') or conditions is not null)"
        ),
        "bool": lambda: rng.random() < 0.5,
        "kind": lambda: rng.choice(["region", "office", "organization"]),
        "key": lambda: rng.choice(["funds.read", "funds.update", "users.export"]),
        "effect": lambda: rng.choice(["allow", "deny"]),
        "memberships": lambda: some("select id from authz.memberships"),
        # Nobody administers themselves.
    }.get(kind.removesuffix("?"), lambda: some(f"select id from authz.{kind} where user_id > 1"))()


def company(rng: random.Random) -> World:
    """A world of one tenant, which has every role and policy, with users who hold the same."""
    world = random_world(rng)
    while (
        len([u for u in world.units.values() if u.parent is None]) > 1
        or len(world.permissions) < 3
        or len(world.grants) < 3
    ):
        world = random_world(rng)
    root = next(iter(world.units))
    world.units[root].is_active = True
    for carrier in (*world.roles.values(), *world.policies.values()):
        carrier.tenant = root
        carrier.permissions = [
            p for p in carrier.permissions if world.permissions[p].scope != "system"
        ]
    users = list(world.users.values())
    for number in range(2000, 2000 + rng.randint(0, 4)):
        model = rng.choice(users)
        world.users[number] = replace(model, id=number)
        for held in ("grants", "memberships"):
            copies = [
                replace(h, id=number * 1000 + h.id, user=number)
                for h in getattr(world, held)
                if h.user == model.id
            ]
            getattr(world, held).extend(copies)
    return world


def check_world(admin: Connection, seed: int) -> int:
    """Previews of random changes; returns how many of them said that somebody gains or loses."""
    rng = random.Random(seed)
    admin.execute("begin")
    world = company(rng)
    store(admin, world)
    admin.execute(BOSS)
    admin.execute("insert into authz_private.clock_override (instant) values (%s)", [world.clock])
    admin.execute("select authz.act_as(1)")
    changed_something = 0
    before = scopes(admin)
    tries = 0
    while tries < 8 or (not changed_something and tries < 60):
        tries += 1
        action, wanted = rng.choice(CHANGES)
        arguments = {name: chosen(rng, admin, kind) for name, kind in wanted.items()}
        admin.execute("savepoint here")
        known = actions(admin)
        named = ", ".join(f"{name} => %s" for name in arguments)
        try:
            found = rows(admin, PREVIEW, action, Jsonb(arguments))
        except psycopg.Error as error:
            expected = error.sqlstate
            admin.execute("rollback to here")
            assert expected in ("42501", "22023", "23514", "23505", "23P01", "23503"), error
            assert (
                refusal(admin, f"select authz.{action}({named})", *arguments.values()).sqlstate
                == expected
            )
            admin.execute("rollback to here")
            continue
        assert scopes(admin) == before
        admin.execute(f"select authz.{action}({named})".encode(), list(arguments.values()))
        after = scopes(admin)
        known |= actions(admin)
        expected_rows = set()
        for key in before.keys() | after.keys():
            if key[2] not in known:
                # A permission to manage covers actions that nothing names; they are not told.
                continue
            units, own = before.get(key, (set(), False))
            units_then, own_then = after.get(key, (set(), False))
            for kind, changed, is_own in (
                ("gain", units_then - units, own_then and not own),
                ("lose", units - units_then, own and not own_then),
            ):
                if changed or is_own:
                    expected_rows.add((kind, *key, len(changed), is_own))
        real = {
            (r[KIND], r[USER], r[RESOURCE], r[ACTION], r[UNITS], r[OWN])
            for r in found
            if r[KIND] != "summary"
        }
        assert real == expected_rows, (seed, action, arguments)
        assert found[0][DETAIL]["gaining"] == len({r[1] for r in real if r[0] == "gain"})
        assert found[0][DETAIL]["losing"] == len({r[1] for r in real if r[0] == "lose"})
        before = after
        changed_something += bool(real)
    admin.execute("rollback")
    return changed_something


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_preview_is_the_difference_the_change_makes(server: Server, seed: int) -> None:
    with server.copy() as janitor, session(server.conninfo(janitor.dbname)) as admin:
        assert check_world(admin, seed) > 0


# Which change would allow it.


def test_the_smallest_change_comes_first_and_works(app: Connection) -> None:
    sign_in(app, 1)
    found = rows(app, ALLOW, 9, "orders", "read", 11)
    assert found
    sizes = [f[1].get("policy_id", f[1].get("role_id")) for f in found]
    assert sizes[:2] == [202, 102]
    assert ("assign_role", 102) in {(f[0], f[1].get("role_id")) for f in found}
    for change, arguments in found:
        app.execute("savepoint here")
        assert not value(app, "select authz.check_user_permission(9, 'orders', 'read', 11)")
        named = ", ".join(f"{name} => %s" for name in arguments)
        app.execute(f"select authz.{change}({named})".encode(), list(arguments.values()))
        assert value(app, "select authz.check_user_permission(9, 'orders', 'read', 11)")
        app.execute("rollback to here")


def test_what_is_allowed_already_needs_no_change(app: Connection) -> None:
    sign_in(app, 1)
    assert rows(app, ALLOW, 6, "funds", "read", 21) == []


def test_only_what_the_caller_may_give_is_told(app: Connection) -> None:
    sign_in(app, 3)
    found = rows(app, ALLOW, 9, "orders", "read", 11)
    # nora holds no orders.
    assert found == []
    assert rows(app, ALLOW, 17, "funds", "read", 11)


def test_a_deny_a_window_and_an_inactive_user_are_found(app: Connection) -> None:
    sign_in(app, 1)
    assert rows(app, ALLOW, 5, "funds", "read", 11)[0] == ("revoke_policy", {"assignment_id": 2005})
    app.execute("reset role; set local role fundwarden_owner")
    app.execute(
        "insert into authz.user_roles (user_id, role_id, unit_id, valid_from, valid_until) "
        "values (9, 102, 10, '2000-01-01', '2001-01-01'), "
        "(9, 102, 10, '2002-01-01', '2003-01-01'); "
        "update authz.users set is_active = false where id = 6"
    )
    app.execute("reset role")
    sign_in(app, 1)
    assert rows(app, ALLOW, 6, "funds", "read", 21)[0] == ("activate_user", {"user_id": 6})
    found = rows(app, ALLOW, 9, "orders", "read", 11)
    change, arguments = found[0]
    assert (change, arguments["role_id"], arguments["unit_id"]) == ("assign_role", 102, 10)
    # The grant has ended twice.
    assert len({json.dumps(f) for f in found}) == len(found)


def test_a_lock_is_found(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute(
        "update authz.permission_templates set is_locked = true, is_enabled = false where id = 5002"
    )
    app.execute("reset role")
    sign_in(app, 1)
    found = rows(app, ALLOW, 17, "orders", "read", 11)
    assert "set_permission_template" in {f[0] for f in found}


@pytest.mark.parametrize(
    ("user", "arguments", "sqlstate"),
    [
        (3, (6, "funds", "read", 21), "42501"),
        (3, (424242, "funds", "read", 21), "42501"),
        (5, (16, "funds", "read", 12), "42501"),
        (1, (16, "nothing", "read", 12), "22023"),
        (1, (16, "funds", "Read", 12), "22023"),
        (1, (16, None, "read", 12), "22023"),
        (1, (16, "funds", "read", None), "22023"),
    ],
)
def test_a_question_that_may_not_be_asked_is_refused(
    app: Connection, user: int, arguments: tuple[Any, ...], sqlstate: str
) -> None:
    sign_in(app, user)
    assert refusal(app, ALLOW, *arguments).sqlstate == sqlstate


def test_a_unit_of_another_tenant_allows_nothing(app: Connection) -> None:
    sign_in(app, 1)
    for unit in (510, 424242):
        assert rows(app, ALLOW, 16, "funds", "read", unit) == []


def test_asking_changes_nothing(world: str) -> None:
    logged = "select count(*) from audit.permission_audit_log as l where l.action <> 'IMPERSONATE'"
    with session(world) as admin, session(world) as app:
        before = contents(admin)
        lines = value(admin, logged)
        app.execute("begin")
        sign_in(app, 1)
        assert rows(app, ALLOW, 9, "orders", "read", 11)
        app.execute("commit")
        assert contents(admin) == before
        assert value(admin, logged) == lines
