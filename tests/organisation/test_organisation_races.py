"""The tree of units stays a tree, whoever moves what beside whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
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
    wait_until_blocked,
    wait_until_blocked_or_done,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

# acme: two branches of three units each, and a lone unit; zeta: another tenant.
UNITS = """
    insert into authz.org_units (id, parent_id, code)
    values
    (1, null, 'acme'),
    (10, 1, 'a'), (11, 10, 'a1'), (12, 11, 'a2'),
    (20, 1, 'b'), (21, 20, 'b1'), (22, 21, 'b2'),
    (30, 1, 'c'),
    (500, null, 'zeta'), (510, 500, 'a'), (511, 510, 'a1'), (520, 500, 'b');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'ann', 12), (2, 'bob', 22), (3, 'zoe', 511);
    insert into finance.orders (id, handler_id) values (1, 1), (2, 2), (3, 3);
    insert into finance.financial_funds (id, handle_by, order_id, amount)
    values (1, 1, 2, 10), (2, 2, 1, 20), (3, 3, 3, 30);
    select
        setval(pg_get_serial_sequence('authz.org_units', 'id'), 1000),
        setval(pg_get_serial_sequence('authz.users', 'id'), 1000),
        setval(pg_get_serial_sequence('finance.orders', 'id'), 1000),
        setval(pg_get_serial_sequence('finance.financial_funds', 'id'), 1000);
"""

# Units whose stored place is not what their parents say; ids never reached are on a cycle.
MISPLACED = """
    with recursive placed (id, tenant_id, path, level) as (
        select n.id, n.id, n.code, 1
        from authz.org_units as n
        where n.parent_id is null
        union all
        select n.id, p.tenant_id, p.path || '.' || n.code, p.level + 1
        from placed as p
        inner join authz.org_units as n on p.id = n.parent_id
    )

    select n.id, n.path::text, p.path
    from authz.org_units as n
    left join placed as p on n.id = p.id
    where (n.tenant_id, n.path::text, n.level) is distinct from (p.tenant_id, p.path, p.level)
