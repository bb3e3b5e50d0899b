"""The ways people page authorised funds. Each returns the total and the ids of one page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
Answer = tuple[int, list[int]]
Method = Callable[[Connection, "Question"], Answer]

PAGE_SIZE = 20
BATCH = 1000
ORDERS = {"amount desc": "f.amount desc, f.id", "fund_id": "f.id"}


class Question:
    """Who asks for which page in which order, and what the rivals may know beforehand."""

    def __init__(
        self, user_id: int, people: int, page: int, order: str, *, path: str, tenant_id: int
    ) -> None:
        self.user_id = user_id
        self.people = people
        self.page = page
        self.order = order
        self.path = path
        self.tenant_id = tenant_id

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def by(self) -> str:
        """ORDER BY of the page over financial_funds as f."""
        return ORDERS[self.order]


def ours(connection: Connection, q: Question) -> Answer:
    """(a) finance.page_authorized_funds: rows and total in one call."""
    column, _, direction = q.order.partition(" ")
    rows = connection.execute(
        "select total_count, fund_id, handle_by, order_id, customer_id, amount, currency, status, "
        "created_at from finance.page_authorized_funds(%s::bigint, %s::int, %s::int, %s, %s)",
        [q.user_id, q.page, PAGE_SIZE, column, direction or "asc"],
        prepare=True,
    ).fetchall()
    if rows:
        return rows[0][0], [row[1] for row in rows]
    # Beyond the last page there is no row to carry the total; the check asks for it apart.
    return -1, []


def batched(connection: Connection, q: Question) -> Answer:
    """(b) ids fetched to the application and sent back 1,000 at a time into a temporary table."""
    with connection.transaction():
        connection.execute(
            "create temporary table if not exists picked (id bigint primary key) "
            "on commit delete rows"
        )
        people = _people(connection, q)
        for some in _batches(people):
            _pick(connection, q, "handle_by", some)
            for table, owner, column in (
                ("orders", "handler_id", "order_id"),
                ("customers", "manager_id", "customer_id"),
            ):
                owned = connection.execute(
                    f"select id from finance.{table} where tenant_id = %s and {owner} = any(%s)",
                    [q.tenant_id, some],
                    prepare=True,
                ).fetchall()
                for ids in _batches([row[0] for row in owned]):
                    _pick(connection, q, column, ids)
        connection.execute("analyze picked")
        total = connection.execute("select count(*) from picked").fetchone()
        rows = connection.execute(
            "select f.* from picked as p inner join finance.financial_funds as f "
            f"on f.tenant_id = %s and p.id = f.id order by {q.by} limit {PAGE_SIZE} offset %s",
            [q.tenant_id, q.offset],
        )
        ids = [row[1] for row in rows]
    assert total is not None
    return total[0], ids


def _people(connection: Connection, q: Question) -> list[int]:
    rows = connection.execute(
        "select user_id from authz.subordinates(%s::bigint)", [q.user_id], prepare=True
    )
    return [q.user_id, *(row[0] for row in rows)]


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def _pick(connection: Connection, q: Question, column: str, ids: list[int]) -> None:
    connection.execute(
        "insert into picked select f.id from finance.financial_funds as f "
        f"where f.tenant_id = %s and f.{column} = any(%s) on conflict do nothing",
        [q.tenant_id, ids],
        prepare=True,
    )


UNION = """
    with people as materialized ({people}),
    seen as materialized (
        select f.id from people as p
        inner join finance.financial_funds as f on f.tenant_id = %(tenant)s and f.handle_by = p.id
        union
        select f.id from people as p
        inner join finance.orders as o on o.tenant_id = %(tenant)s and o.handler_id = p.id
        inner join finance.financial_funds as f on f.tenant_id = %(tenant)s and f.order_id = o.id
        union
        select f.id from people as p
        inner join finance.customers as c on c.tenant_id = %(tenant)s and c.manager_id = p.id
        inner join finance.financial_funds as f
        on f.tenant_id = %(tenant)s and f.customer_id = c.id
    )
    select (select count(*) from seen), array(
        select f.id from seen as s
        inner join finance.financial_funds as f on f.tenant_id = %(tenant)s and f.id = s.id
        order by {by} limit {size} offset %(offset)s
    )
"""

BY_PATH = """
    select u.id from authz.org_units as n
    inner join authz.users as u on n.tenant_id = u.tenant_id and n.id = u.base_unit_id
    where n.path operator (ext.<@) %(path)s::ext.ltree
"""

BY_RECURSION = """
    with recursive below (id) as (
        select n.id from authz.org_units as n where n.path operator (ext.=) %(path)s::ext.ltree
        union all
        select c.id from below as b inner join authz.org_units as c
        on c.tenant_id = %(tenant)s and b.id = c.parent_id
    )
    select u.id from below as b
    inner join authz.users as u on u.tenant_id = %(tenant)s and b.id = u.base_unit_id
"""


def _union(people: str) -> Method:
    def method(connection: Connection, q: Question) -> Answer:
        row = connection.execute(
            UNION.format(people=people, by=q.by, size=PAGE_SIZE),
            {"tenant": q.tenant_id, "path": q.path, "offset": q.offset},
            prepare=False,
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    return method


def direct_or(connection: Connection, q: Question) -> Answer:
    """(e) one statement with the subordinates' ids as literals, three times, under one OR."""
    ids = ", ".join(map(str, _people(connection, q)))
    tenant = f"tenant_id = {q.tenant_id}"
    row = connection.execute(
        f"""
        with seen as materialized (
            select f.* from finance.financial_funds as f
            where f.{tenant} and (
                f.handle_by in ({ids})
                or f.order_id in (
                    select o.id from finance.orders as o
                    where o.{tenant} and o.handler_id in ({ids})
                )
                or f.customer_id in (
                    select c.id from finance.customers as c
                    where c.{tenant} and c.manager_id in ({ids})
                )
            )
        )
        select (select count(*) from seen), array(
            select f.id from seen as f order by {q.by} limit {PAGE_SIZE} offset {q.offset}
        )
        """.encode(),
        prepare=False,
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def ungated(connection: Connection, q: Question) -> Answer:
    """(f) the same page and count over all rows, nobody asked: the floor."""
    total = connection.execute("select count(*) from finance.financial_funds").fetchone()
    rows = connection.execute(
        "select f.* from finance.financial_funds as f where f.tenant_id = %s "
        f"order by {q.by} limit {PAGE_SIZE} offset %s",
        [q.tenant_id, q.offset],
        prepare=True,
    ).fetchall()
    assert total is not None
    return total[0], [row[1] for row in rows]


METHODS: dict[str, tuple[str, Method]] = {
    "a": ("this project", ours),
    "b": ("batched IN into a temporary table", batched),
    "c": ("UNION of three joins by path", _union(BY_PATH)),
    "d": ("UNION over a recursive CTE", _union(BY_RECURSION)),
    "e": ("direct OR with literal IN lists", direct_or),
    "f": ("ungated: the floor", ungated),
}
