"""One page after another on one connection, however it is used, pooled, interrupted or limited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from waiting import (
    LEVELS,
    refusal,
    rows,
    session,
    start,
    value,
    wait_for,
    wait_until_blocked,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

# ann reads 40 funds of the branch north, bob 25 of south, root all 65.
WORLD = """
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'acme'), (2, 1, 'north'), (3, 1, 'south');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'root', 1), (2, 'ann', 2), (3, 'bob', 3);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 1), (2, 2), (3, 3)) as g (user_id, unit_id)
    inner join authz.roles as r on r.code = 'supervisor';
    insert into finance.financial_funds (id, handle_by, amount)
    select g, case when g <= 40 then 2 else 3 end, g * 10 from generate_series(1, 65) as g;
    analyze;
"""

ANN, BOB, ROOT = 2, 3, 1
TOTALS = {ANN: 40, BOB: 25, ROOT: 65}

PAGE = "select fund_id, total_count from finance.page_authorized_funds(%s, page_size => 100)"


def prepare(conninfo: str) -> str:
    with session(conninfo) as admin:
        admin.execute(WORLD)
        # Rights on the database are not copied with it.
        admin.execute("select ops.apply_database_rights()")
    return conninfo


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    return prepare(module_database)


@pytest.fixture
def own_world(database: str) -> str:
    """For tests that leave traces."""
    return prepare(database)


@pytest.fixture
def alone(own_world: str) -> Iterator[Connection]:
    """The only session of its database: what it counts, it did."""
    with session(own_world, user="trusted_login") as connection:
        yield connection


@pytest.fixture
def trusted(world: str) -> Iterator[Connection]:
    with session(world, user="trusted_login") as connection:
        yield connection


def answers(connection: Connection, user: int) -> None:
    """The user's whole list is what it should be."""
    found = rows(connection, PAGE, user)
    first = 41 if user == BOB else 1
    assert found == [(fund, TOTALS[user]) for fund in range(first, first + TOTALS[user])]


def catalog(connection: Connection) -> list[tuple[Any, ...]]:
    return rows(
        connection,
        "select (select count(*) from pg_class), (select count(*) from pg_attribute), "
        "(select count(*) from pg_type), (select count(*) from pg_namespace)",
    )


def page_tables(connection: Connection) -> int:
    found: int = value(
        connection,
        "select count(*) from pg_class as c where c.relname = 'fundwarden_page' "
        "and c.relnamespace = pg_my_temp_schema()",
    )
    return found


def written_to_catalog(connection: Connection) -> int:
    """Rows that this session's calls wrote to pg_class and pg_attribute."""
    connection.execute("select pg_stat_force_next_flush()")
    found: int = value(
        connection,
        "select sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::bigint from pg_stat_sys_tables as s "
        "where s.schemaname = 'pg_catalog' and s.relname in ('pg_class', 'pg_attribute')",
    )
    return found


def test_two_hundred_calls_make_one_table_and_write_the_catalog_once(alone: Connection) -> None:
    answers(alone, ANN)
    assert page_tables(alone) == 1
    before, written = catalog(alone), written_to_catalog(alone)
    for _ in range(100):
        answers(alone, ANN)
        answers(alone, BOB)
    assert catalog(alone) == before
    assert written_to_catalog(alone) == written


@pytest.mark.parametrize("discard", ["discard temp", "discard all", "discard plans"])
def test_a_pool_that_discards_between_users_gets_right_pages_and_no_pile_of_tables(
    alone: Connection, discard: str
) -> None:
    answers(alone, ANN)
    before = catalog(alone)
    for user in (BOB, ANN, ROOT) * 7:
        alone.execute(discard)
        answers(alone, user)
    assert catalog(alone) == before


def test_a_hundred_sessions_leave_no_table_behind(world: str) -> None:
    with session(world) as admin:

        def left_over() -> int:
            found: int = value(
                admin, "select count(*) from pg_class where relname = 'fundwarden_page'"
            )
            return found

        for _ in range(20):
            with session(world, user="trusted_login") as one:
                answers(one, ANN)
        wait_for("the tables are dropped", lambda: left_over() == 0)


