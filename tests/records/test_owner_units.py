"""Owner units on funds, orders and customers are what a join of their owners says, always."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from waiting import (
    FIRST_LEVEL,
    LEVELS,
    RETRY,
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_until_blocked_or_done,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

UNITS = """
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'acme'), (11, 1, 'a'), (12, 1, 'b'), (13, 12, 'c'),
        (14, 13, 'd'), (15, 14, 'e'), (500, null, 'zeta'), (511, 500, 'z');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'zoe', 511), (2, 'zac', 511);
    select
        setval(pg_get_serial_sequence('finance.customers', 'id'), 1000000000),
        setval(pg_get_serial_sequence('finance.orders', 'id'), 1000000000),
        setval(pg_get_serial_sequence('finance.financial_funds', 'id'), 1000000000);
"""

# The cast of one case: h and g, an order and a customer of h's, a fund owned three times by h and
# one owned by g through its handler and by h through its order.
CAST = """
    insert into authz.users (id, username, base_unit_id)
    values ({h}, 'h{h}', 11), ({g}, 'g{g}', 12);
    insert into finance.customers (id, manager_id) values ({c}, {h}), ({c2}, {g});
    insert into finance.orders (id, handler_id, customer_id)
    values ({o}, {h}, {c}), ({o2}, {g}, {c2});
    insert into finance.financial_funds (id, handle_by, order_id, customer_id, amount)
    values ({f}, {h}, {o}, {c}, 1), ({f2}, {g}, {o}, {c2}, 2);
"""

OUT_OF_STEP = """
    select 'fund', f.tenant_id, f.id
    from finance.financial_funds as f
    left join authz.users as h on h.tenant_id = f.tenant_id and h.id = f.handle_by
    left join finance.orders as o on o.tenant_id = f.tenant_id and o.id = f.order_id
    left join authz.users as oh on oh.tenant_id = o.tenant_id and oh.id = o.handler_id
    left join finance.customers as c on c.tenant_id = f.tenant_id and c.id = f.customer_id
    left join authz.users as cm on cm.tenant_id = c.tenant_id and cm.id = c.manager_id
    where (f.handler_unit_id, f.order_unit_id, f.customer_unit_id)
        is distinct from (h.base_unit_id, oh.base_unit_id, cm.base_unit_id)
        or (h.id, o.id, c.id) is distinct from (f.handle_by, f.order_id, f.customer_id)
    union all
    select 'order', o.tenant_id, o.id
    from finance.orders as o
    left join authz.users as h on h.tenant_id = o.tenant_id and h.id = o.handler_id
    where o.handler_unit_id is distinct from h.base_unit_id
    union all
    select 'customer', c.tenant_id, c.id
    from finance.customers as c
    left join authz.users as m on m.tenant_id = c.tenant_id and m.id = c.manager_id
    where c.manager_unit_id is distinct from m.base_unit_id
