"""Suite "datasets": a registered table of a company's own against finance.financial_funds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import databases, page
from bench.report import machine
from bench.rows import timed
from runner.connect import Target, connect
from runner.errors import RunnerError

# The same rows in tables that know nothing of fundwarden, with the indexes a company would have.
TABLES = """
    create schema shop authorization fundwarden_owner;
    set role fundwarden_owner;
    create table shop.customers (id bigint primary key, manager_id bigint);
    create table shop.orders (id bigint primary key, handler_id bigint);
    create table shop.funds (
        id bigint primary key,
        tenant_id int not null,
        handle_by bigint,
        order_id bigint,
        customer_id bigint,
        amount numeric not null,
        status text not null,
        created_at timestamptz not null
    );
    insert into shop.customers select c.id, c.manager_id from finance.customers as c;
    insert into shop.orders select o.id, o.handler_id from finance.orders as o;
    insert into shop.funds
    select f.id, f.tenant_id, f.handle_by, f.order_id, f.customer_id, f.amount, f.status,
        f.created_at
    from finance.financial_funds as f;
    create index on shop.customers (manager_id);
    create index on shop.orders (handler_id);
    create index on shop.funds (handle_by);
    create index on shop.funds (order_id);
    create index on shop.funds (customer_id);
    create index on shop.funds (amount, id);
    alter table shop.funds
    add foreign key (order_id) references shop.orders,
    add foreign key (customer_id) references shop.customers;
    grant usage on schema shop to fundwarden_app;
    grant select on shop.funds to fundwarden_app;
    reset role;
"""
OWNERS = """[
    {"name": "handler", "path": ["handle_by"], "key": "id"},
    {"name": "order_handler", "path": ["order_id", "handler_id"], "key": "id"},
    {"name": "manager", "path": ["customer_id", "manager_id"], "key": "id"}
]"""
PAIRS = {
    "page 1 by amount, exact total": (
        "select id, total_count from paged.shop_funds(1, 20, 'amount', 'DESC')",
        "select fund_id, total_count "
        "from finance.page_authorized_funds(null, 1, 20, 'amount', 'DESC')",
    ),
    "count": ("select paged.shop_funds_count()", "select finance.count_authorized_funds()"),
}
BEHIND = (
    "select id from paged.shop_funds(1, 20, 'id', after => '{\"id\": %s}', total => 'none')",
    "select id from paged.shop_funds(1, 20, 'id', total => 'none')",
)


def run(target: Target, out: Path, *, records: int, turns: int, say: Callable[[str], None]) -> None:
    """Measure and write DATASETS.md."""
    ours = databases.seeded(target, "fundwarden_bench", records, fresh=False, say=say)
    lines: list[str] = []
    took: dict[str, float] = {}
    with connect(ours, autocommit=True) as connection:
        connection.execute("update authz.settings set record_act_as = false")
        for storage in ("stored", "joined"):
            took[storage] = _register(connection, storage)
            say(f"{storage}: registered in {took[storage]:.2f} s")
            for user, people, *_ in page.supervisors(connection, page.SIZES).values():
                for what, (theirs, funds) in PAIRS.items():
                    one, other = _medians(connection, user, (theirs, funds), turns)
                    lines.append(
                        f"| {storage} | {people:,} people | {what} | {one:.2f} | {other:.2f} | "
                        f"{one / other:.2f}x |"
                    )
                    say(f"{storage} {people:>8,} {what}: {one:.2f} of {other:.2f} ms")
            deep, first = _behind(connection, user, turns)
            lines.append(
                f"| {storage} | {people:,} people | 20 rows behind row 100,000, against the first "
                f"20, no total | {deep:.2f} | {first:.2f} | {deep / first:.2f}x |"
            )
            say(f"{storage} behind row 100,000: {deep:.2f} of {first:.2f} ms")
        version = connection.execute("show server_version").fetchone()
        connection.execute("select authz.unregister_dataset('shop_funds')")
        connection.execute("drop schema shop cascade")
    text = [
        "# A registered table against funds",
        "",
        f"Written by `runner bench --suite datasets` on {datetime.now(UTC):%Y-%m-%d}. {machine()}; "
        f"PostgreSQL {version[0] if version else ''}; {records:,} rows. The table holds the rows "
        "of the funds and has three owners, two of them by a path of two steps. It gave the same "
        "rows and totals as the funds in both storages. The application role asks in turn; medians "
        "in milliseconds.",
        "",
        "| storage | who sees | what | registered table | funds | ratio |",
        "|---|---|---|---|---|---|",
        *lines,
        "",
        f"Registering took {took['stored']:.0f} s in storage stored and {took['joined']:.2f} s in "
        "storage joined. Stored locks the table and the tables of its paths ACCESS EXCLUSIVE for "
        "that time, and authz.users SHARE ROW EXCLUSIVE; it writes each row of the table once and "
        "builds eight indexes. Joined writes no row.",
        "",
    ]
    (out / "DATASETS.md").write_text("\n".join(text), encoding="utf-8")


def _register(connection: psycopg.Connection[Any], storage: str) -> float:
    connection.execute(
        "select authz.unregister_dataset(d.name) from authz.datasets as d "
        "where d.name = 'shop_funds'"
    )
    connection.execute("drop schema if exists shop cascade")
    connection.execute(TABLES)
    for table in ("customers", "orders", "funds"):
        connection.execute(f"vacuum analyze shop.{table}".encode())
    begun = time.perf_counter()
    connection.execute(
        "select authz.register_dataset('shop.funds', 'shop_funds', owners => %s, "
        "resource => 'funds', tenant_column => 'tenant_id', storage => %s)",
        [OWNERS, storage],
    )
    spent = time.perf_counter() - begun
    connection.execute("vacuum analyze shop.funds")
    return spent


def _medians(
    connection: psycopg.Connection[Any], user: int, queries: tuple[str, str], turns: int
) -> tuple[float, float]:
    """Turn and turn about, and both with the same answer."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        answers = []
        for place, query in enumerate(queries):
            spent, answer = timed(connection, user, query)
            times[place].append(spent)
            answers.append(answer)
        if answers[0] != answers[1]:
            raise RunnerError("table and funds answer differently", f"user {user}: {queries[0]}")
    return statistics.median(times[0]), statistics.median(times[1])


def _behind(connection: psycopg.Connection[Any], user: int, turns: int) -> tuple[float, float]:
    """A page behind row 100,000 of somebody who sees more, and their first page."""
    query = "select id from paged.shop_funds(100000, 1, 'id', total => 'none')"
    place = timed(connection, user, query)[1]
    if not place:
        raise RunnerError("nobody sees 100,000 rows", "Pass --records 1000000.")
    deep, first = BEHIND[0] % place[0][0], BEHIND[1]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        times[0].append(timed(connection, user, deep)[0])
        times[1].append(timed(connection, user, first)[0])
    return statistics.median(times[0]), statistics.median(times[1])