READS = [
    "select * from pg_temp.fundwarden_page",
    "select count(*) from pg_temp.fundwarden_page",
    "select fund_id from pg_temp.fundwarden_page",
    "table pg_temp.fundwarden_page",
    "copy pg_temp.fundwarden_page to stdout",
    "insert into pg_temp.fundwarden_page values (1, 1, 1, 1)",
    "update pg_temp.fundwarden_page set fund_id = 1",
    "delete from pg_temp.fundwarden_page",
    "truncate pg_temp.fundwarden_page",
    "alter table pg_temp.fundwarden_page add column x int",
    "alter table pg_temp.fundwarden_page rename to other",
    "alter table pg_temp.fundwarden_page owner to app_login",
    "drop table pg_temp.fundwarden_page",
    "create rule r as on insert to pg_temp.fundwarden_page do instead nothing",
    "create trigger t before insert on pg_temp.fundwarden_page for each row "
    "execute function suppress_redundant_updates_trigger()",
    "create index on pg_temp.fundwarden_page (fund_id)",
    "lock table pg_temp.fundwarden_page",
    "analyze pg_temp.fundwarden_page",
    "create table pg_temp.copied as table pg_temp.fundwarden_page",
    "create table pg_temp.heir () inherits (pg_temp.fundwarden_page)",
    "create policy p on pg_temp.fundwarden_page",
    "create policy p on pg_temp.fundwarden_page using (false)",
    "grant all on pg_temp.fundwarden_page to public",
]


@pytest.mark.parametrize("statement", READS)
@pytest.mark.parametrize("temp", ["without temp", "with temp given back"])
def test_the_page_table_is_out_of_the_callers_reach(world: str, statement: str, temp: str) -> None:
    with session(world) as admin:
        right = "grant" if temp == "with temp given back" else "revoke"
        to = "to" if right == "grant" else "from"
        admin.execute(f"{right} temporary on database {admin.info.dbname} {to} fundwarden_app")
    with session(world, user="trusted_login") as caller:
        caller.execute("begin")
        answers(caller, ANN)
        caller.execute("savepoint here")
        if statement.startswith("analyze"):
            # Not an error: a warning, and nothing done.
            caller.execute(statement)
        else:
            error = refusal(caller, statement)
            assert error.sqlstate in ("42501", "42P17")
        caller.execute("rollback to here")
        answers(caller, BOB)
        caller.execute("commit")
        answers(caller, BOB)


def test_the_next_user_of_the_connection_finds_nothing_of_the_last(world: str) -> None:
    with session(world, user="trusted_login") as pooled:
        answers(pooled, ANN)
        pooled.execute("begin")
        answers(pooled, ROOT)
        pooled.execute("commit")
        # Everything temporary that is there, whoever owns it; the server's owner looks inside.
        there = rows(
            pooled,
            "select c.relname, c.relkind::text from pg_class as c "
            "where c.relnamespace in (pg_my_temp_schema(), "
            "(select n.oid from pg_namespace as n where n.nspname = "
            "replace((select m.nspname from pg_namespace as m where m.oid = pg_my_temp_schema()), "
            "'pg_temp', 'pg_toast_temp')))",
        )
        assert there == [("fundwarden_page", "r")]
        assert rows(pooled, "select name from pg_cursors") == []
        assert rows(pooled, "select name from pg_prepared_statements") == []
    with session(world) as admin:
        # As the one who may read it: it is empty after every transaction.
        answers(admin, ROOT)
        assert value(admin, "select count(*) from pg_temp.fundwarden_page") == 0
        admin.execute("begin")
        answers(admin, ROOT)
        assert value(admin, "select count(*) from pg_temp.fundwarden_page") == 65
        admin.execute("commit")
        assert value(admin, "select count(*) from pg_temp.fundwarden_page") == 0


