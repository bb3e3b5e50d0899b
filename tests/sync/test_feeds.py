"""A feed makes the database what it states: no more, no less, and only within its scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from feed import add, changed, changes, company, problems, stage, without
from servers import Server

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]


def load(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update authz.settings set sync_limit = 100")
        stage(connection, **company())
        changes(connection, "apply")


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
    """The owner, with the company loaded; every change is allowed without a number."""
    return connect()


def one(connection: Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def test_the_first_feed_makes_the_tenant(owner: Connection) -> None:
    assert owner.execute(
        "select path::text, kind, external_id from authz.org_units order by path"
    ).fetchall() == [
        ("acme", "organization", "ACME"),
        ("acme.lon", "office", "LON"),
        ("acme.munchen", "office", "münchen"),
        ("acme.ny_01", "office", "NY-01"),
        ("acme.ny_01.it", "it_staff", "IT"),
    ]
    assert one(owner, "select name from authz.unit_kinds where kind = 'it_staff'") == "IT Staff"
    assert one(owner, "select profile ->> 'display_name' from authz.users where username = 'anna'"
               ) == "Anna"  # fmt: skip
    assert one(owner, "select username from authz.users where external_id = 'E3'") == "E3"
    assert one(owner, "select count(*) from authz.user_roles where source = 'feed'") == 3


def test_the_same_feed_again_writes_no_row_of_the_model(owner: Connection) -> None:
    def written() -> Any:
        return owner.execute(
            "select (select count(*) from audit.permission_audit_log where table_name is not null),"
            " (select count(*) from authz_private.policy_marks)"
        ).fetchone()

    before = written()
    assert changes(owner, "apply") == []
    rows = owner.execute("select kind, action from sync.apply('ACME')").fetchall()
    assert len(rows) == 15
    assert {action for _, action in rows} == {"unchanged"}
    stage(owner, **company())
    assert changes(owner, "apply") == []
    assert written() == before


def test_newer_rows_take_the_place_of_those_that_were_applied(owner: Connection) -> None:
    feed = company()
    add(owner, people=changed(feed["people"], {"external_id": "E4"}, unit_external_id="NY-01"))
    assert changes(owner) == [("person", "E4", "move")]
    assert changes(owner, "apply") == [("person", "E4", "move")]
    assert one(owner, "select count(*) from sync.people") == 4


@pytest.mark.parametrize(
    "edit",
    [
        "delete from sync.people where external_id = 'E3'",
        "update sync.people set external_id = 'E9' where external_id = 'E3'",
        "create temporary table kept as select * from sync.people where external_id <> 'E3';"
        "truncate sync.people restart identity;"
        "insert into sync.people (external_id, username, unit_external_id) "
        "select external_id, username, unit_external_id from kept;"
        "insert into sync.people (external_id, unit_external_id) values ('E9', 'IT')",
    ],
)
def test_rows_that_were_edited_count_anew_beside_other_kinds(owner: Connection, edit: str) -> None:
    owner.execute(edit.encode())
    feed = company()
    add(owner, units=changed(feed["units"], {"external_id": "IT"}, name="IT too"))
    assert ("unit", "IT", "rename") in changes(owner)
    assert ("person", "E3", "deactivate") in changes(owner)


def test_rows_that_were_applied_are_no_statement_about_another_scope(owner: Connection) -> None:
    people = [{"external_id": code, "unit_external_id": "NY-01"} for code in ("E2", "E3")]
    stage(owner, people=people, grants=company()["grants"][1:2])
    changes(owner, "apply", under="NY-01")
    assert changes(owner, "apply") == []
    assert changes(owner, under="LON") == []
    with pytest.raises(psycopg.Error, match="people were applied to another scope") as error:
        changes(owner, "apply", only=["grants", "person"])
    assert error.value.sqlstate == "22023"
    assert "sync.clear" in str(error.value.diag.message_hint)
    assert one(owner, "select count(*) from sync.plan('ACME', 'NY-01')") == 3
    assert changes(owner, under="NY-01", only=["people"]) == []
    add(owner, people=people)
    assert ("person", "E4", "deactivate") in changes(owner)
    owner.execute("select sync.clear()")
    assert len(changes(owner, only=["people"])) == 4


def test_rows_that_were_applied_stay_so_after_a_restore(owner: Connection) -> None:
    owner.execute("update authz.users set username = 'dora' where external_id = 'E2'")
    # What pg_restore does: the same rows by another transaction, in a table with another oid.
    owner.execute(
        "create temporary table kept as select * from sync.people;"
        "truncate sync.people;"
        "insert into sync.people overriding system value select * from kept"
    )
    owner.execute(
        "update authz_private.sync_marks set fingerprint = "
        "regexp_replace(fingerprint, '^[0-9]+', '1') where kind = 'people'"
    )
    add(owner, units=changed(company()["units"], {"external_id": "IT"}, name="IT too"))
    assert changes(owner) == [("unit", "IT", "rename")]
    owner.execute("delete from sync.people where external_id = 'E3'")
    assert ("person", "E3", "deactivate") in changes(owner)


def test_plan_changes_nothing_and_apply_does_what_it_says(owner: Connection) -> None:
    feed = company()
    feed["units"] = changed(feed["units"], {"external_id": "IT"}, parent_external_id="LON")
    feed["people"] = without(feed["people"], external_id="E4")
    feed["people"] += [{"external_id": "E5", "username": "eve", "unit_external_id": "LON"}]
    feed["grants"] = without(feed["grants"], person_external_id="E2")
    stage(owner, **feed)
    expected = [
        ("grant", "E2/supervisor/NY-01", "remove"),
        ("person", "E4", "deactivate"),
        ("person", "E5", "add"),
        ("unit", "IT", "move"),
    ]
    before = one(owner, "select count(*) from audit.permission_audit_log")
    assert changes(owner) == expected
    assert one(owner, "select count(*) from audit.permission_audit_log") == before
    assert changes(owner, "apply") == expected
    assert changes(owner) == []
    assert one(owner, "select path::text from authz.org_units where external_id = 'IT'") == (
        "acme.lon.it"
    )


def test_before_and_after_tell_what_changes(owner: Connection) -> None:
    feed = company()
    feed["people"] = changed(feed["people"], {"external_id": "E2"}, username="robert")
    stage(owner, **feed)
    assert owner.execute(
        "select action, before, after from sync.plan('ACME') where action <> 'unchanged'"
    ).fetchall() == [("rename", {"username": "bob"}, {"username": "robert"})]


def test_labels_stay_when_names_change_and_differ_when_codes_look_alike(owner: Connection) -> None:
    feed = company()
    feed["units"] = changed(feed["units"], {"external_id": "NY-01"}, name="Big Apple")
    feed["units"] += [
        {"external_id": code, "parent_external_id": "ACME"}
        for code in ("NY 01", "ny_01", "Straße 1", "東京", "---", "x" * 200, "LON!")
    ]
    stage(owner, **feed)
    changes(owner, "apply")
    labels = dict(
        owner.execute("select external_id, code from authz.org_units where parent_id is not null")
    )
    assert labels["NY-01"] == "ny_01"
    assert labels["Straße 1"] == "strasse_1"
    assert len(set(labels.values())) == len(labels)
    assert labels["x" * 200] == "x" * 50
    assert changes(owner) == []


def test_two_units_may_swap_their_places(owner: Connection) -> None:
    feed = company()
    feed["units"] = changed(feed["units"], {"external_id": "IT"}, parent_external_id="ACME")
    feed["units"] = changed(feed["units"], {"external_id": "NY-01"}, parent_external_id="IT")
    stage(owner, **feed)
    assert changes(owner, "apply") == [("unit", "IT", "move"), ("unit", "NY-01", "move")]
    assert one(owner, "select path::text from authz.org_units where external_id = 'NY-01'") == (
        "acme.it.ny_01"
    )


def test_two_people_may_swap_their_usernames(owner: Connection) -> None:
    feed = company()
    people = changed(feed["people"], {"external_id": "E1"}, username="bob")
    people = changed(people, {"external_id": "E2"}, username="anna")
    stage(owner, people=people)
    changes(owner, "apply")
    assert one(owner, "select username from authz.users where external_id = 'E1'") == "bob"
    assert one(owner, "select username from authz.users where external_id = 'E2'") == "anna"


def test_who_leaves_keeps_their_id_and_returns_with_it(owner: Connection) -> None:
    feed = company()
    known = one(owner, "select id from authz.users where external_id = 'E4'")
    stage(owner, people=without(feed["people"], external_id="E4"))
    assert changes(owner, "apply") == [("person", "E4", "deactivate")]
    assert one(owner, "select is_active from authz.users where id = %s", known) is False
    stage(owner, people=feed["people"])
    assert changes(owner, "apply") == [("person", "E4", "reactivate")]
    assert one(owner, "select is_active from authz.users where id = %s", known) is True


def test_whom_a_person_deactivated_a_feed_leaves_so_unless_it_says_true(owner: Connection) -> None:
    feed = company()
    owner.execute("update authz.users set is_active = false where external_id = 'E4'")
    stage(owner, people=feed["people"])
    assert changes(owner) == []
    stage(owner, people=changed(feed["people"], {"external_id": "E4"}, is_active=True))
    assert changes(owner) == [("person", "E4", "reactivate")]


def test_what_a_person_deactivates_after_it_left_does_not_return(owner: Connection) -> None:
    feed = company()
    units = without(feed["units"], external_id="münchen")
    stage(owner, units=units, people=without(feed["people"], external_id="E4"))
    changes(owner, "apply")
    with owner.transaction():
        owner.execute("select authz.act_as(id) from authz.users where external_id = 'E1'")
        owner.execute("select authz.deactivate_user(id) from authz.users where external_id = 'E4'")
        owner.execute(
            "select authz.deactivate_unit(id) from authz.org_units where external_id = 'münchen'"
        )
    stage(owner, units=feed["units"], people=feed["people"])
    assert changes(owner, "apply") == []


def test_a_unit_that_is_no_longer_listed_is_deactivated_and_returns(owner: Connection) -> None:
    feed = company()
    units = without(feed["units"], external_id="münchen")
    stage(owner, units=units)
    assert changes(owner, "apply") == [("unit", "münchen", "deactivate")]
    stage(owner, units=units)
    assert changes(owner) == []
    stage(owner, units=feed["units"])
    assert changes(owner, "apply") == [("unit", "münchen", "reactivate")]


def test_a_file_of_one_kind_touches_no_other(owner: Connection) -> None:
    feed = company()
    owner.execute("update authz.org_units set name = 'by hand' where external_id = 'LON'")
    add(owner, people=without(feed["people"], external_id="E4"))
    assert changes(owner, "apply") == [("person", "E4", "deactivate")]
    assert one(owner, "select name from authz.org_units where external_id = 'LON'") == "by hand"


def test_a_kind_that_is_named_and_has_no_rows_is_stated_to_be_empty(owner: Connection) -> None:
    stage(owner)
    assert changes(owner) == []
    assert changes(owner, only=["grants"]) == [
        ("grant", "E1/admin/ACME", "remove"),
        ("grant", "E2/supervisor/NY-01", "remove"),
        ("grant", "E3/teller", "remove"),
    ]


def test_a_scope_ends_at_its_unit(owner: Connection) -> None:
    stage(owner, people=[{"external_id": "E2", "username": "bob", "unit_external_id": "NY-01"}])
    assert changes(owner, under="NY-01") == [("person", "E3", "deactivate")]
    stage(owner, people=[{"external_id": "E4", "unit_external_id": "LON"}])
    assert "is not below 'NY-01'" in problems(owner, under="NY-01")[0]


def test_a_scope_bounds_records_too(owner: Connection) -> None:
    stage(
        owner,
        customers=[{"id": n, "manager_external_id": e} for n, e in ((1, "E2"), (2, "E4"))],
        orders=[{"id": n, "handler_external_id": e} for n, e in ((1, "E2"), (2, "E4"))],
        funds=[
            {"id": 1, "handler_external_id": "E2", "amount": 1},
            {"id": 2, "handler_external_id": "E4", "amount": 1},
            {"id": 3, "handler_external_id": "E4", "order_id": 1, "amount": 1},
        ],
    )
    changes(owner, "apply")
    edited = {
        "customers": [{"id": n, "name": "X"} for n in (1, 2)],
        "orders": [{"id": n, "created_at": "2026-01-01"} for n in (1, 2)],
        "funds": [{"id": n, "amount": 5} for n in (1, 2, 3)],
    }
    stage(owner, **edited)
    assert changes(owner)[-1][2] != "unchanged"
    assert problems(owner) == []
    told = problems(owner, under="NY-01")
    assert [problem.split("column ")[1].split(";")[0] for problem in told] == [
        f"id: {kind} 2 does not belong below 'NY-01'" for kind in ("customer", "order", "fund")
    ]
    # Whoever is named as the owner takes the record over, as people are transferred.
    stage(owner, customers=[{"id": 2, "manager_external_id": "E2"}])
    assert changes(owner, "apply", under="NY-01") == [("customer", "2", "move")]


def test_a_role_without_a_unit_comes_along_into_a_scope(owner: Connection) -> None:
    grants = [*company()["grants"], {"person_external_id": "E4", "role_code": "staff"}]
    stage(owner, grants=grants)
    changes(owner, "apply")
    stage(
        owner,
        people=[{"external_id": code, "unit_external_id": "NY-01"} for code in ("E2", "E3", "E4")],
        grants=grants[1:],
    )
    assert changes(owner, "apply", under="NY-01") == [
        ("person", "E3", "move"), ("person", "E4", "move"),
    ]  # fmt: skip
    assert one(owner, "select count(*) from authz.user_roles") == 4


def test_a_line_without_a_code_in_a_complete_file_is_a_problem(owner: Connection) -> None:
    for code in (None, ""):
        stage(owner, units=[*company()["units"],
                            {"external_id": code, "parent_external_id": "LON"}])  # fmt: skip
        assert "column external_id: is empty" in problems(owner)[0]


def test_a_transfer_between_scopes_comes_right_in_either_order(owner: Connection) -> None:
    new_york = [{"external_id": code, "unit_external_id": "NY-01"} for code in ("E2", "E3", "E4")]
    for order in (("NY-01", "LON"), ("LON", "NY-01")):
        for under in order:
            stage(owner, people=new_york if under == "NY-01" else [])
            changes(owner, "apply", under=under, only=["people"])
        assert owner.execute(
            "select u.is_active, n.external_id from authz.users as u "
            "inner join authz.org_units as n on u.base_unit_id = n.id where u.external_id = 'E4'"
        ).fetchone() == (True, "NY-01")
        stage(owner, people=company()["people"])
        changes(owner, "apply")


def test_what_people_gave_by_hand_stays(owner: Connection) -> None:
    owner.execute(
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select u.id, r.id, u.base_unit_id "
        "from authz.users as u cross join authz.roles as r "
        "where u.external_id = 'E4' and r.code = 'staff'"
    )
    owner.execute(
        "insert into authz.memberships (user_id, unit_id) select u.id, n.id from authz.users as u "
        "cross join authz.org_units as n where u.external_id = 'E4' and n.external_id = 'IT'"
    )
    stage(owner, **company())
    assert changes(owner) == []
    grant = {"person_external_id": "E4", "role_code": "staff", "unit_external_id": "LON"}
    stage(owner, grants=[*company()["grants"], grant])
    assert changes(owner, "apply") == []
    assert one(owner, "select source from authz.user_roles as g inner join authz.users as u "
               "on g.user_id = u.id where u.external_id = 'E4'") == "person"  # fmt: skip
    stage(owner, grants=[*company()["grants"], grant | {"valid_until": "2099-01-01"}])
    assert "a person gave by hand" in problems(owner)[0]


def test_people_and_units_without_a_code_go_by_their_names_and_stay(owner: Connection) -> None:
    owner.execute(
        "insert into authz.org_units (parent_id, code) select n.id, 'annex' "
        "from authz.org_units as n where n.external_id = 'LON'"
    )
    owner.execute(
        "insert into authz.users (username, base_unit_id) select 'robot', n.id "
        "from authz.org_units as n where n.code = 'annex'"
    )
    stage(owner, **company())
    assert changes(owner) == []
    feed = company()
    feed["units"] += [{"external_id": "acme.lon.annex", "parent_external_id": "LON"}]
    feed["people"] += [{"external_id": "robot", "unit_external_id": "acme.lon.annex"}]
    stage(owner, **feed)
    assert changes(owner) == []
    feed["people"] = changed(
        feed["people"], {"external_id": "robot"}, external_id="R1", username="robot"
    )
    stage(owner, **feed)
    assert changes(owner, "apply") == [("person", "R1", "change")]
    assert one(owner, "select external_id from authz.users where username = 'robot'") == "R1"


def test_roles_that_a_feed_made_are_deactivated_by_it_and_no_others(owner: Connection) -> None:
    owner.execute(
        "insert into authz.roles (tenant_id, code) "
        "select id, 'by_hand' from authz.org_units where parent_id is null"
    )
    feed = company()
    stage(owner, roles=without(feed["roles"], code="chief"))
    assert changes(owner, "apply") == [("role", "chief", "deactivate")]
    stage(owner, roles=changed(feed["roles"], {"code": "teller"}, rank=30, parent_code="staff"))
    assert changes(owner, "apply") == [
        ("role", "chief", "reactivate"),
        ("role", "teller", "change"),
    ]
    assert one(owner, "select p.code from authz.roles as r inner join authz.roles as p "
               "on r.parent_role_id = p.id where r.code = 'teller'") == "staff"  # fmt: skip


def test_windows_change_and_split(owner: Connection) -> None:
    grants = company()["grants"][:2]
    teller = {"person_external_id": "E3", "role_code": "teller"}
    stage(owner, grants=[
        *grants,
        teller | {"valid_from": "2026-01-01", "valid_until": "2026-06-01"},
        teller | {"valid_from": "2026-06-01T00:00:00Z"},
    ])  # fmt: skip
    assert changes(owner, "apply") == [
        ("grant", "E3/teller", "add"), ("grant", "E3/teller", "change"),
    ]  # fmt: skip
    assert changes(owner) == []
    stage(owner, grants=[*grants, teller])
    changes(owner, "apply")
    assert one(owner, "select count(*) from authz.user_roles where valid_from is not null") == 0
    assert changes(owner) == []


def test_owners_of_records_of_the_same_transaction_move_together(owner: Connection) -> None:
    feed = company()
    with owner.transaction():
        stage(
            owner,
            orders=[{"id": 1, "handler_external_id": "E2"}],
            funds=[{"id": 1, "handler_external_id": "E3", "order_id": 1, "amount": 1}],
        )
        changes(owner, "apply")
        feed["people"][1]["unit_external_id"] = feed["people"][2]["unit_external_id"] = "LON"
        stage(owner, people=feed["people"])
        assert changes(owner, "apply") == [("person", "E2", "move"), ("person", "E3", "move")]
    assert owner.execute(
        "select distinct n.external_id from finance.financial_funds as f "
        "cross join lateral (values (f.handler_unit_id), (f.order_unit_id)) as v (id) "
        "inner join authz.org_units as n on v.id = n.id"
    ).fetchall() == [("LON",)]


def test_money_follows_its_feed(owner: Connection) -> None:
    stage(
        owner,
        customers=[{"id": 7, "name": "Customer", "manager_external_id": "E2"}],
        orders=[{"id": 9, "handler_external_id": "E3", "customer_id": 7}],
        funds=[{"id": 3, "order_id": 9, "amount": "12.50", "currency": "USD"}],
    )
    assert changes(owner, "apply") == [
        ("customer", "7", "add"), ("fund", "3", "add"), ("order", "9", "add"),
    ]  # fmt: skip
    assert changes(owner) == []
    stage(
        owner,
        funds=[{"id": 3, "amount": 13, "status": "paid"}, {"id": 4, "customer_id": 7, "amount": 1}],
    )
    assert changes(owner, "apply") == [("fund", "3", "change"), ("fund", "4", "add")]
    assert owner.execute(
        "select id, amount, currency, status from finance.financial_funds order by id"
    ).fetchall() == [(3, 13, "USD", "paid"), (4, 1, "EUR", "open")]
    # The next number that the database gives out is free.
    assert one(owner, "insert into finance.financial_funds (tenant_id, customer_id, amount) "
               "select tenant_id, id, 1 from finance.customers returning id") == 5  # fmt: skip


def test_roles_that_are_not_listed_take_part_in_cycles(owner: Connection) -> None:
    owner.execute(
        "insert into authz.roles (tenant_id, code, parent_role_id) select r.tenant_id, 'middle', "
        "r.id from authz.roles as r where r.code = 'chief'"
    )
    stage(owner, roles=[{"code": "chief"}, {"code": "teller", "parent_code": "middle"}])
    assert ["is in a cycle" in problem for problem in problems(owner)] == [True, True]
    stage(owner, roles=[{"code": "chief"}, {"code": "teller", "parent_code": "staff"}])
    assert problems(owner) == []


def test_a_role_that_a_person_deactivated_stays_so_unless_a_feed_says_true(
    owner: Connection,
) -> None:
    feed = company()
    owner.execute("update authz.roles set is_active = false where code = 'teller'")
    stage(owner, roles=feed["roles"])
    assert changes(owner) == []
    stage(owner, roles=changed(feed["roles"], {"code": "teller"}, is_active=True))
    assert changes(owner, "apply") == [("role", "teller", "reactivate")]
    stage(owner, roles=changed(feed["roles"], {"code": "teller"}, is_active=False))
    assert changes(owner, "apply") == [("role", "teller", "deactivate")]
    stage(owner, roles=feed["roles"])
    assert changes(owner) == []


def test_what_a_person_decides_about_a_role_that_was_not_listed_stays(owner: Connection) -> None:
    feed = company()
    stage(owner, roles=without(feed["roles"], code="chief"))
    changes(owner, "apply")
    role = one(owner, "select id from authz.roles where code = 'chief'")
    owner.execute(
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select u.id, r.id, u.tenant_id from authz.users as u cross join authz.roles as r "
        "where u.external_id = 'E4' and r.code = 'admin'"
    )
    with owner.transaction():
        owner.execute("select authz.act_as(id) from authz.users where external_id = 'E4'")
        owner.execute("select authz.update_role(%s, is_active => false)", [role])
    stage(owner, roles=feed["roles"])
    assert changes(owner) == []


def test_an_administrator_by_template_counts(owner: Connection) -> None:
    owner.execute(
        "insert into authz.permission_templates (unit_id, permission_key, min_role_rank) "
        "select id, 'permissions.create', 15 from authz.org_units where external_id = 'ACME'"
    )
    feed = company()
    stage(owner, people=without(feed["people"], external_id="E1"))
    assert "nobody else administers" in problems(owner)[0]
    feed["grants"] += [
        {"person_external_id": "E4", "role_code": "teller", "unit_external_id": "ACME"}
    ]
    stage(owner, grants=feed["grants"])
    changes(owner, "apply")
    stage(owner, people=without(feed["people"], external_id="E1"))
    assert problems(owner) == []
    # Nor is the last one of this sort deactivated.
    changes(owner, "apply")
    stage(owner, people=[{"external_id": "E2", "username": "bob", "unit_external_id": "NY-01"}])
    assert "nobody else administers" in problems(owner)[0]


@pytest.mark.parametrize(
    ("query", "values", "state"),
    [
        ("select * from sync.plan(%s)", ["nobody"], "22023"),
        ("select * from sync.plan('ACME', %s)", ["nowhere"], "22023"),
        ("select * from sync.plan('ACME', null, %s)", [["ships"]], "22023"),
        ("select * from sync.plan('ACME', null, %s)", [[None]], "22023"),
        ("select * from sync.apply('', '', '{}')", [], "22023"),
        ("select sync.clear(%s)", [["people", "ships"]], "22023"),
        ("select sync.clear(%s)", [[None]], "22023"),
        ("select * from sync.export('ACME', %s)", ["users"], "22023"),
        ("select * from sync.export('ACME', null)", [], "22023"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    owner: Connection, query: str, values: list[Any], state: str
) -> None:
    with pytest.raises(psycopg.Error) as error:
        owner.execute(query, values)
    assert error.value.sqlstate == state
    assert error.value.diag.message_hint


def test_more_than_the_limit_needs_its_number(owner: Connection) -> None:
    owner.execute("update authz.settings set sync_limit = 5")
    feed = company()
    stage(owner, people=feed["people"][:2])
    for confirm in (None, 1, 3):
        with pytest.raises(psycopg.Error, match="2 of 4 people") as error:
            changes(owner, "apply", confirm=confirm)
        assert error.value.sqlstate == "22023"
        assert "confirm => 2" in str(error.value.diag.message_hint)
    assert one(owner, "select count(*) from authz.users where is_active") == 4
    changes(owner, "apply", confirm=2)
    assert one(owner, "select count(*) from authz.users where is_active") == 2


def test_more_than_ten_removals_count_towards_the_limit(owner: Connection) -> None:
    feed = company()
    feed["people"] += [{"external_id": f"P{n}", "unit_external_id": "LON"} for n in range(12)]
    more = [
        {"person_external_id": f"P{n}", "role_code": "staff", "unit_external_id": "LON"}
        for n in range(12)
    ]
    feed["grants"] += more
    stage(owner, **feed)
    changes(owner, "apply")
    owner.execute("update authz.settings set sync_limit = 5")
    stage(owner, grants=feed["grants"][:4])
    with pytest.raises(psycopg.Error, match="11 of 15 grants"):
        changes(owner, "apply")
    stage(owner, grants=feed["grants"][:5])
    assert len(changes(owner, "apply")) == 10
    stage(owner, grants=feed["grants"], people=without(feed["people"], external_id="P1"))
    changes(owner, "apply", confirm=1)
    stage(owner, grants=feed["grants"][:4], people=feed["people"][:6])
    for confirm in (9, 11, None):
        with pytest.raises(psycopg.Error, match="10 of 15 people, 11 of 15 grants"):
            changes(owner, "apply", confirm=confirm)
    changes(owner, "apply", confirm=21)


def test_moves_count_towards_the_limit(owner: Connection) -> None:
    owner.execute("update authz.settings set sync_limit = 30")
    people = changed(company()["people"], {"external_id": "E3"}, unit_external_id="LON")
    stage(owner, people=people)
    assert changes(owner, "apply") == [("person", "E3", "move")]
    stage(owner, people=changed(people[:3], {"external_id": "E3"}, unit_external_id="IT"))
    with pytest.raises(psycopg.Error, match="2 of 4 people"):
        changes(owner, "apply")


def test_the_last_administrator_is_never_deactivated(owner: Connection) -> None:
    feed = company()
    stage(owner, people=without(feed["people"], external_id="E1"))
    assert "nobody else administers" in problems(owner)[0]
    stage(owner, people=changed(feed["people"], {"external_id": "E1"}, is_active=False))
    assert "nobody else administers" in problems(owner)[0]
    stage(owner, grants=without(feed["grants"], person_external_id="E1"))
    with pytest.raises(psycopg.Error) as error:
        changes(owner, "apply")
    assert error.value.sqlstate == "23514"
    second = {"person_external_id": "E2", "role_code": "admin", "unit_external_id": "ACME"}
    stage(owner, grants=[*feed["grants"], second])
    changes(owner, "apply")
    stage(owner, people=without(feed["people"], external_id="E1"))
    assert changes(owner, "apply") == [("person", "E1", "deactivate")]


def test_each_row_is_audited_as_sync_and_the_plan_as_one_event(owner: Connection) -> None:
    last = one(owner, "select max(id) from audit.permission_audit_log")
    owner.execute(
        "insert into sync.files (file, sha256, table_name) values ('people.csv', 'abc', 'people'), "
        "('hr.zip', 'def', null), ('units.csv', 'ghi', 'units'), ('roles.csv', 'jkl', 'roles')"
    )
    owner.execute("select sync.clear('{role, people}')")
    stage(owner, people=without(company()["people"], external_id="E4"))
    owner.execute("insert into sync.files values ('people.csv', 'abc', 'people')")
    owner.execute("select set_config('fundwarden.reason', 'mine', false)")
    changes(owner, "apply")
    rows = owner.execute(
        "select table_name, action, reason, new_values from audit.permission_audit_log "
        "where id > %s and table_name is distinct from 'authz.tenants' order by id", [last]
    ).fetchall()  # fmt: skip
    assert [row[:3] for row in rows] == [
        ("authz.users", "UPDATE", "sync"), (None, "SYNC", "sync"),
    ]  # fmt: skip
    assert rows[1][3] == {
        "tenant": "ACME", "under": "ACME", "files": {"people.csv": "abc", "hr.zip": "def"},
        "changes": {"person": {"deactivate": 1, "unchanged": 3}},
    }  # fmt: skip
    # Files of a kind that was neither cleared nor applied are still to come.
    assert owner.execute("select file from sync.files").fetchall() == [("units.csv",)]
    owner.execute("select sync.clear()")
    assert one(owner, "select count(*) from sync.files") == 0
    assert one(owner, "select current_setting('fundwarden.reason')") == "mine"
    assert owner.execute("select * from audit.verify_tables()").fetchall() == []


def test_only_the_users_concerned_are_marked(owner: Connection) -> None:
    owner.execute("update authz.settings set refresh_mode = 'manual'")
    last = one(owner, "select max(xid::text::bigint) from authz_private.policy_marks")
    feed = company()
    stage(owner, people=changed(feed["people"], {"external_id": "E4"}, unit_external_id="IT"))
    changes(owner, "apply")
    assert owner.execute(
        "select distinct u.external_id from authz_private.policy_marks as m "
        "left join authz.users as u on m.user_id = u.id where m.xid::text::bigint > %s", [last]
    ).fetchall() == [("E4",)]  # fmt: skip


def test_two_tenants_do_not_meet(owner: Connection) -> None:
    stage(
        owner,
        units=[{"external_id": "OTHER"}, {"external_id": "LON", "parent_external_id": "OTHER"}],
        people=[{"external_id": "E1", "unit_external_id": "LON"}],
    )
    assert changes(owner, "apply", tenant="OTHER") == [
        ("person", "E1", "add"), ("unit", "LON", "add"), ("unit", "OTHER", "add"),
    ]  # fmt: skip
    assert one(owner, "select count(*) from authz.users where external_id = 'E1'") == 2
    stage(owner, **company())
    assert changes(owner) == []


def test_the_administration_functions_take_the_code(owner: Connection) -> None:
    with owner.transaction():
        owner.execute("select authz.act_as(id) from authz.users where external_id = 'E1'")
        root = one(owner, "select id from authz.org_units where external_id = 'ACME'")
        unit = one(owner, "select (authz.create_unit(%s, 'x', external_id => 'X')).id", root)
        user = one(owner, "select (authz.create_user('x', %s, '{}', 'P')).id", unit)
        owner.execute("select authz.update_user(%s, external_id => 'P2')", [user])
        owner.execute("select authz.update_unit(%s, external_id => 'X2')", [unit])
        for query in (
            "select authz.update_user(%(user)s, external_id => 'E1')",
            "select authz.update_unit(%(unit)s, external_id => 'LON')",
            "select authz.create_user('y', %(unit)s, '{}', 'E1')",
            "select authz.create_unit(%(unit)s, 'y', external_id => 'LON')",
        ):
            with pytest.raises(psycopg.Error, match="external_id") as error, owner.transaction():
                owner.execute(query, {"user": user, "unit": unit})
            assert error.value.sqlstate == "23505"
        with pytest.raises(psycopg.Error) as error, owner.transaction():
            owner.execute("select authz.update_user(%s, external_id => ' ')", [user])
        assert error.value.sqlstate == "22023"
        # The codes of the roots of tenants differ; that another tenant exists is not told.
        owner.execute("insert into authz.org_units (code, external_id) values ('y', 'ELSEWHERE')")
        with (
            pytest.raises(psycopg.Error, match="external_id: cannot be used") as error,
            owner.transaction(),
        ):
            owner.execute("select authz.update_unit(%s, external_id => 'ELSEWHERE')", [root])
        assert error.value.sqlstate == "23505"
    assert one(owner, "select external_id from authz.users where username = 'x'") == "P2"
