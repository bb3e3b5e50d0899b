"""Whatever the owner does to the log or its seals, with the guards away, is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from servers import Server
from waiting import refusal, rows, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
LOG = "audit.permission_audit_log"

GUARDS_AWAY = """
do $$
declare
    title text;
begin
    for title in select p.partition_id::text from authz_private.log_partitions() as p
    loop
        execute 'alter table ' || title || ' disable trigger user';
    end loop;
end
$$;
alter table audit.permission_audit_log disable trigger user;
alter table audit.seals disable trigger user;
"""
HISTORY = [
    "insert into authz.org_units (id, code) values (1, 'root')",
    "insert into authz.users (id, username, base_unit_id) "
    "select g, 'user' || g, 1 from generate_series(1, 9) as g",
    "select audit.seal()",
    # Rolled back: its ids are free for a forger.
    "do $$ begin delete from authz.users; raise sqlstate 'XX999'; "
    "exception when sqlstate 'XX999' then null; end $$",
    "insert into authz.user_roles (user_id, role_id) select g, 3 from generate_series(1, 9) as g",
    "update authz.user_roles set role_id = 2 where user_id < 4",
    "select audit.seal()",
    "delete from authz.user_roles where user_id > 7",
    "update authz.roles set rank = 11 where code = 'staff'",
    "select audit.seal()",
]
TAIL = [
    "update authz.users set is_active = false where id = 9",
    "insert into authz.user_roles (user_id, role_id, unit_id) values (1, 1, 1)",
]
# A row of the second seal, with a change of each kind beside it.
VICTIM = f"(select max(id) from {LOG} where action = 'UPDATE' and table_name = 'authz.user_roles')"
REHASH = f"update {LOG} as l set row_hash = authz_private.log_row_hash(l)"
RECHAIN = """
do $$
declare
    seal audit.seals;
    last audit.seals;
begin
    for seal in select s.* from audit.seals as s order by s.number loop
        if seal.kind = 'rows' then
            select r.row_count, r.rows_hash into seal.row_count, seal.rows_hash
            from authz_private.sealed_rows(seal.month, seal.ids) as r;
        end if;
        seal.total_rows := coalesce(last.total_rows, 0) + seal.row_count;
        seal.previous_hash := coalesce(last.hash, '');
        seal.hash := authz_private.seal_hash(seal);
        update audit.seals as s
        set row_count = seal.row_count, rows_hash = seal.rows_hash,
            total_rows = seal.total_rows, previous_hash = seal.previous_hash, hash = seal.hash
        where s.number = seal.number;
        last := seal;
    end loop;
end
$$
"""
RESEAL = "update audit.seals as s set hash = authz_private.seal_hash(s)"


def copy_of_victim(**changed: str) -> str:
    """An INSERT of the victim's row with some columns changed, and a hash that fits them."""
    columns = [
        *("id", "logged_at", "xid", "actor_id", "effective_user_id", "session_user_name"),
        *("client_addr", "user_agent", "request_id", "reason", "table_name", "row_key", "action"),
        *("old_values", "new_values", "changed_columns", "tenant_id", "row_hash"),
    ]
    chosen = ", ".join(changed.get(c, f"l.{c}") for c in columns)
    return (
        f"insert into {LOG} ({', '.join(columns)}) "
        f"select {chosen} from {LOG} as l where l.id = {VICTIM}"
    )


FREE_ID = (
    f"(select min(g) from generate_series(1, {VICTIM}) as g "
    f"where not exists (select from {LOG} as x where x.id = g))"
)
NEW_ID = "nextval('audit.permission_audit_log_id')"

