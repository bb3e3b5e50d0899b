"""Datasets and their rules through dumps, deployments, switches, deletions and two sessions."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from data_world import act_as
from servers import Server
from waiting import (
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_until_blocked,
)

from runner.connect import Target
from runner.migrations import migrate, status

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
REAL = Path(__file__).resolve().parents[2]

PREPARED = """
    create schema app;
    grant usage, create on schema app to fundwarden_owner;
    grant usage on schema app to fundwarden_app;
    set role fundwarden_owner;
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'one'), (2, null, 'two');
    insert into authz.users (id, username, base_unit_id)
    values (11, 'ann', 1), (12, 'bob', 1), (21, 'cyd', 2);
    insert into authz.roles (id, tenant_id, code) values (301, 1, 'r1'), (302, 2, 'r2');
    insert into authz.user_roles (user_id, role_id) values (11, 301);
    insert into authz.user_roles (user_id, role_id)
    select u.id, r.id from authz.users as u cross join authz.roles as r
    where r.code = 'supervisor' and u.id in (11, 12);
    insert into authz.variables (name, type, is_list, default_value)
    values ('v_num', 'bigint', false, '3'), ('v_free', 'text', false, null);
    insert into authz.user_variables (user_id, variable, value) values (12, 'v_num', '4');
    insert into finance.financial_funds (tenant_id, id, handle_by, amount, status)
    select 1, n, 11 + n % 2, n, case when n > 7 then 'paid' else 'open' end
    from generate_series(1, 10) as n;
    create table app.things (k int, word text, secret text, tenant int);
    insert into app.things select n, 'w' || n, 's' || n, 1 from generate_series(1, 6) as n;
    grant select on app.things to fundwarden_app;
    reset role;
"""

REGISTERED = """
    set role fundwarden_owner;
    select authz.register_dataset('finance.financial_funds', 'funds');
    select authz.register_dataset('app.things', tenant_column => 'tenant');
    reset role;
"""

RULES = """
    set role fundwarden_owner;
    insert into authz.row_permissions (id, dataset, dimension, subject, mode, filter) values
    (9001, 'funds', 'role', '301', 'restrict', '{"field": "amount", "op": ">", "value": 3}'),
    (9002, 'funds', 'user', '12', 'permit', '{"field": "status", "op": "=", "value": "open"}'),
    (9003, 'things', 'variable', 'v_num', 'restrict',
        '{"field": "k", "op": "<=", "value": {"var": "v_num"}}');
    insert into authz.column_permissions
    (id, dataset, dimension, subject, column_name, mode, mask) values
    (9004, 'funds', 'user', '12', 'currency', 'disable', null),
    (9005, 'things', 'role', '301', 'secret', 'mask', '{"kind": "hash"}'),
    (9006, 'things', 'user', '12', 'secret', 'mask', '{"kind": "keep_first", "n": 1}');
    reset role;
"""

SEEN = (
    "select id, currency from secure.funds order by id",
    "select id, amount from finance.financial_funds order by id",
    "select fund_id, currency, total_count from finance.page_authorized_funds()",
    "select finance.count_authorized_funds()",
    "select k, secret from secure.things order by k",
    "select k, word from app.things order by k",
)

# What PostgreSQL holds of the tables that are datasets.
TABLES = """
    select c.oid::regclass::text, c.relrowsecurity, c.relforcerowsecurity,
        array(
            select a::text
            from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as a
            order by a::text collate "C"
        ),
        array(
            select a.attname || ' ' || coalesce(a.attacl::text, '')
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0
            order by a.attnum
        ),
        array(
            select p.polname || p.polcmd::text || p.polpermissive || p.polroles::text
                || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
                || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
                || coalesce(obj_description(p.oid, 'pg_policy'), '')
            from pg_policy as p
            where p.polrelid = c.oid
            order by p.polname
        )
    from pg_class as c
    where c.oid in ('finance.financial_funds'::regclass, 'app.things'::regclass)
    order by 1
"""
COMPILED = """
    select 'policy', p.polrelid::regclass::text, p.polname::text,
        pg_get_expr(p.polqual, p.polrelid) || obj_description(p.oid, 'pg_policy')
    from pg_policy as p
    where p.polname like 'data\\_permission\\_%'
    union all
    select 'view', c.relname::text, c.relacl::text,
        pg_get_viewdef(c.oid) || obj_description(c.oid, 'pg_class')
    from pg_class as c
    where c.relnamespace = 'secure'::regnamespace
    order by 1, 2, 3
