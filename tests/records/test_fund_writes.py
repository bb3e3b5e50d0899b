"""A right that is revoked while a write waits for its row does not count any more."""

from __future__ import annotations

import psycopg
import pytest
from servers import TRUSTED_LOGIN
from waiting import LEVELS, session, start, value, wait_until_blocked

WORLD = """
    set local search_path = ext;
    insert into authz.org_units (id, parent_id, code) values (1, null, 'acme'), (2, 1, 'north');
    insert into authz.users (id, username, base_unit_id) values (1, 'ann', 2), (2, 'bob', 2);
    insert into authz.roles (id, code) values (100, 'writer');
    insert into authz.role_permissions (role_id, permission_id)
    select 100, p.id from authz.permissions as p
    where p.resource = 'finance.funds' and p.scope = 'team' and p.action in ('read', 'manage');
    insert into authz.user_roles (user_id, role_id, unit_id) values (1, 100, 2);
    insert into finance.financial_funds (tenant_id, id, handle_by, amount) values (1, 1, 2, 1);
"""


@pytest.mark.one_server
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "call", ["update_fund(1, '{\"amount\": 7}')", "delete_fund(1)"], ids=["update", "delete"]
)
@pytest.mark.parametrize("is_revoked", [True, False])
def test_a_write_that_waited_asks_again(
    database: str, level: str, call: str, is_revoked: bool
) -> None:
    with psycopg.connect(database) as admin:
        admin.execute(WORLD)
    with session(database) as owner, session(database, user=TRUSTED_LOGIN) as writer:
        owner.execute("begin")
        owner.execute("update finance.financial_funds set status = 'held' where id = 1")
        if is_revoked:
            owner.execute("delete from authz.user_roles where user_id = 1")
        writer.execute(f"begin isolation level {level}".encode())
        writer.execute("select authz.act_as(1)")
        waiting = start(writer, f"select finance.{call}")
        with session(database) as observer:
            wait_until_blocked(observer, waiting)
        owner.execute("commit")
        told = waiting.outcome()
        writer.execute("commit" if told == "done" else "rollback")
        if level != "read committed":
            assert told == "40001"
        else:
            assert told == ("42501" if is_revoked else "done")
        untouched = value(
            owner,
            "select count(*) from finance.financial_funds where amount = 1 and status = 'held'",
        )
        assert untouched == (0 if told == "done" else 1)