ALTERED = {
    "id": "l.id + 100000",
    "logged_at": "l.logged_at + interval '1 microsecond'",
    "xid": "'3'::xid8",
    "actor_id": "1",
    "effective_user_id": "1",
    "session_user_name": "'somebody'",
    "client_addr": "'192.0.2.1'::inet",
    "user_agent": "'curl'",
    "request_id": "'another'",
    "reason": "'as ordered'",
    "table_name": "'authz.user_policies'",
    "row_key": """'{"id": 999}'::jsonb""",
    "action": "'DELETE'",
    "old_values": """'{"role_id": 1}'::jsonb""",
    "new_values": """'{"role_id": 1}'::jsonb""",
    "changed_columns": "'{unit_id}'::text []",
    "tenant_id": "2",
    "row_hash": "sha256('x')",
}
SEAL_ALTERED = {
    "sealed_at": "sealed_at - interval '1 second'",
    "sealed_by": "'3'",
    "snapshot": "'3:3:'",
    "cluster": "cluster + 1",
    "ids": "ids + int8multirange(int8range(100000, 100001))",
    "row_count": "row_count + 1",
    "total_rows": "total_rows + 1",
    "rows_hash": "sha256('x')",
    "previous_hash": "sha256('x')",
    "hash": "sha256('x')",
    "note": "'{}'",
    "month": "month - interval '1 month'",
}
FOUND: dict[str, tuple[list[str], str]] = {
    "a row and its hash are altered": (
        [f"update {LOG} set reason = 'x' where id = {VICTIM}", REHASH],
        "a row was altered or replaced",
    ),
    "two rows exchange their contents": (
        [
            f"update {LOG} as l set row_key = x.row_key from {LOG} as x where l.id in ({VICTIM}, "
            f"{VICTIM} - 1) and x.id in ({VICTIM}, {VICTIM} - 1) and x.id <> l.id",
            REHASH,
        ],
        "a row was altered or replaced",
    ),
    "two rows exchange their places": (
        [
            f"update {LOG} set id = -1 where id = {VICTIM} - 1",
            f"update {LOG} set id = id - 1 where id = {VICTIM}",
            f"update {LOG} set id = {VICTIM} + 1 where id = -1",
            REHASH,
        ],
        "a row was altered or replaced",
    ),
    "the first row is removed": (
        [f"delete from {LOG} where id = (select min(id) from {LOG})"],
        "the row was removed",
    ),
    "a row in the middle is removed": ([f"delete from {LOG} where id = {VICTIM}"], "was removed"),
    "the last sealed row is removed": (
        [
            f"delete from {LOG} where id = (select max(upper(r)) - 1 "
            "from audit.seals, unnest(ids) as r)"
        ],
        "the row was removed",
    ),
    "all rows of a seal are removed": (
        [
            f"delete from {LOG} as l using audit.seals as s where s.number = 2 and l.id <@ s.ids",
        ],
        "the row was removed",
    ),
    "all rows are removed": ([f"truncate {LOG}"], "the row was removed"),
    "a row is removed and the others close up": (
        [
            f"delete from {LOG} where id = {VICTIM}",
            f"update {LOG} set id = id - 1 where id > {VICTIM} + 1",
            REHASH,
        ],
        "altered|removed",
    ),
    "a row is replaced by another": (
        [f"delete from {LOG} where id = {VICTIM} - 1", copy_of_victim(id=f"{VICTIM} - 1"), REHASH],
        "a row was altered or replaced",
    ),
    "a row is inserted under an id that was free": (
        [copy_of_victim(id=FREE_ID), REHASH],
        "the row was inserted later than it says",
    ),
    "a row is inserted with a transaction of the past": (
        [copy_of_victim(id=NEW_ID), REHASH],
        "the row was inserted later than it says",
    ),
    "a row is inserted with a time of the past": (
        [
            copy_of_victim(
                id=NEW_ID, xid="pg_current_xact_id()", logged_at="l.logged_at - interval '1 day'"
            ),
            REHASH,
        ],
        "the row was inserted later than it says",
    ),
    "a row is inserted under the id of another": (
        [copy_of_victim(logged_at="l.logged_at + interval '1 microsecond'"), REHASH],
        "of the same id",
    ),
    "a row is inserted under the id of another, in another month": (
        [copy_of_victim(logged_at="l.logged_at - interval '100 days'"), REHASH],
        "with the id of another",
    ),
    "a row is moved to another month": (
        [f"update {LOG} set logged_at = logged_at - interval '100 days' where id = {VICTIM}"],
        "was removed",
    ),
    "a row not sealed yet is altered": (
        [f"update {LOG} set actor_id = 1 where id = (select max(id) from {LOG})"],
        "not sealed yet, was altered",
    ),
    "the partition of the month is dropped": (
        [
            "do $$ begin execute (select 'drop table ' || tableoid::regclass "
            f"from {LOG} limit 1); end $$"
        ],
        "was removed",
    ),
    "the partition of the month is detached": (
        [
            f"do $$ begin execute (select 'alter table {LOG} detach partition ' || "
            f"tableoid::regclass from {LOG} limit 1); end $$"
        ],
        "was removed",
    ),
    "a seal is altered and its hash recomputed": (
        ["update audit.seals set rows_hash = sha256('x') where number = 2", RESEAL],
        "a row was altered or replaced|not the one it was made after",
    ),
    "the time of a seal is altered and its hash recomputed": (
        ["update audit.seals set sealed_at = sealed_at - interval '1 s' where number = 1", RESEAL],
        "not the one it was made after",
    ),
    "the first seal is removed": (["delete from audit.seals where number = 0"], "is missing"),
    "a seal in the middle is removed": (["delete from audit.seals where number = 2"], "is missing"),
    "a seal is removed and the others close up": (
        [
            "delete from audit.seals where number = 2",
            "update audit.seals set number = number - 1 where number > 2",
            RESEAL,
        ],
        "not the one it was made after",
    ),
    "all seals are removed": (["delete from audit.seals"], "the first seal is missing"),
    "two seals exchange their places": (
        [
            "update audit.seals set number = number + 10 where number in (1, 2)",
            "update audit.seals set number = 13 - number where number > 10",
            RESEAL,
        ],
        "not the one it was made after",
    ),
    "a seal is inserted": (
        [
            "insert into audit.seals select number + 1, kind, sealed_at, sealed_by, snapshot, "
            "cluster, month, ids, row_count, total_rows, rows_hash, note, hash, hash "
            "from audit.seals order by number desc limit 1",
            RESEAL,
        ],
        "does not fit|covers rows that an earlier one covers",
    ),
    "a retention that never was is noted in the past": (
        [
            "update audit.seals set kind = 'retention', month = null, "
            """note = '{"kept_from": "2100-01-01"}' where number = 2""",
            RESEAL,
        ],
        "not the one it was made after|does not fit",
    ),
}
FOUND_BY_HEAD: dict[str, list[str]] = {
    "a row is altered and everything recomputed": [
        f"update {LOG} set reason = 'x' where id = {VICTIM}",
        REHASH,
        RECHAIN,
    ],
    "a row is removed and everything recomputed": [
        "update audit.seals as s set ids = s.ids - int8multirange(int8range("
        f"{VICTIM}, {VICTIM} + 1))",
        f"delete from {LOG} where id = {VICTIM}",
        RECHAIN,
    ],
    "the last seal is removed": [
        "delete from audit.seals where number = (select max(number) from audit.seals)"
    ],
    "the last seal is removed with its rows": [
        f"delete from {LOG} as l using audit.seals as s where s.number = 3 and l.id <@ s.ids",
        "delete from audit.seals where number = 3",
    ],
    "the last seal is made anew": [
        "delete from audit.seals where number = 3",
        "select audit.seal()",
    ],
    "the log begins anew": [
        f"truncate {LOG}, audit.seals",
        "select authz_private.start_log()",
        *["select audit.seal()"] * 5,
    ],
}


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[tuple[Server, str, str]]:
    """A database with a history in three seals and a tail, to copy; and its head."""
    with server.copy() as janitor:
        with psycopg.connect(server.conninfo(janitor.dbname), autocommit=True) as owner:
            owner.execute("set role fundwarden_owner")
            owner.execute("update authz.settings set refresh_mode = 'manual'")
            for statement in HISTORY:
                owner.execute(statement)
            head = value(owner, "select audit.seal()")
            for statement in TAIL:
                owner.execute(statement)
        yield server, janitor.dbname, head


