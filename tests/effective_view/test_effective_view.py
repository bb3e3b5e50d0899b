"""Readers are exact at every commit, whatever state the materialized view is in."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from servers import Server
from waiting import (
    ISOLATION_LEVELS,
    LEVELS,
    RETRY,
    rows,
    session,
    start,
    value,
    wait_for,
    wait_until_blocked_or_done,
)

from runner.connect import Target
from runner.migrations import migrate, status
from runner.refreshing import listen

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
COMMITS = int(os.environ.get("FUNDWARDEN_COMMITS", "200"))

WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'region'), (3, 2, 'berlin', 'unit'),
        (9, null, 'other', 'organization');
    insert into authz.users (id, username, base_unit_id)
    select g, 'user' || g, 1 + g % 3 from generate_series(1, 30) as g;
    insert into authz.policies (id, name, effect, priority)
    values (1, 'look', 'allow', 0), (2, 'not there', 'deny', 5);
    insert into authz.policy_permissions (policy_id, permission_id)
    select o.id, p.id
    from authz.policies as o
    inner join authz.permissions as p
        on p.resource::text = 'finance.funds' and p.action = 'read' and p.scope = 'team';
    insert into authz.roles (id, code, parent_role_id)
    select 100, 'lead', r.id from authz.roles as r where r.code = 'supervisor';
    insert into authz.role_policies (role_id, policy_id) values (100, 1);
    insert into authz.roles (id, code) values (101, 'clerk');
    insert into authz.role_permissions (role_id, permission_id)
    select 101, p.id
    from authz.permissions as p
    where p.resource::text = 'finance.orders' and p.action = 'update' and p.scope = 'team';
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g, 101, 2 from generate_series(6, 8) as g;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g, 100, 1 + g % 3 from generate_series(1, 20) as g;
    insert into authz.user_policies (user_id, policy_id, unit_id) values (5, 2, 3), (21, 1, null);
    insert into authz.memberships (user_id, unit_id) values (21, 2), (5, 3);
"""

# What decisions take, against the tables as they are, and what the view says, where it is believed.
STALE = """
    select u.id, q.action
    from authz.users as u
    cross join (values ('read'), ('update')) as q (action)
    where array(
        select h::text from authz_private.held_grants(u.id, 'funds', q.action) as h order by 1
    ) <> array(
        select l::text from authz_private.live_grants(u.id, 'funds', q.action) as l order by 1
    )
    union all
    select v.user_id, v.difference from authz.verify_effective_policies() as v
"""

# Of every table that feeds the view, every way to change it.
CHANGES = {
    "grant": "insert into authz.user_roles (user_id, role_id, unit_id) values (25, 100, 2)",
    "transfer of a grant": "update authz.user_roles set user_id = 26 where user_id = 1",
    "revoke": "delete from authz.user_roles where user_id in (2, 3)",
    "window": "update authz.user_roles set valid_until = now() - interval '1 day' "
    "where user_id = 4",
    "policy grant": "insert into authz.user_policies (user_id, policy_id) values (7, 2)",
    "policy regrant": "update authz.user_policies set policy_id = 2 where user_id = 21",
    "policy revoke": "delete from authz.user_policies",
    "permission grant": "insert into authz.user_permissions (user_id, permission_id) "
    "select 8, p.id from authz.permissions as p where p.resource::text = 'finance' "
    "and p.action = 'manage' and p.scope = 'team'",
    "permission revoke": "delete from authz.user_permissions",
    "membership": "insert into authz.memberships (user_id, unit_id) values (21, 3)",
    "membership moved": "update authz.memberships set unit_id = 1 "
    "where user_id = 21 and unit_id = 2",
    "membership ended": "delete from authz.memberships where user_id = 21",
    "user inactive": "update authz.users set is_active = false where id = 9",
    "user transferred": "update authz.users set base_unit_id = 3 where id in (21, 22)",
    "user renumbered": "update authz.users set id = 200 where id = 30",
    "user deleted": "delete from authz.users where id = 11",
    "role inactive": "update authz.roles set is_active = false where code = 'supervisor'",
    "role active": "update authz.roles set is_active = true where code = 'supervisor'",
    "role reparented": "update authz.roles set parent_role_id = null where id = 100",
    "role permission": "insert into authz.role_permissions (role_id, permission_id) "
    "select 100, p.id from authz.permissions as p where p.resource::text = 'finance' "
    "and p.action = 'update' and p.scope = 'team'",
    "role permission gone": "delete from authz.role_permissions where role_id = 100",
    "role policy": "insert into authz.role_policies (role_id, policy_id) values (100, 2)",
    "role policy gone": "delete from authz.role_policies where policy_id = 2",
    "policy inactive": "update authz.policies set is_active = false where id = 1",
    "policy priority": "update authz.policies set priority = 9, is_active = true where id = 1",
    "policy emptied": "delete from authz.policy_permissions where policy_id = 2",
    "permission changed": "update authz.permissions set action = 'export' where action = 'read' "
    "and scope = 'team' and resource::text = 'finance.funds'",
    "permission changed back": "update authz.permissions set action = 'read' "
    "where action = 'export'",
    "resource moved": "update authz.resources set path = 'money.funds' where code = 'funds'",
    "resource moved back": "update authz.resources set path = 'finance.funds' where code = 'funds'",
    "all grants truncated": "truncate authz.user_roles",
    "copied in": "copy authz.user_roles (user_id, role_id, unit_id) from stdin",
    "role deleted with cascade": "delete from authz.user_roles where role_id = 100; "
    "delete from authz.roles where id = 100",
}