"""


def seen_by(connection: Connection, user: int) -> list[Any]:
    found = []
    with connection.transaction():
        act_as(connection, user)
        found = [rows(connection, query) for query in SEEN]
        connection.execute("reset role")
    return found


def seen(connection: Connection) -> list[Any]:
    return [seen_by(connection, user) for user in (11, 12, 21)]


def compiled(connection: Connection) -> Any:
    return rows(connection, TABLES), rows(connection, COMPILED)


def switch(connection: Connection, to: str) -> None:
    connection.execute("set role fundwarden_owner")
    connection.execute("update authz.settings set data_permissions = %s", [to])
    connection.execute("reset role")


def as_owner(connection: Connection, text: str, *params: object) -> None:
    connection.execute("set role fundwarden_owner")
    connection.execute(text.encode(), params or None)
    connection.execute("reset role")


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    with session(database) as connection:
        connection.execute(PREPARED)
        yield connection


@pytest.fixture
def ruled(admin: Connection) -> Connection:
    admin.execute(REGISTERED)
    admin.execute(RULES)
    return admin


@pytest.fixture(scope="module")
def shared(module_database: str) -> Iterator[Connection]:
    with session(module_database) as connection:
        for text in (PREPARED, REGISTERED, RULES):
            connection.execute(text)
        yield connection


@pytest.fixture
def undone(shared: Connection) -> Iterator[Connection]:
    """With rules, in a transaction that is undone."""
    shared.execute("begin")
    yield shared
    shared.execute("rollback")


def test_the_rules_are_seen_to_hold(undone: Connection) -> None:
    ann, bob, cyd = seen(undone)
    assert [id for id, _ in ann[0]] == list(range(4, 11))
    assert ann[3] == [(7,)]
    assert bob[0] == [(n, None) for n in range(1, 8)]
    assert bob[2] == [(n, None, 7) for n in range(1, 8)]
    assert [k for k, _ in ann[4]] == [1, 2, 3]
    assert bob[4] == [(n, "s***") for n in range(1, 5)]
    assert bob[5] == [(n, f"w{n}") for n in range(1, 5)]
    assert {len(secret) for _, secret in ann[4]} == {64}
    assert cyd == [[], [], [], [(0,)], [], []]


# Through a dump, and through deployments.


def test_rules_survive_a_dump_and_restore(server: Server, database: str, ruled: Connection) -> None:
    before = seen(ruled), compiled(ruled), catalog_snapshot(ruled)
    dump = subprocess.run([server.bin("pg_dump"), database], capture_output=True, check=True).stdout
    with server.copy("template0") as janitor:
        restored = server.conninfo(janitor.dbname)
        subprocess.run(
            [server.bin("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", restored],
            input=dump,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with session(restored) as copy:
            copy.execute("select ops.apply_database_rights()")
            assert seen(copy) == before[0]
            assert compiled(copy) == before[1]
            assert differences(catalog_snapshot(copy), before[2]) == []
            as_owner(copy, "select authz.compile_datasets()")
            assert compiled(copy) == before[1]
            # The next rule takes the next number.
            as_owner(
                copy,
                "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
                "values ('things', 'user', '12', 'restrict', "
                '\'{"field": "k", "op": "=", "value": 1}\')',
            )
            assert seen_by(copy, 12)[5] == [(1, "w1")]
        said: list[str] = []
        migrate(Target(restored), say=said.append)
        assert said == ["nothing to do"]


def test_migrating_with_rules_in_force_writes_nothing(database: str, ruled: Connection) -> None:
    before = compiled(ruled)
    for _ in range(2):
        said: list[str] = []
        migrate(Target(database), say=said.append)
        assert said == ["nothing to do"]
    assert status(Target(database)).exit_code == 0
    assert compiled(ruled) == before


def project(folder: Path) -> Path:
    """A copy of the project that a test may change."""
    for name in ("db", "migrations"):
        shutil.copytree(REAL / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.one_server
@pytest.mark.long
def test_a_changed_signature_is_deployed_under_datasets(
    database: str, ruled: Connection, tmp_path: Path
) -> None:
    root = project(tmp_path)
    # Policies and views of datasets call them.
    for name, old, new in (
        ("my_variable", "(name text)", "(asked text)"),
        ("my_variable", "my_variable.name", "my_variable.asked"),
        ("data_rule_applies", "(rule_id bigint)", "(rule bigint)"),
        ("data_rule_applies", "data_rule_applies.rule_id", "data_rule_applies.rule"),
    ):
        file = next((root / "db" / "functions").glob(f"*/authz.{name}.sql"))
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    before = seen(ruled), compiled(ruled)
    said: list[str] = []
    migrate(Target(database), say=said.append, root=root)
    assert "starting again: dropping and remaking every repeatable object" in said
    assert "starting again: dropping and remaking materialized views as well" not in said
    assert (
        value(ruled, "select proargnames[1] from pg_proc where proname = 'my_variable'") == "asked"
    )
    assert (seen(ruled), compiled(ruled)) == before
    assert status(Target(database), root=root).exit_code == 0
    said.clear()
    migrate(Target(database), say=said.append, root=root)
    assert said == ["nothing to do"]
    # What was recorded of rights is what the files state, not what rules made of them.
    as_owner(ruled, "delete from authz.column_permissions")
    assert status(Target(database), root=root).exit_code == 0


def test_a_changed_policy_file_is_deployed_under_datasets(
    database: str, ruled: Connection, tmp_path: Path
) -> None:
    root = project(tmp_path)
    file = root / "db" / "policies" / "finance.financial_funds.sql"
    file.write_text(file.read_text() + "comment on column finance.financial_funds.status is 'S';\n")
    before = seen(ruled), compiled(ruled)
    migrate(Target(database), say=lambda line: None, root=root)
    assert (seen(ruled), compiled(ruled)) == before
    assert status(Target(database), root=root).exit_code == 0
    as_owner(ruled, "delete from authz.column_permissions")
    assert status(Target(database), root=root).exit_code == 0


def test_a_changed_compiler_reaches_what_is_compiled(
    database: str, ruled: Connection, tmp_path: Path
) -> None:
    root = project(tmp_path)
    file = root / "db" / "functions" / "data_rules" / "authz_private.compile_mask.sql"
    file.write_text(file.read_text().replace("|| ''***'' '", "|| ''+++'' '"))
    migrate(Target(database), say=lambda line: None, root=root)
    assert seen_by(ruled, 12)[4] == [(n, "s+++") for n in range(1, 5)]
    assert status(Target(database), root=root).exit_code == 0


# Unregistering.


OWN_TABLES = {
    "plain": "",
    "with row security": "alter table app.things enable row level security",
    "with a policy": "alter table app.things enable row level security; "
    "create policy everybody on app.things for select to fundwarden_app using (k > 0)",
    "without rights": "revoke all on app.things from fundwarden_app",
    "with rights on columns": "revoke all on app.things from fundwarden_app; "
    "grant select (k, secret), update (word) on app.things to fundwarden_app",
    "with rights to write": "grant insert, update, delete on app.things to fundwarden_app",
}


@pytest.mark.parametrize("how", sorted(OWN_TABLES))
def test_unregistering_gives_back_what_was_there(shared: Connection, how: str) -> None:
    with shared.transaction(force_rollback=True):
        as_owner(shared, "select authz.unregister_dataset('funds')")
        as_owner(shared, "select authz.unregister_dataset('things')")
        as_owner(shared, OWN_TABLES[how] or "select 1")
        before = compiled(shared)
        assert before[1] == []
        for text in (REGISTERED, RULES):
            shared.execute(text.encode())
        assert compiled(shared) != before
        for dataset in ("funds", "things"):
            as_owner(shared, f"select authz.unregister_dataset('{dataset}')")
        assert compiled(shared) == before
        left = "select (select count(*) from authz.datasets), (select count(*) from " \
            "authz.row_permissions), (select count(*) from authz.column_permissions), " \
            "(select count(*) from authz_private.dataset_turns)"  # fmt: skip
        assert rows(shared, left) == [(0, 0, 0, 0)]


def test_columns_granted_one_by_one_are_hidden_and_given_back(shared: Connection) -> None:
    with shared.transaction(force_rollback=True):
        as_owner(shared, "select authz.unregister_dataset('things')")
        as_owner(shared, OWN_TABLES["with rights on columns"])
        as_owner(shared, "select authz.register_dataset('app.things', tenant_column => 'tenant')")
        as_owner(
            shared,
            "insert into authz.column_permissions "
            "(dataset, dimension, subject, column_name, mode) "
            "values ('things', 'user', '12', 'secret', 'disable')",
        )
        right = "select has_column_privilege('fundwarden_app', 'app.things', %s, 'SELECT')"
        assert [value(shared, right, c) for c in ("k", "secret", "word")] == [True, False, False]
        as_owner(shared, "delete from authz.column_permissions where dataset = 'things'")
        assert [value(shared, right, c) for c in ("k", "secret", "word")] == [True, True, False]


@pytest.mark.parametrize(
    "grant",
    [
        "grant select on app.other to public",
        "grant select (secret) on app.other to public",
        "create role seers; grant seers to fundwarden_app; grant select on app.other to seers",
    ],
)
def test_a_table_that_is_read_by_another_right_is_no_dataset(
    shared: Connection, grant: str
) -> None:
    with shared.transaction(force_rollback=True):
        as_owner(shared, "create table app.other (k int, secret text)")
        shared.execute(grant.encode())
        shared.execute("set role fundwarden_owner")
        assert refusal(shared, "select authz.register_dataset('app.other')").sqlstate == "42501"


# The switch.


def test_the_switch_and_back_leaves_the_same_catalog(undone: Connection) -> None:
    before = compiled(undone), seen(undone)
    for step in ("log", "off", "log", "on", "off", "on"):
        switch(undone, step)
    assert (compiled(undone), seen(undone)) == before


def test_off_and_log_show_everything_within_the_tree(undone: Connection) -> None:
    as_owner(undone, "delete from authz.row_permissions")
    as_owner(undone, "delete from authz.column_permissions")
    everything = seen(undone)
    undone.execute(RULES)
    assert seen(undone) != everything
    for step in ("off", "log"):
        switch(undone, step)
        assert seen(undone) == everything
    switch(undone, "on")
    assert seen(undone) != everything


EFFECTS = "select rule_id, hidden from ops.data_permission_effects() where user_id = %s order by 1"


def asked(connection: Connection, user: int, query: str) -> list[Any]:
    connection.execute("truncate ops.hidden_by_rule")
    act_as(connection, user)
    connection.execute(query.encode())
    connection.execute("reset role")
    return rows(connection, EFFECTS, user)


def test_the_log_counts_exactly(undone: Connection) -> None:
    switch(undone, "log")
    count = "select finance.count_authorized_funds({})"
    plain = "select id from {}"
    # Role 301: amount > 3, which three of ten are not.
    for query in (
        count.format(""),
        plain.format("finance.financial_funds"),
        plain.format("secure.funds"),
    ):
        assert asked(undone, 11, query) == [(9001, 3)]
    # User 12 is permitted what is open: three are not. Sums of permits have no rule.
    for query in (count.format(""), plain.format("finance.financial_funds")):
        assert asked(undone, 12, query) == [(None, 3)]
    assert asked(undone, 11, count.format("min_amount => 3")) == [(9001, 1)]
    assert asked(undone, 11, count.format("min_amount => 4")) == []
    # A masked column that is read counts once a statement.
    reading = "select currency from secure.funds"
    assert asked(undone, 12, reading) == [(9004, 1), (None, 3)]
    things = "select k from app.things"
    assert asked(undone, 11, things) == [(9003, 3)]
    assert asked(undone, 12, things) == [(9003, 2)]
    # Nobody is told who may not see the row anyway.
    assert asked(undone, 21, "select id from finance.financial_funds") == []
    assert asked(undone, 21, things) == []


def test_each_rule_counts_what_it_alone_would_hide(undone: Connection) -> None:
    as_owner(
        undone,
        "insert into authz.row_permissions (id, dataset, dimension, subject, mode, filter) values "
        "(9100, 'funds', 'user', '11', 'restrict', "
        '\'{"field": "amount", "op": ">", "value": 5}\')',
    )
    switch(undone, "log")
    for query in (
        "select finance.count_authorized_funds()",
        "select id from finance.financial_funds",
    ):
        assert asked(undone, 11, query) == [(9001, 3), (9100, 5)]


# Two sessions.

ADD = """
    insert into authz.row_permissions (id, dataset, dimension, subject, mode, filter)
    values (%s, 'things', 'user', '12', 'restrict', '{"field": "k", "op": "<>", "value": 1}')
