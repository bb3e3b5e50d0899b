"""`runner register` prints what it would add, and what it added."""

from __future__ import annotations

import re

import psycopg
import pytest
from typer.testing import CliRunner

from runner.cli import app

pytestmark = pytest.mark.one_server

OWNERS = '[{"name": "rep", "path": ["rep"]}]'


def ran(database: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["--dsn", database, "register", *arguments])
    return result.exit_code, result.output


def test_a_plan_changes_nothing_and_registering_tells_its_steps(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("create schema own authorization fundwarden_owner")
        admin.execute("insert into authz.org_units (id, code) values (1, 'acme')")
        admin.execute("set role fundwarden_owner")
        admin.execute("create table own.bill (id int primary key, rep int)")
        admin.execute("insert into own.bill values (1, 7), (2, null)")
        options = ("own.bill", "--owners", OWNERS, "--resource", "funds", "--tenant-id", "1")
        code, told = ran(database, *options, "--plan")
        assert code == 0
        assert told.startswith("lock table own.bill in access exclusive mode;  -- ACCESS EXCLUSIVE")
        assert re.search(
            r"\n\d+ statements, about \d+ s on two busy cores; nothing was changed\n$", told
        )
        assert admin.execute("select count(*) from authz.datasets").fetchone() == (0,)
        code, told = ran(database, *options)
        assert code == 0
        assert "dataset bill: owners on own.bill: 1 rows\n" in told
        assert told.endswith("registered: bill\n")
        found = admin.execute(
            "select fundwarden_bill_rep_person, fundwarden_bill_rep_unit from own.bill order by id"
        ).fetchall()
        assert found == [("1:external_id:7", 0), (None, None)]