def stale(connection: Connection) -> list[tuple[Any, ...]]:
    return rows(connection, STALE)


def prepared(database: str, mode: str) -> None:
    with session(database) as admin:
        admin.execute(WORLD)
        admin.execute(f"update authz.settings set refresh_mode = '{mode}'")
        admin.execute("select authz.refresh_user_effective_policies()")
        assert stale(admin) == []


def change(connection: Connection, sql: str) -> None:
    if sql.startswith("copy"):
        with connection.cursor().copy(sql) as copy:
            copy.write_row((23, 1, 2))
            copy.write_row((24, 1, 3))
    else:
        connection.execute(sql)


@pytest.mark.parametrize(
    ("mode", "level"),
    [
        ("immediate", ISOLATION_LEVELS[0]),
        ("deferred", ISOLATION_LEVELS[1]),
        *(
            pytest.param(mode, level, marks=pytest.mark.long)
            for mode, levels in (
                ("immediate", ISOLATION_LEVELS[1:]),
                ("deferred", ISOLATION_LEVELS[::2]),
                ("manual", ISOLATION_LEVELS),
            )
            for level in levels
        ),
    ],
)
def test_every_change_is_seen_within_its_transaction_and_at_its_commit(
    database: str, mode: str, level: str
) -> None:
    prepared(database, mode)
    with session(database) as writer, session(database) as reader:
        for name, sql in CHANGES.items():
            writer.execute(f"begin isolation level {level}")
            change(writer, sql)
            assert rows(writer, STALE) == [], f"{name}, in its transaction"
            writer.execute("commit")
            assert stale(reader) == [], f"{name}, at its commit"
            if mode == "deferred" and name.startswith("role"):
                reader.execute("call authz.refresh_if_marked()")
                assert stale(reader) == [], f"{name}, refreshed"
        if mode != "deferred":
            everybody = (
                "select bool_and(authz_private.view_answers_for(u.id)) from authz.users as u"
            )
            # Only a writer's own refresh is wanted here, and only at READ COMMITTED is there one.
            refreshed = mode == "immediate" and level == "read committed"
            assert value(reader, everybody) == refreshed


def test_a_change_in_one_statement_marks_once_a_user(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin:
        admin.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) "
            "select 1 + g % 10, r.id, u.id from generate_series(0, 9) as g "
            "cross join authz.roles as r cross join authz.org_units as u "
            "where u.tenant_id = 1 and r.code in ('admin', 'staff')"
        )
        marks = "select count(*) from authz_private.policy_marks where not is_floor"
        assert value(admin, marks) == 10
        admin.execute("update authz.users set profile = '{}', username = username || 'x'")
        assert value(admin, marks) == 10


