"""The log and its seals beside writers, other seals, crashes, and the turn of a month."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from servers import APP_LOGIN, TRUSTED_LOGIN
from waiting import Running, refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
Connect = Callable[..., Connection]
LOG = "audit.permission_audit_log"
WRITERS = 16
# Every row is in exactly one seal, and every id of a seal is a row.
SEALED_ONCE = f"""
    select
        (select count(*) from {LOG}),
        (select sum(s.row_count) from audit.seals as s),
        (
            select count(*)
            from {LOG} as l
            inner join audit.seals as s on l.id <@ s.ids
        )
"""


@pytest.fixture
def owner(connect: Connect) -> Iterator[Connection]:
    connection = connect()
    connection.execute("set role fundwarden_owner")
    connection.execute("update authz.settings set refresh_mode = 'manual'")
    connection.execute("insert into authz.org_units (id, code) values (1, 'root')")
    connection.execute(
        "insert into authz.users (id, username, base_unit_id) "
        "select g, 'user' || g, 1 from generate_series(1, 40) as g"
    )
    yield connection


def second(connect: Connect) -> Connection:
    """Another session of the owner's."""
    connection = connect()
    connection.execute("set role fundwarden_owner")
    return connection


def wait_blocked(owner: Connection, running: Running) -> None:
    """Until the statement waits for a lock."""
    for _ in range(100000):
        if rows(owner, "select 1 from pg_locks where pid = %s and not granted", running.pid):
            return
        if running.done.is_set():
            break
    raise AssertionError("the statement does not wait")


