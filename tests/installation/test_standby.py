"""A hot standby, which can write nothing, answers every question as the primary does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from servers import data_folder
from waiting import refusal, rows, session, value, wait_for

Connection = psycopg.Connection[Any]

WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'region'), (3, 2, 'city', 'office'),
        (4, 1, 'south', 'region');
    insert into authz.org_units (id, parent_id, code) select g, 4, 'u' || g
    from generate_series(10, 40) as g;
    insert into authz.users (id, username, base_unit_id)
    values (1, 'root', 1), (2, 'ann', 2), (3, 'bob', 3), (4, 'cat', 4), (5, 'eve', 4);
    insert into authz.users (id, username, base_unit_id) select g, 'u' || g, g
    from generate_series(10, 40) as g;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 'admin', 1), (2, 'supervisor', 2), (3, 'staff', null), (4, 'supervisor', 4))
        as g (user_id, role, unit_id)
    inner join authz.roles as r on g.role = r.code;
    insert into finance.orders (id, handler_id)
    select g, 10 + g % 31 from generate_series(1, 50) as g;
    insert into finance.financial_funds (id, handle_by, order_id, amount)
    select g, (array[2, 3, 10, 11, 25])[1 + g % 5], 1 + g % 50, g % 17
    from generate_series(1, 300) as g;
    select setval(pg_get_serial_sequence('finance.financial_funds', 'id'), 1000);
    analyze;
"""

SIGNED_IN = [
    "select * from finance.page_authorized_funds()",
    "select * from finance.page_authorized_funds(null, 2, 13, 'amount', 'desc', 3, 12, 'open')",
    "select * from finance.page_authorized_funds(page => 99)",
    "select finance.count_authorized_funds()",
    "select * from authz.user_scope(null, 'funds', 'read')",
    "select * from authz.subordinates(null)",
    "select * from authz.descendants(1)",
    "select * from authz.ancestors(3)",
    "select authz.current_user_id()",
]

PER_USER = [
    *(
        f"select * from finance.page_authorized_funds({{}}, {page}, 25, '{column}', '{order}')"
        for page, column, order in (
            (1, "fund_id", "asc"),
            (2, "amount", "desc"),
            (3, "order_id", "desc"),
            (1, "created_at", "asc"),
            (60, "status", "asc"),
        )
    ),
    "select finance.count_authorized_funds({}, min_amount => 5)",
    "select * from finance.explain_fund_access({}, 11)",
    "select * from authz.user_scope({}, 'funds', 'read')",
    "select * from authz.subordinates({}) order by 1",
]

PER_USER += [
    "select authz.check_user_permission({}, 'funds', 'read', 3)",
    "select * from authz.check_user_permissions({}, "
    '\'[{{"resource": "funds", "action": "read", "unit_id": 2}}]\')',
    "select g::text from authz.explain_user_permission({}, 'funds', 'read', 3, '{{}}') as g "
    "order by 1",
    "select * from authz.users_with_permission('funds', 'read', 3, 0, {})",
    "select * from authz.effective_policies({}) order by 1, 2, 3, 4",
    "select authz.user_has_org_permission({}, 2, 'events.create')",
    "select authz.next_access_change({})",
    "select authz.policy_version(), {}",
]

USERS = (1, 2, 3, 4, 5)


