"""What cannot be a dataset with owners is refused, and later changes of its tables fail closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from servers import Server
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

WORLD = """
    create schema own authorization fundwarden_owner;
    set role fundwarden_owner;
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'acme'), (2, 1, 'north'), (3, 1, 'south');
    insert into authz.users (id, username, base_unit_id, external_id)
    values (101, 'ann', 1, '1'), (102, 'nora', 2, '2'), (103, 'sam', 3, '3');
    insert into authz.user_roles (user_id, role_id, unit_id)
    select v.user_id, r.id, v.unit_id
    from authz.roles as r, (values (101, 1), (102, 2)) as v (user_id, unit_id)
    where r.code = 'supervisor' and r.tenant_id is null;
    create table own.region (id int primary key, lead int);
    create table own.customer (
        id int primary key, name text, rep int, region int references own.region,
        twice int references own.region, pair_a int, pair_b int, flag boolean, fixed char(3)
    );
    alter table own.customer add foreign key (twice) references own.region;
    create table own.invoice (
        id int primary key, customer int references own.customer, total numeric, note text,
        home int, loop int references own.invoice
    );
    create table own.keyless (customer int references own.customer);
    create table own.paged (id int primary key, total_count int, rep int);
    create table own.hidden (id int primary key, rep int);
    create table own.loose (id int primary key, rep int);
    create table own.heir (id int primary key, rep int);
    create table own.heiress () inherits (own.heir);
    create table own.crossing (
        id int primary key, hidden int references own.hidden, heir int references own.heir,
        loose int
    );
    alter table own.crossing add foreign key (loose) references own.loose not valid;
    create view own.seen as select * from own.invoice;
    create table own.parent (id int primary key, customer int references own.customer);
    create table own.child () inherits (own.parent);
    create index on own.invoice (total);
    insert into own.region values (1, 2), (2, 3);
    insert into own.customer (id, name, rep, region)
    values (1, 'a', 2, 1), (2, 'b', 3, 2), (3, 'c', null, 1);
    insert into own.invoice values (1, 1, 5, 'x', 1), (2, 2, 6, 'y', 1), (3, 3, 7, 'z', 1);
    grant usage on schema own to fundwarden_app;
    grant select on own.invoice to fundwarden_app;
