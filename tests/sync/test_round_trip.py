"""What is exported says everything: loaded elsewhere it makes the same company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from feed import company, stage
from servers import Server

from runner.connect import Target
from runner.errors import RunnerError
from runner.seeding import seed
from runner.syncing import Feed, export, sync

pytestmark = pytest.mark.one_server


def quiet(line: str) -> None:
    del line


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def roots(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as owner:
        found = owner.execute(
            "select coalesce(external_id, code) from authz.org_units where parent_id is null"
        )
        return [code for (code,) in found]


def scopes(conninfo: str) -> list[Any]:
    """Whom each user sees, and how many funds, by names that are the same everywhere."""
    with psycopg.connect(conninfo, autocommit=True) as owner:
        return owner.execute(
            "select coalesce(u.external_id, u.username), "
            "(select count(*) from authz.subordinates(u.id)), "
            "(select finance.count_authorized_funds(u.id)), "
            "array(select p.fund_id "
            "from finance.page_authorized_funds(u.id, 1, 20, 'amount') as p) "
            "from authz.users as u where u.is_active order by 1"
        ).fetchall()


def plain(conninfo: str) -> None:
    """Roles of the platform are all there is: what roles permit is no part of a feed."""
    with psycopg.connect(conninfo, autocommit=True) as owner:
        for table in ("user_policies", "user_permissions", "permission_templates", "delegations",
                      "row_permissions", "column_permissions"):  # fmt: skip
            owner.execute(f"delete from authz.{table}".encode())
        owner.execute(
            "delete from authz.user_roles as g using authz.roles as r "
            "where g.role_id = r.id and r.code not in ('admin', 'supervisor', 'staff')"
        )
        owner.execute("update authz.settings set sync_limit = 100")


def leave(conninfo: str) -> None:
    """Feeds no longer list a unit above others, a person with records and a role somebody has."""
    with psycopg.connect(conninfo, autocommit=True) as owner:
        for table, one in (
            ("org_units", "select parent_id from authz.org_units where level = 3"),
            ("users", "select manager_id from finance.customers order by id desc"),
        ):
            owner.execute(
                f"update authz.{table} set is_active = false, is_absent = true "
                f"where id = ({one} limit 1)".encode()
            )
        owner.execute(
            "with gone as (insert into authz.roles (tenant_id, code, source, is_active, is_absent) "
            "select id, 'gone', 'feed', false, true from authz.tenants returning id, tenant_id) "
            "insert into authz.user_roles (user_id, role_id) "
            "select min(u.id), g.id from gone as g inner join authz.users as u using (tenant_id) "
            "group by g.id"
        )


def test_a_company_goes_to_another_database_and_back(
    database: str, server: Server, tmp_path: Path
) -> None:
    seed(Target(database), records=400, say=quiet)
    plain(database)
    leave(database)
    tenants = roots(database)
    for tenant in tenants:
        export(Target(database), tmp_path / "one" / tenant, tenant=tenant, say=quiet)
        said: list[str] = []
        sync(
            Target(database),
            tmp_path / "one" / tenant,
            Feed(plan_only=True, tenant=tenant),
            say=said.append,
        )
        assert said == ["nothing to do"]
    with server.copy() as janitor:
        elsewhere = server.conninfo(janitor.dbname)
        with psycopg.connect(elsewhere) as admin:
            admin.execute("select ops.apply_database_rights()")
        for tenant in tenants:
            sync(Target(elsewhere), tmp_path / "one" / tenant, Feed(tenant=tenant), say=quiet)
            export(Target(elsewhere), tmp_path / "two" / tenant, tenant=tenant, say=quiet)
            assert files(tmp_path / "one" / tenant) == files(tmp_path / "two" / tenant)
        assert scopes(elsewhere) == scopes(database)


def test_what_a_spreadsheet_would_run_is_quoted_and_read_back(
    database: str, tmp_path: Path
) -> None:
    names = ["=1+1", "+1", "-x", "-1", "-2.50", "-2+3+cmd|' /C calc'!A0", "-1\n", "-.5", "'-1",
             "'-1+1", "@x", "\tx", "\rx", "'=1", "''@", "'plain", "a\nb", 'a"b', "a;b,c", "ü",
             "- "]  # fmt: skip
    with psycopg.connect(database, autocommit=True) as owner:
        stage(owner, units=[
            {"external_id": "ACME"},
            *({"external_id": n, "parent_external_id": "ACME", "name": n} for n in names),
        ])  # fmt: skip
        owner.execute("select sync.apply('ACME')")
    export(Target(database), tmp_path, say=quiet)
    text = (tmp_path / "units.csv").read_bytes().decode()
    for risky in ("=1+1", "+1", "-x", "@x", "'=1", "-2+3+cmd|' /C calc'!A0", "-.5", "'-1+1"):
        assert f"'{risky}," in text, risky
    for number in ("-1", "-2.50", "'-1"):
        assert f"\n{number}," in text, number
    assert "\n'plain," in text
    said: list[str] = []
    sync(Target(database), tmp_path, Feed(), say=said.append)
    assert said == ["nothing to do"]


def test_applied_is_said_only_when_it_is_committed(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "create function public.refused() returns trigger language plpgsql "
            "as $$ begin raise exception 'refused at commit'; end $$"
        )
        owner.execute(
            "create constraint trigger refused after insert on authz.org_units "
            "deferrable initially deferred for each row execute function public.refused()"
        )
    (tmp_path / "units.csv").write_text("external_id\nACME\n")
    said: list[str] = []
    for as_json in (False, True):
        with pytest.raises(RunnerError, match="refused at commit"):
            sync(Target(database), tmp_path, Feed(), as_json=as_json, say=said.append)
    assert said == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_of_every_dialect_are_read(
    module_database: str, tmp_path: Path, delimiter: str, line_end: str, mark: bytes
) -> None:
    lines = ["External_ID,parent_external_id,name", 'ACME,,"Acme', 'Ltd"', "X,ACME,ünit", "", ""]
    (tmp_path / "units-all.csv").write_bytes(
        mark + line_end.join(lines).replace(",", delimiter).encode()
    )
    (tmp_path / "people.csv").write_bytes(b"external_id,unit_external_id")
    said: list[str] = []
    sync(Target(module_database), tmp_path, Feed(plan_only=True, tenant="ACME"), say=said.append)
    assert said[0] == "unit: 2 add"
    assert said[-1] == "planned; nothing was changed"


def test_several_files_of_a_kind_are_one_statement(database: str, tmp_path: Path) -> None:
    (tmp_path / "UNITS_1.CSV").write_text("external_id,parent_external_id\nX,ACME\n")
    (tmp_path / "units_2.csv").write_text("external_id\nACME\n")
    (tmp_path / "people.csv").write_text("external_id,unit_external_id\nE1,X\n")
    said: list[str] = []
    sync(Target(database), tmp_path, Feed(only=["units"]), say=said.append)
    sync(Target(database), tmp_path, Feed(), as_json=True, say=said.append)
    assert said[0] == "unit: 2 add"
    assert '"person": {\n      "add": 1' in said[-1]


@pytest.mark.parametrize(
    ("name", "feed", "told"),
    [
        ("persons.csv", Feed(), "not that of a kind"),
        ("people.csv", Feed(only=["ships"]), "ships is not a kind"),
        ("people.txt", Feed(), "holds no file"),
    ],
)
def test_what_is_no_feed_is_refused(
    module_database: str, tmp_path: Path, name: str, feed: Feed, told: str
) -> None:
    (tmp_path / name).write_text("external_id\n")
    with pytest.raises(RunnerError, match=told):
        sync(Target(module_database), tmp_path, feed, say=quiet)
    with pytest.raises(RunnerError, match="is not a folder"):
        sync(Target(module_database), tmp_path / name, feed, say=quiet)


def test_an_export_of_a_part_plans_to_nothing_in_that_part(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        stage(owner, **company())
        owner.execute("select sync.apply('ACME')")
    export(Target(database), tmp_path, under="NY-01", say=quiet)
    assert (tmp_path / "people.csv").read_text().count("\n") == 3
    said: list[str] = []
    sync(Target(database), tmp_path, Feed(under="NY-01", tenant="ACME"), say=said.append)
    assert said == ["nothing to do"]


def test_an_export_that_fails_leaves_no_file(database: str, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="no unit has the code"):
        export(Target(database), tmp_path, tenant="NOWHERE", say=quiet)
    assert files(tmp_path) == {}
