"""The same grant, given by two sessions at once, is given once."""

from __future__ import annotations

import itertools

import pytest
from waiting import (
    LEVELS,
    outcome,
    session,
    start,
    value,
    wait_until_blocked,
    wait_until_blocked_or_done,
)

pytestmark = pytest.mark.one_server

UNLIMITED = "null, null"
WINDOW = "'2030-01-01', '2031-01-01'"
TOUCHING = "'2031-01-01', null"
OVERLAPPING = "'2030-06-01', null"

GIVE = {
    "user_roles": "insert into authz.user_roles (user_id, role_id, unit_id, valid_from, "
    "valid_until) select 1, r.id, null, {} from authz.roles as r where r.code = 'staff'",
    "user_policies": "insert into authz.user_policies (user_id, policy_id, unit_id, valid_from, "
    "valid_until) values (1, 1, 1, {})",
    "user_permissions": "insert into authz.user_permissions (user_id, permission_id, unit_id, "
    "valid_from, valid_until) values (1, 2, 1, {})",
    "memberships": "insert into authz.memberships (user_id, unit_id, valid_from, valid_until) "
    "values (1, 1, {})",
}
# Where the second sees what the first wrote, or is told to try again.
REFUSED = ("23505", "23P01", "40001", "40P01")


def prepared(database: str) -> None:
    with session(database) as admin:
        admin.execute(
            "update authz.settings set refresh_mode = 'manual'; "
            "insert into authz.org_units (id, code) values (1, 'acme'); "
            "insert into authz.users (id, username, base_unit_id) values (1, 'ann', 1); "
            "insert into authz.policies (id, name) values (1, 'look')"
        )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("table", sorted(GIVE))
def test_overlapping_windows_are_not_both_committed(database: str, table: str, level: str) -> None:
    prepared(database)
    with session(database) as one, session(database) as other, session(database) as observer:
        for first, second in (
            (UNLIMITED, UNLIMITED),
            (UNLIMITED, WINDOW),
            (WINDOW, UNLIMITED),
            (WINDOW, OVERLAPPING),
        ):
            for connection in (one, other):
                connection.execute(f"begin isolation level {level}")
                value(connection, "select count(*) from authz.users")
            one.execute(GIVE[table].format(first))
            running = start(other, GIVE[table].format(second))
            wait_until_blocked(observer, running)
            one.execute("commit")
            assert running.outcome() in REFUSED, (first, second)
            other.execute("rollback")
            assert value(observer, f"select count(*) from authz.{table}") == 1
            observer.execute(f"delete from authz.{table}")


@pytest.mark.parametrize("level", LEVELS[1:])
def test_a_snapshot_that_is_older_than_the_other_grant_does_not_hide_it(
    database: str, level: str
) -> None:
    prepared(database)
    with session(database) as old, session(database) as writer:
        for first, second in itertools.permutations((UNLIMITED, WINDOW)):
            old.execute(f"begin isolation level {level}")
            value(old, "select count(*) from authz.users")
            writer.execute(GIVE["user_roles"].format(first))
            assert outcome(old, GIVE["user_roles"].format(second)) in REFUSED
            old.execute("rollback")
            writer.execute("delete from authz.user_roles")


def test_touching_windows_given_at_once_are_both_committed(database: str) -> None:
    prepared(database)
    with session(database) as one, session(database) as other, session(database) as observer:
        one.execute("begin")
        one.execute(GIVE["user_roles"].format(WINDOW))
        running = start(other, GIVE["user_roles"].format(TOUCHING))
        wait_until_blocked_or_done(observer, running)
        one.execute("commit")
        assert running.outcome() == "done"


def test_an_overlap_is_refused_in_words_that_name_the_user(database: str) -> None:
    prepared(database)
    with session(database) as admin:
        admin.execute(GIVE["user_roles"].format(UNLIMITED))
        with pytest.raises(Exception, match="window of user_id 1 overlaps the same grant"):
            admin.execute(GIVE["user_roles"].format(WINDOW))