def test_sealing_beside_16_writers_neither_misses_nor_duplicates_a_row(
    connect: Connect, owner: Connection
) -> None:
    ending = threading.Event()
    errors: list[BaseException] = []
    heads: list[str] = []

    def write(number: int, connection: Connection) -> None:
        try:
            for turn in range(15):
                with connection.transaction():
                    connection.execute(
                        "insert into authz.user_roles (user_id, role_id, valid_from, valid_until) "
                        "select %s, 3, date '2030-01-01' + g, date '2030-01-02' + g "
                        "from generate_series(1, 5) as s cross join lateral (values (s + 5 * %s)) "
                        "as w (g)",
                        [number + 1, turn],
                    )
                    connection.execute(
                        "update authz.user_roles set role_id = 2 where user_id = %s", [number + 1]
                    )
                    if turn % 4 == 0:
                        raise psycopg.Rollback
        except BaseException as error:
            errors.append(error)

    def seal(connection: Connection) -> None:
        try:
            while not ending.is_set():
                heads.append(value(connection, "select audit.seal()"))
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(n, second(connect))) for n in range(WRITERS)]
    sealers = [threading.Thread(target=seal, args=(second(connect),)) for _ in range(2)]
    for thread in (*sealers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ending.set()
    for thread in sealers:
        thread.join()
    assert not errors
    heads.append(value(owner, "select audit.seal()"))
    held, sealed, joined = rows(owner, SEALED_ONCE)[0]
    assert held == sealed == joined
    assert held > WRITERS * 11 * 10
    assert len(set(heads)) > 3, "nothing was sealed while writers wrote"
    assert rows(owner, "select * from audit.verify()") == []
    for head in sorted(set(heads))[:: max(1, len(set(heads)) // 5)]:
        assert rows(owner, "select * from audit.verify(%s)", head) == []
    assert rows(owner, "select * from audit.verify_tables()") == []


def test_a_long_transaction_holds_no_seal_up_and_is_sealed_when_it_ends(
    connect: Connect, owner: Connection
) -> None:
    late = second(connect)
    late.execute("begin")
    late.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (2, 3)")
    owner.execute("select audit.seal()")
    latest = value(owner, f"select max(id) from {LOG}")
    assert rows(owner, "select 1 from audit.seals where %s::bigint <@ ids", latest)
    assert not rows(owner, "select 1 from audit.seals where %s::bigint <@ ids", latest - 1)
    late.execute("commit")
    assert rows(owner, "select * from audit.verify()") == []
    owner.execute("select audit.seal()")
    assert rows(owner, "select 1 from audit.seals where %s::bigint <@ ids", latest - 1)
    held, sealed, joined = rows(owner, SEALED_ONCE)[0]
    assert held == sealed == joined
    assert rows(owner, "select * from audit.verify()") == []


def test_what_a_transaction_writes_beside_its_own_seal_is_for_the_next(owner: Connection) -> None:
    owner.execute("begin")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    owner.execute("select audit.seal()")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (2, 3)")
    owner.execute("select audit.seal()")
    owner.execute("commit")
    owner.execute("select audit.seal()")
    held, sealed, joined = rows(owner, SEALED_ONCE)[0]
    assert held == sealed == joined
    assert rows(owner, "select * from audit.verify()") == []


def test_a_seal_waits_for_another_and_seals_what_that_left(
    connect: Connect, owner: Connection
) -> None:
    first, other = second(connect), second(connect)
    first.execute("begin")
    first.execute("select audit.seal()")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    running = Running(other, "select audit.seal()", None)
    wait_blocked(owner, running)
    first.execute("commit")
    running.rows()
    held, sealed, joined = rows(owner, SEALED_ONCE)[0]
    assert held == sealed == joined
    assert rows(owner, "select * from audit.verify()") == []


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_seal_with_an_old_snapshot_is_refused(owner: Connection, level: str) -> None:
    owner.execute(f"begin isolation level {level}")
    assert refusal(owner, "select audit.seal()").sqlstate == "25001"


def test_a_seal_that_is_killed_leaves_nothing(connect: Connect, owner: Connection) -> None:
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    before = rows(owner, "select number, hash from audit.seals order by number")
    doomed = second(connect)
    doomed.execute("begin")
    doomed.execute("select audit.seal()")
    owner.execute("reset role")
    owner.execute("select pg_terminate_backend(%s, 60000)", [doomed.info.backend_pid])
    owner.execute("set role fundwarden_owner")
    assert rows(owner, "select number, hash from audit.seals order by number") == before
    owner.execute("select audit.seal()")
    held, sealed, joined = rows(owner, SEALED_ONCE)[0]
    assert held == sealed == joined
    assert rows(owner, "select * from audit.verify()") == []


def test_the_head_is_returned_and_notified(connect: Connect, owner: Connection) -> None:
    listener = connect()
    listener.execute("listen audit_seal")
    head = value(owner, "select audit.seal()")
    told = [n.payload for n in listener.notifies(timeout=30, stop_after=1)]
    assert told == [head]
    assert value(owner, "select audit.seal()") == head, "nothing new, nothing sealed"
    number, total, digest = head.split(":")
    assert rows(
        owner, "select number, total_rows, encode(hash, 'hex') from audit.seals where number = %s",
        int(number),
    ) == [(int(number), int(total), digest)]  # fmt: skip


def old_row(owner: Connection, when: str) -> None:
    """A row as one written then would be: in the chain before it, of a transaction of its own."""
    owner.execute(
        f"insert into {LOG} (id, logged_at, xid, session_user_name, action, row_hash) "
        f"select nextval('audit.permission_audit_log_id'), {when}, pg_current_xact_id(), "
        "'postgres', 'EXPORT', ''"
    )
    owner.execute("alter table audit.permission_audit_log_default disable trigger user")
    owner.execute(
        f"update {LOG} as l set row_hash = authz_private.log_row_hash(l) where row_hash = ''"
    )
    owner.execute(
        "alter table audit.permission_audit_log_default enable always trigger _100_keep_log"
    )
    owner.execute(
        "alter table audit.permission_audit_log_default enable always trigger _200_keep_log_whole"
    )


@pytest.fixture
def aged(owner: Connection) -> Connection:
    """The log begins three months ago, with a row of then that no partition was ready for."""
    owner.execute("alter table audit.seals disable trigger user")
    owner.execute("update audit.seals set sealed_at = sealed_at - interval '3 months'")
    owner.execute("update audit.seals as s set hash = authz_private.seal_hash(s)")
    owner.execute("alter table audit.seals enable always trigger _100_keep_log")
    old_row(owner, "clock_timestamp() - interval '2 months'")
    return owner


def months(owner: Connection) -> int:
    return int(value(owner, "select count(*) from authz_private.log_partitions()"))


def test_a_row_without_a_partition_is_logged_and_moved_to_its_month(aged: Connection) -> None:
    before = months(aged)
    assert value(aged, "select count(*) from audit.permission_audit_log_default") == 1
    assert value(aged, "select audit.make_partitions()") == 1
    assert value(aged, "select count(*) from audit.permission_audit_log_default") == 0
    assert months(aged) == before + 1
    assert value(aged, "select audit.make_partitions()") == 0
    assert value(aged, "select audit.make_partitions(5)") == 2
    aged.execute("select audit.seal()")
    assert rows(aged, "select * from audit.verify()") == []
    for title in rows(aged, "select partition_id::text from authz_private.log_partitions()"):
        assert refusal(aged, f"truncate {title[0]}").sqlstate == "42501"
    assert refusal(aged, f"delete from {LOG}").sqlstate == "42501"


def test_partitions_are_made_beside_a_writer(connect: Connect, owner: Connection) -> None:
    writer = second(connect)
    writer.execute("begin")
    writer.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    assert value(owner, "select audit.make_partitions(6)") == 3
    writer.execute("insert into authz.user_roles (user_id, role_id) values (1, 2)")
    writer.execute("commit")


def test_a_reader_of_the_log_holds_no_seal_up(connect: Connect, aged: Connection) -> None:
    reader = second(connect)
    reader.execute("begin")
    reader.execute(f"select count(*) from {LOG}")
    head = value(aged, "select audit.seal()")
    assert value(aged, "select count(*) from audit.permission_audit_log_default") == 1
    reader.execute("commit")
    aged.execute("select audit.seal()")
    assert value(aged, "select count(*) from audit.permission_audit_log_default") == 0
    assert rows(aged, "select * from audit.verify(%s)", head) == []


def test_retention_drops_whole_sealed_months_and_says_so(aged: Connection) -> None:
    cut = "date_trunc('month', now() at time zone 'UTC')::date"
    told = refusal(aged, f"select audit.drop_partitions_before({cut})")
    assert told.sqlstate == "55000"
    assert "not sealed" in (told.message_primary or "")
    aged.execute("select audit.seal()")
    count = value(aged, f"select count(*) from {LOG}")
    head = value(aged, f"select audit.drop_partitions_before({cut})")
    assert head == value(aged, f"select audit.drop_partitions_before({cut})"), "nothing to drop"
    # One row less, and one that says so.
    assert value(aged, f"select count(*) from {LOG}") == count
    assert rows(aged, "select * from audit.verify()") == []
    assert rows(aged, "select * from audit.verify(%s)", head) == []
    note = value(aged, "select note from audit.seals where kind = 'retention'")
    assert (note["rows"], len(note["months"])) == (1, 1)
    refused = refusal(
        aged, "select audit.access_as_of(1, 'funds', 'read', 1, now() - interval '2 months')"
    )
    assert refused.sqlstate == "22023"
    aged.execute("select audit.seal()")
    assert rows(aged, "select * from audit.verify()") == []
    old_row(aged, "clock_timestamp() - interval '2 months'")
    assert "dropped" in value(aged, "select problem from audit.verify()")


def test_retention_refuses_to_drop_evidence(aged: Connection) -> None:
    aged.execute("select audit.seal()")
    title = value(aged, f"select tableoid::regclass::text from {LOG} order by logged_at limit 1")
    aged.execute(f"alter table {title} disable trigger user")
    aged.execute(f"update {title} set reason = 'x'")
    told = refusal(aged, "select audit.drop_partitions_before(date_trunc('month', now())::date)")
    assert told.sqlstate == "55000"
    assert "not as it was sealed" in (told.message_primary or "")


@pytest.mark.parametrize("month", ["null", "'2026-01-02'", "'2999-01-01'"])
def test_retention_takes_months(owner: Connection, month: str) -> None:
    assert refusal(owner, f"select audit.drop_partitions_before({month})").sqlstate == "22023"


def test_a_restored_log_goes_on_and_stays_intact(owner: Connection) -> None:
    """As after a dump and restore: another cluster, where old transactions have strange numbers."""
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    owner.execute("select audit.seal()")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (2, 3)")
    owner.execute("alter table audit.seals disable trigger user")
    for title in rows(owner, "select partition_id::text from authz_private.log_partitions()"):
        owner.execute(f"alter table {title[0]} disable trigger user")
    far = "(xid::text::numeric + 1000000000)::text::xid8"
    owner.execute(f"update {LOG} set xid = {far}")
    owner.execute(f"update {LOG} as l set row_hash = authz_private.log_row_hash(l)")
    owner.execute(
        "update audit.seals set cluster = cluster + 1, "
        "sealed_by = (sealed_by::text::numeric + 1000000000)::text::xid8, "
        "snapshot = format('%1$s:%1$s:', "
        "pg_snapshot_xmax(snapshot)::text::numeric + 1000000000)::pg_snapshot"
    )
    for number in (0, 1):
        owner.execute(
            "update audit.seals as s set previous_hash = coalesce((select p.hash from audit.seals "
            "as p where p.number = s.number - 1), ''), rows_hash = case when s.kind = 'rows' then "
            "(select r.rows_hash from authz_private.sealed_rows(s.month, s.ids) as r) "
            "else s.rows_hash end where number = %s",
            [number],
        )
        owner.execute(
            "update audit.seals as s set hash = authz_private.seal_hash(s) where number = %s",
            [number],
        )
    assert rows(owner, "select * from audit.verify()") == []
    owner.execute("insert into authz.user_roles (user_id, role_id) values (3, 3)")
    for user in (4, 5):
        owner.execute("select audit.seal()")
        assert rows(owner, "select * from audit.verify()") == []
        held, sealed, joined = rows(owner, SEALED_ONCE)[0]
        assert held == sealed == joined
        owner.execute("insert into authz.user_roles (user_id, role_id) values (%s, 3)", [user])


def test_who_acts_for_whom_is_logged(database: str, owner: Connection) -> None:
    with session(database, user=TRUSTED_LOGIN) as trusted:
        assert refusal(trusted, f"select * from {LOG}").sqlstate == "42501"
    # The owner's own function, as an application would call it: the identity is of the transaction.
    owner.execute("begin")
    owner.execute("select authz.act_as(7)")
    owner.execute("select set_config('fundwarden.user_agent', repeat('a', 5000), true)")
    owner.execute("select set_config('fundwarden.request_id', 'r-1', true)")
    owner.execute("select set_config('fundwarden.reason', 'as asked', true)")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 3)")
    owner.execute("commit")
    owner.execute("insert into authz.user_roles (user_id, role_id) values (1, 2)")
    found = rows(
        owner,
        "select effective_user_id, actor_id, length(user_agent), request_id, reason, "
        f"session_user_name, tenant_id from {LOG} order by id desc limit 2",
    )
    assert found == [
        (None, None, None, None, None, "postgres", 1),
        (7, None, 500, "r-1", "as asked", "postgres", 1),
    ]


IMPERSONATIONS = f"""
    select effective_user_id, actor_id, session_user_name, reason, new_values
    from {LOG} where action = 'IMPERSONATE' order by id
"""


def test_acting_for_somebody_is_logged_with_who_it_really_is(
    database: str, owner: Connection
) -> None:
    token = value(owner, "select authz.issue_token(1)")
    owner.execute("update authz.settings set record_act_as = false")
    with session(database, user=TRUSTED_LOGIN) as trusted:
        for before, call in (
            ([], "select authz.act_as(7)"),
            ([], "select authz.act_as(7, 'a ticket')"),
            ([("select authz.sign_in(%s)", [token])], "select authz.act_as(7)"),
        ):
            trusted.execute("begin")
            for statement, values in before:
                trusted.execute(statement, values)
            trusted.execute(call)
            trusted.execute("commit")
    told: list[Any] = [
        (7, None, TRUSTED_LOGIN, "a ticket", {"real_user_id": None, "effective_user_id": 7}),
        (7, 1, TRUSTED_LOGIN, None, {"real_user_id": 1, "effective_user_id": 7}),
    ]
    assert rows(owner, IMPERSONATIONS) == told
    owner.execute("update authz.settings set record_act_as = true")
    with session(database, user=TRUSTED_LOGIN) as trusted:
        trusted.execute("select authz.act_as(7)")
    told.append((7, None, TRUSTED_LOGIN, None, {"real_user_id": None, "effective_user_id": 7}))
    assert rows(owner, IMPERSONATIONS) == told


@pytest.mark.parametrize("login", [APP_LOGIN, TRUSTED_LOGIN])
def test_no_login_of_an_application_sees_or_writes_the_log(database: str, login: str) -> None:
    with session(database, user=login) as caller:
        for statement in (
            f"select from {LOG}",
            f"insert into {LOG} (id) values (1)",
            f"update {LOG} set reason = ''",
            f"delete from {LOG}",
            f"truncate {LOG}",
            "select from audit.seals",
            "select audit.seal()",
            "select audit.verify()",
            "select audit.record('EXPORT', '{}')",
            "select audit.access_as_of(1, 'funds', 'read', 1, now())",
            "select nextval('audit.permission_audit_log_id')",
        ):
            assert refusal(caller, statement).sqlstate == "42501", statement


def test_the_auditor_reads_and_the_operator_seals(connect: Connect, owner: Connection) -> None:
    caller = connect()
    caller.execute("set role fundwarden_auditor")
    assert value(caller, f"select count(*) from {LOG}") > 40
    assert value(caller, "select count(*) from audit.seals") == 1
    assert rows(caller, "select * from audit.verify()") == []
    assert rows(caller, "select * from audit.verify_tables()") == []
    assert value(caller, "select audit.access_as_of(1, 'funds', 'read', 1, now())") is False
    for statement in (
        f"insert into {LOG} (id) values (1)",
        f"delete from {LOG}",
        "select audit.seal()",
    ):
        assert refusal(caller, statement).sqlstate == "42501"
    caller.execute("set role fundwarden_operator")
    caller.execute("select audit.seal()")
    caller.execute("select audit.make_partitions()")
    for statement in (
        f"select from {LOG}",
        f"delete from {LOG}",
        "select audit.drop_partitions_before('2020-01-01')",
        "select audit.access_as_of(1, 'funds', 'read', 1, now())",
    ):
        assert refusal(caller, statement).sqlstate == "42501"


def test_nobody_attaches_the_trigger_to_a_table_of_their_own(connect: Connect) -> None:
    caller = connect()
    caller.execute("create schema mine")
    caller.execute("create table mine.users (id bigint primary key)")
    caller.execute("grant create, usage on schema mine to fundwarden_app")
    caller.execute("grant usage on schema authz_private to fundwarden_app")
    trigger = (
        "create trigger t after insert on mine.{} referencing new table as new_rows "
        "for each statement execute function authz_private.tg_audit('id')"
    )
    caller.execute("set role fundwarden_app")
    caller.execute("create table mine.own (id bigint primary key)")
    assert refusal(caller, trigger.format("own")).sqlstate == "42501"
    caller.execute("reset role")
    # Not even where somebody may.
    caller.execute(trigger.format("users"))
    assert refusal(caller, "insert into mine.users values (1)").sqlstate == "42501"
