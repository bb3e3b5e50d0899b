"""A DBA without the runner sees what `runner status` sees."""

from __future__ import annotations

import pytest
from waiting import refusal, rows, session

from runner.connect import Target
from runner.migrations import status

pytestmark = pytest.mark.one_server

CHANGES = "select c.kind, c.identity, coalesce(c.file, ''), c.change from ops.object_changes() as c"


def test_nothing_is_listed_after_migrate(database: str) -> None:
    with session(database) as owner:
        assert rows(owner, CHANGES) == []


def test_what_was_changed_by_hand_is_listed_as_by_runner_status(database: str) -> None:
    with session(database) as owner:
        owner.execute("drop view authz.supervisors")
        owner.execute("alter table authz.roles disable trigger _950_audit_inserted")
        owner.execute("grant select on authz.roles to fundwarden_app")
        owner.execute("alter function authz.policy_version() volatile")
        owner.execute("create table authz.stray ()")
        owner.execute("alter table authz.variables add column note text")
        listed = rows(owner, CHANGES)
    assert {(kind, change) for kind, _, _, change in listed} == {
        ("view", "missing"),
        ("trigger", "disabled"),
        ("access", "changed"),
        ("function", "changed"),
        ("table", "stray"),
        ("table", "changed"),
    }
    found = status(Target(database)).objects
    assert sorted(listed) == sorted((o.kind, o.identity, o.path, o.what) for o in found)


def test_masked_tables_are_not_listed(database: str) -> None:
    with session(database) as owner:
        owner.execute("insert into authz.org_units (id, code) values (1, 'acme')")
        owner.execute("insert into authz.users (id, username, base_unit_id) values (1, 'ann', 1)")
        owner.execute("select authz.register_dataset('finance.customers', 'customers')")
        owner.execute(
            "insert into authz.column_permissions "
            "(dataset, dimension, subject, column_name, mode) "
            "values ('customers', 'user', '1', 'name', 'disable')"
        )
        masked = rows(owner, "select t::text from authz_private.masked_tables() as t")
        assert masked == [("finance.customers",)]
        assert rows(owner, CHANGES) == []


def test_a_database_installed_by_psql_alone_is_refused_with_a_hint(database: str) -> None:
    with session(database) as owner:
        owner.execute("drop schema fundwarden cascade")
        assert refusal(owner, CHANGES).sqlstate == "55000"