"""
REP = [{"name": "rep", "path": ["customer", "rep"]}]
in_both_storages = pytest.mark.parametrize("storage", ["stored", "joined"])


def build(conninfo: str) -> None:
    with session(conninfo) as opened:
        opened.execute(WORLD)


@pytest.fixture(scope="module")
def built(server: Server) -> Iterator[str]:
    with server.filled(build) as template:
        yield template


@pytest.fixture
def owner(server: Server, built: str) -> Iterator[psycopg.Connection[Any]]:
    with server.database(built) as conninfo, session(conninfo) as opened:
        opened.execute("set role fundwarden_owner")
        yield opened


@pytest.fixture(scope="module")
def refused(server: Server, built: str) -> Iterator[psycopg.Connection[Any]]:
    """The same for all of whom nothing is taken."""
    with server.database(built) as conninfo, session(conninfo) as opened:
        opened.execute("set role fundwarden_owner")
        yield opened


def register(owners: Any, table: str = "own.invoice", **named: Any) -> tuple[str, list[Any]]:
    arguments = {"resource": "funds", "tenant_id": 1, "owners": json.dumps(owners)} | named
    listed = ", ".join(f"{name} => %s" for name in arguments)
    return f"select authz.register_dataset('{table}', {listed})", list(arguments.values())


@pytest.mark.parametrize(
    ("owners", "told"),
    [
        ([], "owners must be a list of 1 to 5 owners"),
        ({}, "owners must be a list of 1 to 5 owners"),
        (REP * 6, "owners must be a list of 1 to 5 owners"),
        (["rep"], "owners[0] must be an object with name, path and, if need be, key"),
        ([REP[0] | {"unit": 1}], "owners[0] must be an object"),
        ([{"path": ["customer", "rep"]}], "owners[0].name null is not a name of an owner"),
        (REP * 2, "owners[1].name 'rep' is not a name of an owner"),
        ([REP[0] | {"key": "email"}], "owners[0].key 'email' is not a key of authz.users"),
        ([{"name": "a", "path": []}], "owners[0].path must be a list of 1 to 4 columns"),
        ([{"name": "a", "path": "rep"}], "owners[0].path must be a list of 1 to 4 columns"),
        ([{"name": "a", "path": ["x"]}], "owners[0].path[0]: own.invoice has no column 'x'"),
        ([{"name": "a", "path": [None]}], "owners[0].path[0]: own.invoice has no column null"),
        (
            [{"name": "a", "path": ["customer", "nobody"]}],
            "owners[0].path[1]: own.customer has no column 'nobody'",
        ),
        (
            [{"name": "a", "path": ["total", "rep"]}],
            "owners[0].path[0]: there is no foreign key on column own.invoice.total",
        ),
        (
            [{"name": "a", "path": ["customer", "twice", "lead"]}],
            "owners[0].path[1]: there is more than one foreign key on column own.customer.twice",
        ),
        (
            [{"name": "a", "path": ["loop", "loop", "customer", "rep"]}],
            "owners[0].path[1]: the path comes back to own.invoice.loop",
        ),
        (
            [{"name": "a", "path": ["customer", "flag"]}],
            "owners[0].path[1]: a column of type boolean does not name a person by external_id",
        ),
        (
            [{"name": "a", "path": ["customer", "fixed"]}],
            "owners[0].path[1]: a column of type character(3) does not name a person by "
            "external_id",
        ),
        (
            [{"name": "a", "path": ["customer", "name"], "key": "id"}],
            "owners[0].path[1]: a column of type text does not name a person by id",
        ),
    ],
)
def test_a_path_that_does_not_fit_is_refused_at_its_step(
    refused: psycopg.Connection[Any], owners: Any, told: str
) -> None:
    query, arguments = register(owners)
    said = refusal(refused, query, *arguments)
    assert said.sqlstate == "22023"
    assert (said.message_primary or "").startswith(told)
    assert said.message_hint
    assert value(refused, "select count(*) from authz.datasets") == 0


@pytest.mark.parametrize(
    ("column", "change", "sqlstate", "told"),
    [
        (
            "hidden",
            "alter table own.hidden enable row level security, force row level security",
            "42501",
            "owners[0].path[1]: row security of own.hidden hides rows from fundwarden_owner",
        ),
        (
            "hidden",
            "revoke select on own.hidden from fundwarden_owner",
            "42501",
            "owners[0].path[1]: fundwarden_owner cannot read own.hidden",
        ),
        (
            "heir",
            "select 1",
            "22023",
            "owners[0].path[1]: own.heir is not a table that a path can cross",
        ),
        (
            "loose",
            "select 1",
            "22023",
            "owners[0].path[0]: the foreign key on column own.crossing.loose is not validated",
        ),
    ],
)
def test_a_table_that_a_path_cannot_cross_is_refused(
    owner: psycopg.Connection[Any], column: str, change: str, sqlstate: str, told: str
) -> None:
    owner.execute(change.encode())
    query, arguments = register([{"name": "rep", "path": [column, "rep"]}], "own.crossing")
    said = refusal(owner, query, *arguments)
    assert (said.sqlstate, said.message_primary) == (sqlstate, told)
    assert said.message_hint


def test_names_of_functions_do_not_clash(owner: psycopg.Connection[Any]) -> None:
    crossing = [{"name": "rep", "path": ["hidden", "rep"]}]
    for first, second in (("inv", "inv_count"), ("inv_export", "inv")):
        owner.execute("begin")
        query, arguments = register(REP, name=first)
        owner.execute(query.encode(), arguments)
        query, arguments = register(crossing, "own.crossing", name=second)
        said = refusal(owner, query, *arguments)
        assert (said.sqlstate, "has this name" in (said.message_primary or "")) == ("22023", True)
        owner.execute("rollback; set role fundwarden_owner")


def test_keys_of_no_dataset_and_of_one_without_owners_are_none(
    owner: psycopg.Connection[Any],
) -> None:
    owner.execute(
        "select authz.register_dataset('own.invoice', 'plain', tenant_column => 'home', "
        "owner_units => '{home}', resource => 'funds')"
    )
    for name in ("plain", "nothing"):
        for place in ("1", "0", "null"):
            asked = f"select authz.my_row_keys('{name}', {place})"
            assert as_nora(owner, asked) == [([],)]


def test_a_dataset_whose_path_broke_can_be_unregistered(owner: psycopg.Connection[Any]) -> None:
    query, arguments = register(REP, name="inv")
    owner.execute(query.encode(), arguments)
    owner.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) values "
        """('inv', 'user', '102', 'restrict', '{"field": "total", "op": "<", "value": 7}')"""
    )
    owner.execute("alter table own.customer rename column rep to agent")
    owner.execute("select authz.unregister_dataset('inv')")
    assert value(owner, "select count(*) from authz.datasets") == 0
    assert rows(owner, "select * from ops.dataset_problems()") == []


def test_a_code_is_a_number_in_its_shortest_form_alone(owner: psycopg.Connection[Any]) -> None:
    query, arguments = register(REP, name="inv")
    owner.execute(query.encode(), arguments)
    owner.execute("update authz.users set external_id = null where id = 103")
    for code, seen in (
        ("2", [1]), ("02", []), ("+2", []), (" 2", []), ("2.0", []), ("-0", []), ("x", []),
        ("99999999999999999999999999", []), ("9223372036854775808", []),
    ):  # fmt: skip
        owner.execute("update authz.users set external_id = %s where id = 102", [code])
        for way in ("select id from paged.inv()", "select id from own.invoice"):
            assert [r[0] for r in as_nora(owner, way)] == seen, (code, way)


@pytest.mark.parametrize(
    ("table", "named", "sqlstate", "told"),
    [
        ("own.seen", {}, "22023", "not a table that can be a dataset"),
        ("own.keyless", {}, "22023", "the table has no primary key"),
        ("own.parent", {}, "22023", "other tables inherit from the table"),
        ("own.child", {}, "22023", "not a table that can be a dataset"),
        ("own.paged", {}, "22023", "the table has a column row_number or total_count"),
        ("own.invoice", {"tenant_id": None}, "22023", "tenant_column or tenant_id"),
        ("own.invoice", {"tenant_id": 2}, "22023", "tenant_id 2 does not exist"),
        ("own.invoice", {"tenant_column": "home"}, "22023", "tenant_column or tenant_id"),
        (
            "own.invoice",
            {"tenant_id": None, "tenant_column": "note"},
            "22023",
            "'note' is no column of type integer",
        ),
        ("own.invoice", {"resource": "nothing"}, "22023", "resource"),
        ("own.invoice", {"resource": None}, "22023", "resource"),
        ("own.invoice", {"storage": "both"}, "22023", "storage 'both' is not a way"),
        ("own.invoice", {"name": "a" * 56}, "22023", "is too long for a dataset with owners"),
        (
            "own.invoice",
            {"owner_units": ["home"]},
            "22023",
            "owners and owner_units exclude each other",
        ),
        ("finance.orders", {}, "55000", "the table has policies for the application already"),
    ],
)
def test_a_table_or_argument_that_does_not_fit_is_refused(
    refused: psycopg.Connection[Any], table: str, named: dict[str, Any], sqlstate: str, told: str
) -> None:
    path = ["handler_id"] if table == "finance.orders" else ["customer", "rep"]
    path = ["rep"] if table == "own.paged" else path
    query, arguments = register([{"name": "rep", "path": path}], table, **named)
    said = refusal(refused, query, *arguments)
    assert (said.sqlstate, told in (said.message_primary or "")) == (sqlstate, True)
    assert said.message_hint


def as_nora(owner: psycopg.Connection[Any], query: str) -> Any:
    owner.execute("begin; reset role; set local role fundwarden_trusted")
    owner.execute("select authz.act_as(102); set local role fundwarden_app")
    try:
        return owner.execute(query.encode()).fetchall()
    finally:
        owner.execute("rollback")
        owner.execute("set role fundwarden_owner")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "alter table own.invoice drop constraint invoice_customer_fkey",
            "owners[0].path[0]: there is no foreign key on column own.invoice.customer",
        ),
        (
            "alter table own.customer rename column rep to agent",
            "owners[0].path[1]: own.customer has no column 'rep'",
        ),
        (
            "alter table own.customer alter column rep type numeric",
            "owners[0].path[1]: a column of type numeric does not name a person by external_id",
        ),
    ],
)
def test_a_path_that_no_longer_fits_shows_nothing_and_is_reported(
    owner: psycopg.Connection[Any], change: str, problem: str
) -> None:
    query, arguments = register(REP, name="invoices", storage="joined")
    owner.execute(query.encode(), arguments)
    assert [row[0] for row in as_nora(owner, "select id from paged.invoices()")] == [1]
    owner.execute(change.encode())
    for way in ("select id from paged.invoices()", "select id from own.invoice"):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            as_nora(owner, way)
    assert rows(owner, "select p.problem from ops.dataset_problems() as p") == [(problem,)]


def test_renamed_and_moved_tables_are_still_read(owner: psycopg.Connection[Any]) -> None:
    query, arguments = register(REP, name="invoices", storage="joined")
    owner.execute(query.encode(), arguments)
    owner.execute("alter table own.invoice rename to bill")
    owner.execute("alter table own.customer set schema finance")
    assert [row[0] for row in as_nora(owner, "select id from paged.invoices()")] == [1]
    assert [row[0] for row in as_nora(owner, "select id from own.bill")] == [1]


@in_both_storages
def test_rules_and_masks_hold_in_pages(owner: psycopg.Connection[Any], storage: str) -> None:
    query, arguments = register(
        [{"name": "r", "path": ["customer", "region", "lead"]}], name="inv", storage=storage
    )
    owner.execute(query.encode(), arguments)
    assert [r[0] for r in as_nora(owner, "select id from paged.inv()")] == [1, 3]
    owner.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) values "
        """('inv', 'user', '102', 'restrict', '{"field": "total", "op": "<", "value": 7}')"""
    )
    owner.execute(
        "insert into authz.column_permissions "
        "(dataset, dimension, subject, column_name, mode) "
        "values ('inv', 'user', '102', 'note', 'disable'), "
        "('inv', 'user', '102', 'total', 'disable')"
    )
    seen = as_nora(owner, "select id, total, note, total_count from paged.inv()")
    assert (
        seen == [(1, None, None, 1)] == as_nora(owner, "select id, total, note, 1 from secure.inv")
    )
    assert as_nora(owner, "select paged.inv_count()") == [(1,)]
    for forbidden in (
        "select * from paged.inv(sort_by => 'total')",
        """select * from paged.inv(filter => '{"field": "note", "op": "=", "value": "x"}')""",
        """select paged.inv_count('{"not": {"field": "note", "op": "=", "value": "x"}}')""",
    ):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="masked"):
            as_nora(owner, forbidden)
    asked = """select owner_id, reason from paged.inv_explain(null, '{"id": 1}')"""
    assert as_nora(owner, asked) == [(102, "acme.north lies in acme.north")]
    owner.execute(
        "insert into authz.column_permissions (dataset, dimension, subject, column_name, mode) "
        "values ('inv', 'user', '102', 'customer', 'disable')"
    )
    # Whoever does not see the column that leads to the owner does not learn who it is.
    assert as_nora(owner, asked) == [(None, "acme.north lies in acme.north")]
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as hidden:
        as_nora(owner, """select * from paged.inv_explain(null, '{"id": 3}')""")
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as absent:
        as_nora(owner, """select * from paged.inv_explain(null, '{"id": 99}')""")
    assert hidden.value.diag.message_primary == absent.value.diag.message_primary


@pytest.fixture(scope="module")
def inv(
    request: pytest.FixtureRequest, server: Server, built: str
) -> Iterator[psycopg.Connection[Any]]:
    with server.database(built) as conninfo, session(conninfo) as opened:
        opened.execute("set role fundwarden_owner")
        query, arguments = register(REP, name="inv", storage=request.param)
        opened.execute(query.encode(), arguments)
        yield opened


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("paged.inv(page => 0)", "page 0 is not a page"),
        ("paged.inv(page => null)", "page null is not a page"),
        ("paged.inv(page_size => 10001)", "page_size 10001 is out of range"),
        ("paged.inv(sort_by => 'id; drop table x')", "sort_by 'id; drop table x' is not a column"),
        ("paged.inv(sort_by => 'note')", "sort_by 'note': the column has no index"),
        ("paged.inv(sort_order => 'up')", "sort_order 'up' is not an order"),
        ("paged.inv(total => 'some')", "total 'some' is not a way to count"),
        ("""paged.inv(filter => '{"field": "x", "op": "=", "value": 1}')""", "$.field: 'x' is no"),
        ("""paged.inv(filter => '7')""", "filter: $"),
        ("""paged.inv(after => '{"id": 1}', page => 2)""", "page must be 1 with after"),
        ("""paged.inv(after => '{"no": 1}')""", "after is not a key of own.invoice"),
        ("""paged.inv(after => '{"id": "x"}')""", "after: 'x' is no value of column id"),
        ("""paged.inv(sort_by => 'total', after => '{"sort": "x", "key": {"id": 1}}')""",
         "after: 'x' is no value of column total"),
        ("""paged.inv_explain(null, '[]')""", "key is not a key of own.invoice"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inv", ["stored", "joined"], indirect=True)
def test_arguments_that_cannot_be_meant_are_refused(
    inv: psycopg.Connection[Any], call: str, told: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        as_nora(inv, f"select * from {call}")
    assert told in (refused.value.diag.message_primary or "")
    assert refused.value.diag.message_hint


@in_both_storages
def test_a_place_behind_a_hidden_row_tells_nothing(
    owner: psycopg.Connection[Any], storage: str
) -> None:
    query, arguments = register(REP, name="inv", storage=storage)
    owner.execute(query.encode(), arguments)
    for key in (2, 99):
        for order in ("ASC", "DESC"):
            behind = as_nora(
                owner,
                "select id from paged.inv(sort_by => 'total', "
                f"""sort_order => '{order}', after => '{{"id": {key}}}')""",
            )
            assert behind == []


@in_both_storages
def test_an_export_needs_its_permission_and_is_recorded(
    owner: psycopg.Connection[Any], storage: str
) -> None:
    query, arguments = register(REP, name="inv", storage=storage)
    owner.execute(query.encode(), arguments)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="funds:export is not held"):
        as_nora(owner, "select * from paged.inv_export()")
    owner.execute(
        "insert into authz.permissions (resource, action, scope) "
        "values ('finance.funds', 'export', 'team') on conflict do nothing"
    )
    owner.execute(
        "insert into authz.user_permissions (user_id, permission_id, unit_id) "
        "select 102, p.id, 1 from authz.permissions as p "
        "where p.resource::text = 'finance.funds' and p.action = 'export' and p.scope = 'team'"
    )
    # Nora may export every row, and reads one.
    exported = "select e.id, e.total from paged.inv_export() as e"
    assert as_nora(owner, exported) == [(1, 5)]
    # She reads every row, and may export one.
    owner.execute("update authz.user_permissions set unit_id = 2 where user_id = 102")
    owner.execute("update authz.user_roles set unit_id = 1 where user_id = 102")
    assert as_nora(owner, "select paged.inv_count()") == [(3,)]
    assert as_nora(owner, exported) == [(1, 5)]
    owner.execute("begin; reset role; set local role fundwarden_trusted")
    owner.execute("select authz.act_as(102); set local role fundwarden_app")
    owner.execute("select * from paged.inv_export()")
    owner.execute("commit; set role fundwarden_owner")
    assert rows(
        owner,
        "select l.new_values ->> 'dataset', l.new_values ->> 'rows' "
        "from audit.permission_audit_log as l where l.action = 'EXPORT'",
    ) == [("inv", "1")]


@in_both_storages
def test_unregistering_leaves_the_catalog_as_it_was(
    owner: psycopg.Connection[Any], storage: str
) -> None:
    before = catalog_snapshot(owner)
    query, arguments = register(REP, name="inv", storage=storage)
    owner.execute(query.encode(), arguments)
    made = "select count(*) from pg_proc where pronamespace = 'paged'::regnamespace"
    assert value(owner, made) == {"joined": 4, "stored": 8}[storage]
    owner.execute("select authz.unregister_dataset('inv')")
    assert differences(before, catalog_snapshot(owner)) == []
    assert value(owner, made) == 0
    assert rows(owner, "select * from ops.dataset_problems()") == []


@in_both_storages
def test_only_whom_the_rights_name_may_call_the_functions(
    owner: psycopg.Connection[Any], storage: str
) -> None:
    query, arguments = register(REP, name="inv", storage=storage)
    owner.execute(query.encode(), arguments)
    told = rows(
        owner,
        "select p.proname, array_agg(r.rolname::text order by r.rolname) "
        "from pg_proc as p cross join aclexplode(p.proacl) as a "
        "inner join pg_roles as r on a.grantee = r.oid "
        "where p.pronamespace = 'paged'::regnamespace and a.grantee <> p.proowner "
        "group by p.proname order by p.proname",
    )
    both = ["fundwarden_app", "fundwarden_operator"]
    assert told == [
        ("inv", both),
        ("inv_count", both),
        ("inv_explain", both),
        ("inv_export", both[:1]),
    ]
    assert (
        rows(
            owner,
            "select a.grantee from pg_proc as p cross join aclexplode(p.proacl) as a "
            "where p.pronamespace = 'paged'::regnamespace and a.grantee = 0",
        )
        == []
    )
    owner.execute("begin; set local role fundwarden_app")
    with pytest.raises(psycopg.errors.InvalidAuthorizationSpecification):
        owner.execute("select * from paged.inv()")
    owner.execute("rollback")
    owner.execute("begin; set local role fundwarden_app")
    assert rows(owner, "select * from own.invoice") == []
    owner.execute("rollback")


def test_whoever_may_write_a_table_of_the_path_changes_who_owns_rows(
    owner: psycopg.Connection[Any],
) -> None:
    """The rows follow the tables at once, by whatever way these change."""
    query, arguments = register(REP, name="inv")
    owner.execute(query.encode(), arguments)
    assert [r[0] for r in as_nora(owner, "select id from paged.inv()")] == [1]
    # A trigger of the table's owner turns every representative into Nora.
    owner.execute(
        "create function own.turn() returns trigger language plpgsql as "
        "'begin new.rep := 2; return new; end'"
    )
    owner.execute(
        "create trigger turn before update on own.customer for each row execute function own.turn()"
    )
    owner.execute("update own.customer set rep = 3 where id = 2")
    for way in ("select id from paged.inv()", "select id from own.invoice order by id"):
        assert [r[0] for r in as_nora(owner, way)] == [1, 2]
    owner.execute("update authz.users set base_unit_id = 3 where id = 102")
    assert as_nora(owner, "select id from paged.inv()") == []
    owner.execute("update authz.users set external_id = null where id = 102")
    owner.execute("update authz.users set external_id = '2' where id = 101")
    assert as_nora(owner, "select paged.inv_count()") == [(0,)]


def test_whoever_asks_about_another_is_bound_by_their_own_rules(
    owner: psycopg.Connection[Any],
) -> None:
    query, arguments = register(REP, name="inv")
    owner.execute(query.encode(), arguments)
    owner.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) values "
        """('inv', 'user', '102', 'restrict', '{"field": "total", "op": "<", "value": 6}')"""
    )
    owner.execute(
        "insert into authz.column_permissions (dataset, dimension, subject, column_name, mode) "
        "values ('inv', 'user', '102', 'note', 'disable')"
    )
    owner.execute("begin; reset role; set local role fundwarden_trusted")
    owner.execute("select authz.act_as(102)")
    seen = rows(owner, "select id, note, total_count from paged.inv(supervisor_id => 101)")
    assert seen == [(1, None, 1)]
    assert rows(owner, "select paged.inv_count(supervisor_id => 101)") == [(1,)]
    told = rows(owner, """select is_visible from paged.inv_explain(101, '{"id": 2}')""")
    assert not any(row[0] for row in told)
    owner.execute("rollback")


def test_keys_of_characters_are_compared_whole(owner: psycopg.Connection[Any]) -> None:
    owner.execute(
        """
        create table own.shop (code char(3) primary key, rep int);
        create table own.sale (id int primary key, shop char(3) references own.shop);
        insert into own.shop values ('abc', 2), ('a', 3);
        insert into own.sale values (1, 'abc'), (2, 'a');
        grant select on own.sale to fundwarden_app;
        """
    )
    query, arguments = register([{"name": "rep", "path": ["shop", "rep"]}], "own.sale")
    owner.execute(query.encode(), arguments)
    for way in (
        "select id from own.sale",
        "select id from secure.sale",
        "select id from paged.sale()",
    ):
        assert as_nora(owner, way) == [(1,)]