def test_two_calls_in_one_transaction_are_both_right(trusted: Connection) -> None:
    trusted.execute("begin")
    for user in (ANN, BOB, ROOT, ANN):
        answers(trusted, user)
    trusted.execute("commit")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "select v.id, count(*), min(p.total_count), max(p.total_count), min(p.fund_id) "
            "from (values (1), (2), (3)) as v (id) cross join lateral "
            "finance.page_authorized_funds(v.id, page_size => 100) as p group by v.id "
            "order by v.id",
            [(1, 65, 65, 65, 1), (2, 40, 40, 40, 1), (3, 25, 25, 25, 41)],
        ),
        (
            "select count(*), count(distinct a.fund_id) "
            "from finance.page_authorized_funds(2, page_size => 100) as a "
            "inner join finance.page_authorized_funds(3, page_size => 100) as b "
            "on a.row_number = b.row_number and a.total_count = 40 and b.total_count = 25",
            [(25, 25)],
        ),
        (
            "with a as materialized (select * from finance.page_authorized_funds(2, 2, 10)), "
            "b as (select * from finance.page_authorized_funds(3, 2, 10)) "
            "select (select array_agg(fund_id order by row_number) from a), "
            "(select array_agg(fund_id order by row_number) from b)",
            [(list(range(11, 21)), list(range(51, 61)))],
        ),
        (
            "select (finance.page_authorized_funds(v.id, 1, 1)).total_count "
            "from (values (1), (2), (3)) as v (id)",
            [(65,), (40,), (25,)],
        ),
        (
            "select p.fund_id from finance.page_authorized_funds(2, 1, 3) as p union all "
            "select p.fund_id from finance.page_authorized_funds(3, 1, 3) as p",
            [(1,), (2,), (3,), (41,), (42,), (43,)],
        ),
        (
            "select count(*) from generate_series(1, 4) as page cross join lateral "
            "finance.page_authorized_funds(2, page, 10) as p where p.row_number = p.fund_id",
            [(40,)],
        ),
        (
            "select p.fund_id from finance.page_authorized_funds(2, 1, 100) as p limit 2",
            [(1,), (2,)],
        ),
        (
            "select exists (select from finance.page_authorized_funds(2)), "
            "finance.count_authorized_funds(3)",
            [(True, 25)],
        ),
    ],
    ids=["lateral", "self-join", "with", "select list", "union", "pages", "limit", "exists"],
)
def test_several_calls_in_one_statement_are_each_right(
    trusted: Connection, query: str, expected: list[tuple[Any, ...]]
) -> None:
    for _ in range(2):
        assert rows(trusted, query) == expected
    trusted.execute("begin read only")
    assert rows(trusted, query) == expected
    trusted.execute("commit")


def test_cursors_over_pages_stay_apart(trusted: Connection) -> None:
    trusted.execute("begin")
    for name, user, how in (("a", ANN, ""), ("b", BOB, "scroll"), ("c", ROOT, "")):
        trusted.execute(f"declare {name} {how} cursor for {PAGE % user}")
    assert rows(trusted, "fetch 2 from a") == [(1, 40), (2, 40)]
    assert rows(trusted, "fetch 2 from b") == [(41, 25), (42, 25)]
    answers(trusted, BOB)
    assert rows(trusted, "fetch 1 from c") == [(1, 65)]
    assert len(rows(trusted, "fetch all from a")) == 38
    assert rows(trusted, "fetch first from b") == [(41, 25)]
    trusted.execute("commit")
    answers(trusted, ANN)


def test_a_cursor_held_over_the_commit_keeps_its_page_until_it_is_closed(
    trusted: Connection,
) -> None:
    trusted.execute(f"begin; declare kept cursor with hold for {PAGE % ANN}; commit")
    answers(trusted, BOB)
    assert len(rows(trusted, "fetch all from kept")) == 40
    trusted.execute("close all")
    answers(trusted, BOB)
    trusted.execute(f"begin; declare kept cursor with hold for {PAGE % ANN}")
    trusted.execute("rollback")
    answers(trusted, ROOT)


def test_a_page_inside_a_function_and_a_loop_is_right(own_world: str) -> None:
    with session(own_world) as admin:
        admin.execute(
            """
            create function public.sums() returns text language plpgsql
            as $$
            declare
                told text := '';
                fund record;
                viewer int;
            begin
                foreach viewer in array array[2, 3, 1, 2] loop
                    for fund in
                        select p.fund_id, p.total_count
                        from finance.page_authorized_funds(viewer, 1, 2) as p
                    loop
                        told := told || fund.fund_id || '/' || fund.total_count || ' ';
                        perform from finance.page_authorized_funds(3);
                    end loop;
                end loop;
                return told;
            end
            $$
            """
        )
    with session(own_world, user="trusted_login") as trusted:
        for _ in range(3):
            assert value(trusted, "select public.sums()") == (
                "1/40 2/40 41/25 42/25 1/65 2/65 1/40 2/40 "
            )


@pytest.mark.parametrize("made_before", [True, False])
def test_a_subtransaction_that_rolls_back_takes_nothing_with_it(
    trusted: Connection, made_before: bool
) -> None:
    if made_before:
        answers(trusted, ROOT)
    trusted.execute("begin")
    for _ in range(3):
        trusted.execute("savepoint here")
        answers(trusted, ANN)
        trusted.execute("rollback to here")
        answers(trusted, BOB)
    trusted.execute("rollback")
    answers(trusted, ANN)
    assert page_tables(trusted) == 1
    trusted.execute(
        "do $$ begin for i in 1 .. 3 loop begin "
        "perform from finance.page_authorized_funds(2); raise division_by_zero; "
        "exception when division_by_zero then perform from finance.page_authorized_funds(3); "
        "end; end loop; end $$"
    )
    answers(trusted, ROOT)


READ_ONLY = [
    "begin read only",
    "begin isolation level repeatable read read only",
    "begin isolation level serializable read only",
    "begin isolation level serializable read only deferrable",
    "set default_transaction_read_only = on",
]


