"""Feeds that meet each other, administrators and refreshes, and feeds that are cut off."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from feed import TABLES, Row, add, changed, changes, company, stage, without
from servers import Server
from waiting import (
    RETRY,
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_for,
    wait_until_blocked,
)

from runner.connect import Target
from runner.syncing import Feed, sync

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
APPLY = "select count(*) from sync.apply('ACME') where action <> 'unchanged'"


def load(conninfo: str) -> None:
    with session(conninfo) as owner:
        owner.execute("update authz.settings set sync_limit = 100")
        stage(owner, **company())
        changes(owner, "apply")
        stage(owner, **night())


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[str]:
    with server.filled(load) as template:
        yield template


@pytest.fixture
def loaded(server: Server, filled: str) -> Iterator[str]:
    """The company; staged is a night that moves, adds and removes."""
    with server.database(filled) as conninfo:
        yield conninfo


def night() -> dict[str, list[Row]]:
    feed = company()
    feed["units"] = changed(feed["units"], {"external_id": "IT"}, parent_external_id="LON")
    feed["people"] = changed(feed["people"], {"external_id": "E2"}, unit_external_id="LON")
    feed["people"] = without(feed["people"], external_id="E4")
    feed["people"] += [{"external_id": "E5", "unit_external_id": "LON"}]
    feed["grants"] = without(feed["grants"], person_external_id="E2")
    return feed


def state(conninfo: str) -> Any:
    with session(conninfo) as owner:
        return rows(
            owner,
            "select (select json_agg(n order by n.id) from authz.org_units as n)::text, "
            "(select json_agg(u order by u.id) from authz.users as u)::text, "
            "(select json_agg(g order by g.id) from authz.user_roles as g)::text, "
            "(select count(*) from audit.permission_audit_log), "
            "(select json_agg(m) from authz_private.sync_marks as m)::text",
        )


@contextmanager
def isolated(conninfo: str, level: str) -> Iterator[Connection]:
    with session(conninfo) as connection:
        connection.execute(f"set default_transaction_isolation = '{level}'")
        yield connection


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_of_two_feeds_at_once_the_second_waits(loaded: str, level: str) -> None:
    with (
        isolated(loaded, level) as first,
        isolated(loaded, level) as second,
        session(loaded) as observer,
    ):
        first.execute("begin")
        assert value(first, APPLY) == 5
        waiting = start(second, APPLY)
        wait_until_blocked(observer, waiting)
        first.execute("commit")
        if level == "read committed":
            assert waiting.rows() == [(0,)]
        else:
            assert waiting.outcome() in RETRY
            assert value(second, APPLY) == 0


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_of_two_first_feeds_at_once_one_makes_the_tenant(database: str, level: str) -> None:
    with (
        isolated(database, level) as first,
        isolated(database, level) as second,
        session(database) as observer,
    ):
        stage(first, **company())
        first.execute("begin")
        assert value(first, APPLY) == 15
        waiting = start(second, APPLY)
        wait_until_blocked(observer, waiting)
        first.execute("commit")
        assert waiting.outcome() in ("done", *RETRY)
        assert value(second, APPLY) == 0
        assert value(observer, "select count(*) from authz.tenants") == 1


def test_of_two_tenants_neither_sets_the_numbers_back(loaded: str) -> None:
    with session(loaded) as first, session(loaded) as second, session(loaded) as observer:
        stage(first, units=[{"external_id": "OTHER"}],
              people=[{"external_id": "E1", "unit_external_id": "OTHER"}])  # fmt: skip
        changes(first, "apply", tenant="OTHER")
        stage(first, customers=[{"id": 100, "manager_external_id": "E1"}])
        first.execute("begin")
        changes(first, "apply", tenant="OTHER")
        second.execute("begin")
        second.execute("select authz.act_as(id) from authz.users where username = 'anna'")
        add(second, customers=[{"id": 200, "manager_external_id": "E3"}])
        waiting = start(second, "select count(*) from sync.apply('ACME')")
        wait_until_blocked(observer, waiting)
        first.execute("commit")
        assert waiting.rows() == [(1,)]
        second.execute("commit")
        stage(first, customers=[{"id": 150, "manager_external_id": "E1"}])
        changes(first, "apply", tenant="OTHER")
        number = "select nextval(pg_get_serial_sequence('finance.customers', 'id'))"
        assert value(observer, number) == 201


def test_a_feed_waits_for_an_administrator_and_an_administrator_for_a_feed(loaded: str) -> None:
    with session(loaded) as feed, session(loaded) as person, session(loaded) as observer:
        admin = value(observer, "select id from authz.users where external_id = 'E1'")
        unit = value(observer, "select id from authz.org_units where external_id = 'LON'")
        person.execute("begin")
        person.execute("select authz.act_as(%s)", [admin])
        person.execute("select authz.create_user('E5', %s)", [unit])
        waiting = start(feed, APPLY)
        wait_until_blocked(observer, waiting)
        person.execute("commit")
        # It sees what was committed: the username is taken by somebody without a code.
        assert waiting.rows() == [(4,)]

        stage(feed, **company())
        feed.execute("begin")
        feed.execute(APPLY)
        person.execute("begin")
        person.execute("select authz.act_as(%s)", [admin])
        waiting = start(person, "select authz.create_user('later', %s)", unit)
        wait_until_blocked(observer, waiting)
        feed.execute("commit")
        assert waiting.outcome() == "done"
        person.execute("commit")
        assert rows(observer, "select * from audit.verify_tables()") == []


def test_who_does_not_want_to_wait_is_told_so(loaded: str) -> None:
    with session(loaded) as holder, session(loaded) as feed:
        holder.execute("begin")
        holder.execute("update authz.tenants set tree_version = tree_version + 1")
        before = state(loaded)
        feed.execute("set lock_timeout = '10ms'")
        assert outcome(feed, APPLY) == "55P03"
        holder.execute("rollback")
        assert state(loaded) == before
        assert value(feed, APPLY) == 5


def test_a_refresh_beside_a_feed_leaves_readers_exact(loaded: str) -> None:
    with session(loaded) as feed, session(loaded) as other:
        feed.execute("begin")
        feed.execute(APPLY)
        assert outcome(other, "select authz.refresh_user_effective_policies()") == "done"
        feed.execute("commit")
        assert rows(other, "select * from authz.verify_effective_policies()") == []
        other.execute("select authz.refresh_user_effective_policies()")
        assert rows(other, "select * from authz.verify_effective_policies()") == []


@pytest.mark.parametrize(
    "locked",
    [
        "authz.users where external_id = 'E2'",
        "authz.users where external_id = 'E4'",
        "authz.user_roles",
        "authz.org_units where external_id = 'IT'",
    ],
)
def test_a_feed_cancelled_in_the_middle_changes_nothing(loaded: str, locked: str) -> None:
    before = state(loaded)
    with session(loaded) as holder, session(loaded) as feed:
        holder.execute("begin")
        holder.execute(f"select 1 from {locked} for update")
        waiting = start(feed, APPLY)
        wait_until_blocked(holder, waiting)
        holder.execute("select pg_cancel_backend(%s)", [waiting.pid])
        assert waiting.outcome() == "57014"
        assert state(loaded) == before
        holder.execute("rollback")
        assert value(feed, APPLY) == 5


def test_a_terminated_session_changes_nothing(loaded: str) -> None:
    before = state(loaded)
    with session(loaded) as holder, session(loaded) as observer:
        holder.execute("begin")
        holder.execute("select 1 from authz.user_roles for update")
        with session(loaded) as feed:
            waiting = start(feed, APPLY)
            wait_until_blocked(observer, waiting)
            observer.execute("select pg_terminate_backend(%s)", [waiting.pid])
            assert waiting.outcome() == "57P01"
        holder.execute("rollback")
    assert state(loaded) == before
    with session(loaded) as feed:
        assert value(feed, APPLY) == 5


def test_no_room_for_temporary_files_changes_nothing(loaded: str) -> None:
    with session(loaded) as feed:
        for number in range(3000):
            feed.execute(
                "insert into sync.people (external_id, unit_external_id) values (%s, 'LON')",
                [f"N{number}"],
            )
        before = state(loaded)
        feed.execute("set work_mem = '64kB'")
        feed.execute("set temp_file_limit = 0")
        assert refusal(feed, "select * from sync.apply('ACME')").sqlstate == "53400"
        assert state(loaded) == before
        feed.execute("reset all")
        assert value(feed, APPLY) == 3005


def write(folder: Path, feed: dict[str, list[Row]]) -> None:
    for table in TABLES:
        if table in feed:
            titles = list(dict.fromkeys(title for row in feed[table] for title in row))
            with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, titles)
                writer.writeheader()
                writer.writerows(feed[table])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
def test_a_runner_stopped_half_way_changes_nothing(
    loaded: str, tmp_path: Path, number: signal.Signals
) -> None:
    write(tmp_path, night())
    before = state(loaded)
    with session(loaded) as holder, session(loaded) as observer:
        holder.execute("begin")
        holder.execute("select 1 from authz.user_roles for update")
        running = subprocess.Popen(
            [sys.executable, "-m", "runner.cli", "--dsn", loaded, "sync", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        blocked = (
            "select pid from pg_stat_activity where datname = current_database() "
            "and cardinality(pg_blocking_pids(pid)) > 0"
        )
        wait_for("the runner is blocked", lambda: rows(observer, blocked) != [])
        os.kill(running.pid, number)
        running.communicate(timeout=60)
        assert running.returncode != 0
        holder.execute("rollback")
        wait_for(
            "its session has ended",
            lambda: (
                value(
                    observer,
                    "select count(*) from pg_stat_activity "
                    "where datname = current_database() and backend_type = 'client backend'",
                )
                <= 2
            ),
        )
    assert state(loaded) == before
    said: list[str] = []
    sync(Target(loaded), tmp_path, Feed(), say=said.append)
    assert said[-1] == "applied"
    sync(Target(loaded), tmp_path, Feed(), say=said.append)
    assert said[-1] == "nothing to do"
