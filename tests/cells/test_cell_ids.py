"""Each cell draws ids from its own range, and says when something does not fit."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

TENANT = "insert into authz.org_units (code) values ('acme') returning id"
USER = "insert into authz.users (username, base_unit_id) values ('ann', %s) returning id"
SEQUENCES = """
    select n.nspname || '.' || c.relname, t.relname, a.attname
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    inner join pg_depend as d on d.objid = c.oid and d.deptype = 'i'
        and d.classid = 'pg_class'::regclass
    inner join pg_class as t on d.refobjid = t.oid
    inner join pg_attribute as a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where c.relkind = 'S' and n.nspname in ('authz', 'finance')
"""
CHECK = "select c.severity::text, c.findings, c.detail, c.repair from ops.check_cell() as c"


@pytest.fixture
def owner(database: str) -> Any:
    with session(database) as connection:
        connection.execute("set role fundwarden_owner")
        yield connection


def test_without_a_cell_nothing_is_said_and_ids_begin_at_one(owner: Connection) -> None:
    assert rows(owner, "select * from ops.this_cell()") == []
    assert rows(owner, CHECK)[0][:2] == ("ok", 0)
    assert value(owner, TENANT) == 1


def test_a_cell_draws_every_id_from_its_range(owner: Connection) -> None:
    owner.execute("select ops.set_cell(7, 'north')")
    names = [name for name, _, _ in rows(owner, SEQUENCES)]
    assert len(names) > 15
    for name in [*names, "authz.data_permission_id", "audit.permission_audit_log_id"]:
        drawn = value(owner, "select nextval(%s)", name)
        low = 140_000_000 if drawn < 2**31 else 7 * 10**12
        size = 20_000_000 if drawn < 2**31 else 10**12
        assert low < drawn <= low + size, name
    assert 140_000_000 < value(owner, TENANT) <= 160_000_000
    assert rows(owner, CHECK)[0][2] == "cell 7 north, units 140000001 to 160000000"
    assert rows(owner, CHECK)[0][0] == "info"


def test_the_last_id_of_a_range_is_not_followed_by_one_of_the_next_cell(owner: Connection) -> None:
    owner.execute("select ops.set_cell(99, 'last')")
    owner.execute("select setval('authz.org_units_id_seq', 2000000000)")
    assert refusal(owner, TENANT).sqlstate == "2200H"
    owner.execute("select setval('authz.users_id_seq', 100000000000000)")
    assert refusal(owner, "select nextval('authz.users_id_seq')").sqlstate == "2200H"


def test_what_was_drawn_is_not_drawn_again(owner: Connection) -> None:
    owner.execute("select ops.set_cell(3, 'east')")
    tenant = value(owner, TENANT)
    person = value(owner, USER, tenant)
    owner.execute("select ops.set_cell(3, 'west')")
    assert value(owner, "select c.name from ops.this_cell() as c") == "west"
    assert value(owner, TENANT.replace("acme", "zeta")) == tenant + 1
    # Also where a restore or somebody set the sequence back.
    owner.execute("alter sequence authz.users_id_seq no minvalue no maxvalue restart with 1")
    assert rows(owner, CHECK)[0][:2] == ("warning", 1)
    owner.execute(str(rows(owner, CHECK)[0][3]))
    assert value(owner, USER.replace("ann", "bob"), tenant) == person + 1
    assert rows(owner, CHECK)[0][0] == "info"


def test_an_impossible_cell_is_refused_and_nothing_changes(owner: Connection) -> None:
    for cell, name in (
        (None, "north"), (-1, "north"), (100, "north"), (2147483647, "north"), (1, None), (1, ""),
        (1, "North"), (1, "1north"), (1, "n" * 51), (1, "nörd"), (1, "a b"), (1, "a\n"),
    ):  # fmt: skip
        said = refusal(owner, "select ops.set_cell(%s::int, %s)", cell, name)
        assert (said.sqlstate, bool(said.message_hint)) == ("22023", True), (cell, name)
    assert rows(owner, "select * from ops.cell") == []
    assert value(owner, TENANT) == 1


def test_an_installation_that_holds_tenants_is_the_cell_of_their_ids(owner: Connection) -> None:
    tenant = value(owner, TENANT)
    said = refusal(owner, "select ops.set_cell(2, 'south')")
    assert (said.sqlstate, bool(said.message_hint)) == ("55000", True)
    assert "authz.org_units" in str(said.message_primary)
    assert value(owner, "select nextval('authz.users_id_seq')") == 1
    owner.execute("select ops.set_cell(0, 'home')")
    assert value(owner, TENANT.replace("acme", "zeta")) == tenant + 1
    # Nor does it become another one later.
    assert refusal(owner, "select ops.set_cell(2, 'home')").sqlstate == "55000"
    assert value(owner, "select c.number from ops.this_cell() as c") == 0


def test_a_row_with_an_id_of_another_cell_is_found(owner: Connection) -> None:
    owner.execute("select ops.set_cell(3, 'east')")
    tenant = value(owner, TENANT)
    owner.execute(
        "insert into authz.users (id, username, base_unit_id) values (77, 'eve', %s)", [tenant]
    )
    severity, findings, detail, _ = rows(owner, CHECK)[0]
    assert (severity, findings) == ("warning", 1)
    assert "authz.users (77)" in detail
    # Roles of the platform have its ids everywhere, those of a tenant do not.
    owner.execute("insert into authz.roles (id, tenant_id, code) values (55, %s, 'x')", [tenant])
    assert "authz.roles (55)" in rows(owner, CHECK)[0][2]


def test_a_company_numbers_its_records_as_it_likes(owner: Connection) -> None:
    owner.execute("select ops.set_cell(3, 'east')")
    person = value(owner, USER, value(owner, TENANT))
    owner.execute("insert into finance.customers (id, manager_id) values (12, %s)", [person])
    assert rows(owner, CHECK)[0][0] == "info"


def test_the_change_is_logged_once(owner: Connection) -> None:
    logged = "select l.new_values from audit.permission_audit_log as l where l.action = 'SET_CELL'"
    owner.execute("select ops.set_cell(4, 'north')")
    owner.execute("select ops.set_cell(4, 'north')")
    assert rows(owner, logged) == [({"cell": 4, "name": "north"},)]
    assert rows(owner, "select * from audit.verify()") == []


@pytest.mark.parametrize("login", ["app_login", "trusted_login"])
def test_an_application_neither_sets_nor_reads_the_cell(database: str, login: str) -> None:
    with session(database, user=login) as app:
        for statement in (
            "select ops.set_cell(1, 'mine')",
            "select * from ops.this_cell()",
            "select * from ops.cell",
        ):
            assert refusal(app, statement).sqlstate == "42501"
