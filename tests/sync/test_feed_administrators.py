"""A signed-in administrator loads a feed of their own part, within what they may do by function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from feed import Row, add, changes, company, stage
from psycopg import sql
from servers import TRUSTED_LOGIN, Server
from waiting import value, wait_for

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]


def load(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        load_company(connection)


@pytest.fixture(scope="module")
def loaded(server: Server) -> Iterator[str]:
    with server.filled(load) as template:
        yield template


@pytest.fixture
def database(server: Server, loaded: str) -> Iterator[str]:
    with server.database(loaded) as conninfo:
        yield conninfo


@pytest.fixture
def owner(connect: Callable[..., Connection]) -> Connection:
    """The company, with an administrator of New York: E2 holds everything below NY-01, rank 70."""
    return connect()


def load_company(connection: Connection) -> None:
    connection.execute("update authz.settings set sync_limit = 100")
    feed = company()
    feed["roles"] += [{"code": "local", "rank": 70}]
    feed["people"] += [
        {"external_id": "E6", "unit_external_id": "NY-01"},
        {"external_id": "E7", "unit_external_id": "NY-01"},
    ]
    feed["grants"] += [
        {"person_external_id": "E2", "role_code": "local", "unit_external_id": "NY-01"},
        {"person_external_id": "E7", "role_code": "admin", "unit_external_id": "ACME"},
    ]
    stage(connection, **feed)
    connection.execute("select sync.apply('ACME')")
    connection.execute(
        "insert into authz.role_permissions (role_id, permission_id) select r.id, p.id "
        "from authz.roles as r cross join authz.permissions as p where r.code = 'local' "
        "and p.resource::text in ('directory', 'finance') and p.action = 'manage' "
        "and p.scope = 'team'"
    )


@pytest.fixture
def login(connect: Callable[..., Connection], owner: Connection) -> Connection:
    return connect(TRUSTED_LOGIN)


def give(owner: Connection, code: str, *rights: tuple[str, str]) -> None:
    """Lets the person of the code do this below NY-01."""
    for resource, action in rights:
        owner.execute(
            "insert into authz.permissions (resource, action, scope) values (%s, %s, 'team') "
            "on conflict do nothing", [resource, action]
        )  # fmt: skip
        owner.execute(
            "insert into authz.user_permissions (user_id, permission_id, unit_id, "
            "inherit_to_descendants) select u.id, p.id, n.id, true "
            "from authz.users as u cross join authz.permissions as p "
            "cross join authz.org_units as n where u.external_id = %s and n.external_id = 'NY-01' "
            "and p.resource::text = %s and p.action = %s and p.scope = 'team' "
            "and p.conditions is null", [code, resource, action]
        )  # fmt: skip


@contextmanager
def acting(login: Connection, owner: Connection, code: str) -> Any:
    user = owner.execute("select id from authz.users where external_id = %s", [code]).fetchone()
    with login.transaction():
        login.execute("select authz.act_as(%s)", user)
        yield login


def mine() -> dict[str, list[Row]]:
    """What there is below NY-01, as its administrator would state it."""
    return {
        "units": [
            {"external_id": "NY-01", "name": "New York", "kind": "Office"},
            {"external_id": "IT", "parent_external_id": "NY-01"},
        ],
        "people": [
            {"external_id": code, "unit_external_id": unit}
            for code, unit in (("E2", "NY-01"), ("E3", "IT"), ("E6", "NY-01"), ("E7", "NY-01"))
        ],
    }


def refusals(connection: Connection) -> list[str]:
    return [
        problem
        for (problem,) in connection.execute(
            "select problem from sync.plan(null, 'NY-01') where problem is not null"
        )
    ]


def test_an_administrator_applies_a_feed_of_their_part(
    login: Connection, owner: Connection
) -> None:
    feed = mine()
    feed["units"] += [{"external_id": "OPS", "parent_external_id": "NY-01", "kind": "Ops Team"}]
    feed["people"][2]["unit_external_id"] = "OPS"
    feed["people"] += [{"external_id": "E9", "username": "nina", "unit_external_id": "OPS"}]
    feed["memberships"] = [{"person_external_id": "E9", "unit_external_id": "IT"}]
    with acting(login, owner, "E2"):
        add(login, **feed)
        expected = [
            ("membership", "E9/IT", "add"),
            ("person", "E6", "move"),
            ("person", "E9", "add"),
            ("unit", "OPS", "add"),
        ]
        assert changes(login, under="NY-01") == expected
        assert refusals(login) == []
    with acting(login, owner, "E2"):
        assert changes(login, "apply", under="NY-01") == expected
        assert changes(login, under="NY-01") == []
    assert owner.execute(
        "select n.external_id, n.kind, m.source from authz.users as u "
        "inner join authz.org_units as n on u.base_unit_id = n.id "
        "inner join authz.memberships as m on m.user_id = u.id where u.username = 'nina'"
    ).fetchone() == ("OPS", "ops_team", "feed")
    logged = owner.execute(
        "select count(*) from audit.permission_audit_log where reason = 'sync' "
        "and effective_user_id = (select id from authz.users where external_id = 'E2')"
    ).fetchone()
    assert logged is not None
    assert logged[0] >= 5


def test_planning_leaves_no_trace(login: Connection, owner: Connection) -> None:
    feed = mine()
    feed["people"] += [{"external_id": "E9", "unit_external_id": "IT"}]
    counted = "select count(*) from audit.permission_audit_log where action <> 'IMPERSONATE'"
    with acting(login, owner, "E2"):
        add(login, **feed)
        assert changes(login, under="NY-01") == [("person", "E9", "add")]
    before = owner.execute(counted).fetchone()
    with acting(login, owner, "E2"):
        assert changes(login, under="NY-01") == [("person", "E9", "add")]
    assert owner.execute(counted).fetchone() == before
    assert owner.execute("select 1 from authz.users where external_id = 'E9'").fetchone() is None


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        # A role that carries more than they hold, or outranks them.
        ("grants", {"person_external_id": "E3", "role_code": "admin"}, "above your rank"),
        ("grants", {"person_external_id": "E3", "role_code": "admin",
                    "unit_external_id": "IT"}, "rank"),
        # Somebody of a higher rank, and oneself.
        ("people", {"external_id": "E7", "unit_external_id": "IT"}, "above your rank"),
        ("people", {"external_id": "E2", "unit_external_id": "IT"}, "administers themselves"),
        # What is elsewhere is as if it were not there.
        ("people", {"external_id": "E4", "username": "x", "unit_external_id": "IT"}, "taken"),
        ("memberships", {"person_external_id": "E4", "unit_external_id": "IT"}, "is not known"),
        ("memberships", {"person_external_id": "E3", "unit_external_id": "LON"}, "is not known"),
        ("units", {"external_id": "LON", "parent_external_id": "NY-01"}, "already taken"),
        ("roles", {"code": "fresh", "rank": 1}, "not allowed"),
        ("customers", {"id": 5, "manager_external_id": "E4"}, "is not known"),
    ],
)  # fmt: skip
def test_what_they_may_not_do_is_a_problem_of_the_line(
    login: Connection, owner: Connection, table: str, row: Row, told: str
) -> None:
    feed = mine()
    rows = feed.get(table, [])
    feed[table] = [*[r for r in rows if r.get("external_id") != row.get("external_id", 0)], row]
    if table == "grants":
        # Others' grants there stay stated.
        feed = {"grants": [row, *company()["grants"][1:],
                           {"person_external_id": "E2", "role_code": "local",
                            "unit_external_id": "NY-01"}]}  # fmt: skip
    count = "select count(*) from audit.permission_audit_log where action <> 'IMPERSONATE'"
    before = owner.execute(count).fetchone()
    with acting(login, owner, "E2"):
        add(login, **{table: feed[table]})
        found = refusals(login)
        assert any(told in problem for problem in found), found
        with pytest.raises(psycopg.Error) as error, login.transaction():
            login.execute("select * from sync.apply(null, 'NY-01')")
        assert error.value.sqlstate == "22023"
    assert owner.execute(count).fetchone() == before


@pytest.mark.parametrize(
    "line",
    [
        {"external_id": "E3", "username": "friend"},
        # Somebody without a code is found by the username.
        {"external_id": "E30", "username": "E3"},
    ],
)
@pytest.mark.parametrize("holds_more", [False, True])
def test_who_holds_more_is_given_no_other_code_or_name(
    login: Connection, owner: Connection, line: Row, holds_more: bool
) -> None:
    user = "(select id from authz.users where username = 'E3')"
    if holds_more:
        owner.execute(
            "insert into authz.user_permissions (user_id, permission_id, unit_id) "
            f"select {user}, p.id, n.id from authz.permissions as p "
            "cross join authz.org_units as n "
            "where p.resource::text = 'finance' and p.action = 'manage' "
            "and p.scope = 'organization' and n.external_id = 'IT'"
        )
    if line["external_id"] == "E30":
        owner.execute(f"update authz.users set external_id = null where id = {user}")
    people = [row for row in mine()["people"] if row["external_id"] != "E3"]
    with acting(login, owner, "E2"):
        add(login, people=[*people, line | {"unit_external_id": "IT"}])
        found = refusals(login)
    assert len(found) == holds_more
    assert all("not held there by whoever gives it" in problem for problem in found)


@pytest.mark.parametrize(
    ("tenant", "under"),
    [(None, None), ("ACME", None), ("ACME", "LON"), ("ACME", "nowhere"), ("OTHER", None)],
)
def test_a_scope_beyond_ones_own_is_refused_with_one_text(
    login: Connection, owner: Connection, tenant: str | None, under: str | None
) -> None:
    owner.execute("insert into authz.org_units (code, external_id) values ('other', 'OTHER')")
    for call in ("plan", "apply"):
        with pytest.raises(psycopg.Error) as error, acting(login, owner, "E2"):
            add(login, people=mine()["people"])
            login.execute(f"select * from sync.{call}(%s, %s)", [tenant, under])
        assert error.value.sqlstate == "42501"


def test_who_administers_nothing_is_refused(login: Connection, owner: Connection) -> None:
    for code in ("E3", "E4"):
        with pytest.raises(psycopg.Error) as error, acting(login, owner, code):
            login.execute("select * from sync.plan(null, 'IT')")
        assert error.value.sqlstate == "42501"
    for query in ("select * from sync.plan(null)", "select * from sync.apply('ACME')",
                  "select sync.clear()"):  # fmt: skip
        with pytest.raises(psycopg.Error) as error:
            login.execute(query)
        assert error.value.sqlstate == "28000"
    with pytest.raises(psycopg.Error) as error, acting(login, owner, "E1"):
        login.execute("select sync.export('ACME', 'people')")
    assert error.value.sqlstate == "42501"


def test_staged_rows_are_of_whoever_loaded_them(login: Connection, owner: Connection) -> None:
    stage(owner, people=[{"external_id": "OWNER", "unit_external_id": "ACME"}])
    with acting(login, owner, "E1"):
        add(login, people=[{"external_id": "ADMIN", "unit_external_id": "ACME"}])
    with acting(login, owner, "E2"):
        add(login, people=mine()["people"])
        assert login.execute("select count(*) from sync.people").fetchone() == (4,)
        assert login.execute("delete from sync.people").rowcount == 4
        for other in (1, None):
            with pytest.raises(psycopg.Error) as error, login.transaction():
                login.execute("insert into sync.people (external_id, loaded_by) values ('x', %s)",
                              [other])  # fmt: skip
            assert error.value.sqlstate == "42501"
        for statement in ("update sync.people set username = 'x'", "truncate sync.people",
                          "select * from authz_private.sync_marks"):  # fmt: skip
            with pytest.raises(psycopg.Error) as error, login.transaction():
                login.execute(statement)
            assert error.value.sqlstate == "42501"
        login.execute("select sync.clear()")
    with pytest.raises(psycopg.Error) as error:
        add(login, people=mine()["people"])
    assert error.value.sqlstate == "42501"
    assert owner.execute("select external_id from sync.people order by 1").fetchall() == [
        ("ADMIN",), ("OWNER",),
    ]  # fmt: skip


def test_a_planted_table_is_not_written_to(connect: Callable[..., Connection],
                                           owner: Connection) -> None:  # fmt: skip
    database = sql.Identifier(owner.info.dbname)
    # A role is of the whole cluster.
    name = f"planter_{owner.info.dbname}"
    planter = sql.Identifier(name)
    owner.execute(sql.SQL("create role {} login in role fundwarden_trusted").format(planter))
    login = None
    try:
        owner.execute(sql.SQL("grant temporary on database {} to {}").format(database, planter))
        login = connect(name)
        login.execute("create temporary table sync_work (kind text)")
        with pytest.raises(psycopg.Error) as error, acting(login, owner, "E2"):
            add(login, people=mine()["people"])
            login.execute("select * from sync.apply(null, 'NY-01')")
        assert error.value.sqlstate == "42501"
    finally:
        if login is not None:
            login.close()
            # Its temporary table goes after the client has gone.
            there = "select count(*) from pg_stat_activity as a where a.usename = %s"
            wait_for("the session has ended", lambda: value(owner, there, name) == 0)
        owner.execute(sql.SQL("revoke all on database {} from {}").format(database, planter))
        owner.execute(sql.SQL("drop role {}").format(planter))


def test_money_is_loaded_by_who_may_create_it(login: Connection, owner: Connection) -> None:
    with acting(login, owner, "E2"):
        add(login, customers=[{"id": 70, "name": "C", "manager_external_id": "E3"}],
            orders=[{"id": 71, "handler_external_id": "E6", "customer_id": 70}],
            funds=[{"id": 72, "order_id": 71, "amount": 5}])  # fmt: skip
        assert [c[2] for c in changes(login, "apply", under="NY-01")] == ["add"] * 3
        # What is there is not compared: that would tell what rules hide from them.
        login.execute("select sync.clear()")
        add(login, funds=[{"id": 72, "amount": 6, "customer_id": 70}])
        assert "already taken" in refusals(login)[0]
        rows = login.execute("select before, after from sync.plan(null, 'NY-01')").fetchall()
        assert rows == [(None, {"amount": 6, "customer_id": 70})]
    assert owner.execute("select amount from finance.financial_funds where id = 72").fetchone() == (
        5,
    )


def test_a_plan_does_not_tell_the_profile_of_others(login: Connection, owner: Connection) -> None:
    owner.execute("update authz.users set profile = '{\"salary\": 1}' where external_id = 'E6'")
    with acting(login, owner, "E2"):
        people = mine()["people"]
        add(login, people=[p | {"display_name": "X"} if p["external_id"] in ("E3", "E6") else p
                           for p in people])  # fmt: skip
        for call in ("plan", "apply"):
            rows = login.execute(
                "select before::text, after::text "
                f"from sync.{call}(null, 'NY-01') where action = 'change'"
            ).fetchall()
            assert len(rows) == 2
            assert "salary" not in str(rows)
    assert owner.execute("select profile from authz.users where external_id = 'E6'").fetchone() == (
        {"salary": 1, "display_name": "X"},
    )


def test_a_reader_takes_no_lock(login: Connection, owner: Connection) -> None:
    give(owner, "E6", ("directory", "read"), ("finance", "read"))
    with owner.transaction():
        owner.execute("select 1 from authz.tenants for update")
        for loaded in ({"people": mine()["people"]}, {"units": mine()["units"]}):
            with pytest.raises(psycopg.Error) as error, acting(login, owner, "E6"):
                login.execute("set local lock_timeout = '50ms'")
                add(login, **loaded)
                assert refusals(login) == []
                login.execute("select * from sync.apply(null, 'NY-01')")
            assert error.value.sqlstate == "42501"


def test_an_administrator_waits_for_the_tenant(login: Connection, owner: Connection) -> None:
    with owner.transaction(), pytest.raises(psycopg.Error) as error:
        owner.execute("select 1 from authz.tenants for no key update")
        with acting(login, owner, "E2"):
            login.execute("set local lock_timeout = '50ms'")
            add(login, people=mine()["people"])
            login.execute("select * from sync.apply(null, 'NY-01')")
    assert error.value.sqlstate == "55P03"


def test_who_makes_only_records_may_load_them(login: Connection, owner: Connection) -> None:
    give(owner, "E6", ("directory", "read"), ("finance", "manage"))
    with acting(login, owner, "E6"):
        add(login, customers=[{"id": 7, "manager_external_id": "E3"}])
        assert changes(login, "apply", under="NY-01") == [("customer", "7", "add")]
    assert owner.execute("select count(*) from finance.customers").fetchone() == (1,)


def test_the_next_record_meets_no_number_that_was_loaded(
    login: Connection, owner: Connection
) -> None:
    with acting(login, owner, "E2"):
        add(login, customers=[{"id": 1, "manager_external_id": "E3"}])
        assert changes(login, "apply", under="NY-01") == [("customer", "1", "add")]
    with acting(login, owner, "E2"):
        made = login.execute(
            "select finance.create_customer("
            "jsonb_build_object('name', 'x', 'manager_id', authz.current_user_id()))"
        ).fetchone()
    assert made == (2,)


RECORDS = [
    ("customers", {"manager_external_id": "E3"}),
    ("orders", {"handler_external_id": "E3"}),
    ("funds", {"handler_external_id": "E3", "amount": 1}),
]


@pytest.mark.parametrize(("table", "row"), RECORDS)
def test_a_number_that_is_taken_is_told_only_to_who_may_create(
    login: Connection, owner: Connection, table: str, row: Row
) -> None:
    stage(owner, customers=[{"id": 7, "manager_external_id": "E4"}],
          orders=[{"id": 7, "handler_external_id": "E4"}],
          funds=[{"id": 7, "handler_external_id": "E4", "amount": 1}])  # fmt: skip
    owner.execute("select sync.apply('ACME')")
    give(owner, "E6", ("directory", "manage"), ("finance", "read"))
    for code, told in (("E6", "not allowed"), ("E2", "already taken")):
        with acting(login, owner, code):
            add(login, **{table: [{"id": 7} | row, {"id": 8} | row]})
            found = [problem.split(", ", 1)[1] for problem in refusals(login)]
        assert told in found[0]
        if code == "E6":
            assert found[0] == found[1]
        else:
            assert len(found) == 1


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("orders", {"id": 9, "handler_external_id": "E3"}, "customer_id"),
        ("funds", {"id": 9, "handler_external_id": "E3", "amount": 1}, "customer_id"),
        ("funds", {"id": 9, "handler_external_id": "E3", "amount": 1}, "order_id"),
    ],
)
def test_a_record_that_is_hidden_is_named_like_one_that_is_absent(
    login: Connection, owner: Connection, table: str, row: Row, column: str
) -> None:
    # Below NY-01, and yet hidden: E6 may do nothing to records of that kind.
    stage(owner, customers=[{"id": 7, "manager_external_id": "E3"}],
          orders=[{"id": 7, "handler_external_id": "E3"}])  # fmt: skip
    owner.execute("select sync.apply('ACME')")
    give(owner, "E6", ("directory", "manage"), (f"finance.{table}", "manage"))
    with acting(login, owner, "E6"):
        add(login, **{table: [row | {"id": n, column: n} for n in (7, 8)]})
        found = [problem.split(", ", 1)[1] for problem in refusals(login)]
    assert found == [f"{column}: not allowed; ask somebody who may, or leave the line out"] * 2


def test_a_forged_identity_loads_nothing(login: Connection, owner: Connection) -> None:
    user = owner.execute("select id from authz.users where external_id = 'E1'").fetchone()
    assert user
    for forged in (f"{user[0]}:{user[0]}:" + "0" * 64, f"{user[0]}:", "x", "9" * 30 + ":"):
        login.execute("select set_config('fundwarden.identity', %s, false)", [forged])
        with pytest.raises(psycopg.Error) as error:
            add(login, people=[{"external_id": "E1"}])
        assert error.value.sqlstate == "42501"
        with pytest.raises(psycopg.Error) as error:
            login.execute("select * from sync.plan('ACME')")
        assert error.value.sqlstate == "28000"
