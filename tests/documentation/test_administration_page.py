"""docs/administration.md is true: each statement in it returns what it says, or is refused so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from pages import examples, shown

WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'region'), (3, 2, 'berlin', 'office'),
        (4, 1, 'south', 'region');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'ann', 1), (2, 'abe', 1), (3, 'nora', 2), (4, 'bob', 3), (5, 'sam', 4);
    insert into authz.roles (id, tenant_id, code, rank, requires_approval)
    values (10, 1, 'regional_admin', 80, false), (11, 1, 'funds_reader', 20, false),
        (12, 1, 'orders_reader', 20, false), (13, 1, 'director', 90, false),
        (14, 1, 'treasurer', 30, true);
    insert into authz.role_permissions (role_id, permission_id)
    select w.role_id, p.id
    from (
        values (10, 'directory', 'manage'), (10, 'finance.funds', 'read'),
            (11, 'finance.funds', 'read'), (12, 'finance.orders', 'read'),
            (14, 'finance.funds', 'update')
    ) as w (role_id, resource, action)
    inner join authz.permissions as p
        on p.resource::text = w.resource and p.action = w.action and p.scope = 'team';
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, 1
    from authz.roles as r
    cross join (values (1), (2)) as u (id)
    where r.code = 'admin' and r.tenant_id is null;
    insert into authz.user_roles (user_id, role_id, unit_id) values (3, 10, 2);
    select setval(pg_get_serial_sequence(t.name, 'id'), 100)
    from unnest(array['authz.org_units', 'authz.users', 'authz.roles']) as t (name);
"""


def test_every_example_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert len(examples("administration.md")) > 25
    connection = connect()
    connection.execute("begin; set local role fundwarden_owner")
    connection.execute(WORLD)
    for statement, expected in examples("administration.md"):
        role = "trusted" if "act_as" in statement else "app"
        connection.execute(f"set local role fundwarden_{role}; savepoint here".encode())
        try:
            cursor = connection.execute(statement.encode())
            found = cursor.fetchall() if cursor.description else []
            told = [] if not expected else [shown(row) for row in found]
        except psycopg.Error as error:
            told = [f"{error.sqlstate}: {error.diag.message_primary}"]
            connection.execute("rollback to here")
        assert told == expected, statement
    connection.execute("rollback")
