"""Rows of the platform reach the other cells whole, and are written nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from rsa_tokens import new_key
from servers import Server
from waiting import outcome, refusal, rows, session, start, value, wait_until_blocked

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

TAKE = "select ops.take_platform_rows(%s::jsonb)"
ROWS = "select ops.platform_rows()::text"
ALLOWED = "select authz.check_user_permission(%s, 'funds', 'delete', %s)"
# The tenant of a cell: ann is its supervisor, and pat holds a role of the tenant.
TENANT = """
    with root as (
        insert into authz.org_units (code) values ('zeta') returning id
    )
    insert into authz.users (username, base_unit_id)
    select v.name, r.id from root as r, (values ('ann'), ('pat')) as v (name);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, u.base_unit_id
    from authz.users as u
    inner join authz.roles as r on u.username = 'ann' and r.code = 'supervisor';
    insert into authz.roles (tenant_id, code)
    select t.id, 'local' from authz.tenants as t;
    select authz.refresh_user_effective_policies();
"""
GRANT = """
    insert into authz.role_permissions (role_id, permission_id)
    select r.id, p.id
    from authz.roles as r
    inner join authz.permissions as p
        on r.code = 'supervisor' and r.tenant_id is null and p.resource::text = 'finance.funds'
        and p.action = 'delete' and p.scope = 'team' and p.conditions is null
"""
MORE = (
    GRANT
    + """;
    insert into authz.resources (path, code) values ('finance.fees', 'fees');
    insert into authz.unit_kinds (kind) values ('ship');
    insert into authz.permissions (resource, action, scope, conditions)
    values ('finance.fees', 'read', 'team', null), ('finance.funds', 'read', 'team',
        '{"field": "amount", "op": "<=", "value": 12345678901234567890.123}');
    insert into authz.roles (code, parent_role_id)
    select 'lead', r.id from authz.roles as r where r.code = 'staff';
    update authz.roles set parent_role_id = (select x.id from authz.roles as x
        where x.code = 'lead') where code = 'supervisor';
    update authz.roles set name = 'Chief', rank = 60 where code = 'supervisor';
    insert into authz.policies (name, effect) values ('no exports', 'deny');
    insert into authz.policy_permissions (policy_id, permission_id)
    select p.id, (select max(x.id) from authz.permissions as x) from authz.policies as p;
    insert into authz.role_policies (role_id, policy_id)
    select r.id, p.id from authz.roles as r, authz.policies as p where r.code = 'lead';
    insert into authz.exclusive_roles (role_id, other_role_id)
    select a.id, b.id from authz.roles as a, authz.roles as b
    where a.code = 'admin' and b.code = 'lead';
    select authz.add_identity_provider('https://login.example', 'fundwarden');
    update authz.settings set refresh_mode = 'deferred', sync_limit = 7.5;