"""
POLICIES = """
    select array(
        select p.polname::text
        from pg_policy as p
        where p.polrelid = 'app.things'::regclass and p.polname ~ '^data_permission_[0-9]'
        order by 1
    )
"""
RULED = """
    select array(
        select 'data_permission_' || r.id
        from authz.row_permissions as r
        where r.dataset = 'things' and r.mode = 'restrict' and r.is_active
        order by 1
    )
"""
CHANGES = {
    "add": (ADD, (9200,)),
    "delete": ("delete from authz.row_permissions where id = %s", (9003,)),
    "deactivate": ("update authz.row_permissions set is_active = false where id = %s", (9003,)),
    "mask": (
        "insert into authz.column_permissions "
        "(dataset, dimension, subject, column_name, mode) "
        "values ('things', 'user', %s, 'word', 'disable')",
        ("12",),
    ),
}


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
@pytest.mark.parametrize("change", ["add", "delete", "deactivate", "mask"])
def test_two_sessions_lose_no_rule(
    module_database: str, shared: Connection, level: str, change: str
) -> None:
    with session(module_database) as one, session(module_database) as other:
        try:
            for connection in (one, other):
                connection.execute("set role fundwarden_owner")
                connection.execute(f"begin isolation level {level}".encode())
                # The snapshot of REPEATABLE READ.
                connection.execute("select count(*) from authz.row_permissions")
            one.execute(ADD.encode(), [9300])
            text, params = CHANGES[change]
            second = start(other, text, *params)
            wait_until_blocked(shared, second)
            one.execute("commit")
            ended = second.outcome()
            assert ended == ("done" if level == "read committed" else "40001")
            other.execute("commit" if ended == "done" else "rollback")
            if ended != "done":
                assert outcome(other, text, *params) == "done"
            assert value(shared, POLICIES) == value(shared, RULED)
            assert "data_permission_9300" in value(shared, POLICIES)
            masked = value(
                shared,
                "select not has_column_privilege('fundwarden_app', 'app.things', 'word', 'SELECT')",
            )
            assert masked == (change == "mask")
        finally:
            one.execute("rollback")
            other.execute("rollback")
            restore(shared)


def restore(connection: Connection) -> None:
    connection.execute("set role fundwarden_owner")
    connection.execute("delete from authz.row_permissions")
    connection.execute("delete from authz.column_permissions")
    connection.execute("reset role")
    connection.execute(RULES)


def test_a_rule_and_the_switch_do_not_cross(module_database: str, shared: Connection) -> None:
    with session(module_database) as one, session(module_database) as other:
        try:
            for connection in (one, other):
                connection.execute("set role fundwarden_owner")
            one.execute("begin")
            one.execute("update authz.settings set data_permissions = 'off'")
            second = start(other, ADD, 9300)
            wait_until_blocked(shared, second)
            one.execute("commit")
            assert second.outcome() == "done"
            assert value(shared, POLICIES) == []
            one.execute("begin")
            one.execute(ADD.encode(), [9301])
            second = start(other, "update authz.settings set data_permissions = 'on'")
            wait_until_blocked(shared, second)
            one.execute("commit")
            assert second.outcome() == "done"
            assert value(shared, POLICIES) == value(shared, RULED)
            assert len(value(shared, POLICIES)) == 3
        finally:
            one.execute("rollback")
            switch(shared, "on")
            restore(shared)


def test_a_prepared_statement_sees_a_rule_of_another_session(
    module_database: str, shared: Connection
) -> None:
    queries = {
        "plain": "select k from app.things order by k",
        "view": "select k from secure.things order by k",
        "page": "select fund_id from finance.page_authorized_funds() order by 1",
        "total": "select finance.count_authorized_funds()",
    }
    with session(module_database) as reader:
        try:
            for name, query in queries.items():
                reader.execute(f"prepare {name} as {query}".encode())

            def read() -> dict[str, list[Any]]:
                with reader.transaction():
                    act_as(reader, 12)
                    found = {
                        n: [r[0] for r in reader.execute(f"execute {n}".encode())] for n in queries
                    }
                    reader.execute("reset role")
                return found

            # Past the custom plans.
            for _ in range(7):
                before = read()
            assert before["plain"] == before["view"] == [1, 2, 3, 4]
            assert before["page"] == [1, 2, 3, 4, 5, 6, 7]
            as_owner(shared, ADD, 9400)
            as_owner(
                shared,
                "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
                "values ('funds', 'user', '12', 'restrict', "
                '\'{"field": "amount", "op": ">", "value": 5}\')',
            )
            after = read()
            assert after == {"plain": [2, 3, 4], "view": [2, 3, 4], "page": [6, 7], "total": [2]}
            as_owner(
                shared,
                "update authz.user_variables set value = '2' "
                "where user_id = 12 and variable = 'v_num'",
            )
            assert read()["view"] == [2]
            as_owner(shared, "update authz.row_permissions set is_active = false where id = 9400")
            assert read()["plain"] == [1, 2]
        finally:
            as_owner(
                shared,
                "update authz.user_variables set value = '4' "
                "where user_id = 12 and variable = 'v_num'",
            )
            restore(shared)


# Deletions.


def test_a_deleted_role_takes_its_rules_along(undone: Connection) -> None:
    as_owner(undone, "delete from authz.user_roles where role_id = 301")
    as_owner(undone, "delete from authz.roles where id = 301")
    assert [k for k, _ in seen_by(undone, 11)[0]] == list(range(1, 11))
    assert not [c for c in rows(undone, COMPILED) if "9001" in str(c) or "9005" in str(c)]
    assert undone.execute("select from authz.column_permissions where id = 9005").rowcount == 0


def test_a_deleted_user_takes_their_rules_along(undone: Connection) -> None:
    as_owner(undone, "delete from finance.financial_funds where handle_by = 12")
    as_owner(undone, "delete from authz.users where id = 12")
    left = str(rows(undone, COMPILED))
    assert not any(n in left for n in ("9002", "9004", "9006"))
    assert value(
        undone,
        "select has_table_privilege('fundwarden_app', 'finance.financial_funds', 'SELECT')",
    )


def test_a_deleted_tenant_takes_its_rules_along(undone: Connection) -> None:
    as_owner(
        undone,
        "insert into authz.row_permissions "
        "(id, dataset, dimension, subject, tenant_id, mode, filter) values "
        "(9500, 'things', 'variable', 'v_num', 2, 'restrict', "
        '\'{"field": "k", "op": "<>", "value": {"var": "v_num"}}\'), '
        "(9501, 'things', 'role', '302', null, 'restrict', "
        '\'{"field": "k", "op": "=", "value": 1}\'), '
        "(9502, 'things', 'user', '21', null, 'restrict', "
        '\'{"field": "k", "op": "=", "value": 1}\')',
    )
    assert len(value(undone, POLICIES)) == 4
    as_owner(undone, "delete from authz.users where tenant_id = 2")
    as_owner(undone, "delete from authz.roles where tenant_id = 2")
    as_owner(undone, "delete from authz.org_units where id = 2")
    assert value(undone, "select count(*) from authz.tenants where id = 2") == 0
    assert value(undone, POLICIES) == value(undone, RULED) == ["data_permission_9003"]


def test_a_variable_that_a_rule_asks_for_stays(undone: Connection) -> None:
    as_owner(undone, "delete from authz.variables where name = 'v_free'")
    as_owner(undone, "delete from authz.user_variables")
    for text in (
        "delete from authz.variables where name = 'v_num'",
        "update authz.variables set name = 'v_other' where name = 'v_num'",
        "update authz.variables set type = 'text', default_value = null where name = 'v_num'",
    ):
        with undone.transaction(force_rollback=True):
            undone.execute("set role fundwarden_owner")
            assert refusal(undone, text).sqlstate == "23503"
    as_owner(undone, "delete from authz.row_permissions where id = 9003")
    as_owner(undone, "delete from authz.variables where name = 'v_num'")
    assert value(undone, POLICIES) == []
    assert [k for k, _ in seen_by(undone, 12)[5]] == [1, 2, 3, 4, 5, 6]


def test_a_rule_moved_to_another_dataset_leaves_the_first(undone: Connection) -> None:
    as_owner(
        undone,
        "update authz.row_permissions set dataset = 'things', filter = %s where id = 9001",
        json.dumps({"field": "k", "op": "=", "value": 2}),
    )
    assert [k for k, _ in seen_by(undone, 11)[5]] == [2]
    assert [k for k, _ in seen_by(undone, 11)[1]] == list(range(1, 11))


def test_truncated_rules_are_gone(undone: Connection) -> None:
    as_owner(undone, "truncate authz.row_permissions, authz.column_permissions")
    assert value(undone, POLICIES) == []
    assert [k for k, _ in seen_by(undone, 12)[0]] == list(range(1, 11))
    assert all(row[1] for row in seen_by(undone, 12)[0])
