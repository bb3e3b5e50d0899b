"""docs/data-permissions.md is true: each statement in it returns what it says, or is refused so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from pages import examples

WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'region');
    insert into authz.users (id, username, base_unit_id) values (1, 'ann', 1), (2, 'bob', 2);
    insert into authz.roles (id, tenant_id, code) values (10, 1, 'reader'), (11, 1, 'agent');
    insert into authz.role_permissions (role_id, permission_id)
    select 10, p.id
    from authz.permissions as p
    where p.resource::text = 'finance.funds' and p.action in ('read', 'update')
        and p.scope = 'team';
    insert into authz.user_roles (user_id, role_id, unit_id)
    values (1, 10, 1), (2, 10, 1), (2, 11, 2);
    insert into finance.financial_funds (id, handle_by, amount, currency, status)
    values (1, 1, 1234.56, 'EUR', 'open'), (2, 1, 99, 'EUR', 'open'), (3, 1, 5000, 'USD', 'open'),
        (4, 1, 70000, 'EUR', 'settled');
    create schema if not exists public;
    grant usage, create on schema public to fundwarden_owner;
"""
OWNERS = re.compile(
    r"\s*(insert|update|create|select authz\.(un)?register_dataset|select .* from ops\.)"
)


def test_every_example_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert len(examples("data-permissions.md")) > 35
    connection = connect()
    connection.execute("begin")
    connection.execute(WORLD)
    for statement, expected in examples("data-permissions.md"):
        role = "trusted" if "act_as" in statement else "owner" if OWNERS.match(statement) else "app"
        connection.execute(f"set local role fundwarden_{role}; savepoint here".encode())
        try:
            cursor = connection.execute(statement.encode())
            found = cursor.fetchall() if cursor.description else []
            told = [", ".join(str(cell) for cell in row) for row in found] if expected else []
        except psycopg.Error as error:
            told = [f"{error.sqlstate}: {error.diag.message_primary}"]
            connection.execute("rollback to here")
        assert told == [line for line in expected if line], statement
    connection.execute("rollback")