"""

FUND = (
    "insert into finance.financial_funds (id, tenant_id, handle_by, order_id, customer_id, amount)"
)

# Every path that can change an owner unit.
CHANGES = {
    "fund inserted": FUND + " values ({f3}, null, {h}, {o}, {c}, 3)",
    "fund inserted without handler": FUND + " values ({f3}, 1, null, {o}, {c}, 3)",
    "fund inserted with units made up": (
        "insert into finance.financial_funds (tenant_id, handle_by, order_id, amount, "
        "handler_unit_id, order_unit_id, customer_unit_id) values (1, {h}, {o}, 3, 511, 13, 12)"
    ),
    "fund upserted": FUND
    + (
        " values ({f}, 1, {g}, {o2}, {c2}, 3) on conflict (tenant_id, id) do update "
        "set handle_by = excluded.handle_by, order_id = excluded.order_id"
    ),
    "fund merged": (
        "merge into finance.financial_funds as t using (values (1, {f}::bigint), (1, {f3})) "
        "as s (tenant_id, id) on t.tenant_id = s.tenant_id and t.id = s.id "
        "when matched then update set handle_by = {g}, customer_id = {c2} "
        "when not matched then insert (tenant_id, id, order_id, amount) "
        "values (s.tenant_id, s.id, {o}, 3)"
    ),
    "fund's handler changed": "update finance.financial_funds set handle_by = {g} where id = {f}",
    "fund's handler removed": "update finance.financial_funds set handle_by = null where id = {f}",
    "fund's order changed": "update finance.financial_funds set order_id = {o2} where id = {f}",
    "fund's order removed": "update finance.financial_funds set order_id = null where id = {f}",
    "fund's customer changed": (
        "update finance.financial_funds set customer_id = {c2} where id = {f}"
    ),
    "fund's customer removed": (
        "update finance.financial_funds set customer_id = null where id = {f}"
    ),
    "fund's units written": (
        "update finance.financial_funds set handler_unit_id = 13, order_unit_id = 511, "
        "customer_unit_id = null where id = {f}"
    ),
    "all owners of both funds changed": (
        "update finance.financial_funds set handle_by = case when handle_by = {h} then {g} "
        "else {h} end, order_id = {o2}, customer_id = {c} where id in ({f}, {f2})"
    ),
    "order's handler changed": "update finance.orders set handler_id = {g} where id = {o}",
    "order's unit written": "update finance.orders set handler_unit_id = 13 where id = {o}",
    "handlers of both orders swapped": (
        "update finance.orders set handler_id = {h} + {g} - handler_id where id in ({o}, {o2})"
    ),
    "order renumbered": "update finance.orders set id = {f3} where id = {o}",
    "order inserted": "insert into finance.orders (handler_id) values ({h})",
    "order upserted": (
        "insert into finance.orders (tenant_id, id, handler_id) values (1, {o}, {g}) "
        "on conflict (tenant_id, id) do update set handler_id = excluded.handler_id"
    ),
    "order deleted": "delete from finance.orders where id = {o}",
    "customer's manager changed": "update finance.customers set manager_id = {g} where id = {c}",
    "customer's unit written": "update finance.customers set manager_unit_id = 13 where id = {c}",
    "customer inserted": "insert into finance.customers (manager_id) values ({h})",
    "customer deleted": "delete from finance.customers where id = {c}",
    "user transferred": "update authz.users set base_unit_id = 13 where id = {h}",
    "other user transferred": "update authz.users set base_unit_id = 13 where id = {g}",
    "both users transferred": (
        "update authz.users set base_unit_id = base_unit_id + 1 where id in ({h}, {g})"
    ),
    "user renumbered": "update authz.users set id = {f3} where id = {h}",
    "fund deleted": "delete from finance.financial_funds where id = {f}",
    "unit moved": "select authz.move_unit(11, 13)",
}

case_numbers = itertools.count(1)


def cast_of(number: int) -> dict[str, int]:
    names = ("h", "g", "c", "c2", "o", "o2", "f", "f2", "f3")
    return {name: number * 100 + place for place, name in enumerate(names)}


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    with session(module_database) as admin:
        admin.execute(UNITS)
    return module_database


@pytest.fixture
def cast(world: str) -> Iterator[dict[str, int]]:
    cast = cast_of(next(case_numbers))
    with session(world) as admin:
        admin.execute(CAST.format(**cast))
    yield cast
    with session(world) as admin:
        assert rows(admin, OUT_OF_STEP) == []


@pytest.mark.parametrize("level", FIRST_LEVEL)
@pytest.mark.parametrize("change", CHANGES)
def test_units_follow_when(world: str, cast: dict[str, int], change: str, level: str) -> None:
    with session(world) as admin:
        admin.execute(f"begin isolation level {level}")
        admin.execute(CHANGES[change].format(**cast))
        assert rows(admin, OUT_OF_STEP) == []
        admin.execute("rollback")


def test_units_follow_a_chain_of_all_the_changes_in_one_transaction(
    world: str, cast: dict[str, int]
) -> None:
    with session(world) as admin:
        admin.execute("begin")
        for change in CHANGES.values():
            admin.execute("savepoint here")
            try:
                admin.execute(change.format(**cast))
            except psycopg.errors.IntegrityError:
                admin.execute("rollback to here")
            assert rows(admin, OUT_OF_STEP) == []
        admin.execute("rollback")


MEETING = [
    "fund inserted",
    "fund upserted",
    "all owners of both funds changed",
    "order's handler changed",
    "handlers of both orders swapped",
    "order inserted",
    "order deleted",
    "customer's manager changed",
    "customer deleted",
    "user transferred",
    "other user transferred",
    "both users transferred",
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("change", MEETING)
@pytest.mark.sampled(2)
def test_units_are_right_after_two_sessions_meet(world: str, change: str, level: str) -> None:
    casts = {other: cast_of(next(case_numbers)) for other in MEETING}
    with session(world) as admin, session(world) as one, session(world) as two:
        admin.execute(";".join(CAST.format(**cast) for cast in casts.values()))
        for other, cast in casts.items():
            two.execute(f"begin isolation level {level}")
            two.execute("select count(*) from finance.orders")
            one.execute(f"begin isolation level {level}")
            one.execute(CHANGES[change].format(**cast))
            met = start(two, CHANGES[other].format(**cast))
            blocked = wait_until_blocked_or_done(admin, met)
            allowed = {"done"}
            if level != "read committed":
                allowed.add("40001")
            if "deleted" in change:
                # What the second refers to is gone.
                allowed.add("23503")
            if change.startswith("fund") and other.startswith("fund"):
                allowed.add("23505")
            # Both orders of commit, where neither waits for the other.
            if blocked or cast["h"] % 200 == 0:
                assert outcome(one, "commit") == "done"
                end = met.outcome()
                end = outcome(two, "commit") if end == "done" else end
            else:
                assert met.outcome() in allowed
                end = outcome(two, "commit")
                assert outcome(one, "commit") in ("done", *RETRY)
            two.execute("rollback")
            one.execute("rollback")
            assert end in allowed, (change, other, end)
            assert rows(admin, OUT_OF_STEP) == [], (change, other)


@pytest.mark.parametrize("level", LEVELS)
def test_a_fund_inserted_while_its_owners_move_on_waits_and_is_right_or_retried(
    world: str, cast: dict[str, int], level: str
) -> None:
    with session(world) as admin, session(world) as mover, session(world) as writer:
        writer.execute(f"begin isolation level {level}")
        writer.execute("select count(*) from finance.orders")
        mover.execute("begin")
        mover.execute("update finance.orders set handler_id = {g} where id = {o}".format(**cast))
        mover.execute("update authz.users set base_unit_id = 13 where id = {g}".format(**cast))
        insert = start(writer, CHANGES["fund inserted"].format(**cast))
        assert wait_until_blocked_or_done(admin, insert)
        mover.execute("commit")
        if level == "read committed":
            assert insert.outcome() == "done"
            writer.execute("commit")
            unit = "select order_unit_id from finance.financial_funds where id = %s"
            assert value(admin, unit, cast["f3"]) == 13
        else:
            assert insert.outcome() == "40001"
            writer.execute("rollback")


def test_a_bulk_load_is_right(world: str, cast: dict[str, int]) -> None:
    with session(world) as admin:
        with admin.cursor().copy(
            "copy finance.financial_funds (tenant_id, handle_by, order_id, customer_id, amount, "
            "handler_unit_id, order_unit_id, customer_unit_id) from stdin"
        ) as copy:
            for number in range(3000):
                handler = (None, cast["h"], cast["g"])[number % 3]
                order = (cast["o"], None, cast["o2"], cast["o"])[number % 4]
                customer = (cast["c"], cast["c2"], None)[number % 5 % 3]
                if (handler, order, customer) != (None, None, None):
                    copy.write_row((1, handler, order, customer, number, 13, None, 511))
        assert rows(admin, OUT_OF_STEP) == []
        admin.execute("update authz.users set base_unit_id = 13 where id = %s", [cast["h"]])
        assert rows(admin, OUT_OF_STEP) == []


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("update authz.users set base_unit_id = 511 where id = {h}", "23503"),
        ("update finance.orders set handler_id = 1 where id = {o}", "23514"),
        ("update finance.customers set manager_id = 1 where id = {c}", "23514"),
        ("update finance.financial_funds set handle_by = 1 where id = {f}", "23503"),
        ("update finance.financial_funds set tenant_id = 500 where id = {f}", "23503"),
        (FUND + " values ({f3}, 500, 1, {o}, null, 1)", "23503"),
        (FUND + " values ({f3}, 1, 1, {o}, null, 1)", "23503"),
        (FUND + " values ({f3}, null, 1, {o}, null, 1)", "23503"),
        (FUND + " values ({f3}, 1, null, null, null, 1)", "23514"),
        (FUND + " values ({f3}, null, null, {o}, null, 1)", "23502"),
        ("delete from authz.users where id = {h}", "23503"),
        (
            "update finance.financial_funds set handle_by = null, order_id = null, "
            "customer_id = null where id = {f}",
            "23514",
        ),
    ],
)
def test_what_would_cross_tenants_or_leave_no_owner_is_refused(
    world: str, cast: dict[str, int], statement: str, state: str
) -> None:
    with session(world) as admin:
        assert refusal(admin, statement.format(**cast)).sqlstate == state


@pytest.mark.parametrize("owns", ["nothing", "a fund"])
def test_a_user_is_not_carried_to_another_tenant_with_what_they_own(world: str, owns: str) -> None:
    user = cast_of(next(case_numbers))["h"]
    with session(world) as admin:
        admin.execute(
            "insert into authz.users (id, username, base_unit_id) values (%s, %s, 11)",
            [user, f"u{user}"],
        )
        if owns == "a fund":
            admin.execute(
                "insert into finance.financial_funds (handle_by, amount) values (%s, 1)", [user]
            )
        statement = "update authz.users set tenant_id = 500, base_unit_id = 511 where id = %s"
        assert refusal(admin, statement, user).sqlstate in ("23503", "23514")


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("finance.financial_funds.fund_handler_and_unit_are_in_step", "user transferred"),
        ("finance.financial_funds.fund_order_and_unit_are_in_step", "order's handler changed"),
        (
            "finance.financial_funds.fund_customer_and_unit_are_in_step",
            "customer's manager changed",
        ),
        ("finance.orders.handler_and_unit_are_in_step", "user transferred"),
        ("finance.customers.manager_and_unit_are_in_step", "user transferred"),
    ],
)
def test_without_its_foreign_key_a_unit_falls_out_of_step(
    world: str, constraint: str, change: str
) -> None:
    cast = cast_of(next(case_numbers))
    table, _, name = constraint.rpartition(".")
    with session(world) as admin:
        admin.execute("begin")
        admin.execute(CAST.format(**cast))
        # A fund of one owner: a change of another owner would set all three units right again.
        admin.execute((FUND + " values ({f3}, null, {h}, null, null, 3)").format(**cast))
        admin.execute(f"alter table {table} drop constraint {name}")
        admin.execute(CHANGES[change].format(**cast))
        assert rows(admin, OUT_OF_STEP) != []
        admin.execute("rollback")


def test_without_its_trigger_a_made_up_unit_is_refused_by_the_foreign_key(
    world: str, cast: dict[str, int]
) -> None:
    with session(world) as admin:
        admin.execute("begin")
        admin.execute("alter table finance.financial_funds disable trigger user")
        change = CHANGES["fund inserted with units made up"].format(**cast)
        assert refusal(admin, change).sqlstate in ("23503", "23514")
        admin.execute("rollback")