"""
)


def owner_of(conninfo: str) -> Connection:
    connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
    connection.execute("set role fundwarden_owner")
    return connection


@pytest.fixture
def platform(database: str) -> Iterator[Connection]:
    """Cell 0."""
    with owner_of(database) as connection:
        connection.execute("select ops.set_cell(0, 'home')")
        yield connection


@pytest.fixture
def cell(server: Server) -> Iterator[Connection]:
    """Cell 1, with a tenant."""
    with server.copy() as janitor, owner_of(server.conninfo(janitor.dbname)) as connection:
        connection.execute("select ops.set_cell(1, 'north')")
        connection.execute(TENANT)
        yield connection


def take(platform: Connection, cell: Connection) -> int:
    return int(value(cell, TAKE, value(platform, ROWS)))


def is_exact(cell: Connection) -> None:
    assert rows(cell, "select * from authz.verify_effective_policies()") == []
    assert rows(cell, "select * from audit.verify()") == []
    assert rows(cell, "select * from audit.verify_tables()") == []
    assert value(cell, "select c.severity::text from ops.check_cell() as c") == "info"
    assert value(cell, "select c.severity::text from ops.check_expanded_permissions() as c") == "ok"


def test_cells_of_one_version_begin_equal(platform: Connection, cell: Connection) -> None:
    told = value(platform, ROWS)
    assert value(cell, "select ops.platform_behind(%s::jsonb)", told) == 0
    assert take(platform, cell) == 0
    at, version = rows(
        cell, "select c.platform_taken_at, c.platform_version from ops.this_cell() as c"
    )[0]
    assert at is not None
    assert version == json.loads(told)["version"]


def test_every_row_of_the_platform_arrives_and_nothing_else_changes(
    platform: Connection, cell: Connection
) -> None:
    before = json.loads(value(platform, ROWS))["version"]
    platform.execute(MORE)
    key = new_key("first")
    platform.execute(
        "select authz.import_jwks('https://login.example', %s)", [Jsonb({"keys": [key.jwk()]})]
    )
    # Of a tenant of the platform's own: none of it is anybody else's.
    platform.execute(TENANT)
    told = value(platform, ROWS)
    assert json.loads(told)["version"] != before
    local = rows(cell, "select r.* from authz.roles as r where r.tenant_id is not null")
    behind = value(cell, "select ops.platform_behind(%s::jsonb)", told)
    assert behind > 10
    assert take(platform, cell) > 10
    assert value(cell, "select ops.platform_behind(%s::jsonb)", told) == 0
    taken = json.loads(value(cell, ROWS))
    assert {t: r for t, r in taken["rows"].items() if "kinds" not in t} == {
        t: r for t, r in json.loads(told)["rows"].items() if "kinds" not in t
    }
    assert rows(cell, "select r.* from authz.roles as r where r.tenant_id is not null") == local
    assert rows(cell, "select k.modulus::text from authz.identity_provider_keys as k") == [
        (str(key.n),)
    ]
    assert take(platform, cell) == 0
    is_exact(cell)


def test_a_grant_of_the_platform_counts_in_the_cell_as_soon_as_it_is_taken(
    platform: Connection, cell: Connection
) -> None:
    ann, root = rows(cell, "select u.id, u.base_unit_id from authz.users as u order by u.id")[0]
    platform.execute(GRANT)
    assert value(cell, ALLOWED, ann, root) is False
    take(platform, cell)
    assert value(cell, ALLOWED, ann, root) is True
    is_exact(cell)
    platform.execute("delete from authz.role_permissions as p using authz.roles as r "
                     "where p.role_id = r.id and r.code = 'supervisor'")  # fmt: skip
    take(platform, cell)
    assert value(cell, ALLOWED, ann, root) is False
    is_exact(cell)


def test_a_cell_that_cannot_be_reached_stays_exact_for_what_it_has(
    platform: Connection, cell: Connection
) -> None:
    ann, root = rows(cell, "select u.id, u.base_unit_id from authz.users as u order by u.id")[0]
    platform.execute(GRANT)
    told = value(platform, ROWS)
    platform.execute("update authz.roles set rank = 61 where code = 'supervisor'")
    cell.execute(TAKE.encode(), [told])
    assert value(cell, "select ops.platform_behind(%s::jsonb)", value(platform, ROWS)) == 1
    assert value(cell, ALLOWED, ann, root) is True
    is_exact(cell)


def test_the_changes_are_logged_with_the_version(platform: Connection, cell: Connection) -> None:
    platform.execute("update authz.roles set name = 'Chief' where code = 'supervisor'")
    take(platform, cell)
    assert rows(
        cell,
        "select l.action, l.reason like 'platform rows, version %%' "
        "from audit.permission_audit_log as l "
        "where l.table_name = 'authz.roles' and l.tenant_id is null "
        "order by l.id desc limit 1",
    ) == [("UPDATE", True)]


def test_a_role_that_is_gone_gives_nothing_and_goes_when_nobody_holds_it(
    platform: Connection, cell: Connection
) -> None:
    platform.execute("insert into authz.roles (code) values ('lead')")
    platform.execute(GRANT.replace("'supervisor'", "'lead'"))
    take(platform, cell)
    cell.execute(
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select u.id, r.id, u.base_unit_id from authz.users as u, authz.roles as r "
        "where u.username = 'pat' and r.code = 'lead'"
    )
    pat, root = rows(
        cell, "select u.id, u.base_unit_id from authz.users as u where u.username = 'pat'"
    )[0]
    assert value(cell, ALLOWED, pat, root) is True
    platform.execute("delete from authz.roles where code = 'lead'")
    take(platform, cell)
    assert value(cell, ALLOWED, pat, root) is False
    held = "select r.is_active from authz.roles as r where r.code = 'lead'"
    assert rows(cell, held) == [(False,)]
    assert value(cell, "select ops.platform_behind(%s::jsonb)", value(platform, ROWS)) == 0
    cell.execute("delete from authz.user_roles where user_id = %s", [pat])
    take(platform, cell)
    assert rows(cell, held) == []
    is_exact(cell)


def test_a_permission_that_a_cell_made_first_keeps_its_id_there(
    platform: Connection, cell: Connection
) -> None:
    made = (
        "insert into authz.permissions (resource, action, scope) "
        "values ('finance.funds', 'export', 'team') returning id"
    )
    there = value(cell, made)
    assert there > 20_000_000
    here = value(platform, made)
    platform.execute(
        "insert into authz.role_permissions (role_id, permission_id) "
        "select r.id, %s from authz.roles as r where r.code = 'supervisor'",
        [here],
    )
    take(platform, cell)
    assert rows(
        cell,
        "select p.permission_id from authz.role_permissions as p "
        "inner join authz.permissions as x on p.permission_id = x.id where x.action = 'export'",
    ) == [(there,)]
    assert take(platform, cell) == 0
    is_exact(cell)


WRITES = {
    "a role": "insert into authz.roles (code) values ('mine')",
    "a role's name": "update authz.roles set name = 'x' where code = 'admin'",
    "a role's tenant": "update authz.roles set tenant_id = (select min(t.id) from authz.tenants "
    "as t) where code = 'admin'",
    "a role gone": "delete from authz.roles where code = 'staff'",
    "a policy": "insert into authz.policies (name) values ('mine')",
    "what a role gives": GRANT,
    "what a role no longer gives": "delete from authz.role_permissions as p using authz.roles as r "
    "where p.role_id = r.id and r.tenant_id is null",
    "a resource": "insert into authz.resources (path, code) values ('x', 'x')",
    "a permission": "update authz.permissions set action = 'x' where id = 1",
    "a pair": "insert into authz.exclusive_roles (role_id, other_role_id) "
    "select min(r.id), max(r.id) from authz.roles as r where r.tenant_id is null",
    "a provider": "select authz.add_identity_provider('https://x.example', 'x')",
    "a setting": "update authz.settings set refresh_mode = 'manual'",
    "a link of a policy": "insert into authz.policy_permissions (policy_id, permission_id) "
    "select p.id, 1 from authz.policies as p where p.tenant_id is null",
    "a link of a role": "insert into authz.role_policies (role_id, policy_id) "
    "select r.id, p.id from authz.roles as r, authz.policies as p "
    "where r.tenant_id is null and p.tenant_id is null",
    "a provider's key": "update authz.identity_provider_keys set valid_until = now()",
    "all roles": "truncate authz.roles cascade",
    "all permissions of roles": "truncate authz.role_permissions",
}


def test_rows_of_the_platform_are_written_in_cell_0_alone(
    platform: Connection, cell: Connection
) -> None:
    # So that there is a row for each statement.
    platform.execute(
        "insert into authz.policies (name) values ('none'); "
        "select authz.add_identity_provider('https://login.example', 'fundwarden')"
    )
    jwks = Jsonb({"keys": [new_key("first").jwk()]})
    platform.execute("select authz.import_jwks('https://login.example', %s)", [jwks])
    take(platform, cell)
    before = value(cell, ROWS)
    for what, statement in WRITES.items():
        said = refusal(cell, statement)
        assert said.sqlstate == "55000", (what, said.message_primary)
        assert "runner cells sync" in str(said.message_hint)
        # Where its trigger is missing, nothing refuses it: each is needed.
        if what in ALLOWED_ON_THE_PLATFORM:
            assert outcome(platform, statement) == "done", what
    assert value(cell, ROWS) == before


ALLOWED_ON_THE_PLATFORM = (
    "a role", "a role's name", "a policy", "what a role gives", "a resource", "a permission",
    "a pair", "a setting",
)  # fmt: skip


def test_a_setting_that_somebody_makes_up_opens_nothing(cell: Connection) -> None:
    with cell.transaction():
        cell.execute("select set_config('fundwarden.reason', 'platform rows, version x', true)")
        said = refusal(cell, WRITES["a role"])
        assert said.sqlstate == "55000"
        raise psycopg.Rollback


def test_the_transaction_after_a_taking_may_write_no_more(
    platform: Connection, cell: Connection
) -> None:
    take(platform, cell)
    assert refusal(cell, WRITES["a role"]).sqlstate == "55000"


def test_a_migration_may_write_rows_of_the_platform_where_it_says_so(cell: Connection) -> None:
    cell.execute("begin")
    cell.execute("update ops.cell set taking = pg_current_xact_id()")
    cell.execute("insert into authz.resources (path, code) values ('x', 'x')")
    cell.execute("commit")
    assert refusal(cell, WRITES["a role"]).sqlstate == "55000"


def test_a_cell_writes_what_is_its_tenants(cell: Connection) -> None:
    cell.execute("update authz.roles set name = 'x' where tenant_id is not null")
    cell.execute(
        "insert into authz.role_permissions (role_id, permission_id) "
        "select r.id, 1 from authz.roles as r where r.tenant_id is not null"
    )
    cell.execute("insert into authz.org_units (parent_id, code, kind) "
                 "select t.id, 'pier', 'harbour' from authz.tenants as t")  # fmt: skip
    cell.execute("delete from authz.roles where tenant_id is not null")
    cell.execute(
        "insert into authz.policies (tenant_id, name) select t.id, 'x' from authz.tenants as t"
    )
    is_exact(cell)


def test_what_stands_alone_is_written_as_ever(database: str) -> None:
    with owner_of(database) as alone:
        for what in ("a role", "a policy", "a resource", "a provider", "a setting"):
            assert outcome(alone, WRITES[what]) == "done"
        assert refusal(alone, TAKE, value(alone, ROWS)).sqlstate == "55000"


def test_the_platform_takes_nothing(platform: Connection) -> None:
    assert refusal(platform, TAKE, value(platform, ROWS)).sqlstate == "55000"


def test_what_is_no_answer_of_a_platform_is_refused(cell: Connection) -> None:
    for told in (None, "null", "{}", "[]", '"x"', '{"rows": {}, "version": "x"}'):
        assert refusal(cell, TAKE, told).sqlstate == "22023"


def test_a_platform_with_other_columns_is_refused_and_nothing_is_taken(
    platform: Connection, cell: Connection
) -> None:
    platform.execute("alter table authz.roles add column colour text")
    platform.execute("update authz.roles set name = 'Chief'")
    said = refusal(cell, TAKE, value(platform, ROWS))
    assert (said.sqlstate, "migrate --all" in str(said.message_hint)) == ("55000", True)
    assert value(cell, "select count(*) from authz.roles as r where r.name = 'Chief'") == 0


def test_what_the_cell_cannot_take_leaves_it_as_it_was(
    platform: Connection, cell: Connection
) -> None:
    cell.execute(
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select u.id, r.id, u.base_unit_id from authz.users as u, authz.roles as r "
        "where u.username = 'ann' and r.code = 'staff'"
    )
    before = value(cell, ROWS)
    platform.execute("update authz.roles set name = 'Chief' where code = 'admin'")
    platform.execute(
        "insert into authz.exclusive_roles (role_id, other_role_id) "
        "select a.id, b.id from authz.roles as a, authz.roles as b "
        "where a.code = 'supervisor' and b.code = 'staff'"
    )
    assert refusal(cell, TAKE, value(platform, ROWS)).sqlstate == "23514"
    assert value(cell, ROWS) == before
    assert value(cell, "select c.platform_taken_at from ops.this_cell() as c") is None
    is_exact(cell)


def test_two_takings_at_once_come_one_after_the_other(
    platform: Connection, cell: Connection
) -> None:
    platform.execute(MORE)
    told = value(platform, ROWS)
    with owner_of(cell.info.dsn) as first, session(cell.info.dsn) as observer:
        first.execute("begin")
        assert value(first, TAKE, told) > 10
        second = start(cell, TAKE, told)
        wait_until_blocked(observer, second)
        first.execute("commit")
        assert second.rows() == [(0,)]
    is_exact(cell)


@pytest.mark.parametrize("login", ["app_login", "trusted_login"])
def test_an_application_neither_reads_nor_takes_rows_of_the_platform(
    cell: Connection, login: str
) -> None:
    with session(cell.info.dsn, user=login) as app:
        for statement in (
            ROWS, "select ops.take_platform_rows('{}')", "select ops.platform_behind('{}')",
            "update ops.cell set taking = pg_current_xact_id()",
        ):  # fmt: skip
            assert refusal(app, statement).sqlstate == "42501"
