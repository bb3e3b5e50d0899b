"""Whatever ends half way, nothing is half done, the message says what to do, the next run works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import rights_matrix
from catalogs import catalog_snapshot
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from servers import Server
from waiting import PATIENCE, refusal, rows, session, value, wait_for

from runner.connect import Target
from runner.errors import INTERRUPTED, RunnerError
from runner.loading import load
from runner.migrations import migrate, status
from runner.refreshing import listen, refresh
from runner.registering import register
from runner.seeding import prepare, seed
from runner.statistics import sizes
from runner.syncing import Feed, sync

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

PAGE = "select fund_id, total_count from finance.page_authorized_funds(2)"
# As fresh as they like; that they say the same as the tables is asked for itself.
DERIVED = {"authz.user_effective_policies", "authz_private.policy_marks", "ops.refresh_log"}


def quiet(line: str) -> None:
    del line


def state(conninfo: str) -> dict[str, Any]:
    """How many rows each table has, and every definition."""
    with psycopg.connect(conninfo) as conn:
        found: dict[str, Any] = {
            name: row["rows"]
            for row in sizes(conn)
            if (name := f"{row['schema']}.{row['name']}") not in DERIVED
        }
        return found | catalog_snapshot(conn)


def is_exact(conninfo: str) -> None:
    with session(conninfo) as admin:
        assert rows(admin, "select * from authz.verify_effective_policies()") == []
        assert rows(admin, "select * from audit.verify()") == []


# Ended in the middle.


@dataclass
class Work:
    """What the runner does, the lock it meets in the middle, and what it needs to have to do."""

    arguments: tuple[str, ...]
    gate: str
    again: Callable[[Target, Path], object]
    before: str = "select 1"
    # psql ends in its own way.
    is_ours: bool = True


OWNERS = '[{"name": "rep", "path": ["rep"]}]'
BILLS = {
    "table": "own.bill", "name": None, "owners": OWNERS, "resource": "funds",
    "tenant_column": "tenant", "tenant_id": None, "storage": "stored",
}  # fmt: skip
OWN_TABLE = """
    create schema own authorization fundwarden_owner;
    set role fundwarden_owner;
    create table own.bill (id int primary key, tenant int, rep text);
    insert into own.bill select g, 1, g::text from generate_series(1, 50) as g;
