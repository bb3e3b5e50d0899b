"""Each rule of ops.rls_lint() fires at what it is about, and at nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from waiting import rows, session

from runner.connect import Target
from runner.migrations import status

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

LINT = "select l.rule, l.object from ops.rls_lint() as l"
FUNCTION = Path(__file__).resolve().parents[2] / "db/functions/row_security/ops.rls_lint.sql"

DATASET = """
    select authz.register_dataset('finance.orders');
    insert into authz.row_permissions (dataset, dimension, subject, mode, filter)
    values ('orders', 'variable', 'now', 'permit',
        jsonb_build_object('field', 'created_at', 'op', '<', 'value',
            jsonb_build_object('var', 'now')));
    insert into authz.column_permissions
        (dataset, column_name, dimension, subject, mode)
    values ('orders', 'created_at', 'variable', 'now', 'disable')
"""

# What is done to a sound installation, and what is said of it.
BROKEN: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "TEMP for PUBLIC": (
        "grant temporary on database {database} to public",
        {
            ("database_right", "PUBLIC may make temporary tables"),
            *(
                ("database_right", f"fundwarden_{role} may TEMPORARY on the database")
                for role in ("app", "auditor", "operator", "platform", "trusted")
            ),
            ("login_owns", "app_login"),
            ("login_owns", "trusted_login"),
        },
    ),
    "CREATE for the application": (
        "grant create on schema finance to fundwarden_app",
        {
            ("database_right", "fundwarden_app may CREATE in schema finance"),
            ("database_right", "fundwarden_trusted may CREATE in schema finance"),
            ("login_owns", "app_login"),
            ("login_owns", "trusted_login"),
        },
    ),
    "a definer without a path": (
        "alter function authz.current_user_id() reset search_path",
        {("definer_search_path", "authz.current_user_id()")},
    ),
    "a definer that looks into public": (
        "alter function authz.current_user_id() set search_path = pg_catalog, public, pg_temp",
        {("definer_search_path", "authz.current_user_id()")},
    ),
    "a definer that looks into pg_temp first": (
        "alter function authz.current_user_id() set search_path = pg_catalog, ext",
        {("definer_search_path", "authz.current_user_id()")},
    ),
    "functions made later": (
        "alter default privileges for role fundwarden_owner grant execute on functions to public",
        {("default_privileges", "functions of fundwarden_owner")},
    ),
    "a key without the tenant": (
        "alter table finance.orders add constraint loose foreign key (handler_unit_id) "
        "references authz.org_units (id)",
        {("foreign_key_tenant", "loose on finance.orders")},
    ),
    "a key that names another column the tenant": (
        "alter table finance.orders add constraint loose foreign key (handler_unit_id, id) "
        "references authz.users (tenant_id, id)",
        {("foreign_key_tenant", "loose on finance.orders")},
    ),
    "a leakproof function": (
        "alter function authz.my_tenant() leakproof",
        {("function_leakproof", "authz.my_tenant()")},
    ),
    "a function for PUBLIC": (
        "grant execute on function authz.my_tenant() to public",
        {("function_public", "authz.my_tenant()")},
    ),
    "a function made by hand": (
        "create function finance.f() returns int language sql as 'select 1'; "
        "alter function finance.f() owner to fundwarden_owner; "
        "grant execute on function finance.f() to public",
        {("function_public", "finance.f()")},
    ),
    "an application's table": (
        "create schema theirs; create table theirs.t (x int); "
        "alter table theirs.t owner to app_login",
        {("login_owns", "app_login")},
    ),
    "an application's schema": (
        "create schema theirs authorization app_login",
        {("login_owns", "app_login")},
    ),
    "an application's database": (
        "alter database {database} owner to trusted_login",
        {("login_owns", "trusted_login")},
    ),
    "a superuser's application": (
        "create role too_much login superuser in role fundwarden_app",
        {("login_passes", "too_much")},
    ),
    "an application past row security": (
        "alter role app_login bypassrls",
        {("login_passes", "app_login")},
    ),
    "an application that is the owner": (
        "grant fundwarden_owner to app_login",
        {("login_passes", "app_login"), ("login_owns", "app_login")},
    ),
    "an application that reads all": (
        "grant pg_read_all_data to app_login",
        {("login_passes", "app_login")},
    ),
    "a materialized view granted": (
        "grant select on authz.user_effective_policies to fundwarden_auditor",
        {("matview_granted", "authz.user_effective_policies")},
    ),
    "a column of a materialized view granted": (
        "grant select (user_id) on authz.user_effective_policies to fundwarden_app",
        {("matview_granted", "authz.user_effective_policies")},
    ),
    "another owner": (
        "create role somebody; alter table finance.orders owner to somebody",
        {("owner", "finance.orders"), ("owner", "finance.orders_id_seq")},
    ),
    "a superuser's function": (
        "alter function authz.my_tenant() owner to {me}",
        {("owner", "authz.my_tenant()")},
    ),
    "a function of the row": (
        "create policy p on finance.orders for select to fundwarden_app "
        "using (handler_unit_id = any(authz.my_units('orders', 'read')))",
        {("policy_per_row", "p on finance.orders")},
    ),
    "a function beside a sub-select": (
        "create policy p on finance.orders for select to fundwarden_app "
        "using (authz.my_tenant() in (select u.tenant_id from authz.users as u))",
        {("policy_per_row", "p on finance.orders")},
    ),
    "a function after a sub-select": (
        "create policy p on finance.orders for select to fundwarden_app "
        "using ((select true) and tenant_id = authz.my_tenant())",
        {("policy_per_row", "p on finance.orders")},
    ),
    "a function in a check": (
        "create policy p on finance.orders for insert to fundwarden_app "
        "with check (tenant_id = authz.my_tenant())",
        {("policy_per_row", "p on finance.orders")},
    ),
    "a sub-select of the row": (
        "create policy p on finance.orders for select to fundwarden_app "
        "using ((select authz.my_tenant() = orders.tenant_id))",
        {("policy_per_row", "p on finance.orders")},
    ),
    "a policy for everybody": (
        "create policy p on finance.orders for select using (tenant_id = 1)",
        {("policy_public", "p on finance.orders")},
    ),
    "a policy that asks nothing": (
        "create policy p on finance.orders for select to fundwarden_app using (true)",
        {("policy_unconditional", "p on finance.orders")},
    ),
    "a policy that checks nothing": (
        "create policy p on finance.orders for update to fundwarden_app using (tenant_id = 1)",
        {("policy_without_check", "p on finance.orders")},
    ),
    "a table for PUBLIC": (
        "grant insert on authz.roles to public",
        {("relation_public", "authz.roles")},
    ),
    "a sequence for PUBLIC": (
        "grant usage on sequence authz.roles_id_seq to public",
        {("relation_public", "authz.roles_id_seq")},
    ),
    "a column for PUBLIC": (
        "grant select (code) on authz.roles to public",
        {("relation_public", "authz.roles")},
    ),
    "an owner past row security": (
        "alter role fundwarden_owner bypassrls",
        {("role_attribute", "fundwarden_owner")},
    ),
    "a role that makes roles": (
        "alter role fundwarden_operator createrole",
        {("role_attribute", "fundwarden_operator")},
    ),
    "an owner who is a superuser": (
        "alter role fundwarden_owner superuser",
        {("role_attribute", "fundwarden_owner")},
    ),
    "row security off": (
        "alter table finance.orders disable row level security",
        {("rls_not_forced", "finance.orders")},
    ),
    "row security not forced": (
        "alter table authz.settings no force row level security",
        {("rls_not_forced", "authz.settings")},
    ),
    "a new table": (
        "create table audit.t (x int); alter table audit.t owner to fundwarden_owner",
        {("rls_not_forced", "audit.t")},
    ),
    "a partition granted by itself": (
        "set local role fundwarden_owner; "
        "create table audit.t (x int) partition by list (x); "
        "alter table audit.t enable row level security, force row level security; "
        "create table audit.hidden partition of audit.t for values in (1); "
        "create table audit.shown partition of audit.t for values in (2); "
        "grant select on audit.shown to fundwarden_auditor",
        {("rls_not_forced", "audit.shown")},
    ),
    "a trigger function granted": (
        "grant execute on function authz_private.tg_mark_everyone() to fundwarden_app",
        {("trigger_function_granted", "authz_private.tg_mark_everyone()")},
    ),
    "an extension that reaches out": (
        "create extension dblink with schema public",
        {("untrusted_extension", "dblink")},
    ),
    "a view of the owner's eyes": (
        "alter view authz.supervisors reset (security_invoker)",
        {("view_not_invoker", "authz.supervisors")},
    ),
    "a policy of data permissions changed by hand": (
        f"{DATASET}; alter policy data_permission_permits on finance.orders to public",
        {
            ("dataset_out_of_step", "orders: policy data_permission_permits on finance.orders"),
            ("policy_public", "data_permission_permits on finance.orders"),
        },
    ),
    "a policy of data permissions dropped": (
        f"{DATASET}; drop policy data_permission_permits on finance.orders",
        {
            ("dataset_out_of_step", "orders: policy data_permission_permits on finance.orders"),
            ("dataset_out_of_step", "orders: view secure.orders"),
        },
    ),
    "a view of data permissions without its barrier": (
        f"{DATASET}; alter view secure.orders reset (security_barrier)",
        {("dataset_out_of_step", "orders: view secure.orders")},
    ),
    "a masked column granted to somebody": (
        f"{DATASET}; grant select on finance.orders to app_login",
        {
            (
                "dataset_out_of_step",
                "orders: column created_at of finance.orders is read by app_login",
            )
        },
    ),
    "something else in the schema of views": (
        "create table secure.mine ()",
        {("dataset_out_of_step", "mine: secure.mine is of no dataset")},
    ),
    "a view that says no": (
        "alter view authz.supervisors set (security_invoker = off)",
        {("view_not_invoker", "authz.supervisors")},
    ),
}


@pytest.fixture
def admin(module_database: str) -> Iterator[Connection]:
    """A superuser's transaction that is undone."""
    with session(module_database) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