class Standby:
    """A copy of a running server that follows it."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.data = folder / "data"
        with session(server.conninfo("postgres")) as primary:
            data = Path(value(primary, "show data_directory"))
            # A standby that allows less than its primary does not start.
            limits = {
                name: value(primary, f"show {name}")
                for name in ("max_connections", "max_worker_processes", "max_wal_senders")
            }
        # As root the server runs under a user of its own, and so must the copy.
        owner = data.stat() if os.geteuid() == 0 else None
        self.owner = {"user": owner.st_uid, "group": owner.st_gid} if owner else {}
        if owner:
            os.chown(folder, owner.st_uid, owner.st_gid)
        where = conninfo_to_dict(server.conninfo("postgres"))
        self.run(
            "pg_basebackup", "--pgdata", str(self.data), "--write-recovery-conf", "--no-sync",
            "--checkpoint", "fast", "--wal-method", "stream",
            "--dbname", make_conninfo("", **{k: v for k, v in where.items() if k != "dbname"}),
        )  # fmt: skip
        settings = {
            **limits,
            "unix_socket_directories": str(folder),
            "listen_addresses": "",
            "port": "5432",
            "shared_buffers": "32MB",
            "shared_preload_libraries": "",
            "logging_collector": "off",
            "fsync": "off",
        }
        with (self.data / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{setting}'\n" for name, setting in settings.items())
        log = str(folder / "log")
        self.run("pg_ctl", "start", "--wait", "--pgdata", str(self.data), "--log", log)

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.server.bin(program)), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            **self.owner,
        )
        if done.returncode != 0:
            log = self.folder / "log"
            pytest.fail(f"{program}: {done.stderr}\n{log.read_text() if log.exists() else ''}")

    def conninfo(self, dbname: str) -> str:
        user = conninfo_to_dict(self.server.conninfo("postgres")).get("user")
        return make_conninfo("", host=str(self.folder), port="5432", user=user, dbname=dbname)

    def catch_up(self, dbname: str) -> None:
        """Returns when everything committed on the primary can be seen here."""
        with (
            session(self.server.conninfo("postgres")) as primary,
            session(self.conninfo(dbname)) as here,
        ):
            reached = value(primary, "select pg_current_wal_lsn()::text")
            wait_for(
                "the standby has replayed",
                lambda: bool(value(here, "select pg_last_wal_replay_lsn() >= %s::pg_lsn", reached)),
            )

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "--mode", "immediate", "--pgdata", str(self.data))


@contextmanager
def standby_of(server: Any) -> Iterator[Standby]:
    # Not under the home or the test's own folder, which the server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="fundwarden-standby-", dir=data_folder()))
    try:
        standby = Standby(server, folder)
        try:
            yield standby
        finally:
            standby.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pair(server: Any, module_database: str) -> Iterator[tuple[str, str, Standby]]:
    """The world on the primary, the same on its standby, and the standby."""
    with session(module_database) as admin:
        admin.execute(WORLD)
        admin.execute("select ops.apply_database_rights()")
    dbname = str(conninfo_to_dict(module_database)["dbname"])
    with standby_of(server) as standby:
        standby.catch_up(dbname)
        yield module_database, standby.conninfo(dbname), standby


def test_the_standby_is_one(pair: tuple[str, str, Standby]) -> None:
    with session(pair[1]) as standby:
        assert value(standby, "select pg_is_in_recovery()") is True
        assert refusal(standby, "create temporary table t (x int)").sqlstate == "25006"
        assert refusal(standby, "delete from finance.financial_funds").sqlstate == "25006"


@pytest.mark.parametrize("question", PER_USER)
@pytest.mark.sampled(2)
def test_a_trusted_login_gets_the_primarys_answer(
    pair: tuple[str, str, Standby], question: str
) -> None:
    with (
        session(pair[0], user="trusted_login") as primary,
        session(pair[1], user="trusted_login") as standby,
    ):
        for user in USERS:
            asked = question.format(user)
            answer = rows(primary, asked)
            assert rows(standby, asked) == answer
        assert rows(standby, question.format(1)) != [] or ", 60," in question


@pytest.mark.parametrize("user", USERS)
def test_the_application_gets_the_primarys_answer_for_who_is_signed_in(
    pair: tuple[str, str, Standby], user: int
) -> None:
    answers = []
    for conninfo in pair[:2]:
        with session(conninfo, user="trusted_login") as connection:
            connection.execute("begin")
            connection.execute("select authz.act_as(%s)", [user])
            connection.execute("set local role fundwarden_app")
            answers.append([rows(connection, question) for question in SIGNED_IN])
            connection.execute("commit")
            assert value(connection, "select authz.current_user_id()") is None
    assert answers[0] == answers[1]
    assert answers[1][-1] == [(user,)]


def test_a_token_signs_in_here_too_and_an_impersonation_keeps_its_real_user(
    pair: tuple[str, str, Standby],
) -> None:
    with session(pair[0]) as primary:
        token = value(primary, "select authz.issue_token(2)")
    both = "select authz.current_user_id(), authz.real_user_id()"
    with session(pair[1], user="trusted_login") as standby:
        standby.execute("begin")
        assert value(standby, "select authz.sign_in(%s)", token) == 2
        assert rows(standby, both) == [(2, 2)]
        standby.execute("select authz.act_as(3, 'to see what they see')")
        assert rows(standby, both) == [(3, 2)]
        standby.execute("commit")
        assert rows(standby, both) == [(None, None)]
        assert refusal(standby, "select authz.sign_in(%s)", token[:-1]).sqlstate == "28000"


def test_errors_are_the_primarys(pair: tuple[str, str, Standby]) -> None:
    for question in (
        "select * from finance.page_authorized_funds()",
        "select * from finance.page_authorized_funds(1)",
        "select * from finance.page_authorized_funds(page => 0)",
        "select * from finance.page_authorized_funds(sort_by => 'x')",
        "select * from finance.explain_fund_access(1, 1)",
        "select authz.act_as(1)",
        "select authz.sign_in('x.y.z')",
    ):
        told = []
        for conninfo in pair[:2]:
            with session(conninfo, user="app_login") as app:
                error = refusal(app, question)
                told.append((error.sqlstate, error.message_primary, error.message_hint))
        assert told[0] == told[1]


def test_an_identity_of_the_primary_is_nobody_on_the_standby(
    pair: tuple[str, str, Standby],
) -> None:
    with (
        session(pair[0], user="trusted_login") as primary,
        session(pair[1], user="app_login") as app,
    ):
        primary.execute("begin; select authz.act_as(1)")
        stolen = value(primary, "select current_setting('fundwarden.identity')")
        app.execute("select set_config('fundwarden.identity', %s, false)", [stolen])
        assert value(app, "select authz.current_user_id()") is None
        primary.execute("rollback")


def test_its_health_and_metrics_are_told_here_and_how_far_behind_it_is(
    pair: tuple[str, str, Standby],
) -> None:
    asked = "select c.name, c.detail from ops.health_checks() as c where c.severity = 'critical'"
    count = "select count(*) from ops.health_checks()"
    with session(pair[0]) as primary, session(pair[1]) as standby:
        assert rows(primary, asked) == []
        assert rows(standby, asked) == []
        assert value(standby, count) == value(primary, count)
        assert value(standby, "select count(*) from ops.metrics_text()") > 50
        behind = "select r.role, r.state, r.is_behind from ops.replication as r"
        assert rows(primary, behind) == [("primary", "streaming", False)]
        assert rows(standby, behind) == [("standby", "replaying", False)]
        standby.execute("select pg_wal_replay_pause()")
        wait_for("paused", lambda: rows(standby, behind) == [("standby", "paused", True)])
        severity, repair = rows(
            standby, "select c.severity, c.repair from ops.check_replication() as c"
        )[0]
        assert severity == "warning"
        standby.execute(repair)
        assert rows(standby, behind) == [("standby", "replaying", False)]


def test_what_changes_on_the_primary_changes_the_standbys_answer(
    pair: tuple[str, str, Standby],
) -> None:
    where, here, standby = pair
    count = "select finance.count_authorized_funds(2)"
    with session(where) as primary, session(here) as reader:
        before = value(reader, count)
        primary.execute("begin")
        primary.execute("select authz.move_unit(10, 3)")
        primary.execute("update authz.users set base_unit_id = 3 where id = 25")
        primary.execute("insert into finance.financial_funds (handle_by, amount) values (3, 1)")
        primary.execute("commit")
        standby.catch_up(str(conninfo_to_dict(here)["dbname"]))
        after = value(primary, count)
        assert after > before + 1
        assert value(reader, count) == after
        page = "select * from finance.page_authorized_funds(2, 2, 50, 'amount', 'desc')"
        assert rows(reader, page) == rows(primary, page)


def test_the_lag_is_seen_from_both_sides(pair: tuple[str, str, Standby]) -> None:
    where, here, standby = pair
    lag = "select l.role, l.state, l.lag_bytes > 0, l.lag_seconds from ops.replication as l"
    with session(where) as primary, session(here) as reader:
        # Before the first replayed commit nobody knows how old answers are.
        primary.execute("insert into finance.financial_funds (handle_by, amount) values (3, 1)")
        standby.catch_up(str(conninfo_to_dict(here)["dbname"]))
        reader.execute("select pg_wal_replay_pause()")
        paused = "select pg_get_wal_replay_pause_state()"
        wait_for("paused", lambda: value(reader, paused) == "paused")
        primary.execute("insert into finance.financial_funds (handle_by, amount) values (3, 1)")
        wait_for("behind", lambda: rows(reader, lag)[0][2] is True)
        [(side, state, is_behind, behind)] = rows(reader, lag)
        assert (side, state, is_behind) == ("standby", "paused", True)
        assert behind > 0
        assert rows(primary, lag)[0][:3] == ("primary", "streaming", True)
        reader.execute("select pg_wal_replay_resume()")
        standby.catch_up(str(conninfo_to_dict(here)["dbname"]))
        wait_for("level", lambda: rows(reader, lag)[0][2:] == (False, 0))
        wait_for("told", lambda: rows(primary, lag)[0][2] is False)


def test_promoted_it_answers_on_the_same_connection_and_makes_its_page_table(
    pair: tuple[str, str, Standby],
) -> None:
    where, here, _ = pair
    page = "select * from finance.page_authorized_funds(4, 1, 60, 'order_id', 'desc')"
    table = (
        "select count(*) from pg_class as c "
        "where c.relname = 'fundwarden_page' and c.relnamespace = pg_my_temp_schema()"
    )
    with (
        session(where) as primary,
        session(here) as admin,
        session(here, user="trusted_login") as reader,
    ):
        answer = rows(primary, page)
        assert rows(reader, page) == answer
        assert value(reader, table) == 0
        assert value(admin, "select pg_promote()") is True
        for _ in range(2):
            assert rows(reader, page) == answer
            assert value(reader, table) == 1
        admin.execute("insert into finance.financial_funds (handle_by, amount) values (3, 1)")
        assert value(reader, "select finance.count_authorized_funds(3)") == (
            value(primary, "select finance.count_authorized_funds(3)") + 1
        )
