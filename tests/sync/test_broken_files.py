"""A file with anything wrong is refused with its line and column, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from feed import company, stage

from runner.connect import Target
from runner.errors import RunnerError
from runner.syncing import Feed, sync

pytestmark = pytest.mark.one_server

# Name of the file, its lines, and what the refusal says.
BROKEN = [
    # Units
    ("units", "external_id,parent_external_id\nACME,\nX,Y\n",
     "units.csv line 3, column parent_external_id: unit 'Y' is not known"),
    ("units", "external_id,parent_external_id\nACME,\nX,X\n",
     "units.csv line 3, column parent_external_id: unit 'X' is in a cycle"),
    ("units", "external_id,parent_external_id\nACME,\nX,Y\nY,Z\nZ,X\n",
     "units.csv line 3, column parent_external_id: unit 'X' is in a cycle"),
    ("units", "external_id,parent_external_id\nACME,\nX,ACME\nX,ACME\n",
     "units.csv line 4, column external_id: 'X' is in the feed already (units.csv line 3)"),
    ("units", "external_id,parent_external_id\nACME,\n,ACME\n",
     "units.csv line 3, column external_id: is empty"),
    ("units", "external_id,parent_external_id\nACME,\n" + "x" * 201 + ",ACME\n",
     "units.csv line 3, column external_id: is longer than 200"),
    ("units", "external_id,parent_external_id\nACME,\nX,\n",
     "units.csv line 3, column parent_external_id: is empty"),
    ("units", "external_id,parent_external_id\nACME,X\nX,ACME\n",
     "units.csv line 2, column parent_external_id: unit 'ACME' is the top"),
    ("units", "external_id,parent_external_id,sort_order\nACME,,\nX,ACME,first\n",
     "units.csv line 3, column sort_order: 'first' is not a whole number"),
    ("units", "external_id,parent_external_id,sort_order\nACME,,\nX,ACME,99999999999\n",
     "units.csv line 3, column sort_order: '99999999999'"),
    ("units", 'external_id,parent_external_id,metadata\nACME,,\nX,ACME,"[1]"\n',
     "units.csv line 3, column metadata: is not a JSON object"),
    ("units", 'external_id,parent_external_id,metadata\nACME,,\nX,ACME,{\n',
     "units.csv line 3, column metadata: is not a JSON object"),
    ("units", "external_id,parent_external_id,kind\nACME,,\nX,ACME,  \n",
     "units.csv line 3, column kind: is blank"),
    ("units", "external_id,parent_external_id\nACME,\nX,LON\n",
     "units.csv line 3, column parent_external_id: unit 'LON' is no longer in the feed"),
    # People
    ("people", "external_id,unit_external_id\nE1,ACME\nE9,NOWHERE\n",
     "people.csv line 3, column unit_external_id: unit 'NOWHERE' is not known"),
    ("people", "external_id,unit_external_id\nE1,ACME\nE9,\n",
     "people.csv line 3, column unit_external_id: is empty"),
    ("people", "external_id,unit_external_id\nE1,ACME\nE1,LON\n",
     "people.csv line 3, column external_id: 'E1' is in the feed already (people.csv line 2)"),
    ("people", "external_id,unit_external_id\nE1,ACME\n,LON\n",
     "people.csv line 3, column external_id: is empty"),
    ("people", "external_id,unit_external_id\nE1,ACME\n" + "x" * 201 + ",LON\n",
     "people.csv line 3, column external_id: is longer than 200"),
    ("people", "external_id,unit_external_id,username\nE1,ACME,\nE9,LON,bob\nE2,NY-01,bob\n",
     "people.csv line 3, column username: 'bob' is the name of somebody else"),
    ("people", "external_id,unit_external_id,username\nE1,ACME,\nE8,LON,x\nE9,LON,x\n",
     "people.csv line 4, column username: 'x' is in the feed already"),
    ("people", "external_id,unit_external_id,username\nE1,ACME,\nE8,LON,   \n",
     "people.csv line 3, column username: is blank"),
    ("people", "external_id,unit_external_id,is_active\nE1,ACME,\nE8,LON,perhaps\n",
     "people.csv line 3, column is_active: 'perhaps' is neither true nor false"),
    ("people", "external_id,unit_external_id,profile\nE1,ACME,\nE8,LON,x\n",
     "people.csv line 3, column profile: is not a JSON object"),
    ("people", 'external_id,unit_external_id,profile\nE1,ACME,\nE8,LON,"{""a"": ""\\u0000""}"\n',
     "people.csv line 3, column profile: is not a JSON object"),
    ("people", "external_id,unit_external_id\nE2,NY-01\n",
     "person 'E1' is not listed, and nobody else administers the tenant"),
    # Memberships
    ("memberships", "person_external_id,unit_external_id\nE1,LON\nE9,LON\n",
     "memberships.csv line 3, column person_external_id: person 'E9' is not known"),
    ("memberships", "person_external_id,unit_external_id\nE1,LON\nE1,X\n",
     "memberships.csv line 3, column unit_external_id: unit 'X' is not known"),
    ("memberships", "person_external_id,unit_external_id\nE1,LON\nE1,\n",
     "memberships.csv line 3, column unit_external_id: is empty"),
    ("memberships", "person_external_id,unit_external_id\nE1,LON\nE1,LON\n",
     "memberships.csv line 3, column valid_from: the window overlaps the one of "
     "memberships.csv line 2"),
    # Roles
    ("roles", "code,name\nteller,Teller\nIT Staff,IT\n",
     "roles.csv line 3, column code: 'IT Staff' is not a plain word"),
    ("roles", "code,rank\nteller,1\nx,high\n", "roles.csv line 3, column rank: 'high'"),
    ("roles", "code,parent_code\nteller,\nx,y\n",
     "roles.csv line 3, column parent_code: role 'y' is not known"),
    ("roles", "code,parent_code\na,b\nb,a\n",
     "roles.csv line 2, column parent_code: role 'a' is in a cycle"),
    ("roles", "code\nteller\nadmin\n",
     "roles.csv line 3, column code: 'admin' is a role of the platform"),
    ("roles", "code\nteller\nteller\n", "roles.csv line 3, column code: 'teller' is in the feed"),
    # Grants
    ("grants", "person_external_id,role_code\nE1,admin\nE9,admin\n",
     "grants.csv line 3, column person_external_id: person 'E9' is not known"),
    ("grants", "person_external_id,role_code\nE1,admin\nE2,king\n",
     "grants.csv line 3, column role_code: role 'king' is not known"),
    ("grants", "person_external_id,role_code\nE1,admin\n,admin\n",
     "grants.csv line 3, column person_external_id: is empty"),
    ("grants", "person_external_id,role_code\nE1,admin\nE2,\n",
     "grants.csv line 3, column role_code: is empty"),
    ("grants", "person_external_id,role_code,unit_external_id\nE1,admin,\nE2,staff,X\n",
     "grants.csv line 3, column unit_external_id: unit 'X' is not known"),
    ("grants", "person_external_id,role_code,valid_from\nE1,admin,\nE2,staff,2026-02-30\n",
     "grants.csv line 3, column valid_from: '2026-02-30' is not a date"),
    ("grants", "person_external_id,role_code,valid_until\nE1,admin,\nE2,staff,31.12.2026\n",
     "grants.csv line 3, column valid_until: '31.12.2026' is not a date"),
    ("grants", "person_external_id,role_code,valid_from,valid_until\nE1,admin,,\n"
     "E2,staff,2026-02-01,2026-01-01\n",
     "grants.csv line 3, column valid_until: is not after valid_from"),
    ("grants", "person_external_id,role_code,valid_from,valid_until\nE1,admin,,\n"
     "E2,staff,,2026-03-01\nE2,staff,2026-02-01,\n",
     "grants.csv line 4, column valid_from: the window overlaps the one of grants.csv line 3"),
    ("grants", "person_external_id,role_code,inherit_to_descendants\nE1,admin,\nE2,staff,maybe\n",
     "grants.csv line 3, column inherit_to_descendants: 'maybe'"),
    # Money
    ("customers", "id,manager_external_id\n1,E1\nx,E1\n", "customers.csv line 3, column id"),
    ("customers", "id,manager_external_id\n1,E1\n1,E1\n", "customers.csv line 3, column id: 1 is"),
    ("customers", "id,manager_external_id\n1,E1\n2,E9\n",
     "customers.csv line 3, column manager_external_id: person 'E9'"),
    ("customers", "id,manager_external_id\n1,E1\n2,\n",
     "customers.csv line 3, column manager_external_id: is empty"),
    ("orders", "id,handler_external_id,customer_id\n1,E1,\n2,E1,77\n",
     "orders.csv line 3, column customer_id: customer '77' is not known"),
    ("orders", "id,handler_external_id,created_at\n1,E1,\n2,E1,yesterday\n",
     "orders.csv line 3, column created_at: 'yesterday' is not a date"),
    ("funds", "id,handler_external_id,amount\n1,E1,1\n2,E1,NaN\n",
     "funds.csv line 3, column amount: 'NaN' is not an amount"),
    ("funds", "id,handler_external_id,amount\n1,E1,1\n2,E1,\"1,5\"\n",
     "funds.csv line 3, column amount: '1,5' is not an amount"),
    ("funds", "id,handler_external_id,amount\n1,E1,1\n2,E1,\n",
     "funds.csv line 3, column amount: is empty"),
    ("funds", "id,handler_external_id,amount,currency\n1,E1,1,EUR\n2,E1,1,euro\n",
     "funds.csv line 3, column currency: 'euro' is not three capital letters"),
    ("funds", "id,handler_external_id,amount,status\n1,E1,1,open\n2,E1,1,Open now\n",
     "funds.csv line 3, column status: 'Open now'"),
    ("funds", "id,handler_external_id,amount\n1,E1,1\n2,,1\n",
     "funds.csv line 3, column handler_external_id: no handler, order or customer"),
    ("funds", "id,order_id,amount\n1,5,1\n", "funds.csv line 2, column order_id: order '5'"),
    # The file itself
    ("people", "", "the file is empty"),
    ("people", "external_id,salary\nE1,1\n", "line 1: column salary is not known"),
    ("people", "external_id,external_id\nE1,E1\n", "line 1: column external_id is there twice"),
    ("people", "external_id,username\nE1,a\nE2\n", "line 3: 1 fields, the header has 2"),
    ("people", "external_id,username\nE1,a\nE2,b,c\n", "line 3: 3 fields, the header has 2"),
    ("people", 'external_id,username\nE1,"a\n', "unexpected end of data"),
    ("people", b"external_id,username\nE1,a\nE2,\xff\n", "line 3: not UTF-8 at byte 4"),
    ("people", "external_id,username\nE1,a\0\n", "line 2: holds a NUL byte"),
    ("people", "external_id,unit_external_id\nE1,\"A\nB\"\nE9,X\n",
     "people.csv line 2, column unit_external_id"),
]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(module_database: str) -> str:
    with psycopg.connect(module_database, autocommit=True) as owner:
        owner.execute("update authz.settings set sync_limit = 100")
        stage(owner, **company())
        owner.execute("select sync.apply('ACME')")
    return module_database


def state(conninfo: str) -> tuple[object, ...] | None:
    """Every row of the model, and of the log."""
    with psycopg.connect(conninfo) as owner:
        return owner.execute(
            "select (select json_agg(n order by n.id) from authz.org_units as n)::text, "
            "(select json_agg(u order by u.id) from authz.users as u)::text, "
            "(select json_agg(g order by g.id) from authz.user_roles as g)::text, "
            "(select count(*) from finance.financial_funds), "
            "(select count(*) from finance.customers), (select count(*) from finance.orders), "
            "(select count(*) from audit.permission_audit_log)"
        ).fetchone()


@pytest.mark.parametrize(("table", "content", "told"), BROKEN)
@pytest.mark.sampled(3)
def test_a_broken_file_is_refused_with_its_line(
    loaded: str, tmp_path: Path, table: str, content: str | bytes, told: str
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / f"{table}.csv").write_bytes(data)
    before = state(loaded)
    for plan_only in (True, False):
        said: list[str] = []
        with pytest.raises(RunnerError) as error:
            sync(Target(loaded), tmp_path, Feed(plan_only=plan_only), say=said.append)
        assert told in "\n".join([error.value.message, *said])
        assert error.value.hint
    assert state(loaded) == before
