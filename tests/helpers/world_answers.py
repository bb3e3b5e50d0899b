"""What the database answers about a world, against what the model says."""

from __future__ import annotations

import random
from typing import Any

import psycopg
from reference_model import Role, World

Connection = psycopg.Connection[Any]
SORTS = ("fund_id", "amount", "created_at", "status", "handle_by", "order_id", "customer_id")


def system_roles(connection: Connection) -> dict[int, Role]:
    """The seeded roles, as data of the world."""
    found: dict[int, Role] = {}
    for number, resource, action, scope in connection.execute(
        "select r.id, p.resource::text, p.action, p.scope::text from authz.roles as r "
        "inner join authz.role_permissions as rp on r.id = rp.role_id "
        "inner join authz.permissions as p on rp.permission_id = p.id"
    ):
        found.setdefault(number, Role(number, set())).permissions.add((resource, action, scope))
    return found


def random_filters(rng: random.Random, world: World) -> dict[str, Any]:
    """None, or limits that are met exactly by some fund."""
    filters: dict[str, Any] = {}
    if rng.random() < 0.5 or not world.funds:
        return filters
    some = rng.choice(list(world.funds.values()))
    another = rng.choice(list(world.funds.values()))
    if rng.random() < 0.4:
        filters["min_amount"] = min(some.amount, another.amount)
    if rng.random() < 0.4:
        filters["max_amount"] = max(some.amount, another.amount)
    if rng.random() < 0.3:
        filters["status"] = some.status
    if rng.random() < 0.3:
        filters["created_from"] = min(some.created_at, another.created_at)
    if rng.random() < 0.3:
        filters["created_to"] = max(some.created_at, another.created_at)
    return filters


def disagreements(connection: Connection, rng: random.Random, world: World) -> list[str]:
    """Every answer of the database that is not the model's."""
    found: list[str] = []

    def compare(what: str, expected: object, actual: object) -> None:
        if expected != actual:
            found.append(f"{what}: model {expected}, database {actual}")

    compare(
        "paths",
        {u: (world.path(u), len(world.line(u)), world.tenant(u)) for u in world.units},
        {
            row[0]: tuple(row[1:])
            for row in connection.execute(
                "select id, path::text, level, tenant_id from authz.org_units"
            )
        },
    )
    scopes = connection.execute(
        "select u.id, s.unit_ids, s.own_rows from authz.users as u "
        "cross join lateral authz.user_scope(u.id, 'funds', 'read') as s"
    ).fetchall()
    compare("users", set(world.users), {row[0] for row in scopes})
    for user, unit_ids, own in scopes:
        units, counts = world.scope(user, "finance.funds", "read")
        compare(f"units of user {user}", sorted(units), unit_ids)
        # Own rows within the units need no mention; what is reached is compared below.
        if own and not counts:
            found.append(f"own rows of user {user} count")
    below: dict[int, set[int]] = {user: set() for user in world.users}
    for user, subordinate in connection.execute(
        "select u.id, s.user_id from authz.users as u "
        "cross join lateral authz.subordinates(u.id) as s"
    ):
        below[user].add(subordinate)
    compare("subordinates", {u: world.subordinates(u) for u in world.users}, below)

    sort_by, descending = rng.choice(SORTS), rng.random() < 0.5
    filters = random_filters(rng, world)
    size = rng.choice([1, 2, 3, 7, 10000])
    given_filters = [
        filters.get(name)
        for name in ("min_amount", "max_amount", "status", "created_from", "created_to")
    ]
    counts = dict(
        connection.execute(
            "select u.id, finance.count_authorized_funds(u.id, %s::numeric, %s::numeric, %s, "
            "%s::timestamptz, %s::timestamptz) from authz.users as u",
            given_filters,
        ).fetchall()
    )
    listed: dict[int, list[tuple[Any, ...]]] = {user: [] for user in world.users}
    pages = -(-max([*counts.values(), 1]) // size) + 1
    for row in connection.execute(
        "select u.id, n.page, p.row_number, p.total_count, p.fund_id, p.handle_by, p.order_id, "
        "p.customer_id, p.amount, p.status, p.created_at from authz.users as u "
        "cross join generate_series(1, %s) as n (page) "
        "cross join lateral finance.page_authorized_funds(u.id, n.page, %s, %s, %s, "
        "%s::numeric, %s::numeric, %s, %s::timestamptz, %s::timestamptz) as p "
        "order by u.id, n.page, p.row_number",
        [pages, size, sort_by, "DESC" if descending else "asc", *given_filters],
    ):
        listed[row[0]].append(row[1:])
    for user, rows in listed.items():
        expected = world.listed(user, sort_by, descending, filters)
        compare(f"count of user {user} under {filters}", len(expected), counts[user])
        compare(
            f"pages of user {user} by {sort_by} {descending} under {filters}",
            [
                (
                    place // size + 1,
                    place + 1,
                    len(expected),
                    fund.id,
                    fund.handle_by,
                    fund.order_id,
                    fund.customer_id,
                    fund.amount,
                    fund.status,
                    fund.created_at,
                )
                for place, fund in enumerate(expected)
            ],
            rows,
        )
    explained = connection.execute(
        "select u.id, f.id, coalesce((select bool_or(e.is_visible) "
        "from finance.explain_fund_access(u.id, f.id) as e), false) "
        "from authz.users as u cross join (select id from finance.financial_funds "
        "order by id limit 3) as f"
    ).fetchall()
    for user, fund_id, is_visible in explained:
        seen = {fund.id for fund in world.visible(user, {})}
        compare(f"explanation of fund {fund_id} to user {user}", fund_id in seen, is_visible)
    return found
