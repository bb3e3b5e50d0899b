"""Reviews of access: nothing is left out, a population is frozen, decisions are carried out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from administration_world import build, sign_in
from waiting import (
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_until_blocked,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

OPEN = "select (authz.open_review(%s, %s, %s, %s)).id"
DECIDE = "select (authz.decide_review_item(%s, %s, %s)).status"
CLOSE = "select * from authz.close_review(%s)"
DUE = "2999-01-01"

# On top of the world of administration: what does not count, and what comes from elsewhere.
MORE = """
    insert into authz.users (id, username, base_unit_id, is_active) values (30, 'ghost', 11, false);
    insert into authz.user_roles (id, user_id, role_id, unit_id, valid_from, valid_until)
    values (6001, 30, 101, 11, null, null), (6002, 17, 101, 11, '2000-01-01', '2001-01-01'),
        (6003, 17, 102, 11, '2990-01-01', null);
    update authz.roles set is_active = false where id = 106;
    insert into authz.user_roles (id, user_id, role_id, unit_id) values (6004, 9, 106, 11);
    insert into authz.delegations (id, tenant_id, delegator_id, delegate_id, resource, action,
        unit_id, valid_from, valid_until, reason, requested_by)
    values (7001, 1, 3, 5, 'finance.funds', 'read', 11, '2000-01-01', '2999-01-01', 'away', 3),
        (7002, 1, 3, 30, 'finance.funds', 'read', 11, '2000-01-01', '2999-01-01', 'away', 3),
        (7003, 1, 3, 5, 'finance.funds', 'read', 12, '2000-01-01', '2999-01-01', 'away', 3);
    insert into authz.memberships (id, user_id, unit_id) values (7101, 16, 11);