def test_listeners_are_told(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin, session(database) as listener:
        listener.execute("listen permission_refresh")
        admin.execute("delete from authz.user_roles where user_id = 1")
        told = next(iter(listener.notifies(timeout=10, stop_after=1)))
        assert '"table" : "authz.user_roles", "operation" : "DELETE", "timestamp"' in told.payload


def test_a_change_after_a_refresh_of_the_same_transaction_is_not_lost(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as writer, session(database) as reader:
        writer.execute("begin")
        writer.execute("delete from authz.user_roles where user_id = 1")
        # Transactions that come and go make the writer's own look finished to its snapshot.
        reader.execute("delete from authz.user_roles where user_id = 2")
        writer.execute("select authz.refresh_user_effective_policies()")
        writer.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) values (1, 100, 3)"
        )
        assert rows(writer, STALE) == []
        writer.execute("commit")
        assert stale(reader) == []


def test_a_plain_refresh_shows_older_snapshots_nothing_new(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as old, session(database) as writer:
        old.execute("begin isolation level repeatable read")
        # A snapshot, and no lock on the view, for which a plain REFRESH would wait.
        rows(old, "select count(*) from authz.user_roles")
        writer.execute("update authz.user_roles set unit_id = 3 where user_id = 2")
        writer.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) values (2, 100, 1)"
        )
        writer.execute("refresh materialized view authz.user_effective_policies")
        assert rows(old, STALE) == []
        old.execute("commit")
        assert stale(old) == []


# A role that users 6, 7 and 8 hold loses what it gives.
ROLE_EMPTIED = "delete from authz.role_permissions where role_id = 101"

BROKEN_STATES = {
    "a trigger disabled": "alter table authz.user_roles disable trigger _920_mark_deleted",
    "a trigger dropped": "drop trigger _920_mark_deleted on authz.user_roles",
    "a trigger off and on again": "alter table authz.user_roles disable trigger _920_mark_deleted; "
    "delete from authz.user_roles where user_id = 3; "
    "alter table authz.user_roles enable always trigger _920_mark_deleted",
    "the view emptied": "refresh materialized view authz.user_effective_policies with no data",
    "a trigger of a role disabled": "alter table authz.role_permissions disable trigger user; "
    + ROLE_EMPTIED,
    "a trigger of a role dropped": "drop trigger _900_expand_permissions on "
    "authz.role_permissions; " + ROLE_EMPTIED,
    "a trigger of a role off and on again": "alter table authz.role_permissions disable trigger "
    "user; " + ROLE_EMPTIED + "; alter table authz.role_permissions enable always trigger "
    "_900_expand_permissions",
    "a trigger of a role made again": "drop trigger _900_expand_permissions on "
    "authz.role_permissions; " + ROLE_EMPTIED + "; create trigger _900_expand_permissions after "
    "insert or update or delete or truncate on authz.role_permissions for each statement execute "
    "function authz_private.tg_expand_permissions(); alter table authz.role_permissions enable "
    "always trigger _900_expand_permissions",
    "no expansion": "delete from authz_private.expansion",
    "replica": "set session_replication_role = replica",
    "marks truncated": "truncate authz_private.policy_marks",
}


