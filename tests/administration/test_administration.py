"""Administrators at the same time: authority cannot vanish between the check and the write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from administration_world import build, sign_in
from servers import Server
from waiting import (
    LEVEL_PAIRS,
    LEVELS,
    RETRY,
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_until_blocked_or_done,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
REFUSED = ("42501", "28000", *RETRY)


@pytest.fixture(scope="module")
def built(server: Server) -> Iterator[str]:
    with server.filled(build) as template:
        yield template


@pytest.fixture
def world(server: Server, built: str) -> Iterator[str]:
    with server.database(built) as conninfo:
        yield conninfo


@pytest.fixture
def three(world: str) -> Iterator[tuple[Connection, Connection, Connection]]:
    with session(world) as admin, session(world) as one, session(world) as two:
        yield admin, one, two


def begin(connection: Connection, level: str, user: int) -> None:
    connection.execute(f"begin isolation level {level}")
    # The snapshot is taken now, before the other session has done anything.
    sign_in(connection, user)
    connection.execute("select authz.current_user_id()")


def both(
    admin: Connection, one: Connection, first: str, two: Connection, second: str
) -> tuple[str, str]:
    """The first, the second while the first is open, then both to their end."""
    assert outcome(one, first) == "done"
    running = start(two, second)
    wait_until_blocked_or_done(admin, running)
    first_end = outcome(one, "commit")
    second_end = running.outcome()
    if second_end == "done":
        second_end = outcome(two, "commit")
    two.execute("rollback")
    return first_end, second_end


# How one administrator may put an end to another, the first and the second way round.
REMOVALS = {
    "revoke": ("select authz.revoke_role(1002)", "select authz.revoke_role(1001)"),
    "deactivate": ("select authz.deactivate_user(2)", "select authz.deactivate_user(1)"),
    "deny": (
        "select authz.assign_policy(2, 900, 1)",
        "select authz.assign_policy(1, 900, 1)",
    ),
}


@pytest.mark.parametrize(("first_level", "second_level"), LEVEL_PAIRS)
@pytest.mark.parametrize("way", REMOVALS)
def test_of_two_administrators_removing_each_other_one_is_refused(
    three: tuple[Connection, Connection, Connection], way: str, first_level: str, second_level: str
) -> None:
    admin, one, two = three
    admin.execute(
        "insert into authz.policies (id, tenant_id, name, effect, priority) "
        "values (900, 1, 'out', 'deny', 9)"
    )
    admin.execute(
        "insert into authz.policy_permissions select 900, id from authz.permissions "
        "where resource::text = 'directory' and action = 'manage' and scope = 'organization'"
    )
    first, second = REMOVALS[way]
    begin(one, first_level, 1)
    begin(two, second_level, 2)
    first_end, second_end = both(admin, one, first, two, second)
    assert first_end == "done"
    assert second_end in REFUSED
    admin.execute("begin")
    sign_in(admin, 1)
    assert outcome(admin, "select authz.create_unit(1, 'still_there')") == "done"
    admin.execute("rollback; begin")
    admin.execute("set local role fundwarden_trusted")
    if way != "deactivate":
        sign_in(admin, 2)
        assert refusal(admin, "select authz.create_unit(1, 'gone')").sqlstate == "42501"
    admin.execute("rollback")


def test_without_the_lock_two_administrators_remove_each_other(
    three: tuple[Connection, Connection, Connection],
) -> None:
    admin, one, two = three
    # The guard, broken: nobody waits, so neither sees what the other does.
    admin.execute(
        "create or replace function authz_private.begin_administration(tenant_id int, "
        "parameter text) returns bigint language sql begin atomic "
        "select authz.current_user_id(); end"
    )
    begin(one, "read committed", 1)
    begin(two, "read committed", 2)
    ends = both(admin, one, "select authz.revoke_role(1002)", two, "select authz.revoke_role(1001)")
    assert ends == ("done", "done")
    assert rows(admin, "select id from authz.user_roles where id in (1001, 1002)") == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("by", ["function", "plain delete", "plain end of the window"])
def test_an_administrator_demoted_meanwhile_writes_nothing(
    three: tuple[Connection, Connection, Connection], level: str, by: str
) -> None:
    admin, one, two = three
    begin(two, level, 3)
    if by == "function":
        begin(one, "read committed", 1)
        demotion = "select authz.revoke_role(1003)"
    else:
        one.execute("begin")
        demotion = (
            "delete from authz.user_roles where id = 1003"
            if by == "plain delete"
            else "update authz.user_roles set valid_until = '2020-01-01' where id = 1003"
        )
    ends = both(admin, one, demotion, two, "select authz.assign_role(17, 101, 11)")
    assert ends[0] == "done"
    assert ends[1] in REFUSED
    assert rows(admin, "select id from authz.user_roles where user_id = 17 and role_id = 101") == []


@pytest.mark.parametrize("level", LEVELS)
def test_a_window_ended_while_a_statement_waits_is_not_open_to_it(
    three: tuple[Connection, Connection, Connection], level: str
) -> None:
    admin, one, two = three
    begin(two, level, 3)
    one.execute("begin; select id from authz.tenants for update")
    running = start(two, "select authz.assign_role(17, 101, 11)")
    wait_until_blocked_or_done(admin, running)
    one.execute("update authz.user_roles set valid_until = clock_timestamp() where id = 1003")
    one.execute("commit")
    assert running.outcome() in REFUSED


@pytest.mark.parametrize("level", LEVELS)
def test_a_unit_moved_out_of_reach_meanwhile_takes_no_grant(
    three: tuple[Connection, Connection, Connection], level: str
) -> None:
    admin, one, two = three
    begin(two, level, 3)
    one.execute("begin")
    ends = both(
        admin,
        one,
        "select authz.move_unit(11, 20)",
        two,
        "select authz.assign_role(17, 101, 11)",
    )
    assert ends[0] == "done"
    assert ends[1] in REFUSED


REQUEST = (
    "insert into authz.grant_requests (id, tenant_id, user_id, role_id, unit_id, reason, "
    "requested_by) values (1, 1, 5, 104, 11, 'cover', 3)"
)


def held(admin: Connection) -> int:
    return len(rows(admin, "select id from authz.user_roles where user_id = 5 and role_id = 104"))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("second", ["approve", "reject", "withdraw"])
def test_a_request_is_decided_once(
    three: tuple[Connection, Connection, Connection], level: str, second: str
) -> None:
    admin, one, two = three
    admin.execute(REQUEST)
    begin(one, "read committed", 1)
    begin(two, level, 3 if second == "withdraw" else 2)
    reason = ", 'no'" if second == "reject" else ""
    ends = both(
        admin,
        one,
        "select authz.approve_request(1)",
        two,
        f"select authz.{second}_request(1{reason})",
    )
    assert ends[0] == "done"
    assert ends[1] in ("23514", *RETRY)
    assert held(admin) == 1
    assert value(admin, "select status from authz.grant_requests where id = 1") == "approved"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("who", ["who asked", "who approves"])
def test_an_approval_while_authority_is_revoked_grants_nothing(
    three: tuple[Connection, Connection, Connection], level: str, who: str
) -> None:
    admin, one, two = three
    admin.execute(REQUEST)
    begin(one, "read committed", 1)
    begin(two, level, 4)
    grant = 1003 if who == "who asked" else 1004
    ends = both(
        admin, one, f"select authz.revoke_role({grant})", two, "select authz.approve_request(1)"
    )
    assert ends[0] == "done"
    assert ends[1] in REFUSED
    assert held(admin) == 0


def test_an_approval_that_comes_first_stays(
    three: tuple[Connection, Connection, Connection],
) -> None:
    admin, one, two = three
    admin.execute(REQUEST)
    begin(one, "read committed", 4)
    begin(two, "read committed", 1)
    ends = both(
        admin, one, "select authz.approve_request(1)", two, "select authz.revoke_role(1003)"
    )
    assert ends == ("done", "done")
    assert held(admin) == 1


PAIR = "insert into authz.exclusive_roles (role_id, other_role_id) values (106, 107)"
PLAIN = "insert into authz.user_roles (user_id, role_id, unit_id) values (17, {}, {})"


@pytest.mark.parametrize(("first_level", "second_level"), LEVEL_PAIRS)
@pytest.mark.parametrize("halves", [(106, 107), (108, 107)], ids=["themselves", "inherited"])
@pytest.mark.parametrize("was_held", [False, True], ids=["first grants", "granted before"])
def test_two_halves_of_an_exclusive_pair_at_the_same_time_are_one(
    three: tuple[Connection, Connection, Connection],
    halves: tuple[int, int],
    first_level: str,
    second_level: str,
    was_held: bool,
) -> None:
    admin, one, two = three
    admin.execute(PAIR)
    if was_held:
        admin.execute(PLAIN.format(106, 12))
        admin.execute("delete from authz.user_roles where user_id = 17 and role_id = 106")
    for connection, level in ((one, first_level), (two, second_level)):
        connection.execute(f"begin isolation level {level}")
        connection.execute("select from authz.users")
    ends = both(admin, one, PLAIN.format(halves[0], 11), two, PLAIN.format(halves[1], 12))
    assert ends[0] == "done"
    assert ends[1] in ("23514", *RETRY)
    assert value(admin, "select count(*) from authz.user_roles where user_id = 17") == 2


def test_without_the_users_turn_two_halves_are_held(
    three: tuple[Connection, Connection, Connection],
) -> None:
    admin, one, two = three
    admin.execute(PAIR)
    body = value(admin, "select prosrc from pg_proc where proname = 'refuse_exclusive'")
    start_at, end_at = (
        body.index("insert into authz_private.role_turns"),
        body.index("select * into"),
    )
    weak = body[:start_at] + body[end_at:]
    admin.execute(
        "create or replace function authz_private.refuse_exclusive(user_ids bigint[]) returns void "
        f"language plpgsql security definer as $weak${weak}$weak$".encode()
    )
    one.execute("begin")
    two.execute("begin")
    ends = both(admin, one, PLAIN.format(106, 11), two, PLAIN.format(107, 12))
    assert ends == ("done", "done")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("granted_first", [True, False])
@pytest.mark.parametrize(
    "change",
    [PAIR, "update authz.roles set parent_role_id = 106 where id = 101"],
    ids=["declared", "inherited"],
)
def test_a_pair_declared_or_inherited_while_a_half_is_granted_binds(
    three: tuple[Connection, Connection, Connection], level: str, granted_first: bool, change: str
) -> None:
    admin, one, two = three
    half = PLAIN.format(107, 12)
    if change == PAIR:
        admin.execute(PLAIN.format(106, 11))
    else:
        admin.execute(PAIR)
        admin.execute(PLAIN.format(101, 11))
    if granted_first:
        one.execute(f"begin isolation level {level}")
        two.execute("begin")
        ends = both(admin, one, half, two, change)
    else:
        one.execute("begin")
        two.execute(f"begin isolation level {level}")
        two.execute("select from authz.users")
        ends = both(admin, one, change, two, half)
    assert ends[0] == "done"
    assert ends[1] in ("23514", *RETRY)


@pytest.mark.parametrize("level", LEVELS[1:])
def test_pairs_are_declared_at_read_committed_only(
    three: tuple[Connection, Connection, Connection], level: str
) -> None:
    _, one, _ = three
    one.execute(f"begin isolation level {level}")
    assert outcome(one, PAIR) == "0A000"
    one.execute("rollback")


def test_who_may_change_nothing_locks_nothing(
    three: tuple[Connection, Connection, Connection],
) -> None:
    admin, one, two = three
    begin(one, "read committed", 5)
    one.execute("savepoint s")
    assert outcome(one, "select authz.create_unit(1, 'x')") == "42501"
    one.execute("rollback to s")
    begin(two, "read committed", 7)
    two.execute("savepoint s")
    assert outcome(two, "select authz.create_unit(1, 'x')") == "42501"
    assert rows(admin, "select id from authz.tenants for update nowait") == [(1,), (500,)]