@pytest.mark.parametrize("role", ["fundwarden_auditor", "fundwarden_operator"])
def test_a_sound_installation_is_silent(admin: Connection, role: str) -> None:
    admin.execute(f"set local role {role}")
    assert rows(admin, LINT) == []


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.sampled(2)
def test_a_rule_fires_at(admin: Connection, how: str) -> None:
    statement, expected = BROKEN[how]
    admin.execute(statement.format(database=admin.info.dbname, me=admin.info.user))
    admin.execute("reset role")
    admin.execute("set local role fundwarden_auditor")
    told = rows(admin, "select l.rule, l.object, l.problem, l.hint from ops.rls_lint() as l")
    assert {(rule, name) for rule, name, _, _ in told} == expected
    assert len(told) == len(expected)
    assert all(problem and hint for _, _, problem, hint in told)


def test_every_rule_is_shown_to_fire() -> None:
    text = FUNCTION.read_text(encoding="utf-8")
    listed = text[text.index("with recursive rules") : text.index("ours as (")]
    known = set(re.findall(r"\(\s+'(\w+)',", listed))
    assert len(known) >= 15
    assert known == {rule for _, expected in BROKEN.values() for rule, _ in expected}


def test_what_keeps_the_rules_is_left_alone(admin: Connection) -> None:
    admin.execute(
        """
        create policy p on finance.orders for insert to fundwarden_app
        with check (tenant_id = (select authz.my_tenant())
            and tenant_id in (select u.tenant_id from authz.users as u where u.id > 0));
        create view finance.v with (security_invoker = on) as select 1 as x;
        alter view finance.v owner to fundwarden_owner;
        create role plain login in role fundwarden_app;
        create role dba login createrole superuser;
        create table public.mine (x int);
        """
    )
    assert rows(admin, LINT) == []


def test_the_runner_shows_what_is_found(database: str) -> None:
    with session(database) as admin:
        admin.execute("grant execute on function authz.my_tenant() to public")
        admin.execute(f"grant temporary on database {admin.info.dbname} to public")
    found = status(Target(database))
    told = [line for line in found.lines() if line.startswith("unsafe: ")]
    # What is on the database is said as such, once.
    assert "unsafe: authz.my_tenant(): a function is executable by PUBLIC" in told
    assert not any("TEMPORARY" in line or "temporary" in line for line in told)
    assert found.database_rights
    assert found.exit_code == 3