"""
UNREGISTER = "select authz.unregister_dataset('bill')"


def unregister(target: Target) -> None:
    """As psql does it."""
    with session(target.conninfo) as owner:
        owner.execute("set role fundwarden_owner")
        owner.execute(UNREGISTER)


LOG = "lock table audit.permission_audit_log in exclusive mode"
WORKS = {
    "migrate": Work(
        ("migrate",),
        "lock table fundwarden.applied_files in exclusive mode",
        lambda target, folder: migrate(target, say=quiet),
        "drop function ops.rls_lint(); drop trigger _100_owner_units_on_insert "
        "on finance.financial_funds",
    ),
    "seed": Work(
        ("seed", "--records", "200", "--append"),
        LOG,
        lambda target, folder: seed(target, records=200, append=True, say=quiet),
    ),
    "load": Work(
        ("load", "{folder}/org.csv"),
        LOG,
        lambda target, folder: load(target, folder / "org.csv", say=quiet),
    ),
    "sync": Work(
        ("sync", "{folder}/feed"),
        LOG,
        lambda target, folder: sync(target, folder / "feed", Feed(), say=quiet),
    ),
    "refresh": Work(
        ("refresh",),
        "lock table ops.refresh_log in exclusive mode",
        lambda target, folder: refresh(target, say=quiet),
    ),
    "register": Work(
        (
            "register",
            "own.bill",
            "--owners",
            OWNERS,
            "--resource",
            "funds",
            "--tenant-column",
            "tenant",
        ),
        "lock table authz_private.dataset_objects in exclusive mode",
        lambda target, folder: register(target, BILLS, say=quiet),
        OWN_TABLE,
    ),
    "unregister": Work(
        ("psql", "-X", "-c", "set role fundwarden_owner", "-c", UNREGISTER),
        "lock table authz_private.dataset_objects in exclusive mode",
        lambda target, folder: unregister(target),
        OWN_TABLE + "select authz.register_dataset('own.bill', resource => 'funds', "
        f"tenant_column => 'tenant', owners => '{OWNERS}'); reset role",
        is_ours=False,
    ),
    "page": Work(
        ("psql", "-X", "-c", PAGE),
        "lock table finance.financial_funds in access exclusive mode",
        lambda target, folder: target,
        is_ours=False,
    ),
}

ORGANISATION = "code,parent_code,name,kind\nmars,,Mars,organization\nolympus,mars,Olympus,region\n"


@dataclass
class Running:
    """A runner that waits in the middle of its work, and what it waits for."""

    work: Work
    database: str
    before: dict[str, Any]
    gate: Connection
    process: subprocess.Popen[str]
    pid: int = 0

    def find(self) -> bool:
        """Whether it has come to the gate."""
        waiting = rows(
            self.gate,
            "select l.pid from pg_locks as l "
            "where not l.granted and pg_backend_pid() = any(pg_blocking_pids(l.pid))",
        )
        self.pid = waiting[0][0] if waiting else 0
        return bool(waiting)


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[str]:
    """The name of a database with a little of everything, to be copied."""
    with server.copy() as janitor:
        conninfo = server.conninfo(janitor.dbname)
        with psycopg.connect(conninfo) as admin:
            admin.execute("select ops.apply_database_rights()")
        seed(Target(conninfo), records=200, say=quiet)
        yield janitor.dbname


@contextmanager
def in_the_middle(server: Server, filled: str, folder: Path) -> Iterator[dict[str, Running]]:
    """All of it at once, each in a database of its own: a crash is everybody's."""
    (folder / "org.csv").write_text(ORGANISATION)
    (folder / "feed").mkdir()
    (folder / "feed/units.csv").write_text(
        "external_id,parent_external_id\nPHOBOS,\nCRATER,PHOBOS\n"
    )
    (folder / "feed/people.csv").write_text("external_id,unit_external_id\nE1,CRATER\n")
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        states: dict[str, dict[str, Any]] = {}
        for name, work in WORKS.items():
            database = server.conninfo(stack.enter_context(server.copy(filled)).dbname)
            with session(database) as admin:
                admin.execute("select ops.apply_database_rights()")
                admin.execute(work.before)
            gate = psycopg.connect(database, prepare_threshold=None)
            stack.callback(gate.close)
            # But for what was done to them, all copies are alike.
            before = states.get(work.before) or state(database)
            states[work.before] = before
            gate.execute(work.gate)
            arguments = [one.replace("{folder}", str(folder)) for one in work.arguments]
            process = subprocess.Popen(
                [sys.executable, "-m", "runner.cli", "--dsn", database, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            running[name] = Running(work, database, before, gate, process)
        for one in running.values():
            wait_for("the runner is in the middle", one.find)
        yield running


def kill_backends(server: Server, running: list[Running]) -> None:
    del server
    for one in running:
        # The first takes the others with it.
        with suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)


def kill_postmaster(server: Server, running: list[Running]) -> None:
    del running
    os.kill(int((server.embedded.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def end_connections(server: Server, running: list[Running]) -> None:
    with session(server.conninfo()) as admin:
        for one in running:
            admin.execute("select pg_terminate_backend(%s)", [one.pid])


def kill_runners(server: Server, running: list[Running]) -> None:
    del server
    for one in running:
        one.process.kill()


def interrupt_runners(server: Server, running: list[Running]) -> None:
    del server
    for one in running:
        one.process.send_signal(signal.SIGINT)


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("strike", "code"),
    [
        # The end of the server is the end of every backend.
        pytest.param(kill_backends, 1, marks=pytest.mark.long),
        (kill_postmaster, 1),
        pytest.param(end_connections, 1, marks=pytest.mark.long),
        # Each in the tests of what it does: seed, sync, migrate.
        pytest.param(kill_runners, -signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(interrupt_runners, INTERRUPTED, marks=pytest.mark.long),
    ],
)
def test_ended_in_the_middle_nothing_is_half_done_and_the_next_run_works(
    server: Server,
    filled: str,
    tmp_path: Path,
    strike: Callable[[Server, list[Running]], None],
    code: int,
) -> None:
    with in_the_middle(server, filled, tmp_path) as running:
        strike(server, list(running.values()))
        told = {}
        for name, one in running.items():
            # Only a server that lives would let a runner wait for the gate.
            told[name] = one.process.communicate(timeout=PATIENCE)[1]
            if one.work.is_ours:
                assert one.process.returncode == code, (name, told[name])
            else:
                assert one.process.returncode != 0
            one.gate.close()
        server.embedded.start()
        pids = [one.pid for one in running.values()]
        with session(server.conninfo()) as admin:
            there = "select count(*) from pg_stat_activity as a where a.pid = any(%s)"
            wait_for("their sessions have ended", lambda: value(admin, there, pids) == 0)
        for name, one in running.items():
            if one.work.is_ours and strike is not kill_runners:
                assert told[name].startswith("error: "), name
                assert "\nhint: " in told[name], (name, told[name])
                assert "Traceback" not in told[name], name
            now = state(one.database)
            assert {key for key in now if now[key] != one.before[key]} == set(), name
            if strike is kill_postmaster:
                is_exact(one.database)
            one.work.again(Target(one.database), tmp_path)
            is_exact(one.database)
            with session(one.database) as admin:
                assert rows(admin, PAGE)
                if name == "migrate":
                    assert status(Target(one.database)).exit_code == 0
                elif name == "seed":
                    held = "select count(*) from finance.financial_funds"
                    assert value(admin, held) == 400
                elif name == "load":
                    loaded = "select count(*) from authz.org_units where path::text ~ '^mars'"
                    assert value(admin, loaded) == 2
                elif name == "sync":
                    held = "select count(*) from authz.users where external_id = 'E1'"
                    assert value(admin, held) == 1
                elif name == "register":
                    assert rows(admin, "select p.* from ops.dataset_problems() as p") == []
                    assert value(admin, "select count(fundwarden_bill_rep_unit) from own.bill") > 0
                elif name == "unregister":
                    assert value(admin, "select count(*) from authz.datasets") == 0
                    assert rows(admin, "select b.* from own.bill as b where b.id = 1") == [
                        (1, 1, "1")
                    ]
                elif name == "refresh":
                    assert value(admin, "select authz_private.view_answers_for(2)") is True


# Limits.


def with_little_memory(conn: Connection, *arguments: Any, **options: Any) -> list[Any]:
    """The seed asks for enough memory to need no files for few rows."""
    steps = prepare(conn, *arguments, **options)
    conn.execute("set local work_mem = '64kB'; set local maintenance_work_mem = '1MB'")
    return steps


@pytest.mark.one_server
def test_a_seed_that_fills_the_disk_changes_nothing_and_says_what_to_do(
    server: Server, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.copy(filled) as janitor:
        database = server.conninfo(janitor.dbname)
        before = state(database)
        # A limit of the session stands for a disk that is full: both refuse the next file. Twenty
        # thousand rows are sorted in more than the least memory.
        limited = make_conninfo(database, options="-c temp_file_limit=0")
        monkeypatch.setattr("runner.seeding.prepare", with_little_memory)
        with pytest.raises(RunnerError, match="temp_file_limit") as refused:
            seed(Target(limited), records=20_000, append=True, say=quiet)
        monkeypatch.undo()
        assert refused.value.hint is not None
        assert refused.value.hint.startswith("Nothing was changed. Raise temp_file_limit")
        assert state(database) == before
        is_exact(database)
        seed(Target(database), records=200, append=True, say=quiet)
        assert state(database)["finance.financial_funds"] == 400
        is_exact(database)


def waits(
    connection: Connection, calls: dict[str, str], limit: str, me: int | None
) -> dict[str, str]:
    """What came of each call, tried and undone, under a time limit of that name."""
    found = {}
    for name, call in calls.items():
        connection.execute("begin")
        if me:
            connection.execute("set local lock_timeout = '10s'")
            connection.execute("select authz.act_as(%s)", [me])
            connection.execute("set local lock_timeout = 0")
        connection.execute(f"set local {limit} = '15ms'")
        try:
            connection.execute(call.encode())
            # Whatever the function did about time limits, the caller's is as it was.
            assert value(connection, f"show {limit}") == "15ms", name
            found[name] = "done"
        except psycopg.Error as error:
            found[name] = error.sqlstate or "lost"
        connection.execute("rollback")
    return found


# Everything there is to wait for without waiting for readers, and everything.
ROWS = """
    select from authz.tenants for update;
    select from authz.users for update;
    select from authz_private.refresh_turn for update;
    select from finance.financial_funds for update;
    select from finance.orders for update;
    select from finance.customers for update;
    lock table audit.seals in exclusive mode;
"""
TABLES = """
    do $$
    declare
        title text;
    begin
        for title in
            select c.oid::regclass
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            where n.nspname = any('{authz,authz_private,finance,audit,ops}')
                and c.relkind in ('r', 'p', 'm')
                and c.relname not in ('tenants', 'users')
        loop
            if title = 'authz.user_effective_policies' then
                refresh materialized view authz.user_effective_policies;
            else
                execute 'lock table ' || title || ' in access exclusive mode';
            end if;
        end loop;
    end
    $$;
"""
READERS = {
    "authz.check_user_permission", "authz.check_user_permissions", "authz.user_scope",
    "authz.explain_user_permission", "authz.users_with_permission", "authz.effective_policies",
    "authz.next_access_change", "authz.subordinates", "authz.user_has_org_permission",
    "authz.descendants", "authz.ancestors",
    "finance.page_authorized_funds", "finance.count_authorized_funds",
    "finance.explain_fund_access",
}  # fmt: skip
MAINTAINERS = {
    "authz.refresh_user_effective_policies", "authz.refresh_user_permissions", "audit.seal",
    "audit.verify", "audit.verify_tables", "authz.verify_effective_policies",
    "ops.effective_view_health",
}  # fmt: skip


def calls_of(connection: Connection, role: str) -> dict[str, str]:
    """One call of each function that the role may execute."""
    found = {}
    for (action, signature), (_, call) in rights_matrix.actions(connection).items():
        may = "select has_function_privilege(%s, %s, 'execute')"
        if (
            action == "EXECUTE"
            and not signature.startswith("authz_private.")
            and value(connection, may, role, signature)
        ):
            found[signature] = call
    return found


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("held", "role", "me"),
    [
        (ROWS, "fundwarden_trusted", 1),
        # To sign in would have to wait as well.
        pytest.param(TABLES, "fundwarden_trusted", None, marks=pytest.mark.long),
        pytest.param(ROWS, "fundwarden_operator", None, marks=pytest.mark.long),
        pytest.param(TABLES, "fundwarden_operator", None, marks=pytest.mark.long),
    ],
    ids=["writers", "readers", "maintenance of rows", "maintenance of tables"],
)
def test_time_limits_reach_the_caller_and_nothing_is_half_done(
    database: str, held: str, role: str, me: int | None
) -> None:
    with session(database) as admin, session(database) as blocker, session(database) as caller:
        admin.execute(rights_matrix.WORLD)
        # Of those that name a user or a unit, whose tenant is what is locked first.
        changes = {
            name: f"select {name}({', '.join(arguments)})"
            for name, arguments in rows(
                admin,
                "select p.oid::regproc::text, array("
                "select case when t.id = any('{int, bigint}'::regtype []) then '2' "
                "when t.id = 'boolean'::regtype then 'true' "
                "else 'null' end || '::' || format_type(t.id, null) "
                "from unnest(p.proargtypes) with ordinality as t (id, place) order by t.place) "
                "from pg_proc as p where p.prorettype = 'authz.change'::regtype "
                "and p.pronamespace = 'authz'::regnamespace "
                "and p.proargnames[1] in ('user_id', 'unit_id', 'parent_id')",
            )
        }
        assert len(changes) > 10
        calls = {
            # Whoever has not signed in asks about somebody.
            name: re.sub(r"(_authorized_funds\()null", r"\g<1>2", call)
            for name, call in calls_of(admin, role).items()
        }
        if me:
            calls |= changes
        if role == "fundwarden_operator":
            role = "maintainer"
            admin.execute("create role maintainer in role fundwarden_operator, fundwarden_auditor")
            calls |= calls_of(admin, "fundwarden_auditor")
        try:
            before = state(database)
            caller.execute(f"set session authorization {role}")
            free = waits(caller, calls, "lock_timeout", me)
            blocker.execute("begin")
            blocker.execute(held)
            locked = waits(caller, calls, "lock_timeout", me)
            timed = waits(caller, calls, "statement_timeout", me)
            blocker.execute("rollback")
            waiting = {name for name, outcome in locked.items() if outcome == "55P03"}
            # Nothing but the wait is different: no other error, and no answer that is made up.
            assert {n: o for n, o in locked.items() if n not in waiting and o != free[n]} == {}
            assert {
                name
                for name in waiting
                # Of refreshes there is one, and the second does not wait for it.
                if timed[name] != "57014" and not name.startswith("authz.refresh_user_")
            } == set()
            if role == "maintainer":
                expected = {"audit.seal"} if held == ROWS else MAINTAINERS
            else:
                expected = set(changes) if held == ROWS else READERS
            assert expected <= {name.split("(")[0] for name in waiting}
            assert waits(caller, calls, "lock_timeout", me) == free
            assert state(database) == before
        finally:
            blocker.execute("rollback")
            caller.execute("reset session authorization")
            if role == "maintainer":
                admin.execute("drop role maintainer")


# Connections.


def test_a_transaction_left_idle_is_ended_and_undone(server: Server, filled: str) -> None:
    with server.copy(filled) as janitor:
        database = server.conninfo(janitor.dbname)
        before = state(database)
        with session(database) as admin, session(database, user="trusted_login") as left:
            left.execute("set idle_in_transaction_session_timeout = '20ms'")
            pid = left.info.backend_pid
            left.execute(
                "begin; select authz.act_as(1); "
                'select finance.create_fund(\'{"amount": 1, "handle_by": 1}\'); '
                f"{PAGE}"
            )
            gone = "select count(*) = 0 from pg_stat_activity as a where a.pid = %s"
            wait_for("the session has been ended", lambda: bool(value(admin, gone, pid)))
            assert refusal(left, "commit").sqlstate in ("25P03", None)
            # What it held is free.
            admin.execute("set lock_timeout = '1s'; begin; lock table finance.financial_funds; "
                          "commit; reset lock_timeout")  # fmt: skip
        assert state(database) == before
        with session(database, user="trusted_login") as trusted:
            assert value(trusted, "select authz.current_user_id()") is None
            assert rows(trusted, PAGE)


@pytest.mark.parametrize(
    "limit",
    [
        "role",
        pytest.param("database", marks=pytest.mark.long),
        pytest.param("server", marks=pytest.mark.long),
    ],
)
def test_too_many_connections_are_told_with_what_to_do(
    server: Server, database: str, limit: str
) -> None:
    name = conninfo_to_dict(database)["dbname"]
    with ExitStack() as stack:
        admin = stack.enter_context(session(server.conninfo()))
        login = make_conninfo(database, user="app_login")
        if limit == "role":
            admin.execute("alter role app_login connection limit 0")
            stack.callback(admin.execute, "alter role app_login connection limit -1")
        elif limit == "database":
            admin.execute(f"alter database {name} connection limit 0")
        else:
            with pytest.raises(psycopg.OperationalError):
                while True:
                    stack.enter_context(session(login))
        done = subprocess.run(
            [sys.executable, "-m", "runner.cli", "--dsn", login, "status"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("error: cannot connect to the database: ")
        assert "\nhint: Wait, or raise max_connections" in done.stderr


def test_the_listener_outlives_its_server_and_catches_up(server: Server, database: str) -> None:
    with session(database) as admin:
        admin.execute(rights_matrix.WORLD)
        admin.execute("update authz.settings set refresh_mode = 'deferred'")
        admin.execute("select authz.refresh_user_effective_policies()")
    ending = threading.Event()
    said: list[str] = []
    thread = threading.Thread(
        target=listen, args=(Target(database),), kwargs={"say": said.append, "stop": ending}
    )
    thread.start()
    try:
        wait_for("listening", lambda: "listening" in said)
        server.embedded.stop()
        wait_for("told", lambda: any("trying again in" in line for line in said))
        server.embedded.start()
        with session(database) as admin:
            # Nobody may have been listening yet.
            admin.execute("delete from authz.user_roles where user_id = 2")
            answered = "select authz_private.view_answers_for(2)"
            wait_for("refreshed", lambda: value(admin, answered) is True)
            assert rows(admin, "select * from authz.verify_effective_policies()") == []
            allowed = "select authz.check_user_permission(2, 'funds', 'read', 2)"
            assert value(admin, allowed) is False
    finally:
        ending.set()
        thread.join(PATIENCE)
    assert said.count("listening") == 2
    assert said[-1] == "stopped"
