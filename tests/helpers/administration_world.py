"""Two tenants with administrators of several ranks, for the tests of administration."""

from __future__ import annotations

from typing import Any

import psycopg

# acme: ann and abe are administrators of everything, nora and nils of the north, dee of berlin and
# of no rank; una holds everything she has until 2030; cara is denied something; kim has it under a
# condition. zeta: zoe.
WORLD = """
    set local search_path = ext;
    insert into authz.org_units (id, parent_id, code, kind)
    values
    (1, null, 'acme', 'organization'),
    (10, 1, 'north', 'region'), (11, 10, 'berlin', 'office'), (12, 10, 'oslo', 'office'),
    (20, 1, 'south', 'region'), (21, 20, 'rome', 'office'),
    (500, null, 'zeta', 'organization'), (510, 500, 'west', 'region');
    insert into authz.users (id, username, base_unit_id)
    values
    (1, 'ann', 1), (2, 'abe', 1), (3, 'nora', 10), (4, 'nils', 10), (5, 'bob', 11), (6, 'sam', 21),
    (7, 'zoe', 500), (8, 'zed', 510), (9, 'dee', 11), (13, 'cara', 10), (14, 'kim', 10),
    (15, 'una', 10), (16, 'eva', 12), (17, 'gus', 11);
    insert into authz.roles (id, tenant_id, parent_role_id, code, rank, requires_approval)
    values
    (100, 1, null, 'regional_admin', 80, false), (101, 1, null, 'funds_reader', 20, false),
    (102, 1, null, 'orders_reader', 20, false), (103, 1, 100, 'deputy', 10, false),
    (104, 1, null, 'treasurer', 30, true), (105, 1, 104, 'senior_treasurer', 30, false),
    (106, 1, null, 'maker', 20, false), (107, 1, null, 'checker', 20, false),
    (108, 1, 106, 'senior_maker', 20, false), (109, 1, null, 'spare', 80, false),
    (110, 1, null, 'director', 90, false), (111, 1, null, 'plain', 0, false),
    (500, 500, null, 'zeta_role', 10, false);
    insert into authz.permissions (id, resource, action, scope, conditions)
    values (9000, 'finance.funds', 'read', 'team',
        '{"field": "amount", "op": "<=", "value": 1000}');
    insert into authz.role_permissions (role_id, permission_id)
    select w.role_id, p.id
    from (
        values
        (100, 'directory', 'manage'), (100, 'finance.funds', 'read'),
        (101, 'finance.funds', 'read'),
        (102, 'finance.orders', 'read'), (104, 'finance.funds', 'read'),
        (106, 'finance.funds', 'read'), (107, 'finance.funds', 'read')
    ) as w (role_id, resource, action)
    inner join authz.permissions as p
        on p.resource = w.resource::ltree and p.action = w.action and p.scope = 'team'
        and p.conditions is null;
    insert into authz.policies (id, tenant_id, name, effect)
    values (200, 1, 'funds', 'allow'), (201, 1, 'no funds', 'deny'), (202, 1, 'orders', 'allow'),
    (500, 500, 'zeta policy', 'allow');
    insert into authz.policy_permissions (policy_id, permission_id)
    select w.policy_id, p.id
    from (
        values (200, 'finance.funds'), (201, 'finance.funds'), (202, 'finance.orders')
    ) as w (policy_id, resource)
    inner join authz.permissions as p
        on p.resource = w.resource::ltree and p.action = 'read' and p.scope = 'team'
        and p.conditions is null;
    insert into authz.user_roles (id, user_id, role_id, unit_id, valid_until)
    select w.id, w.user_id, coalesce(w.role_id, r.id), w.unit_id, w.valid_until::timestamptz
    from (
        values
        (1001, 1, 'admin', null, 1, null), (1002, 2, 'admin', null, 1, null),
        (1003, 3, null, 100, 10, null), (1004, 4, null, 100, 10, null),
        (1005, 5, null, 101, 11, null), (1006, 6, null, 101, 21, null),
        (1007, 7, 'admin', null, 500, null), (1013, 13, null, 100, 10, null),
        (1015, 15, null, 100, 10, '2990-01-01'), (1016, 16, null, 110, 12, null),
        (1017, 17, null, 111, null, null)
    ) as w (id, user_id, code, role_id, unit_id, valid_until)
    left join authz.roles as r on w.code = r.code and r.tenant_id is null;
    insert into authz.user_policies (id, user_id, policy_id, unit_id)
    values (2013, 13, 201, 11), (2005, 5, 201, 11);
    insert into authz.user_permissions (id, user_id, permission_id, unit_id)
    select w.id, w.user_id, p.id, w.unit_id
    from (
        values (3009, 9, 'directory', 'manage', 11), (3014, 14, 'directory', 'manage', 10)
    ) as w (id, user_id, resource, action, unit_id)
    inner join authz.permissions as p
        on p.resource = w.resource::ltree and p.action = w.action and p.scope = 'team';
    insert into authz.user_permissions (id, user_id, permission_id, unit_id)
    values (3114, 14, 9000, 10);
    insert into authz.user_roles (id, user_id, role_id, unit_id)
    values (1014, 14, 109, 10);
    insert into authz.memberships (id, user_id, unit_id) values (4001, 6, 20);
    insert into authz.permission_templates (id, unit_id, permission_key, min_role_rank, is_enabled)
    values (5001, 11, 'orders.read', 10, false), (5002, 1, 'orders.read', 10, true);
    select
        setval(pg_get_serial_sequence(t.name, 'id'), 10000)
    from unnest(array[
        'authz.org_units', 'authz.users', 'authz.roles', 'authz.permissions', 'authz.policies',
        'authz.user_roles', 'authz.user_policies', 'authz.user_permissions', 'authz.memberships',
        'authz.permission_templates'
    ]) as t (name);
"""


def build(conninfo: str) -> None:
    """The world, in one transaction of the owner's."""
    with psycopg.connect(conninfo) as admin:
        admin.execute("set local role fundwarden_owner")
        admin.execute(WORLD)


def sign_in(connection: psycopg.Connection[Any], user: int) -> None:
    """Acts for the user as an application would, in the transaction already begun."""
    connection.execute("set local role fundwarden_trusted")
    connection.execute("select authz.act_as(%s)", [user])
    connection.execute("set local role fundwarden_app")
