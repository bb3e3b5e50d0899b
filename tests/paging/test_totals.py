"""An estimate of a total: near, cheap, and made of what the user may read alone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from waiting import rows, session, value

from runner.connect import Target
from runner.seeding import seed

pytestmark = pytest.mark.one_server

RECORDS = 70_000
MANY = """
    select s.user_id, finance.count_authorized_funds(s.user_id) as funds
    from (
        select v.user_id from authz.supervisors as v order by v.subordinates desc limit 6
    ) as s
"""


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    seed(Target(module_database), records=RECORDS, say=lambda line: None)
    return module_database


@pytest.fixture
def owner(world: str) -> Any:
    with session(world) as connection:
        connection.execute("begin; set local role fundwarden_owner")
        yield connection
        connection.execute("rollback")


def estimates(connection: psycopg.Connection[Any], filters: str = "") -> list[tuple[Any, ...]]:
    return rows(
        connection,
        f"select m.user_id, finance.count_authorized_funds(m.user_id {filters}), "
        f"finance.estimate_authorized_funds(m.user_id {filters}) from ({MANY}) as m",
    )


@pytest.mark.parametrize("filters", ["", ", status => 'open'", ", min_amount => 500"])
def test_an_estimate_is_within_half_and_twice_the_number(
    owner: psycopg.Connection[Any], filters: str
) -> None:
    found = estimates(owner, filters)
    assert any(exact > 10_000 for _, exact, _ in estimates(owner)), "none is worth estimating"
    for user, exact, estimate in found:
        assert exact / 2 - 50 <= estimate <= exact * 2 + 50, (user, exact, estimate)
    again = estimates(owner, filters)
    assert again == found


def test_what_is_owned_outside_the_units_is_counted(owner: psycopg.Connection[Any]) -> None:
    [(user, funds)] = rows(
        owner,
        "select f.handle_by, finance.count_authorized_funds(f.handle_by) "
        "from finance.financial_funds as f "
        "cross join lateral authz.user_scope(f.handle_by, 'funds', 'read') as s "
        "where s.own_rows and s.unit_ids = '{}' limit 1",
    )
    assert funds > 0
    assert value(owner, f"select finance.estimate_authorized_funds({user})") == funds


def test_an_estimate_is_not_the_number(owner: psycopg.Connection[Any]) -> None:
    assert any(exact != estimate for _, exact, estimate in estimates(owner))


def test_the_page_tells_the_same_estimate(owner: psycopg.Connection[Any]) -> None:
    for user, _, estimate in estimates(owner):
        page = (
            "select distinct p.total_count from finance.page_authorized_funds("
            f"{user}, 1, 20, 'created_at', total => '{{}}') as p"
        )
        assert value(owner, page.format("estimate")) == estimate
        assert value(owner, page.format("none")) is None


@pytest.mark.parametrize("total", ["none", "estimate"])
@pytest.mark.parametrize("sort_by", ["fund_id", "amount", "status"])
@pytest.mark.sampled(2)
def test_the_rows_are_those_of_the_page_with_its_exact_total(
    owner: psycopg.Connection[Any], total: str, sort_by: str
) -> None:
    for user, funds in rows(owner, MANY):
        for page, size in ((1, 20), (3, 100), (funds // 100, 100), (funds // 100 + 1, 100)):
            question = (
                "select p.row_number, p.fund_id from finance.page_authorized_funds("
                f"{user}, {max(page, 1)}, {size}, '{sort_by}', 'desc', total => '{{}}') as p"
            )
            expected = rows(owner, question.format("exact"))
            assert rows(owner, question.format(total)) == expected


def test_rows_that_the_user_may_not_read_have_no_part_in_it(
    owner: psycopg.Connection[Any],
) -> None:
    [(user, tenant)] = rows(
        owner,
        f"select m.user_id, u.tenant_id from ({MANY}) as m "
        "inner join authz.users as u on m.user_id = u.id order by m.funds desc limit 1",
    )
    hidden = owner.execute(
        "update finance.financial_funds as f set status = 'hidden' where tenant_id <> %s", [tenant]
    )
    assert hidden.rowcount > 100
    owner.execute("analyze finance.financial_funds")
    estimate = f"select finance.estimate_authorized_funds({user}, status => 'hidden')"
    assert value(owner, estimate) == 0


def test_an_estimate_reads_a_fraction_of_what_a_count_reads(
    owner: psycopg.Connection[Any],
) -> None:
    [(user, funds)] = rows(owner, f"select m.* from ({MANY}) as m order by m.funds desc limit 1")
    assert funds > 2 * 10_000

    def index_rows(function: str) -> int:
        counted = (
            "select sum(coalesce(pg_stat_get_xact_tuples_returned(c.oid), 0)) from pg_class as c "
            "where c.oid = 'finance.financial_funds'::regclass or c.oid in (select i.indexrelid "
            "from pg_index as i where i.indrelid = 'finance.financial_funds'::regclass)"
        )
        before = value(owner, counted)
        owner.execute(f"select finance.{function}_authorized_funds({user})".encode())
        return int(value(owner, counted) - before)

    assert index_rows("estimate") * 2 < index_rows("count")