@pytest.mark.parametrize("how", READ_ONLY)
@pytest.mark.parametrize("made_before", [True, False])
def test_a_read_only_transaction_is_answered(
    trusted: Connection, how: str, made_before: bool
) -> None:
    if made_before:
        answers(trusted, ROOT)
    trusted.execute(how)
    for user in TOTALS:
        answers(trusted, user)
    if how.startswith("begin"):
        trusted.execute("commit")
    answers(trusted, BOB)
    assert page_tables(trusted) == int(made_before or how.startswith("begin"))


@pytest.mark.parametrize("level", LEVELS)
def test_every_isolation_level_is_answered_and_keeps_its_snapshot(
    own_world: str, level: str
) -> None:
    with session(own_world) as writer, session(own_world, user="trusted_login") as trusted:
        trusted.execute(f"begin isolation level {level}")
        answers(trusted, ANN)
        writer.execute("delete from finance.financial_funds where id = 40")
        found = rows(trusted, PAGE, ANN)
        left = 39 if level == "read committed" else 40
        assert found == [(fund, left) for fund in range(1, left + 1)]
        trusted.execute("commit")


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
@pytest.mark.parametrize("made_before", [True, False])
@pytest.mark.parametrize("in_transaction", [True, False])
def test_stopped_half_way_the_session_goes_on(
    world: str, how: str, made_before: bool, in_transaction: bool
) -> None:
    with (
        session(world) as admin,
        session(world) as locker,
        session(world, user="trusted_login") as trusted,
    ):
        if made_before:
            answers(trusted, ROOT)
        if how == "timeout":
            trusted.execute("set statement_timeout = '1s'")
        if in_transaction:
            trusted.execute("begin")
        # The page waits for a table it reads, with its own table already made.
        locker.execute("begin; lock table finance.financial_funds in access exclusive mode")
        page = start(trusted, PAGE, ANN)
        wait_until_blocked(admin, page)
        if how == "cancelled":
            admin.execute("select pg_cancel_backend(%s)", [page.pid])
        assert page.outcome() == "57014"
        locker.execute("rollback")
        if in_transaction:
            trusted.execute("rollback")
        trusted.execute("set statement_timeout = 0")
        for user in TOTALS:
            answers(trusted, user)
        assert page_tables(trusted) == 1


def test_a_backend_that_is_killed_half_way_leaves_no_table_and_the_next_one_answers(
    world: str,
) -> None:
    with (
        session(world) as admin,
        session(world) as locker,
        session(world, user="trusted_login") as victim,
    ):
        answers(victim, ANN)
        locker.execute("begin; lock table finance.financial_funds in access exclusive mode")
        page = start(victim, PAGE, ANN)
        wait_until_blocked(admin, page)
        admin.execute("select pg_terminate_backend(%s)", [page.pid])
        assert page.outcome() == "57P01"
        locker.execute("rollback")
        with session(world, user="trusted_login") as trusted:
            answers(trusted, ANN)


def test_the_owner_without_temp_is_answered_without_a_table(own_world: str) -> None:
    with session(own_world) as admin:
        admin.execute(f"revoke temporary on database {admin.info.dbname} from fundwarden_owner")
        with session(own_world, user="trusted_login") as trusted:
            for user in TOTALS:
                answers(trusted, user)
            assert page_tables(trusted) == 0
            admin.execute(f"grant temporary on database {admin.info.dbname} to fundwarden_owner")
            answers(trusted, ANN)
            assert page_tables(trusted) == 1
            admin.execute(f"revoke temporary on database {admin.info.dbname} from fundwarden_owner")
            answers(trusted, BOB)


def test_the_application_role_has_no_temp(world: str) -> None:
    with session(world) as admin:
        admin.execute("select ops.apply_database_rights()")
    with session(world, user="app_login") as app:
        assert refusal(app, "create temporary table t (x int)").sqlstate == "42501"
        assert refusal(app, "create temporary view v as select 1").sqlstate == "42501"
        assert refusal(app, "create schema s").sqlstate == "42501"
        assert refusal(app, "create table public.t (x int)").sqlstate == "42501"