@pytest.mark.parametrize("state", sorted(BROKEN_STATES))
def test_readers_are_exact_when(database: str, state: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin, session(database) as reader:
        admin.execute(BROKEN_STATES[state])
        admin.execute("delete from authz.user_roles where user_id in (1, 2)")
        assert rows(reader, STALE) == []
        assert value(reader, "select authz.check_user_permission(1, 'funds', 'read', 2)") is False
        assert value(reader, "select authz.check_user_permission(4, 'funds', 'read', 2)") is True
        emptied = "of a role" in state
        assert value(reader, "select authz.check_user_permission(6, 'orders', 'update', 2)") is (
            not emptied
        )
        listed = rows(
            reader, "select user_id from authz.users_with_permission('funds', 'read', 1) order by 1"
        )
        assert listed == rows(
            reader,
            "select u.id from authz.users as u "
            "where authz.check_user_permission(u.id, 'funds', 'read', 1) order by 1",
        )
        assert len(listed) > 4


def test_the_next_change_fills_a_view_without_data(database: str) -> None:
    prepared(database, "immediate")
    with session(database) as admin:
        admin.execute("refresh materialized view authz.user_effective_policies with no data")
        assert rows(admin, STALE) == []
        admin.execute("delete from authz.user_roles where user_id = 1")
        assert stale(admin) == []
        assert value(admin, "select authz_private.view_answers_for(2)") is True


def test_status_tells_of_a_trigger_that_is_gone(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin:
        admin.execute("drop trigger _920_mark_deleted on authz.user_roles")
    found = status(Target(database))
    assert found.exit_code == 3
    assert any("_920_mark_deleted" in line for line in found.lines())
    migrate(Target(database), say=lambda line: None)
    assert status(Target(database)).exit_code == 0


def test_status_tells_what_state_the_view_is_in(database: str) -> None:
    def told() -> tuple[list[str], dict[str, Any]]:
        found = status(Target(database))
        assert found.exit_code == 0
        assert found.as_dict()["effective_view"] == found.effective_view
        lines = [line for line in found.lines() if line.startswith("effective view: ")]
        return [line.removeprefix("effective view: ") for line in lines], found.effective_view or {}

    prepared(database, "deferred")
    with session(database) as admin:
        lines, health = told()
        assert lines == ["refresh mode deferred"]
        assert health["last_success"] is not None
        admin.execute("delete from authz.user_roles where user_id in (1, 2)")
        lines, health = told()
        assert health["marks"] == 2
        assert lines[1] == f"marks waiting for a refresh: 2, since {lines[1].split('since ')[1]}"
        assert value(
            admin,
            "select min(marked_at) = %s::timestamptz from authz_private.policy_marks "
            "where not is_floor",
            health["marked_since"],
        )
        with session(database) as holder:
            holder.execute("begin")
            holder.execute("refresh materialized view concurrently authz.user_effective_policies")
            admin.execute("set lock_timeout = '10ms'")
            for _ in range(2):
                admin.execute("call authz.refresh_if_marked()")
            holder.execute("rollback")
        lines, health = told()
        assert health["failures"] == 2
        assert lines[2].startswith("failed refreshes since the last that succeeded: 2; ")
        assert "lock timeout" in lines[2]
        admin.execute("reset lock_timeout; call authz.refresh_if_marked()")
        lines, health = told()
        assert (lines, health["failures"]) == (["refresh mode deferred"], 0)
        admin.execute("refresh materialized view authz.user_effective_policies with no data")
        lines, health = told()
        assert lines[1].startswith("not populated")
        assert health["is_populated"] is False
        admin.execute("update authz.settings set refresh_mode = 'manual'")
        assert told()[0][0] == "refresh mode manual"


def test_a_dump_and_restore_keeps_readers_exact(server: Server, database: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin:
        admin.execute("delete from authz.user_roles where user_id = 1")
    dump = subprocess.run(
        [server.bin("pg_dump"), "-Fc", database], capture_output=True, check=True
    ).stdout
    with server.copy("template0") as janitor:
        restored = server.conninfo(janitor.dbname)
        subprocess.run(
            [server.bin("pg_restore"), "--exit-on-error", "-d", restored], input=dump, check=True
        )
        with session(restored) as admin:
            assert stale(admin) == []
            admin.execute("delete from authz.user_roles where user_id = 2")
            assert stale(admin) == []
            admin.execute("select authz.refresh_user_effective_policies()")
            assert stale(admin) == []
            assert value(admin, "select authz_private.view_answers_for(4)") is True


def test_two_refreshes_do_not_meet(database: str) -> None:
    prepared(database, "immediate")
    with session(database) as one, session(database) as other:
        one.execute("begin")
        one.execute("select authz.refresh_user_effective_policies()")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("select authz.refresh_user_effective_policies()")
        # A grant does not wait for it, nor fail.
        other.execute("insert into authz.user_roles (user_id, role_id, unit_id) values (1, 100, 3)")
        other.execute("call authz.refresh_if_marked()")
        assert rows(other, STALE) == []
        one.execute("commit")
        assert stale(other) == []


def test_a_refresh_that_waited_does_not_bring_a_revoke_back(database: str) -> None:
    prepared(database, "manual")
    with session(database) as holder, session(database) as waiter, session(database) as writer:
        holder.execute("begin")
        holder.execute("refresh materialized view concurrently authz.user_effective_policies")
        # Waits with the snapshot it has.
        waiting = start(
            waiter, "refresh materialized view concurrently authz.user_effective_policies"
        )
        wait_for(
            "the refresh waits",
            lambda: value(writer, "select cardinality(pg_blocking_pids(%s)) > 0", waiting.pid),
            waiting.done,
        )
        writer.execute("delete from authz.user_roles where user_id <= 10")
        holder.execute("commit")
        assert waiting.outcome() in ("done", *RETRY)
        assert stale(writer) == []


def hammer(database: str, seconds: float, commits: int) -> tuple[int, list[Any]]:
    """Writers at mixed levels, refreshes of every kind, a reader that compares every user."""
    done = threading.Event()
    counted: list[int] = []
    found: list[Any] = []

    def write(number: int) -> None:
        rng = random.Random(number)
        with session(database) as connection:
            while not done.is_set():
                user = rng.randint(1, 30)
                sql = rng.choice([
                    f"insert into authz.user_roles (user_id, role_id, unit_id) "
                    f"values ({user}, 100, {rng.randint(1, 3)}) on conflict do nothing",
                    f"delete from authz.user_roles where user_id = {user}",
                    f"update authz.user_roles set unit_id = {rng.randint(1, 3)} "
                    f"where id = (select max(id) from authz.user_roles where user_id = {user})",
                    f"insert into authz.user_policies (user_id, policy_id) values ({user}, 2) "
                    "on conflict do nothing",
                    f"delete from authz.user_policies where user_id = {user}",
                    f"update authz.policies set priority = {rng.randint(0, 9)} where id = 1",
                ])  # fmt: skip
                try:
                    connection.execute(f"begin isolation level {rng.choice(ISOLATION_LEVELS)}")
                    connection.execute(sql)
                    if rng.random() < 0.2:
                        connection.execute("call authz.refresh_if_marked()")
                    connection.execute("commit")
                    counted.append(1)
                except psycopg.Error as error:
                    connection.execute("rollback")
                    # A grant moved to where the user has it already is refused.
                    if error.sqlstate not in (*RETRY, "23505"):
                        found.append(error)
                        return

    def refresh(how: str) -> None:
        with session(database) as connection:
            while not done.is_set():
                try:
                    connection.execute(how)
                except psycopg.Error as error:
                    connection.execute("rollback")
                    if error.sqlstate not in RETRY:
                        found.append(error)
                        return

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)] + [
        threading.Thread(target=refresh, args=(how,))
        for how in (
            "refresh materialized view concurrently authz.user_effective_policies",
            "begin isolation level repeatable read; select 1 from authz.users limit 1; "
            "refresh materialized view concurrently authz.user_effective_policies; commit",
            "refresh materialized view authz.user_effective_policies",
            "call authz.refresh_if_marked()",
        )
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    with session(database) as reader:
        while not found and len(counted) < commits and time.monotonic() < deadline:
            found += rows(reader, STALE)
    done.set()
    for thread in threads:
        thread.join(60)
    return len(counted), found


@pytest.mark.one_server
@pytest.mark.parametrize("mode", ["immediate", pytest.param("deferred", marks=pytest.mark.long)])
def test_no_read_is_stale_in_a_random_history(database: str, mode: str) -> None:
    prepared(database, mode)
    commits, found = hammer(database, max(240, COMMITS / 10), COMMITS)
    assert found == []
    assert commits >= COMMITS
    with session(database) as admin:
        assert stale(admin) == []


@pytest.mark.one_server
def test_the_history_notices_a_view_that_is_simply_believed(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as admin:
        admin.execute(
            "create or replace function authz_private.view_answers(user_id bigint) "
            "returns table (answers boolean) language sql stable parallel safe "
            "begin atomic select true; end"
        )
    assert hammer(database, 60, COMMITS)[1] != []


# The guard without the part of the view's row that says what it has seen.
WITHOUT_SNAPSHOT = """
    do $$
    begin
        execute replace(
            pg_get_functiondef('authz_private.view_answers(bigint)'::regprocedure),
            'not pg_visible_in_snapshot(m.xid, v.snapshot)', 'false'
        );
    end
    $$
"""


def test_without_the_snapshot_reads_are_stale(database: str) -> None:
    prepared(database, "deferred")
    with session(database) as writer, session(database) as reader:
        writer.execute("begin")
        writer.execute("delete from authz.user_roles where user_id in (1, 2)")
        assert rows(reader, STALE) == []
        writer.execute("commit")
        assert rows(reader, STALE) == []
        reader.execute(WITHOUT_SNAPSHOT)
        assert {row[0] for row in rows(reader, STALE)} == {1, 2}


# A row without user never matches itself, so REFRESH writes it each time; with a user only the
# nonce makes it differ.
@pytest.mark.parametrize("has_nonce", [True, False])
@pytest.mark.parametrize("has_user", [True, False])
def test_of_two_refreshes_with_equal_snapshots_one_is_refused_unless_nothing_differs(
    database: str, has_nonce: bool, has_user: bool
) -> None:
    prepared(database, "manual")
    with session(database) as admin, session(database) as old, session(database) as new:
        # What else tells two refreshes apart is the same in both here.
        weak = value(admin, "select pg_get_viewdef('authz.user_effective_policies'::regclass)")
        weak = re.sub(r"(pg_catalog\.)?pg_current_snapshot\(\)", "'3:3:'::pg_snapshot", weak)
        weak = re.sub(r"(pg_catalog\.)?pg_current_xact_id_if_assigned\(\)", "'3'::xid8", weak)
        if not has_nonce:
            weak = re.sub(r"(pg_catalog\.)?gen_random_uuid\(\)", f"'{'0' * 32}'::uuid", weak)
        if has_user:
            weak, found = re.subn(r"NULL::bigint AS user_id", "0::bigint AS user_id", weak)
            assert found == 1
        assert weak.count("'3") == 2
        assert ("gen_random_uuid" in weak) == has_nonce
        admin.execute("drop materialized view authz.user_effective_policies")
        admin.execute(f"create materialized view authz.user_effective_policies as {weak}".encode())
        admin.execute("create unique index on authz.user_effective_policies (user_id, grant_key)")
        # A snapshot before the revoke; its refresh comes after the one that has seen it.
        old.execute("begin isolation level repeatable read")
        rows(old, "select count(*) from authz.user_roles")
        admin.execute("delete from authz.user_roles where user_id = 1")
        new.execute("refresh materialized view concurrently authz.user_effective_policies")
        refreshed = start(
            old, "refresh materialized view concurrently authz.user_effective_policies"
        ).outcome()
        old.execute("rollback" if refreshed != "done" else "commit")
        assert (refreshed in RETRY) == (has_nonce or not has_user), refreshed


WRITERS = int(os.environ.get("FUNDWARDEN_WRITERS", "16"))
WRITING_SECONDS = int(os.environ.get("FUNDWARDEN_WRITING_SECONDS", "3"))
GRANTS = {
    "role": "insert into authz.user_roles (user_id, role_id, unit_id) "
    "values (:u, 100, :n) on conflict do nothing;",
    "policy": "insert into authz.user_policies (user_id, policy_id, unit_id) "
    "values (:u, :p, :n) on conflict do nothing;",
    "permission": "insert into authz.user_permissions (user_id, permission_id, unit_id) "
    "values (:u, :m, :n) on conflict do nothing;",
    "window": "insert into authz.user_roles (user_id, role_id, unit_id, valid_from) "
    "values (:u, 2, :n, now()) on conflict do nothing;",
    "membership": "insert into authz.memberships (user_id, unit_id) "
    "values (:u, :n) on conflict do nothing;",
    "revoke": "delete from authz.user_roles where user_id = :u;",
}


def test_writers_at_once_neither_fail_nor_leave_a_stale_view(
    server: Server, database: str, tmp_path: Path
) -> None:
    prepared(database, "immediate")
    command: list[str] = [str(server.bin("pgbench")), "-n", "-M", "prepared"]
    command += ["-c", str(WRITERS), "-j", "2", "-T", str(WRITING_SECONDS)]
    for name, sql in GRANTS.items():
        script = tmp_path / f"{name}.sql"
        script.write_text(
            "\\set u random(1, 30)\n\\set n random(1, 3)\n\\set p random(1, 2)\n"
            f"\\set m random(1, 20)\n{sql}\n"
        )
        command += ["-f", str(script)]
    done = subprocess.run([*command, database], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    assert "number of failed transactions: 0 " in done.stdout
    print(done.stdout)
    with session(database) as admin:
        assert stale(admin) == []
        deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
        assert value(admin, deadlocks) == 0
        assert value(admin, "select count(*) from ops.refresh_log where failure is null") > 1


def test_the_listener_refreshes_and_ends_when_told(database: str) -> None:
    prepared(database, "deferred")
    ending = threading.Event()
    said: list[str] = []
    thread = threading.Thread(
        target=listen, args=(Target(database),), kwargs={"say": said.append, "stop": ending}
    )
    thread.start()
    with session(database) as admin:
        wait_for("listening", lambda: "listening" in said)
        admin.execute("delete from authz.user_roles where user_id = 1")
        wait_for(
            "refreshed", lambda: value(admin, "select authz_private.view_answers_for(1)") is True
        )
        # A connection lost is had again.
        admin.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a "
            "where a.datname = current_database() and a.application_name = 'fundwarden runner'"
        )
        wait_for("listening again", lambda: said.count("listening") == 2)
        admin.execute("delete from authz.user_roles where user_id = 2")
        wait_for(
            "refreshed", lambda: value(admin, "select authz_private.view_answers_for(2)") is True
        )
    ending.set()
    thread.join(30)
    assert said[-1] == "stopped"


def test_the_listener_ends_on_sigterm(database: str) -> None:
    prepared(database, "deferred")
    command = [sys.executable, "-u", "-m", "runner.cli", "--dsn", database, "refresh", "--listen"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "listening\n"
        running.terminate()
        assert "stopped" in running.stdout.read()
    assert running.returncode == 0


def test_a_writer_does_not_wait_for_who_holds_the_view(database: str) -> None:
    prepared(database, "immediate")
    with session(database) as holder, session(database) as writer:
        # As an autovacuum does, and a plain REFRESH more so.
        holder.execute("begin")
        holder.execute("refresh materialized view authz.user_effective_policies")
        writer.execute("delete from authz.user_roles where user_id = 1")
        assert value(writer, "show lock_timeout") == "0"
        holder.execute("rollback")
        assert stale(writer) == []
        failures = "select count(*) from ops.refresh_log where failure like '%lock timeout%'"
        assert value(writer, failures) == 1


# Two changes whose effects meet: each writes out what the other one changes.
MEETING = (
    "insert into authz.role_policies (role_id, policy_id) values (101, 1)",
    "insert into authz.policy_permissions (policy_id, permission_id) select 1, p.id "
    "from authz.permissions as p where p.resource::text = 'finance.funds' "
    "and p.action = 'update' and p.scope = 'team'",
)
UNSERIALIZED = """
    do $$
    begin
        execute replace(
            pg_get_functiondef('authz_private.expand_permissions()'::regprocedure),
            'update authz_private.expansion set version = version + 1;', ''
        );
    end
    $$
"""


def meet(database: str, level: str) -> tuple[bool, str]:
    """Whether the second of the two waits for the first, and how it ends."""
    with session(database) as one, session(database) as other, session(database) as observer:
        for connection in (one, other):
            connection.execute(f"begin isolation level {level}")
            rows(connection, "select count(*) from authz.roles")
        one.execute(MEETING[0])
        second = start(other, MEETING[1])
        waits = wait_until_blocked_or_done(observer, second)
        one.execute("commit")
        ended = second.outcome()
        other.execute("commit" if ended == "done" else "rollback")
        return waits, ended


@pytest.mark.parametrize("level", LEVELS)
def test_two_changes_of_roles_at_once_are_both_written_out(database: str, level: str) -> None:
    prepared(database, "manual")
    waits, ended = meet(database, level)
    assert waits
    assert ended == "done" if level == "read committed" else ended in RETRY
    with session(database) as reader:
        assert rows(reader, STALE) == []


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_without_the_lock_one_of_two_changes_is_not_written_out(database: str, level: str) -> None:
    prepared(database, "manual")
    with session(database) as reader:
        reader.execute(UNSERIALIZED)
        assert meet(database, level) == (False, "done")
        assert rows(reader, STALE) != []


def test_a_rebuild_ends_a_doubt(database: str) -> None:
    prepared(database, "manual")
    current = "select is_current from authz_private.expansion_is_current()"
    with session(database) as admin:
        admin.execute(BROKEN_STATES["a trigger of a role off and on again"])
        assert value(admin, current) is False
        admin.execute("select authz.refresh_user_effective_policies()")
        assert value(admin, current) is True
        assert stale(admin) == []


def test_a_change_of_a_role_writes_only_what_differs(database: str) -> None:
    prepared(database, "manual")
    written = (
        "select n_tup_ins + n_tup_del + n_tup_upd from pg_stat_xact_user_tables "
        "where relid = 'authz_private.expanded_permissions'::regclass"
    )
    with session(database) as admin:
        admin.execute("begin")
        admin.execute("update authz.roles set rank = rank + 1")
        assert value(admin, written) == 0
        admin.execute(MEETING[1])
        # Of the policy and of the role that carries it; one resource.
        assert value(admin, written) == 2
        admin.execute("rollback")