"""

PLAIN_UPDATE = "update authz.org_units set parent_id = %s where id = %s"
MOVE_UNIT = "select authz.move_unit(new_parent_id => %s, unit_id => %s)"


@pytest.fixture
def tree(database: str) -> Iterator[str]:
    with session(database) as admin:
        admin.execute(UNITS)
    yield database
    with session(database) as admin:
        assert rows(admin, MISPLACED) == []


def begin(connection: Connection, level: str) -> None:
    connection.execute(f"begin isolation level {level}")
    # The snapshot is taken now, before the other session has done anything.
    connection.execute("select count(*) from authz.org_units")


def path(connection: Connection, unit: int) -> str:
    found: str = value(connection, "select path::text from authz.org_units where id = %s", unit)
    return found


@pytest.mark.parametrize("first_way", [PLAIN_UPDATE, MOVE_UNIT], ids=["update", "move_unit"])
@pytest.mark.parametrize("second_way", [PLAIN_UPDATE, MOVE_UNIT], ids=["update", "move_unit"])
@pytest.mark.parametrize(("first_level", "second_level"), LEVEL_PAIRS)
def test_of_two_moves_that_together_make_a_cycle_exactly_one_is_refused(
    shared_tree: str, first_way: str, second_way: str, first_level: str, second_level: str
) -> None:
    with (
        session(shared_tree) as admin,
        session(shared_tree) as one,
        session(shared_tree) as two,
    ):
        begin(one, first_level)
        begin(two, second_level)
        assert outcome(one, first_way, 21, 10) == "done"
        second = start(two, second_way, 11, 20)
        blocked = wait_until_blocked_or_done(admin, second)
        assert blocked or second.outcome() == "40001"
        first_end = outcome(one, "commit")
        second_end = second.outcome()
        if second_end == "done":
            second_end = outcome(two, "commit")
        two.execute("rollback")
        assert first_end == "done"
        assert second_end in ("23514", *RETRY)
        assert path(admin, 10) == "acme.b.b1.a"
        assert rows(admin, MISPLACED) == []
        admin.execute("update authz.org_units set parent_id = 1 where id = 10")


@pytest.fixture(scope="module")
def shared_tree(module_database: str) -> str:
    with session(module_database) as admin:
        admin.execute(UNITS)
    return module_database


@pytest.mark.parametrize("level", LEVELS)
def test_the_second_of_two_moves_succeeds_when_the_first_rolls_back(
    shared_tree: str, level: str
) -> None:
    with (
        session(shared_tree) as admin,
        session(shared_tree) as one,
        session(shared_tree) as two,
    ):
        begin(one, level)
        begin(two, level)
        assert outcome(one, MOVE_UNIT, 21, 10) == "done"
        second = start(two, MOVE_UNIT, 11, 20)
        wait_until_blocked(admin, second)
        one.execute("rollback")
        assert second.outcome() == "done"
        assert outcome(two, "commit") == "done"
        assert path(admin, 22) == "acme.a.a1.b.b1.b2"
        assert rows(admin, MISPLACED) == []
        admin.execute("update authz.org_units set parent_id = 1 where id = 20")


def test_without_the_tenants_row_two_moves_make_a_cycle(database: str) -> None:
    with session(database) as admin, session(database) as one, session(database) as two:
        admin.execute(UNITS)
        # The guard, broken: nothing to lock, so neither move sees the other.
        admin.execute("alter table authz.tenants rename to hidden")
        admin.execute("create table authz.tenants (id int, tree_version bigint)")
        admin.execute("grant select, update on authz.tenants to fundwarden_owner")
        begin(one, "read committed")
        begin(two, "read committed")
        assert outcome(one, PLAIN_UPDATE, 21, 10) == "done"
        assert outcome(two, PLAIN_UPDATE, 11, 20) == "done"
        one.execute("commit")
        two.execute("commit")
        assert {unit for unit, _, place in rows(admin, MISPLACED) if place is None} == {
            10,
            11,
            12,
            20,
            21,
            22,
        }


@pytest.mark.parametrize("level", LEVELS)
def test_a_unit_inserted_below_a_moving_branch_gets_its_new_path_or_is_refused(
    tree: str, level: str
) -> None:
    with (
        session(tree) as admin,
        session(tree) as mover,
        session(tree) as writer,
    ):
        begin(writer, level)
        begin(mover, "read committed")
        assert outcome(mover, MOVE_UNIT, 22, 10) == "done"
        insert = start(
            writer, "insert into authz.org_units (id, parent_id, code) values (40, 12, 'new')"
        )
        wait_until_blocked(admin, insert)
        mover.execute("commit")
        if level == "read committed":
            assert insert.outcome() == "done"
            writer.execute("commit")
            assert path(admin, 40) == "acme.b.b1.b2.a.a1.a2.new"
        else:
            assert insert.outcome() == "40001"
            writer.execute("rollback")


@pytest.mark.parametrize("level", LEVELS)
def test_a_branch_moves_with_the_unit_that_is_being_inserted_below_it(
    tree: str, level: str
) -> None:
    with (
        session(tree) as admin,
        session(tree) as mover,
        session(tree) as writer,
    ):
        begin(mover, level)
        begin(writer, "read committed")
        writer.execute("insert into authz.org_units (id, parent_id, code) values (40, 12, 'new')")
        move = start(mover, MOVE_UNIT, 22, 10)
        wait_until_blocked(admin, move)
        writer.execute("commit")
        end = move.outcome()
        if end == "done":
            end = outcome(mover, "commit")
        if level == "read committed":
            assert end == "done"
        # Above, the mover's snapshot has no such unit: moving on would leave its path behind.
        assert end in ("done", *RETRY)
        mover.execute("rollback")


@pytest.mark.parametrize("level", LEVELS)
def test_a_rename_beside_an_insert_leaves_every_path_right(tree: str, level: str) -> None:
    with (
        session(tree) as admin,
        session(tree) as renamer,
        session(tree) as writer,
    ):
        begin(writer, level)
        renamer.execute("begin")
        renamer.execute("update authz.org_units set code = 'renamed' where id = 10")
        insert = start(
            writer, "insert into authz.org_units (id, parent_id, code) values (40, 12, 'new')"
        )
        wait_until_blocked(admin, insert)
        renamer.execute("commit")
        if insert.outcome() == "done":
            writer.execute("commit")
            assert path(admin, 40) == "acme.renamed.a1.a2.new"
        else:
            assert insert.outcome() == "40001"
            writer.execute("rollback")


@pytest.mark.parametrize(
    ("statement", "unit", "expected"),
    [
        (
            "update authz.org_units set parent_id = case id when 10 then 20 else 30 end "
            "where id in (10, 20)",
            12,
            "acme.c.b.a.a1.a2",
        ),
        (
            "update authz.org_units set parent_id = case id when 20 then 30 when 10 then 22 end "
            "where id in (20, 10)",
            12,
            "acme.c.b.b1.b2.a.a1.a2",
        ),
        (
            "update authz.org_units set parent_id = case id when 11 then 1 when 10 then 12 end "
            "where id in (10, 11)",
            10,
            "acme.a1.a2.a",
        ),
        (
            "update authz.org_units set parent_id = case id when 11 then 20 when 21 then 10 end "
            "where id in (11, 21)",
            22,
            "acme.a.b1.b2",
        ),
        (
            "update authz.org_units set code = code || '_x' where id in (1, 10, 11, 12)",
            12,
            "acme_x.a_x.a1_x.a2_x",
        ),
        (
            "update authz.org_units set code = code || '_x', parent_id = "
            "case id when 12 then 1 when 10 then 12 else parent_id end where id in (10, 11, 12)",
            11,
            "acme.a2_x.a_x.a1_x",
        ),
    ],
    ids=["onto the moved", "below the moved", "inside out", "swapped", "renamed", "all at once"],
)
def test_several_moves_in_one_statement_end_right(
    tree: str, statement: str, unit: int, expected: str
) -> None:
    with session(tree) as admin:
        admin.execute(statement)
        assert path(admin, unit) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "update authz.org_units set parent_id = case id when 10 then 22 when 20 then 12 end "
        "where id in (10, 20)",
        "update authz.org_units set parent_id = id where id = 10",
        "update authz.org_units set parent_id = 12 where id = 10",
        "update authz.org_units set parent_id = 10 where id = 1",
        "update authz.org_units set parent_id = null where id = 10",
        "update authz.org_units set parent_id = 510 where id = 10",
        "select authz.move_unit(10, 12)",
        "select authz.move_unit(10, 10)",
        "select authz.move_unit(10, 510)",
        "select authz.move_unit(1, 30)",
        "update authz.org_units set path = 'acme.z' where id = 10",
        "update authz.org_units set level = 9 where id = 10",
        "update authz.org_units set parent_id = 20, path = 'acme.z', level = 2 where id = 10",
        "update authz.org_units set tenant_id = 500 where id = 10",
        "update authz.org_units set id = 99 where id = 30",
        "insert into authz.org_units (id, parent_id, code) values (10, 1, 'a') "
        "on conflict (id) do update set path = 'z'",
        "merge into authz.org_units as n using (values (10)) as s (id) on n.id = s.id "
        "when matched then update set level = 9",
        "insert into authz.org_units (parent_id, code, tenant_id) values (10, 'x', 500)",
    ],
)
def test_what_would_break_the_tree_is_refused_with_23514(tree: str, statement: str) -> None:
    with session(tree) as admin:
        error = refusal(admin, statement)
        assert (error.sqlstate, bool(error.message_hint)) == ("23514", True)


@pytest.mark.parametrize("code", ["", "A", "a b", "a.b", "a-b", "é", "x" * 51, "x" * 3000, "a\n"])
@pytest.mark.parametrize("parent", [None, 10])
def test_a_code_that_is_no_label_is_refused_with_23514(
    shared_tree: str, parent: int | None, code: str
) -> None:
    with session(shared_tree) as admin:
        insert = "insert into authz.org_units (parent_id, code) values (%s, %s)"
        assert refusal(admin, insert, parent, code).sqlstate == "23514"
        rename = "update authz.org_units set code = %s where id = %s"
        assert refusal(admin, rename, code, parent or 1).sqlstate == "23514"


def test_paths_written_with_an_insert_are_the_triggers(tree: str) -> None:
    with session(tree) as admin:
        admin.execute(
            "insert into authz.org_units (id, parent_id, code, path, level) "
            "values (50, 12, 'x', 'zeta.secret', 77), (51, 50, 'y', 'zeta', 1)"
        )
        assert path(admin, 51) == "acme.a.a1.a2.x.y"


def test_two_units_of_equal_code_swap_their_parents_in_one_statement(tree: str) -> None:
    with session(tree) as admin:
        admin.execute(
            "insert into authz.org_units (id, parent_id, code) values (60, 10, 's'), (61, 20, 's')"
        )
        admin.execute("update authz.org_units set parent_id = 30 - parent_id where id in (60, 61)")
        assert (path(admin, 60), path(admin, 61)) == ("acme.b.s", "acme.a.s")


OTHER_TENANT = [
    "select authz.move_unit(511, 520)",
    "update authz.org_units set code = 'renamed' where id = 510",
    "insert into authz.org_units (parent_id, code) values (511, 'new')",
    "insert into authz.org_units (parent_id, code) values (null, 'omega')",
    "insert into authz.users (username, base_unit_id) values ('zed', 511)",
    "update authz.users set base_unit_id = 520 where id = 3",
    "insert into finance.orders (handler_id) values (3)",
    "insert into finance.financial_funds (handle_by, order_id, amount) values (3, 3, 1)",
    "insert into authz.user_roles (user_id, role_id, unit_id) values (3, 1, 510)",
]

SAME_TENANT = [
    "insert into finance.financial_funds (handle_by, order_id, amount) values (1, 2, 1)",
    "update finance.financial_funds set handle_by = 2, amount = amount + 1 where id = 1",
    "update finance.orders set handler_id = 2 where id = 1",
    "insert into finance.customers (manager_id) values (1)",
    "delete from finance.orders where id = 1",
]


@pytest.mark.parametrize("statement", OTHER_TENANT + SAME_TENANT)
def test_a_move_does_not_block(shared_tree: str, statement: str) -> None:
    with session(shared_tree) as mover, session(shared_tree) as writer:
        mover.execute("begin")
        mover.execute("select authz.move_unit(10, 22)")
        writer.execute("begin")
        writer.execute("set local lock_timeout = '2s'")
        assert outcome(writer, statement) == "done"
        writer.execute("rollback")
        mover.execute("rollback")


def test_a_move_is_not_blocked_by_a_writer_of_funds(shared_tree: str) -> None:
    with session(shared_tree) as mover, session(shared_tree) as writer:
        writer.execute("begin")
        for statement in SAME_TENANT:
            writer.execute(statement)
        mover.execute("begin")
        mover.execute("set local lock_timeout = '2s'")
        mover.execute("select authz.move_unit(10, 22)")
        mover.execute("rollback")
        writer.execute("rollback")


@pytest.mark.parametrize("size", [1_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_large_branch_moves_in_one_statement_and_touches_no_fund(
    database: str, size: int
) -> None:
    # A leaf of the second branch.
    other = size + size // 2 + 7
    with session(database) as admin:
        # Below the root five branches of that many units with themselves, the last smaller.
        # As a bulk load does it, without a trigger a row.
        admin.execute("set session_replication_role = replica")
        admin.execute(
            f"""
            insert into authz.org_units (id, tenant_id, parent_id, code, path, level)
            select
                n.id, 1, n.parent_id, 'u' || n.id,
                (case
                    when n.id = 1 then 'u1'
                    when n.parent_id = 1 then 'u1.u' || n.id
                    when n.parent_id <= 6 then concat('u1.u', n.parent_id, '.u', n.id)
                    else concat('u1.u', n.branch, '.u', n.parent_id, '.u', n.id)
                end)::ext.ltree,
                case when n.id = 1 then 1 when n.parent_id = 1 then 2
                    when n.parent_id <= 6 then 3 else 4 end
            from (
                select
                    g.id,
                    2 + (g.id - 7) / {size} as branch,
                    case
                        when g.id = 1 then null
                        when g.id <= 6 then 1
                        when (g.id - 7) % {size} < 100 then 2 + (g.id - 7) / {size}
                        else 7 + (g.id - 7) / {size} * {size} + (g.id - 7) % 100
                    end as parent_id
                from generate_series(1, {5 * size + 6}) as g (id)
            ) as n
            """
        )
        admin.execute("insert into authz.tenants (id) values (1)")
        admin.execute("set session_replication_role = origin")
        admin.execute("analyze authz.org_units")
        admin.execute(
            "insert into authz.users (username, base_unit_id) "
            f"select 'u' || g, 7 + g * 97 % (5 * {size}) from generate_series(1, 1000) as g"
        )
        admin.execute(
            "insert into finance.financial_funds (handle_by, amount) "
            "select u.id, 1 from authz.users as u"
        )
        funds = (
            "select count(*), md5(string_agg(f.ctid::text || f.xmin || f.xmax, ',' order by f.id)) "
            "from finance.financial_funds as f"
        )
        before = rows(admin, funds)

    # A new session: what it counts is this transaction's alone.
    with session(database) as admin:
        admin.execute("set track_functions = 'all'")
        admin.execute("begin")
        admin.execute("select authz.move_unit(2, %s)", [other])
        written = dict(
            rows(
                admin,
                "select s.relname, s.n_tup_ins + s.n_tup_upd + s.n_tup_del "
                "from pg_stat_xact_user_tables as s "
                "where s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0",
            )
        )
        called = dict(
            rows(
                admin,
                "select s.funcname, s.calls from pg_stat_xact_user_functions as s "
                "where s.funcname like 'tg!_%' escape '!'",
            )
        )
        admin.execute("commit")

        logged = [written.pop(t) for t in list(written) if t.startswith("permission_audit_log")]
        assert written == {"org_units": size + 1, "tenants": 1}
        assert logged == [size + 2]
        # Of statements, but the first: the unit moved, then those below it.
        assert called == {"tg_place_unit": 1, "tg_rewrite_subtree": 2, "tg_audit": 3}
        assert rows(admin, funds) == before
        assert (
            value(
                admin,
                "select count(*) from authz.org_units as n "
                "where n.path operator(ext.<@) "
                "(select m.path from authz.org_units as m where m.id = %s)",
                other,
            )
            == size + 2
        )
        assert rows(admin, MISPLACED) == []