"""


def prepare(conninfo: str) -> None:
    build(conninfo)
    with psycopg.connect(conninfo) as admin:
        admin.execute("set local role fundwarden_owner")
        admin.execute(MORE)


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    prepare(module_database)
    return module_database


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


def review(connection: Connection, unit: int | None) -> dict[tuple[str, int], dict[str, Any]]:
    cursor = connection.execute("select * from authz.access_review(%s)", [unit])
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    keyed = {(f["kind"], f["source_id"]): f for f in found}
    assert len(keyed) == len(found)
    return keyed


# Who has access.


def test_everything_that_reaches_into_a_unit_is_shown(app: Connection) -> None:
    sign_in(app, 1)
    found = review(app, 11)
    assert found.keys() >= {
        ("role", 1001), ("role", 1003), ("role", 1005), ("role", 1013), ("role", 1017),
        ("role", 6001), ("role", 6002), ("role", 6003), ("role", 6004),
        ("policy", 2005), ("policy", 2013), ("permission", 3009), ("permission", 3014),
        ("permission", 3114), ("delegation", 7001), ("delegation", 7002),
        ("template", 5001), ("template", 5002), ("membership", 7101),
    }  # fmt: skip
    # Of another office, another region, another tenant.
    assert not found.keys() & {
        ("role", 1006), ("role", 1016), ("role", 1007), ("delegation", 7003), ("membership", 4001),
    }  # fmt: skip
    role = found["role", 1003]
    assert (role["user_id"], role["username"], role["unit_path"]) == (3, "nora", "acme.north")
    assert (role["title"], role["role_path"]) == ("regional_admin", "regional_admin")
    assert found["permission", 3009]["title"] == "directory:manage:team"


def test_what_does_not_count_is_marked_and_not_left_out(app: Connection) -> None:
    sign_in(app, 1)
    found = review(app, 11)
    marks = {key: set(row["marks"]) for key, row in found.items()}
    assert marks["role", 6001] == {"inactive user"}
    assert marks["role", 6002] == {"expired"}
    assert marks["role", 6003] == {"not yet begun"}
    assert marks["role", 6004] == {"inactive role"}
    assert marks["delegation", 7002] == {"inactive user", "orphan"}
    assert marks["template", 5001] == {"disabled"}
    assert marks["role", 1003] == set()
    assert marks["policy", 2005] == {"deny"}
    app.execute("reset role; set local role fundwarden_owner")
    app.execute("insert into authz.role_policies (role_id, policy_id) values (101, 201)")
    assert "deny" in review(app, 11)["role", 1005]["marks"]


def test_who_gave_it_and_why_comes_from_the_log(app: Connection) -> None:
    sign_in(app, 1)
    app.execute("select set_config('fundwarden.reason', 'ticket 7', true)")
    given = value(app, "select (authz.assign_role(17, 102, 12)).id")
    row = review(app, 12)["role", given]
    assert (row["granted_by"], row["granted_by_name"], row["reason"]) == (1, "ann", "ticket 7")
    assert row["granted_at"] is not None
    delegation = review(app, 11)["delegation", 7001]
    assert (delegation["granted_by"], delegation["reason"]) == (3, "away")


def test_a_review_of_the_tenant_holds_each_access_once(app: Connection) -> None:
    sign_in(app, 1)
    assert review(app, None) == review(app, 1)
    assert ("role", 1007) not in review(app, None)
    app.execute("reset role")
    # The owner sees any tenant.
    assert ("role", 1007) in review(app, 500)


def test_people_beyond_the_callers_units_are_shown_without_a_name(app: Connection) -> None:
    sign_in(app, 3)
    found = review(app, 11)
    above = found["role", 1001]
    assert above["marks"] == ["hidden user"]
    assert {above[n] for n in ("user_id", "username", "unit_path", "grant_unit_id")} == {None}
    assert found["role", 1005]["username"] == "bob"


@pytest.mark.parametrize(
    ("user", "unit", "sqlstate"),
    [(3, 20, "42501"), (3, 1, "42501"), (3, 424242, "42501"), (3, 510, "42501"), (5, 11, "42501"),
     (3, None, "42501"), (9, 10, "42501")],
)  # fmt: skip
def test_a_review_needs_the_right_to_see_access_throughout_the_unit(
    app: Connection, user: int, unit: int | None, sqlstate: str
) -> None:
    sign_in(app, user)
    assert refusal(app, "select * from authz.access_review(%s)", unit).sqlstate == sqlstate


def test_an_auditor_sees_every_unit_and_nobody_sees_none(world: str) -> None:
    with session(world) as connection:
        connection.execute("begin; set local role fundwarden_auditor")
        assert ("role", 1007) in review(connection, 500)
        assert refusal(connection, "select * from authz.access_review()").sqlstate == "28000"
        connection.execute("rollback; begin; set local role fundwarden_auditor; savepoint here")
        assert refusal(connection, "select * from authz.access_review(424242)").sqlstate == "22023"
        connection.execute("rollback; begin; set local role fundwarden_app; savepoint here")
        assert refusal(connection, "select * from authz.access_review(11)").sqlstate == "28000"


def test_a_trusted_login_that_signed_a_user_in_sees_what_the_user_sees(world: str) -> None:
    with session(world) as connection:
        connection.execute("begin")
        sign_in(connection, 1)
        number = value(connection, OPEN, 20, 1, DUE, "lapse")
        connection.execute("reset role; set local role fundwarden_trusted")
        connection.execute("select authz.act_as(3)")
        assert review(connection, 11)["role", 1001]["marks"] == ["hidden user"]
        assert rows(connection, "select review_id from authz.list_reviews()") == []
        for question, about in (
            ("select * from authz.access_review(%s)", 20),
            ("select * from authz.review_items(%s)", number),
        ):
            connection.execute("savepoint here")
            assert refusal(connection, question, about).sqlstate == "42501"
            connection.execute("rollback to here")
        connection.execute("select set_config('fundwarden.identity', '', true)")
        assert "hidden user" not in review(connection, 11)["role", 1001]["marks"]
        assert len(rows(connection, "select review_id from authz.list_reviews()")) == 1
        assert ("role", 1006) in items(connection, number)
        connection.execute("rollback")


def test_it_streams_as_csv(app: Connection) -> None:
    sign_in(app, 1)
    with app.cursor().copy(
        "copy (select * from authz.access_review(11)) to stdout with (format csv, header)"
    ) as copy:
        text = b"".join(bytes(part) for part in copy).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == len(review(app, 11))
    assert {"kind", "username", "role_path", "last_sign_in", "marks"} <= set(lines[0])


# Campaigns.


def items(connection: Connection, number: int) -> dict[tuple[str, int], int]:
    return {
        (row[1], row[2]): row[0]
        for row in rows(
            connection,
            "select i.item_id, i.kind, i.source_id from authz.review_items(%s) as i",
            number,
        )
    }


def test_a_campaign_from_its_opening_to_its_end(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    sign_in(app, 3)
    found = items(app, number)
    for key, decision in (
        (("role", 1005), "revoke"),
        (("policy", 2005), "keep"),
        (("delegation", 7001), "revoke"),
        (("membership", 7101), "revoke"),
        (("template", 5001), "revoke"),
        (("role", 6001), "revoke"),
        (("role", 1017), "revoke"),
    ):
        assert value(app, DECIDE, found[key], decision, "because") == "done"
    # A decision may change until the end.
    assert value(app, DECIDE, found["role", 1017], "keep", None) == "done"
    sign_in(app, 1)
    done = {(row[1], row[2]): (row[5], row[6]) for row in rows(app, CLOSE, number)}
    assert done.keys() == found.keys()
    assert done["role", 1005] == ("revoke", "revoked")
    assert done["policy", 2005] == ("keep", "kept")
    assert done["delegation", 7001] == ("revoke", "revoked")
    assert done["membership", 7101] == ("revoke", "revoked")
    assert done["template", 5001] == ("revoke", "revoked")
    assert done["role", 6001] == ("revoke", "revoked")
    assert done["role", 1017] == ("keep", "kept")
    assert done["role", 1001] == (None, "lapsed")
    left = review(app, 11)
    assert ("role", 1005) not in left
    assert ("membership", 7101) not in left
    assert ("role", 1017) in left
    app.execute("reset role")
    logged = rows(
        app,
        "select l.reason, l.action from audit.permission_audit_log as l "
        "where l.table_name = 'authz.user_roles' and l.row_key = '{\"id\": 1005}' "
        "order by l.id desc limit 1",
    )
    assert logged == [(f"review {number}", "DELETE")]
    assert value(
        app,
        "select count(*) from audit.permission_audit_log as l "
        "where l.table_name like 'authz.access_review%'",
    ) > len(found)


def test_who_gave_it_is_hidden_in_an_item_as_in_the_list(app: Connection) -> None:
    found = "select i.found from authz.review_items(%s) as i where i.kind = %s and i.source_id = %s"
    sign_in(app, 1)
    given = value(app, "select (authz.assign_role(9, 102, 11)).id")
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    assert value(app, found, number, "role", given)["granted_by"] == 1
    sign_in(app, 3)
    assert review(app, 11)["role", given]["granted_by"] is None
    item = value(app, found, number, "role", given)
    assert (item["username"], "granted_by" in item) == ("dee", False)
    # nora gave it herself.
    assert value(app, found, number, "delegation", 7001)["granted_by"] == 3


def test_what_nobody_decided_escalates_to_whoever_opened_it(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 12, 3, DUE, "escalate")
    sign_in(app, 3)
    found = items(app, number)
    app.execute(DECIDE, [found["delegation", 7003], "keep", None])
    sign_in(app, 2)
    done = {(row[1], row[2]): row[6] for row in rows(app, CLOSE, number)}
    assert done["delegation", 7003] == "kept"
    assert set(done.values()) == {"kept", "escalated"}
    (next_one,) = rows(
        app, "select r.review_id, r.reviewer_id, r.undecided from authz.list_reviews() as r"
    )
    assert next_one[1:] == (1, "lapse")
    sign_in(app, 1)
    assert items(app, next_one[0]).keys() == found.keys() - {("delegation", 7003)}


def test_a_population_never_changes(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    before = rows(app, "select * from authz.review_items(%s)", number)
    app.execute("select authz.assign_role(9, 102, 11)")
    app.execute("select authz.revoke_role(1005)")
    app.execute("select authz.deactivate_user(17)")
    assert rows(app, "select * from authz.review_items(%s)", number) == before


def test_what_ended_meanwhile_is_reported_and_no_error(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    sign_in(app, 3)
    found = items(app, number)
    for key in (("role", 1005), ("delegation", 7001), ("membership", 7101), ("template", 5001)):
        app.execute(DECIDE, [found[key], "revoke", None])
    sign_in(app, 1)
    app.execute("select authz.revoke_role(1005)")
    app.execute("select authz.revoke_delegation(7001)")
    app.execute("select authz.remove_membership(7101)")
    app.execute("select authz.reset_permission_template(11, 'orders.read')")
    done = {(row[1], row[2]): row[6] for row in rows(app, CLOSE, number)}
    for key in (("role", 1005), ("delegation", 7001), ("membership", 7101), ("template", 5001)):
        assert done[key] == "gone", key


def test_what_the_closer_may_not_revoke_is_reported_and_the_rest_is_done(app: Connection) -> None:
    sign_in(app, 3)
    number = value(app, OPEN, 12, 4, DUE, "lapse")
    sign_in(app, 4)
    found = items(app, number)
    # eva is a director, above nora's rank.
    app.execute(DECIDE, [found["role", 1016], "revoke", None])
    app.execute(DECIDE, [found["delegation", 7003], "revoke", None])
    sign_in(app, 3)
    done = {(row[1], row[2]): row[6:8] for row in rows(app, CLOSE, number)}
    assert done["role", 1016][0] == "refused"
    assert "above your rank" in done["role", 1016][1]
    assert done["delegation", 7003] == ("revoked", None)
    assert ("role", 1016) in review(app, 12)


# Who may do what in them.


def test_nobody_decides_on_their_own_access(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 10, 3, DUE, "lapse")
    sign_in(app, 3)
    error = refusal(app, DECIDE, items(app, number)["role", 1003], "keep", None)
    assert (error.sqlstate, error.message_primary) == (
        "42501",
        "item_id: nobody decides on their own access",
    )


def test_the_table_refuses_a_decision_on_oneself_whoever_writes_it(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 10, 3, DUE, "lapse")
    app.execute("reset role")
    error = refusal(
        app,
        "update authz.access_review_items set decision = 'keep', decided_by = user_id, "
        "decided_at = now() where review_id = %s and user_id is not null",
        number,
    )
    assert (error.sqlstate, error.constraint_name) == ("23514", "nobody_decides_on_themselves")


def test_nobody_decides_beyond_their_units(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    sign_in(app, 3)
    found = items(app, number)
    error = refusal(app, DECIDE, found["role", 1001], "revoke", None)
    assert (error.sqlstate, error.message_primary) == (
        "42501",
        "item_id: the access is given beyond your units",
    )
    app.execute("rollback")


@pytest.mark.parametrize(
    ("user", "arguments", "sqlstate"),
    [
        (5, (11, 3, DUE, "lapse"), "42501"),
        (3, (20, 3, DUE, "lapse"), "42501"),
        (3, (1, 3, DUE, "lapse"), "42501"),
        (3, (424242, 3, DUE, "lapse"), "42501"),
        (1, (510, 7, DUE, "lapse"), "42501"),
        (1, (11, 7, DUE, "lapse"), "42501"),
        (1, (11, 30, DUE, "lapse"), "42501"),
        (1, (11, 424242, DUE, "lapse"), "42501"),
        (1, (11, None, DUE, "lapse"), "42501"),
        # bob sees no access; una would see that of the north.
        (1, (11, 5, DUE, "lapse"), "42501"),
        (1, (1, 15, DUE, "lapse"), "42501"),
        (1, (11, 3, "2000-01-01", "lapse"), "22023"),
        (1, (11, 3, "infinity", "lapse"), "22023"),
        (1, (11, 3, None, "lapse"), "22023"),
        (1, (11, 3, DUE, "revoke"), "22023"),
        (1, (11, 3, DUE, None), "22023"),
        (1, (None, 3, DUE, "lapse"), "42501"),
    ],
)
def test_a_review_that_may_not_be_opened_is_refused(
    app: Connection, user: int, arguments: tuple[Any, ...], sqlstate: str
) -> None:
    sign_in(app, user)
    error = refusal(app, OPEN, *arguments)
    assert (error.sqlstate, bool(error.message_hint)) == (sqlstate, True)


def test_only_the_reviewer_decides_and_only_while_it_is_open(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    item = items(app, number)["role", 1005]
    for user in (1, 2, 4, 5, 7):
        app.execute("savepoint here")
        sign_in(app, user)
        error = refusal(app, DECIDE, item, "keep", None)
        assert (error.sqlstate, error.message_primary) == ("42501", "item_id: not allowed")
        app.execute("rollback to here")
    sign_in(app, 3)
    for arguments, sqlstate in (
        ((424242, "keep", None), "42501"),
        ((None, "keep", None), "42501"),
        ((item, "perhaps", None), "22023"),
        ((item, None, None), "22023"),
        ((item, "keep", " "), "22023"),
        ((item, "keep", "x" * 2001), "22023"),
    ):
        app.execute("savepoint here")
        assert refusal(app, DECIDE, *arguments).sqlstate == sqlstate
        app.execute("rollback to here")
    sign_in(app, 1)
    app.execute(CLOSE, [number])
    app.execute("savepoint here")
    assert refusal(app, CLOSE, number).sqlstate == "23514"
    app.execute("rollback to here")
    sign_in(app, 3)
    assert refusal(app, DECIDE, item, "keep", None).sqlstate == "23514"


@pytest.mark.parametrize("user", [3, 5, 7, 9])
def test_only_who_answers_for_the_unit_closes_its_review(app: Connection, user: int) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 20, 2, DUE, "lapse")
    sign_in(app, user)
    app.execute("savepoint here")
    assert refusal(app, CLOSE, number).sqlstate == "42501"
    app.execute("rollback to here")
    assert refusal(app, CLOSE, 424242).sqlstate == "42501"
    app.execute("rollback to here")
    assert refusal(app, "select * from authz.review_items(%s)", number).sqlstate == "42501"
    app.execute("rollback to here")
    assert rows(app, "select review_id from authz.list_reviews(false)") == []


def test_an_application_reads_no_table_of_reviews(world: str) -> None:
    with session(world, user="app_login") as connection:
        for table in (
            "authz.access_reviews",
            "authz.access_review_items",
            "authz_private.last_sign_ins",
        ):
            assert refusal(connection, f"select * from {table}").sqlstate == "42501"
        assert refusal(connection, "select * from authz.list_reviews()").sqlstate == "28000"
        assert refusal(connection, "select * from authz.review_items(1)").sqlstate == "28000"


def test_an_overdue_review_says_so(app: Connection) -> None:
    sign_in(app, 1)
    number = value(app, OPEN, 11, 3, DUE, "lapse")
    status = "select r.status, r.items > 0, r.decided from authz.list_reviews() as r"
    assert rows(app, status) == [("open", True, 0)]
    app.execute("reset role")
    app.execute("update authz.access_reviews set due = now() where id = %s", [number])
    sign_in(app, 3)
    assert rows(app, status) == [("overdue", True, 0)]


# Races.


@pytest.fixture
def racing(database: str) -> str:
    prepare(database)
    return database


def test_a_grant_that_is_revoked_while_the_review_closes_is_gone(racing: str) -> None:
    with session(racing) as first, session(racing) as second, session(racing) as watcher:
        first.execute("begin")
        sign_in(first, 1)
        number = value(first, OPEN, 11, 3, DUE, "lapse")
        sign_in(first, 3)
        first.execute(DECIDE, [items(first, number)["role", 1005], "revoke", None])
        first.execute("commit; begin")
        sign_in(first, 2)
        first.execute("select authz.revoke_role(1005)")
        second.execute("begin")
        sign_in(second, 1)
        closing = start(second, CLOSE, number)
        wait_until_blocked(watcher, closing)
        first.execute("commit")
        done = {(row[1], row[2]): row[6] for row in closing.rows()}
        assert done["role", 1005] == "gone"
        second.execute("commit")


def test_a_grant_made_while_a_review_opens_is_in_it_or_after_it(racing: str) -> None:
    with session(racing) as first, session(racing) as second, session(racing) as watcher:
        first.execute("begin")
        sign_in(first, 2)
        given = value(first, "select (authz.assign_role(9, 102, 11)).id")
        second.execute("begin")
        sign_in(second, 1)
        opening = start(second, OPEN, 11, 3, DUE, "lapse")
        wait_until_blocked(watcher, opening)
        first.execute("commit")
        number = opening.rows()[0][0]
        assert ("role", given) in items(second, number)
        second.execute("commit")


def test_a_decision_does_not_slip_into_a_review_that_closes(racing: str) -> None:
    with session(racing) as first, session(racing) as second, session(racing) as watcher:
        first.execute("begin")
        sign_in(first, 1)
        number = value(first, OPEN, 11, 3, DUE, "lapse")
        item = items(first, number)["role", 1005]
        first.execute("commit; begin")
        sign_in(first, 1)
        rows(first, CLOSE, number)
        second.execute("begin")
        sign_in(second, 3)
        deciding = start(second, DECIDE, item, "revoke", None)
        wait_until_blocked(watcher, deciding)
        first.execute("commit")
        assert deciding.outcome() in ("23514", "42501", "40001")
        assert (
            value(first, "select decision from authz.access_review_items where id = %s", item)
            is None
        )


# The last sign-in.


def last(admin: Connection) -> list[tuple[Any, ...]]:
    return rows(
        admin, "select s.user_id, s.day::text from authz_private.last_sign_ins as s order by 1"
    )


@pytest.fixture
def signing(database: str) -> str:
    prepare(database)
    with session(database) as admin:
        admin.execute(
            "insert into authz_private.clock_override (instant) values ('2030-01-01 23:59+00')"
        )
    return database


def test_the_last_sign_in_is_kept_by_day(
    signing: str, connect: Callable[..., psycopg.Connection[Any]]
) -> None:
    with session(signing) as admin, session(signing, user="app_login") as app:
        token = value(admin, "select authz.issue_token(3, '30 days')")
        app.execute("select authz.sign_in(%s)", [token])
        assert last(admin) == [(3, "2030-01-01")]
        written = value(admin, "select xmin::text from authz_private.last_sign_ins")
        app.execute("select authz.sign_in(%s)", [token])
        assert value(admin, "select xmin::text from authz_private.last_sign_ins") == written
        admin.execute("update authz_private.clock_override set instant = '2030-01-02 00:00+00'")
        app.execute("select authz.sign_in(%s)", [token])
        assert last(admin) == [(3, "2030-01-02")]
        admin.execute("begin")
        sign_in(admin, 1)
        assert review(admin, 11)["role", 1003]["last_sign_in"].isoformat() == "2030-01-02"
        admin.execute("rollback")


def test_a_sign_in_that_cannot_write_is_not_delayed(signing: str) -> None:
    with session(signing) as admin, session(signing, user="app_login") as app:
        token = value(admin, "select authz.issue_token(3, '30 days')")
        app.execute("begin read only")
        assert value(app, "select authz.sign_in(%s)", token) == 3
        app.execute("commit")
        assert last(admin) == []
        with session(signing, user="app_login") as other:
            other.execute("begin")
            assert value(other, "select authz.sign_in(%s)", token) == 3
            # The other has written, and not yet committed.
            app.execute("set statement_timeout = '20s'")
            for level in ("read committed", "repeatable read", "serializable"):
                app.execute(f"begin isolation level {level}")
                assert outcome(app, "select authz.sign_in(%s)", token) == "done"
                assert value(app, "select authz.current_user_id()") == 3
                app.execute("commit")
            other.execute("commit")
        assert last(admin) == [(3, "2030-01-01")]
        # Reads and writes of this table would let two users fail each other.
        token = value(admin, "select authz.issue_token(1, '30 days')")
        app.execute("begin isolation level serializable")
        assert value(app, "select authz.sign_in(%s)", token) == 1
        app.execute("commit")
        assert last(admin) == [(3, "2030-01-01")]


def test_a_sign_in_whose_snapshot_is_older_than_the_write_succeeds(signing: str) -> None:
    with session(signing) as admin, session(signing, user="app_login") as app:
        token = value(admin, "select authz.issue_token(3, '30 days')")
        app.execute("begin isolation level repeatable read")
        assert value(app, "select authz.current_user_id()") is None
        with session(signing, user="app_login") as other:
            assert value(other, "select authz.sign_in(%s)", token) == 3
        assert value(app, "select authz.sign_in(%s)", token) == 3
        app.execute("commit")
        assert last(admin) == [(3, "2030-01-01")]


def test_whom_a_trusted_login_names_has_signed_in_and_whom_one_impersonates_has_not(
    signing: str,
) -> None:
    with session(signing) as admin, session(signing, user="trusted_login") as trusted:
        trusted.execute("select authz.act_as(5)")
        assert last(admin) == [(5, "2030-01-01")]
        token = value(admin, "select authz.issue_token(3, '30 days')")
        trusted.execute("begin")
        trusted.execute("select authz.sign_in(%s)", [token])
        trusted.execute("select authz.act_as(17, 'support')")
        trusted.execute("commit")
        assert last(admin) == [(3, "2030-01-01"), (5, "2030-01-01")]


# What changed.


def test_the_changes_of_a_user_are_a_readable_list(app: Connection) -> None:
    sign_in(app, 1)
    begun = value(app, "select clock_timestamp()")
    app.execute("select set_config('fundwarden.reason', 'joins the team', true)")
    given = value(app, "select (authz.assign_role(9, 102, 11)).id")
    app.execute("select set_config('fundwarden.reason', '', true)")
    app.execute("select authz.transfer_user(9, 12)")
    app.execute("select authz.revoke_role(%s)", [given])
    app.execute("reset role; set local role fundwarden_auditor")
    changes = (
        "select c.change, c.kind, c.description, c.changed_by_name, c.reason "
        "from audit.changes_of_access({}) as c"
    )
    found = rows(app, changes.format("user_id => 9, since => %s"), begun)
    assert [row[:2] for row in found] == [
        ("create", "user_roles"),
        ("update", "users"),
        ("delete", "user_roles"),
    ]
    assert found[0][2:] == (
        "gave user role 'orders_reader' at acme.north.berlin",
        "ann",
        "joins the team",
    )
    assert "base_unit_id: 11 -> 12" in found[1][2]
    assert found[2][2] == "took away user role 'orders_reader' at acme.north.berlin"
    at_unit = rows(app, changes.format("unit_id => 10, since => %s"), begun)
    assert [row[:2] for row in at_unit] == [row[:2] for row in found]
    assert rows(app, changes.format("unit_id => 20, since => %s"), begun) == []
    assert rows(app, changes.format("user_id => 9, until => %s"), begun)[0][0] == "create"


def test_the_changes_at_a_unit_are_those_of_all_who_came_or_left(app: Connection) -> None:
    def at(unit: int) -> list[tuple[Any, ...]]:
        return rows(
            app,
            "select c.change, c.kind, c.source_id, c.unit_path "
            "from audit.changes_of_access(unit_id => %s, since => %s) as c",
            unit,
            begun,
        )

    app.execute("insert into authz.org_units (id, parent_id, code) values (13, 11, 'desk')")
    app.execute("insert into authz.user_roles (id, user_id, role_id) values (6100, 9, 111)")
    begun = value(app, "select clock_timestamp()")
    app.execute("delete from authz.user_roles where id = 6100")
    sign_in(app, 1)
    given = value(app, "select (authz.assign_role(9, 102, 11)).id")
    app.execute("select authz.transfer_user(9, 12)")
    wandering = value(app, "select (authz.assign_role(9, 111)).id")
    app.execute("reset role")
    berlin = [
        ("delete", "user_roles", 6100, "acme.north.berlin"),
        ("create", "user_roles", given, "acme.north.berlin"),
        ("update", "users", 9, "acme.north.oslo"),
    ]
    oslo = [
        ("update", "users", 9, "acme.north.oslo"),
        ("create", "user_roles", wandering, "acme.north.oslo"),
    ]
    assert at(11) == berlin
    assert at(12) == oslo
    # A unit that moves away with what is below it, and one that is deleted.
    begun = value(app, "select clock_timestamp()")
    app.execute("update authz.org_units set parent_id = 20 where id = 11")
    app.execute("insert into authz.user_roles (id, user_id, role_id, unit_id) "
                "values (6101, 9, 102, 13)")  # fmt: skip
    app.execute("delete from authz.user_roles where id = 6101")
    app.execute("delete from authz.org_units where id = 13")
    moved = {("update", "org_units", unit) for unit in (11, 13)}
    deleted = {("delete", "org_units", 13)}
    grants = {("create", "user_roles", 6101), ("delete", "user_roles", 6101)}
    assert {row[:3] for row in at(10)} == moved
    assert {row[:3] for row in at(20)} == moved | deleted | grants
    assert {row[:3] for row in at(13)} >= deleted | grants
    assert at(12) == []


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "user_id => 1, unit_id => 1",
        "user_id => 1, since => '2020-01-02', until => '2020-01-01'",
    ],
)
def test_a_question_about_changes_that_cannot_be_meant_is_refused(
    app: Connection, arguments: str
) -> None:
    error = refusal(app, f"select * from audit.changes_of_access({arguments})")
    assert (error.sqlstate, bool(error.message_hint)) == ("22023", True)


@pytest.mark.parametrize(
    "question",
    [
        "select * from audit.changes_of_access(1)",
        "select audit.scope_as_of(1, 'funds', 'read', now())",
    ],
)
def test_the_log_is_for_auditors(world: str, question: str) -> None:
    with session(world, user="app_login") as connection:
        assert refusal(connection, question).sqlstate == "42501"