@pytest.mark.long
def test_a_page_that_hits_the_limit_of_temporary_files_fails_and_the_session_goes_on(
    own_world: str,
) -> None:
    with session(own_world) as admin:
        admin.execute(
            "insert into finance.financial_funds (handle_by, amount, id) "
            "select 2, g, g from generate_series(1000, 31000) as g"
        )
        admin.execute("analyze finance.financial_funds")
        admin.execute("grant set on parameter temp_file_limit to trusted_login")
    with session(own_world, user="trusted_login") as trusted:
        trusted.execute("set temp_file_limit = '64kB'; set work_mem = '64kB'")
        deep = (
            "select count(*), max(total_count) "
            "from finance.page_authorized_funds(2, 3, 10000, 'amount')"
        )
        error = refusal(trusted, deep)
        assert error.sqlstate == "53400"
        trusted.execute("reset work_mem")
        answers(trusted, BOB)
        trusted.execute("reset temp_file_limit")
        assert rows(trusted, deep) == [(10000, 30041)]


# What a caller may set for the session, and must not matter.
SETTINGS = [
    "search_path = ''",
    "search_path = pg_temp",
    "search_path = pg_temp, public, pg_catalog",
    "search_path = public, finance, authz_private",
    'search_path = "$user", "no such schema"',
    "quote_all_identifiers = on",
    "standard_conforming_strings = off",
    "transform_null_equals = on",
    "array_nulls = off",
    "plpgsql.extra_errors = 'all'",
    "datestyle = 'German, DMY'",
    "intervalstyle = 'iso_8601'",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "extra_float_digits = -15",
    "default_transaction_isolation = 'serializable'",
    "plan_cache_mode = force_custom_plan",
    "plan_cache_mode = force_generic_plan",
    "jit_above_cost = 0",
    "work_mem = '64kB'",
    "temp_buffers = '800kB'",
    "temp_tablespaces = ''",
    "enable_indexscan = off",
    "enable_seqscan = off",
    "enable_sort = off",
    "from_collapse_limit = 1",
    "constraint_exclusion = on",
    "client_min_messages = debug5",
    "xmloption = document",
    "lc_numeric = 'C'",
    "max_parallel_workers_per_gather = 8",
]


def test_without_row_security_there_is_an_error_and_no_answer(trusted: Connection) -> None:
    trusted.execute("set row_security = off")
    for user in TOTALS:
        told = refusal(trusted, "select * from finance.page_authorized_funds(%s)", user)
        assert told.sqlstate == "42501"


@pytest.mark.parametrize("setting", SETTINGS)
def test_it_does_not_matter_that_the_caller_set(trusted: Connection, setting: str) -> None:
    trusted.execute(f"set {setting}")
    for user in TOTALS:
        answers(trusted, user)
    assert rows(
        trusted,
        "select p.fund_id, p.total_count from finance.page_authorized_funds(2, 2, 3, 'amount', "
        "'desc', 20, 400, 'open', 'yesterday', 'tomorrow') as p",
    ) == [(37, 39), (36, 39), (35, 39)]
    trusted.execute("begin; select authz.act_as(3)")
    assert value(trusted, "select authz.current_user_id()") == BOB
    assert value(trusted, "select finance.count_authorized_funds()") == 25
    trusted.execute("rollback")


def test_parallel_workers_change_nothing(trusted: Connection) -> None:
    old = value(trusted, "select current_setting('server_version_num')::int < 160000")
    trusted.execute(f"set {'force_parallel_mode' if old else 'debug_parallel_query'} = on")
    for user in TOTALS:
        answers(trusted, user)
        count = "select finance.count_authorized_funds(%s)"
        assert value(trusted, count, user) == TOTALS[user]
    trusted.execute("begin; select authz.act_as(3)")
    assert value(trusted, "select finance.count_authorized_funds()") == 25


def test_changing_roles_in_a_session_changes_whom_one_may_ask_about_at_once(world: str) -> None:
    with session(world, user="trusted_login") as trusted:
        trusted.execute("begin")
        answers(trusted, ANN)
        trusted.execute("select authz.act_as(3)")
        trusted.execute("set local role fundwarden_app")
        assert value(trusted, "select count(*) from finance.page_authorized_funds()") == 20
        assert value(trusted, "select finance.count_authorized_funds()") == 25
        trusted.execute("savepoint here")
        assert refusal(trusted, PAGE, ANN).sqlstate == "42501"
        trusted.execute("rollback to here")
        answers(trusted, BOB)
        trusted.execute("reset role")
        answers(trusted, ANN)
        trusted.execute("commit")
        trusted.execute("set role fundwarden_app")
        assert refusal(trusted, PAGE, ANN).sqlstate == "28000"


def test_a_session_of_the_owner_and_then_of_others_shares_one_table(world: str) -> None:
    with session(world) as admin:
        for role in ("fundwarden_owner", "fundwarden_trusted", "fundwarden_operator", "none"):
            admin.execute(f"set role {role}")
            for user in TOTALS:
                answers(admin, user)
        assert page_tables(admin) == 1