@pytest.fixture
def history(template: tuple[Server, str, str]) -> Iterator[tuple[Connection, str]]:
    """A copy of it, as its owner, and its head."""
    server, name, head = template
    with (
        server.copy(name) as janitor,
        psycopg.connect(server.conninfo(janitor.dbname), autocommit=True) as owner,
    ):
        owner.execute("set role fundwarden_owner")
        yield owner, head


def tamper(owner: Connection, statements: list[str]) -> None:
    """Does it with the guards away."""
    owner.execute(GUARDS_AWAY)
    for statement in statements:
        owner.execute(statement)


def test_an_untouched_log_is_intact(history: tuple[Connection, str]) -> None:
    owner, head = history
    assert rows(owner, "select * from audit.verify()") == []
    assert rows(owner, "select * from audit.verify(%s)", head) == []
    assert rows(owner, "select * from audit.verify_tables()") == []


@pytest.mark.parametrize("column", ALTERED)
def test_an_altered_column_is_found(history: tuple[Connection, str], column: str) -> None:
    owner, _ = history
    victim = value(owner, f"select {VICTIM}")
    tamper(owner, [f"update {LOG} as l set {column} = {ALTERED[column]} where l.id = {VICTIM}"])
    found = rows(owner, "select * from audit.verify()")
    assert found
    seal_number, row_id, problem = found[0]
    assert (seal_number, row_id) == (2, victim)
    assert problem == ("the row was removed" if column == "id" else "the row was altered")


