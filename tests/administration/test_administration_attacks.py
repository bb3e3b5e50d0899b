"""Nobody raises themselves, nor anybody else above what they hold themselves.

Each attempt is made as the application role and refused; with the guards it names replaced by weak
ones the same attempt succeeds, so that it is these that refuse it. Three have no such twin: a root
moved below itself is a cycle, and what would cross tenants in authz.users and authz.org_units is
refused by the keys that everything else hangs on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from administration_world import build, sign_in
from waiting import refusal, rows

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    build(module_database)
    return module_database


@dataclass
class Attack:
    title: str
    user: int
    call: str
    guards: tuple[str, ...] = ()
    sqlstate: str = "42501"
    # What the owner did before, in the same transaction.
    before: str = ""


SIGNATURES = {
    "is_self": ("actor_id bigint, user_id bigint", "boolean", "false"),
    "may_act": (
        "user_id bigint, resource text, action text, unit_id int, is_subtree boolean",
        "boolean",
        "true",
    ),
    "outranks": (
        "user_id bigint, rank int, place ext.ltree, is_subtree boolean",
        "boolean",
        "true",
    ),
    "holds_throughout": (
        "user_id bigint, resource ext.ltree, action text, conditions jsonb, place ext.ltree, "
        "is_subtree boolean, until timestamptz",
        "boolean",
        "true",
    ),
    "templates_give_more": (
        "actor_id bigint, rank int, unit_id int, unit_path ext.ltree",
        "boolean",
        "false",
    ),
    "holds_role": ("user_id bigint, role_id int", "boolean", "false"),
    "holds_policy": ("user_id bigint, policy_id int", "boolean", "false"),
    "role_requires_approval": ("role_id int", "boolean", "false"),
    "check_unit_is_not_ones_own": ("actor_id bigint, unit_path ext.ltree", "void", "null"),
    "check_belonging": (
        "actor_id bigint, user_id bigint, unit_ids int [], with_conditions boolean",
        "void",
        "null",
    ),
    "require_to_hold_grants_of": ("actor_id bigint, subject authz.users", "void", "null"),
    "usable_role": (
        "role_id int, tenant_id int, parameter text",
        "authz.roles",
        "(select r from authz.roles as r where r.id = usable_role.role_id)",
    ),
    "usable_policy": (
        "policy_id int, tenant_id int",
        "authz.policies",
        "(select o from authz.policies as o where o.id = usable_policy.policy_id)",
    ),
    "administered_role": (
        "actor_id bigint, role_id int",
        "authz.roles",
        "(select r from authz.roles as r where r.id = administered_role.role_id)",
    ),
    "begin_administration": (
        "tenant_id int, parameter text",
        "bigint",
        "authz.current_user_id()",
    ),
    "administered_policy": (
        "actor_id bigint, policy_id int",
        "authz.policies",
        "(select o from authz.policies as o where o.id = administered_policy.policy_id)",
    ),
    "exclusive_conflict": (
        "user_ids bigint []",
        "table (user_id bigint, role_id int, other_role_id int)",
        "",
    ),
    "tg_role_fits": ("", "trigger", "new"),
    "tg_role_parent": ("", "trigger", "new"),
    "tg_policy_fits": ("", "trigger", "new"),
    "tg_system_scope_fits": ("", "trigger", "new"),
}

# Guards within a function: its name, what they say, and what is said instead.
INLINE = {
    "a system permission": ("authz.grant_permission", "and p.scope = 'system'", "and false"),
    "a system permission in a role": (
        "authz.grant_permission_to_role",
        "and p.scope = 'system'",
        "and false",
    ),
    "where one belongs": (
        "authz_private.set_unit_active",
        "from authz_private.units_of_user(me) as p where p.unit_id = unit.id",
        "where false",
    ),
    "where one holds something": (
        "authz_private.set_unit_active",
        "g.user_id = me and g.business_unit_id = unit.id",
        "false",
    ),
    "approval stays": ("authz.update_role", "and not update_role.requires_approval", "and false"),
    "the tenant of a request": (
        "authz_private.pending_request",
        "where u.id = actor_id) <> asked.tenant_id",
        "where u.id = actor_id) is null",
    ),
    "who asked": ("authz.withdraw_request", "and g.requested_by = me", ""),
    "not decided yet": ("authz_private.pending_request", "asked.status <> 'pending' or", ""),
    "not expired yet": (
        "authz_private.pending_request",
        "or asked.expires_at <= authz.clock()",
        "",
    ),
}
CONSTRAINTS = {
    "a_second_person_decides": "authz.grant_requests",
    "decider_is_of_the_same_tenant": "authz.grant_requests",
}


def weaken(connection: Connection, guard: str) -> None:
    """Replaces the guard by one that lets everything through."""
    if guard in CONSTRAINTS:
        connection.execute(f"alter table {CONSTRAINTS[guard]} drop constraint {guard}".encode())
        return
    if guard in INLINE:
        function, text, instead = INLINE[guard]
        written = rows(connection, "select pg_get_functiondef(%s::regproc)", function)[0][0]
        assert written.count(text) == 1
        connection.execute(written.replace(text, instead).encode())
        return
    signature, result, answer = SIGNATURES[guard]
    if result.startswith("table"):
        body = "begin return; end"
    elif result == "void":
        body = "begin end"
    elif result.startswith("authz."):
        table = result
        key = signature.split()[0 if guard.startswith("usable") else -2]
        body = (
            f"declare r {table}; begin select x.* into r from {table} as x "
            f"where x.id = {guard}.{key}; return r; end"
        )
    else:
        body = f"begin return {answer}; end"
    connection.execute(
        f"create or replace function authz_private.{guard}({signature}) returns {result} "
        f"language plpgsql as $$ {body} $$".encode()
    )


ATTACKS = [
    # To themselves.
    Attack("a role to oneself", 3, "assign_role(3, 101, 10)", ("is_self",)),
    Attack("a policy to oneself", 3, "assign_policy(3, 200, 10)", ("is_self",)),
    Attack("a permission to oneself", 3, "grant_permission(3, {funds_read}, 10)", ("is_self",)),
    Attack(
        "a deny of one's own revoked",
        13,
        "revoke_policy(2013)",
        ("is_self", "holds_throughout"),
    ),
    Attack("oneself transferred", 3, "transfer_user(3, 11)", ("is_self",)),
    Attack("oneself renamed", 3, "update_user(3, 'boss')", ("is_self",)),
    Attack("a membership for oneself", 3, "add_membership(3, 11)", ("is_self",)),
    Attack("one's own demotion undone by oneself", 3, "revoke_role(1003)", ("is_self",)),
    # As somebody who holds what they do not.
    *(
        Attack(
            f"somebody who holds more given another {what}",
            3,
            f"update_user(5, {what} => 'nora''s friend')",
            ("require_to_hold_grants_of",),
            before="insert into authz.user_roles (user_id, role_id, unit_id) values (5, 102, 11);",
        )
        for what in ("external_id", "username")
    ),
    # What they do not hold.
    Attack(
        "a role with a permission not held", 3, "assign_role(5, 102, 11)", ("holds_throughout",)
    ),
    Attack("a policy with one", 3, "assign_policy(5, 202, 11)", ("holds_throughout",)),
    Attack(
        "a permission not held", 3, "grant_permission(5, {funds_update}, 11)", ("holds_throughout",)
    ),
    Attack(
        "a whole menu for one item",
        3,
        "grant_permission(5, {finance_read}, 11)",
        ("holds_throughout",),
    ),
    Attack(
        "manage for one action", 3, "grant_permission(5, {funds_manage}, 11)", ("holds_throughout",)
    ),
    Attack(
        "a wider scope", 3, "grant_permission(5, {funds_organization}, 11)", ("holds_throughout",)
    ),
    Attack(
        "what one is denied in a part of it",
        13,
        "assign_role(16, 101, 10)",
        ("holds_throughout", "outranks"),
    ),
    Attack(
        "unconditionally what one has under a condition",
        14,
        "grant_permission(5, {funds_read}, 11)",
        ("holds_throughout",),
    ),
    Attack(
        "for ever what one has until then", 15, "assign_role(17, 101, 11)", ("holds_throughout",)
    ),
    Attack(
        "for longer than one has it",
        15,
        "assign_role(17, 101, 11, true, null, '2990-01-02')",
        ("holds_throughout",),
    ),
    Attack("a deny that binds others lifted", 14, "revoke_policy(2005)", ("holds_throughout",)),
    Attack(
        "the scope system",
        1,
        "grant_permission(5, {funds_system}, 11)",
        ("a system permission", "tg_system_scope_fits", "holds_throughout"),
        "23514",
    ),
    # Outside their subtree.
    Attack(
        "in another region",
        3,
        "assign_role(6, 102, 21)",
        ("may_act", "holds_throughout", "outranks", "templates_give_more"),
    ),
    Attack(
        "at the top",
        3,
        "assign_role(5, 101, 1)",
        ("may_act", "holds_throughout", "outranks", "templates_give_more"),
    ),
    Attack("for somebody of another region", 3, "assign_role(6, 101, 11)", ("may_act",)),
    Attack("a grant of another region ended", 3, "revoke_role(1006)", ("may_act", "outranks")),
    Attack(
        "without a unit, for somebody who belongs elsewhere too",
        3,
        "assign_role(6, 101)",
        ("may_act", "holds_throughout", "outranks", "templates_give_more"),
    ),
    Attack("a user of another region", 3, "deactivate_user(6)", ("may_act", "outranks")),
    Attack("a user made in another region", 3, "create_user('x', 21)", ("may_act",)),
    Attack("a unit made in another region", 3, "create_unit(20, 'x')", ("may_act",)),
    Attack("a unit of another region changed", 3, "update_unit(21, name => 'x')", ("may_act",)),
    Attack("a unit of another region ended", 3, "deactivate_unit(21)", ("may_act", "outranks")),
    Attack(
        "somebody fetched from another region",
        3,
        "transfer_user(6, 11)",
        ("may_act", "outranks"),
    ),
    Attack("somebody sent to another region", 3, "transfer_user(17, 21)", ("may_act", "outranks")),
    Attack("a member from another region", 3, "add_membership(6, 11)", ("may_act", "outranks")),
    Attack("a membership of another region", 3, "remove_membership(4001)", ("may_act", "outranks")),
    Attack(
        "a template of another region",
        3,
        "set_permission_template(21, 'funds.read')",
        ("may_act", "holds_throughout"),
    ),
    # Above their rank.
    Attack("a role above one's rank", 3, "assign_role(5, 110, 11)", ("outranks",)),
    Attack("somebody above one's rank deactivated", 3, "deactivate_user(16)", ("outranks",)),
    Attack("somebody above one's rank demoted", 3, "revoke_role(1016)", ("outranks",)),
    Attack("a deny for somebody above one's rank", 3, "assign_policy(16, 201, 12)", ("outranks",)),
    Attack("without any role, a role", 9, "assign_role(17, 111, 11)", ("outranks",)),
    Attack("a unit with somebody above one's rank ended", 3, "deactivate_unit(12)", ("outranks",)),
    Attack("a role made above one's rank", 2, "create_role('king', 'King', 101)", ("outranks",)),
    Attack("a role raised above one's rank", 2, "update_role(111, rank => 101)", ("outranks",)),
    # Through a role, a policy, a template.
    Attack(
        "a permission to a role one holds",
        3,
        "grant_permission_to_role(100, {orders_read})",
        ("holds_role", "may_act", "outranks", "holds_throughout"),
    ),
    Attack(
        "a held role edited by an administrator of everything",
        1,
        "grant_permission_to_role(100, {orders_read})",
        ("holds_role",),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 100, 10)",
    ),
    Attack(
        "a role edited that one inherits",
        1,
        "grant_permission_to_role(100, {orders_read})",
        ("holds_role",),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 103, 10)",
    ),
    Attack(
        "a role edited that one is to hold",
        1,
        "update_role(101, rank => 21)",
        ("holds_role",),
        before="insert into authz.user_roles (user_id, role_id, unit_id, valid_from) "
        "values (1, 101, 10, '2980-01-01')",
    ),
    Attack(
        "a policy added to a held role",
        1,
        "add_policy_to_role(101, 202)",
        ("holds_role",),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 101, 10)",
    ),
    Attack(
        "a deny taken out of a held role",
        1,
        "remove_policy_from_role(101, 201)",
        ("holds_role", "holds_throughout"),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 101, 10); "
        "insert into authz.role_policies values (101, 201)",
    ),
    Attack(
        "a parent for a held role",
        1,
        "set_role_parent(101, 100)",
        ("holds_role",),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 101, 10)",
    ),
    Attack(
        "a held policy edited",
        1,
        "add_permission_to_policy(202, {funds_read})",
        ("holds_policy",),
        before="insert into authz.user_policies (user_id, policy_id, unit_id) values (1, 202, 10)",
    ),
    Attack(
        "a deny that binds oneself turned around",
        1,
        "update_policy(201, effect => 'allow')",
        ("holds_policy", "holds_throughout"),
        before="insert into authz.user_policies (user_id, policy_id, unit_id) values (1, 201, 10)",
    ),
    Attack(
        "a policy edited that a held role carries",
        1,
        "update_policy(202, priority => 5)",
        ("holds_policy",),
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (1, 101, 10); "
        "insert into authz.role_policies values (101, 202)",
    ),
    Attack(
        "a role made in the whole tenant from a part of it",
        3,
        "create_role('mine')",
        ("may_act", "outranks"),
    ),
    Attack(
        "a role others hold edited from a part of it",
        3,
        "grant_permission_to_role(101, {funds_read})",
        ("may_act", "outranks", "holds_throughout"),
    ),
    Attack(
        "a platform role edited",
        1,
        "grant_permission_to_role({staff}, {funds_read})",
        ("begin_administration", "administered_role", "holds_throughout"),
    ),
    Attack(
        "a platform role renamed",
        1,
        "update_role({staff}, name => 'x')",
        ("begin_administration", "administered_role"),
    ),
    Attack(
        "a platform role as one's own",
        1,
        "set_role_parent({staff}, 100)",
        (
            "begin_administration",
            "administered_role",
            "usable_role",
            "outranks",
            "holds_throughout",
            "tg_role_parent",
        ),
    ),
    Attack(
        "the system scope in a role",
        1,
        "grant_permission_to_role(111, {funds_system})",
        ("a system permission in a role", "tg_system_scope_fits", "holds_throughout"),
        "23514",
    ),
    Attack(
        "a template for what one does not hold",
        3,
        "set_permission_template(10, 'orders.read')",
        ("holds_throughout",),
    ),
    Attack(
        "an override that keeps it from oneself reset",
        3,
        "reset_permission_template(11, 'orders.read')",
        ("holds_throughout",),
    ),
    # Through the tree.
    Attack(
        "one's own unit moved",
        3,
        "move_unit(10, 20)",
        ("may_act", "holds_throughout", "check_unit_is_not_ones_own"),
    ),
    Attack(
        "somebody else's unit moved below oneself",
        3,
        "move_unit(21, 10)",
        ("may_act", "holds_throughout"),
    ),
    Attack(
        "a unit moved where others gain what the mover does not hold",
        14,
        "move_unit(12, 11)",
        ("holds_throughout",),
    ),
    Attack(
        "a unit moved away from a deny",
        13,
        "move_unit(40, 12)",
        ("holds_throughout",),
        before="insert into authz.org_units (id, parent_id, code) values (40, 11, 'wing')",
    ),
    Attack(
        "a unit moved where a deny within it reaches less",
        1,
        "move_unit(41, 40)",
        ("holds_throughout",),
        before="insert into authz.org_units (id, parent_id, code, kind) "
        "values (40, 20, 'part', 'region'), (41, 20, 'wing', 'office'); "
        "insert into authz.permissions (id, resource, action, scope) "
        "values (9001, 'directory', 'export', 'region'), (9002, 'directory', 'export', 'team'); "
        "insert into authz.policies (id, tenant_id, name, effect) "
        "values (900, 1, 'kept', 'deny'), (901, 1, 'kept from ann', 'deny'); "
        "insert into authz.policy_permissions values (900, 9001), (901, 9002); "
        "insert into authz.user_policies (user_id, policy_id, unit_id) "
        "values (6, 900, 41), (1, 901, 21)",
    ),
    Attack(
        "a region made of one's unit",
        3,
        "update_unit(12, kind => 'region')",
        ("may_act",),
    ),
    Attack(
        "one's own unit ended",
        14,
        "deactivate_unit(10)",
        ("where one belongs", "where one holds something"),
    ),
    Attack("a root moved", 1, "move_unit(1, 10)"),
    # Another tenant.
    Attack(
        "a role to somebody of another tenant",
        7,
        "assign_role(17, 101, 11)",
        ("begin_administration", "may_act", "outranks", "holds_throughout"),
    ),
    Attack(
        "a user of another tenant ended",
        7,
        "deactivate_user(5)",
        ("begin_administration", "may_act", "outranks"),
    ),
    Attack(
        "a role of another tenant", 7, "assign_role(8, 101, 510)", ("usable_role", "tg_role_fits")
    ),
    Attack(
        "a policy of another tenant",
        7,
        "assign_policy(8, 200, 510)",
        ("usable_policy", "tg_policy_fits"),
    ),
    Attack(
        "a role of another tenant edited",
        7,
        "grant_permission_to_role(101, {funds_read})",
        ("begin_administration", "administered_role", "holds_throughout"),
    ),
    Attack(
        "a policy of another tenant edited",
        7,
        "update_policy(200, name => 'x')",
        ("begin_administration", "administered_policy"),
    ),
    Attack(
        "a role of another tenant inherited",
        7,
        "set_role_parent(500, 101)",
        ("usable_role", "tg_role_parent"),
    ),
    Attack("somebody sent to another tenant", 7, "transfer_user(8, 11)"),
    Attack("a unit moved to another tenant", 7, "move_unit(510, 1)"),
    Attack(
        "a unit of another tenant changed",
        7,
        "update_unit(11, name => 'x')",
        ("begin_administration", "may_act"),
    ),
    Attack(
        "a unit in another tenant",
        7,
        "create_unit(10, 'x')",
        ("begin_administration", "may_act"),
    ),
    Attack(
        "a template in another tenant",
        7,
        "set_permission_template(10, 'funds.read')",
        ("begin_administration", "may_act", "holds_throughout"),
    ),
    # Without any right to administer.
    Attack(
        "by staff",
        5,
        "assign_role(17, 101, 11)",
        ("begin_administration", "may_act", "outranks", "holds_throughout"),
    ),
    Attack("by staff, a unit", 5, "create_unit(11, 'x')", ("begin_administration", "may_act")),
    Attack("by staff, a user", 5, "create_user('x', 11)", ("begin_administration", "may_act")),
    Attack(
        "by staff, a permission",
        5,
        "create_permission('funds', 'read', 'team')",
        ("begin_administration", "may_act"),
    ),
    # Four eyes.
    Attack(
        "a second person done without",
        1,
        "update_role(104, requires_approval => false)",
        ("approval stays",),
        "22023",
    ),
    Attack(
        "what requires approval inherited by a held role",
        1,
        "set_role_parent(101, 104)",
        ("role_requires_approval",),
        "23514",
    ),
    Attack(
        "a permission into a held role that requires approval",
        1,
        "grant_permission_to_role(104, {orders_read})",
        ("role_requires_approval",),
        "23514",
        before="insert into authz.user_roles (user_id, role_id, unit_id) values (5, 104, 11)",
    ),
    Attack(
        "an approval by who asked",
        1,
        "approve_request(1)",
        ("is_self", "a_second_person_decides"),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 5, 104, 11, 'x', 1)",
    ),
    Attack(
        "an approval by who is to receive",
        3,
        "approve_request(1)",
        ("is_self", "a_second_person_decides"),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 3, 104, 11, 'x', 1)",
    ),
    Attack(
        "an approval by who could not give it",
        14,
        "approve_request(1)",
        ("holds_throughout",),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 5, 104, 11, 'x', 1)",
    ),
    Attack(
        "an approval of what who asked could no longer give",
        2,
        "approve_request(1)",
        ("holds_throughout",),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 5, 104, 11, 'x', 14)",
    ),
    Attack(
        "an approval in another tenant",
        7,
        "approve_request(1)",
        (
            "begin_administration",
            "the tenant of a request",
            "may_act",
            "outranks",
            "holds_throughout",
            "decider_is_of_the_same_tenant",
        ),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 5, 104, 11, 'x', 1)",
    ),
    Attack(
        "somebody else's request withdrawn",
        2,
        "withdraw_request(1)",
        ("who asked",),
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by) values (1, 1, 5, 104, 11, 'x', 1)",
    ),
    Attack(
        "a decided request approved again",
        2,
        "approve_request(1)",
        ("not decided yet",),
        "23514",
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by, status, decided_by, decided_at) "
        "values (1, 1, 5, 104, 11, 'x', 1, 'rejected', 2, now())",
    ),
    Attack(
        "an expired request approved",
        2,
        "approve_request(1)",
        ("not expired yet",),
        "23514",
        before="insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason,"
        " requested_by, expires_at) values (1, 1, 5, 104, 11, 'x', 1, '2020-01-01')",
    ),
    # Exclusive roles.
    Attack(
        "the other half of a pair",
        1,
        "assign_role(5, 107, 11)",
        ("exclusive_conflict",),
        "23514",
        before="insert into authz.exclusive_roles (role_id, other_role_id) values (107, 106); "
        "insert into authz.user_roles (user_id, role_id, unit_id) values (5, 106, 12)",
    ),
    Attack(
        "the other half through the hierarchy",
        1,
        "assign_role(5, 107, 11)",
        ("exclusive_conflict",),
        "23514",
        before="insert into authz.exclusive_roles (role_id, other_role_id) values (106, 107); "
        "insert into authz.user_roles (user_id, role_id, unit_id) values (5, 108, 12)",
    ),
    Attack(
        "the pair one holds half of taken back",
        1,
        "withdraw_exclusive_roles(1)",
        ("holds_role",),
        before="insert into authz.exclusive_roles (id, role_id, other_role_id) "
        "values (1, 106, 107); "
        "insert into authz.user_roles (user_id, role_id, unit_id) values (1, 106, 12)",
    ),
    Attack(
        "somebody of a higher rank sent where one has less",
        3,
        "transfer_user(17, 40)",
        ("outranks",),
        before="insert into authz.org_units (id, parent_id, code) values (40, 1, 'wing'); "
        "update authz.roles set rank = 30 where id = 111; "
        "insert into authz.user_permissions (user_id, permission_id, unit_id) "
        "select 3, p.id, 40 from authz.permissions as p where p.resource::text = 'directory' "
        "and p.action = 'manage' and p.scope = 'team'",
    ),
    Attack(
        "a rank that templates give what is denied to oneself",
        13,
        "assign_role(5, 111, 11)",
        ("templates_give_more",),
        before="insert into authz.permission_templates (unit_id, permission_key) "
        "values (11, 'funds.read')",
    ),
    Attack(
        "a role that takes two carried to a further unit by one",
        1,
        "add_membership(5, 12)",
        ("role_requires_approval",),
        "23514",
        before="insert into authz.user_roles (user_id, role_id) values (5, 104)",
    ),
    Attack(
        "and by a transfer",
        1,
        "transfer_user(5, 12)",
        ("role_requires_approval",),
        "23514",
        before="insert into authz.user_roles (user_id, role_id) values (5, 104)",
    ),
]


@pytest.fixture(scope="module")
def names(world: str) -> dict[str, int]:
    """Ids of permissions and platform roles, by name."""
    wanted = {
        "funds_read": ("finance.funds", "read", "team"),
        "funds_update": ("finance.funds", "update", "team"),
        "funds_manage": ("finance.funds", "manage", "team"),
        "funds_organization": ("finance.funds", "read", "organization"),
        "funds_system": ("finance.funds", "read", "system"),
        "finance_read": ("finance", "read", "team"),
        "orders_read": ("finance.orders", "read", "team"),
    }
    with psycopg.connect(world) as admin:
        found = {
            name: rows(
                admin,
                "select id from authz.permissions where resource::text = %s and action = %s "
                "and scope::text = %s and conditions is null",
                *key,
            )[0][0]
            for name, key in wanted.items()
        }
        found |= dict(rows(admin, "select code, id from authz.roles where tenant_id is null"))
    return found


def prepare(connection: Connection, attack: Attack, *, weak: bool) -> None:
    connection.execute("begin; set local role fundwarden_owner")
    connection.execute(attack.before.encode())
    if weak:
        for guard in attack.guards:
            weaken(connection, guard)
    sign_in(connection, attack.user)


@pytest.mark.parametrize("attack", ATTACKS, ids=[a.title for a in ATTACKS])
def test_it_is_refused(world: str, names: dict[str, int], attack: Attack) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        prepare(connection, attack, weak=False)
        told = refusal(connection, "select authz." + attack.call.format(**names))
        assert told.sqlstate == attack.sqlstate, told.message_primary
        assert told.message_hint
        assert told.message_detail is None
        connection.execute("rollback")


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if a.guards], ids=[a.title for a in ATTACKS if a.guards]
)
@pytest.mark.long
def test_without_its_guards_it_succeeds(world: str, names: dict[str, int], attack: Attack) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        prepare(connection, attack, weak=True)
        connection.execute(("select authz." + attack.call.format(**names)).encode())
        connection.execute("rollback")


# The same text, whether somebody may not see it or it is not there.
HIDDEN = [
    (3, "assign_role({}, 101, 11)", (6, 7, 424242, "null")),
    (3, "assign_role(5, {}, 11)", (500, 424242, "null")),
    (3, "assign_role(5, 101, {})", (21, 1, 500, 424242)),
    (3, "assign_policy(5, {}, 11)", (500, 424242, "null")),
    (3, "revoke_role({})", (1006, 1007, 424242, "null")),
    (3, "revoke_policy({})", (424242, "null")),
    (3, "remove_membership({})", (4001, 424242, "null")),
    (3, "create_unit({}, 'x')", (21, 1, 500, 424242, "null")),
    (3, "update_unit({}, name => 'x')", (21, 1, 500, 424242, "null")),
    (3, "move_unit({}, 11)", (21, 500, 424242, "null")),
    (3, "move_unit(12, {})", (21, 500, 424242, "null")),
    (3, "create_user('x', {})", (21, 1, 500, 424242, "null")),
    (3, "update_user({}, 'x')", (6, 7, 424242, "null")),
    (3, "transfer_user(17, {})", (21, 1, 500, 424242, "null")),
    (3, "set_permission_template({}, 'funds.read')", (21, 1, 500, 424242, "null")),
    (1, "update_role({}, name => 'x')", (500, 424242, "null")),
    (1, "set_role_parent(111, {})", (500, 424242)),
    (1, "update_policy({}, name => 'x')", (500, 424242, "null")),
    (1, "approve_request({})", (424242, "null")),
    (1, "withdraw_request({})", (424242, "null")),
    (1, "withdraw_exclusive_roles({})", (424242, "null")),
]


@pytest.mark.parametrize(("user", "call", "ids"), HIDDEN, ids=[h[1] for h in HIDDEN])
def test_hidden_and_absent_are_told_apart_by_nothing(
    world: str, user: int, call: str, ids: tuple[object, ...]
) -> None:
    told = set()
    with psycopg.connect(world, autocommit=True) as connection:
        for asked in ids:
            connection.execute("begin")
            sign_in(connection, user)
            error = refusal(connection, "select authz." + call.format(asked))
            told.add(
                (error.sqlstate, error.message_primary, error.message_detail, error.message_hint)
            )
            connection.execute("rollback")
    assert len(told) == 1
    assert told.pop()[0] == "42501"


def test_every_function_that_writes_refuses_nobody(
    world: str, connect_app: Callable[[], Connection]
) -> None:
    with psycopg.connect(world) as admin:
        functions = rows(
            admin,
            "select p.oid::regproc::text, p.pronargs - p.pronargdefaults, "
            "array(select format_type(t, null) from unnest(p.proargtypes) as t) "
            "from pg_proc as p where p.prorettype = 'authz.change'::regtype "
            "and p.pronamespace = 'authz'::regnamespace",
        )
    assert len(functions) == 44
    app = connect_app()
    for name, required, types in functions:
        values = ", ".join(f"null::{kind}" for kind in types[:required])
        error = refusal(app, f"select {name}({values})")
        assert (error.sqlstate, error.message_primary) == ("28000", "nobody is signed in"), name


@pytest.fixture
def connect_app(world: str) -> Any:
    """A session of the application's."""
    opened = []

    def opener() -> Connection:
        connection: Connection = psycopg.connect(world, user="app_login", autocommit=True)
        opened.append(connection)
        return connection

    yield opener
    for connection in opened:
        connection.close()