@pytest.mark.parametrize("column", SEAL_ALTERED)
def test_an_altered_seal_is_found(history: tuple[Connection, str], column: str) -> None:
    owner, _ = history
    tamper(owner, [f"update audit.seals set {column} = {SEAL_ALTERED[column]} where number = 2"])
    assert rows(owner, "select * from audit.verify()") == [(2, None, "the seal was altered")]


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found_when(history: tuple[Connection, str], name: str) -> None:
    owner, head = history
    statements, expected = FOUND[name]
    tamper(owner, statements)
    found = rows(owner, "select problem from audit.verify()")
    assert found, "nothing was found"
    assert re.search(expected, found[0][0])
    assert rows(owner, "select * from audit.verify(%s)", head)


@pytest.mark.parametrize("name", FOUND_BY_HEAD)
def test_a_head_kept_elsewhere_tells_when(history: tuple[Connection, str], name: str) -> None:
    owner, head = history
    tamper(owner, FOUND_BY_HEAD[name])
    assert rows(owner, "select * from audit.verify()") == [], "this needs no head to be found"
    assert rows(owner, "select * from audit.verify(%s)", head)


def test_a_row_deleted_before_it_was_sealed_is_found(history: tuple[Connection, str]) -> None:
    owner, _ = history
    tamper(owner, [f"delete from {LOG} where id = (select max(id) from {LOG})"])
    assert rows(owner, "select * from audit.verify()") == []
    assert rows(owner, "select table_name from audit.verify_tables()") == [("authz.user_roles",)]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("update authz.users set username = 'other' where id = 1", "authz.users"),
        ("insert into authz.user_roles (tenant_id, user_id, role_id) values (1, 5, 1)",
         "authz.user_roles"),
        ("delete from authz.user_roles where user_id = 1 and role_id = 2", "authz.user_roles"),
        ("update authz.roles set rank = 99 where code = 'staff'", "authz.roles"),
    ],
)  # fmt: skip
def test_a_change_with_the_triggers_away_is_found(
    history: tuple[Connection, str], statement: str, table: str
) -> None:
    owner, _ = history
    owner.execute(f"alter table {table} disable trigger user")
    owner.execute(statement)
    owner.execute(f"alter table {table} enable trigger user")
    assert {found[0] for found in rows(owner, "select * from audit.verify_tables()")} == {table}


@pytest.mark.parametrize(
    "statement",
    [
        f"update {LOG} set reason = 'x'",
        f"delete from {LOG}",
        f"truncate {LOG}",
        "truncate audit.permission_audit_log_default",
        "update audit.seals set row_count = 0",
        "delete from audit.seals",
        "truncate audit.seals",
    ],
)
def test_the_owner_s_mistake_is_refused(history: tuple[Connection, str], statement: str) -> None:
    owner, _ = history
    assert refusal(owner, statement).sqlstate == "42501"
    partition = value(owner, f"select tableoid::regclass::text from {LOG} limit 1")
    assert refusal(owner, f"truncate {partition}").sqlstate == "42501"
    owner.execute("reset role")
    owner.execute("set session_replication_role = replica")
    assert refusal(owner, statement).sqlstate == "42501"


@pytest.mark.parametrize("head", [None, "", "1", "1:2:xyz", "9" * 30 + ":1:" + "0" * 64])
def test_what_is_no_head_is_refused(history: tuple[Connection, str], head: str | None) -> None:
    owner, _ = history
    assert refusal(owner, "select * from audit.verify(%s)", head).sqlstate == "22023"
