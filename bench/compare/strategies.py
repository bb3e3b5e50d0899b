"""The strategies people try. Each returns the exact total and the whole rows of one page."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

Row = tuple[Any, ...]
Answer = tuple[int, list[Row]]

PAGE_SIZE = 20
BATCH = 500
CONNECT_SECONDS = 30


@cache
def text(name: str) -> bytes:
    """A file of the folder sql."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_bytes()


@dataclass(frozen=True)
class Question:
    """Who asks for which page, and what the strategies may know beforehand."""

    user: int
    people: int
    path: str
    unit: int
    page: int

    def values(self, **more: Any) -> dict[str, Any]:
        """What the SQL files name."""
        return {
            "user": self.user,
            "path": self.path,
            # A dot sorts directly before a slash: the paths between are those below.
            "above": self.path + ".",
            "beyond": self.path + "/",
            "unit": self.unit,
            "page": self.page,
            "size": PAGE_SIZE,
            "offset": (self.page - 1) * PAGE_SIZE,
            **more,
        }


@dataclass(frozen=True)
class Places:
    """Where the same data is; None where an engine is not there."""

    postgres: str
    sqlite: str | None = None
    mariadb: str | None = None


class Postgres:
    """A session of an application with one connection."""

    def __init__(self, places: Places) -> None:
        self.connection = psycopg.connect(
            places.postgres, autocommit=True, connect_timeout=CONNECT_SECONDS
        )

    def rows(self, name: str, values: dict[str, Any]) -> list[Row]:
        """All rows of a file's statement."""
        return self.connection.execute(text(name), values).fetchall()

    def ids(self, name: str, values: dict[str, Any]) -> list[int]:
        """The first column of all rows."""
        return [row[0] for row in self.rows(name, values)]

    def cancel(self) -> None:
        """End the statement that runs, if one does; from any thread."""
        self.connection.cancel()

    def close(self) -> None:
        """Release what is held."""
        self.connection.close()


class Reader(Postgres):
    """A session that row security holds."""

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.connection.execute("set role fundwarden_app")


class Trios:
    """Sessions of three connections from a pool that the server's limit bounds."""

    def __init__(self, places: Places, sessions: int, connections: int) -> None:
        self.free: queue.Queue[list[Postgres]] = queue.Queue()
        self.all: list[list[Postgres]] = []
        for _ in range(max(1, min(sessions, connections // 3))):
            trio = [Postgres(places) for _ in range(3)]
            self.all.append(trio)
            self.free.put(trio)
        self.left = sessions


class Trio:
    """Borrows three connections for each request."""

    def __init__(self, pool: Trios) -> None:
        self.pool = pool
        self.threads = ThreadPoolExecutor(3)
        self.held: list[Postgres] = []

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[list[Postgres]]:
        """Three connections nobody else uses."""
        self.held = self.pool.free.get()
        try:
            yield self.held
        finally:
            held, self.held = self.held, []
            self.pool.free.put(held)

    def cancel(self) -> None:
        """End the statements that run."""
        for one in list(self.held):
            one.cancel()

    def close(self) -> None:
        """Release what is held; the last session closes the pool."""
        self.threads.shutdown()
        self.pool.left -= 1
        if not self.pool.left:
            for trio in self.pool.all:
                for one in trio:
                    one.close()


class Sqlite:
    """A session with a connection of its own to the file."""

    def __init__(self, places: Places) -> None:
        assert places.sqlite is not None
        self.connection = sqlite3.connect(
            f"file:{places.sqlite}?mode=ro", uri=True, check_same_thread=False
        )
        self.connection.execute("pragma mmap_size = 4294967296")
        self.connection.execute("pragma temp_store = memory")

    def rows(self, name: str, values: dict[str, Any]) -> list[Row]:
        """All rows of a file's statement."""
        return self.connection.execute(text(name).decode(), values).fetchall()

    def cancel(self) -> None:
        """End the statement that runs."""
        self.connection.interrupt()

    def close(self) -> None:
        """Release what is held."""
        self.connection.close()


class Mariadb:
    """A session through PyMySQL, which is imported only where MariaDB is measured."""

    def __init__(self, places: Places) -> None:
        import pymysql

        assert places.mariadb is not None
        self.places = places
        self.connection = pymysql.connect(
            unix_socket=places.mariadb, user="root", database="fundwarden", autocommit=True
        )
        self.id = self.connection.thread_id()

    def rows(self, name: str, values: dict[str, Any]) -> list[Row]:
        """All rows of a file's statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(text(name).decode(), values)
            return list(cursor.fetchall())

    def cancel(self) -> None:
        """End the statement that runs."""
        other = Mariadb(self.places)
        with contextlib.suppress(Exception), other.connection.cursor() as cursor:
            cursor.execute(f"kill query {self.id}")
        other.close()

    def close(self) -> None:
        """Release what is held."""
        self.connection.close()


Open = Callable[[Places, int, int], list[Any]]


def _each(kind: type) -> Open:
    """One session a client."""

    def opened(places: Places, sessions: int, connections: int) -> list[Any]:
        del connections
        return [kind(places) for _ in range(sessions)]

    return opened


def _trios(places: Places, sessions: int, connections: int) -> list[Any]:
    pool = Trios(places, sessions, connections)
    return [Trio(pool) for _ in range(sessions)]


@dataclass(frozen=True)
class Strategy:
    """One way to answer, its engine, and the indexes it is given."""

    title: str
    ask: Callable[[Any, Question], Answer]
    how: str
    indexes: tuple[str, ...] = ()
    engine: str = "PostgreSQL"
    open: Open = field(default=_each(Postgres))


def _page(rows: list[Row]) -> Answer:
    """Rows that carry the total in front."""
    return (rows[0][0], [row[1:] for row in rows]) if rows else (0, [])


def _statement(name: str) -> Callable[[Any, Question], Answer]:
    """One statement answers rows and total."""

    def ask(session: Any, q: Question) -> Answer:
        return _page(session.rows(name, q.values()))

    return ask


def four_steps(session: Postgres, q: Question) -> Answer:
    """People, their orders, their customers, then the funds of all three lists."""
    people = session.ids("people", q.values())
    orders = session.ids("orders_of", {"people": people})
    customers = session.ids("customers_of", {"people": people})
    return _page(
        session.rows(
            "four_steps", q.values(people=people, orders=orders, customers=customers)
        )
    )  # fmt: skip


def three_queries(session: Trio, q: Question) -> Answer:
    """Three queries at once, one an owner; merged, sorted and counted here."""
    with session.borrowed() as trio:
        found = session.threads.map(
            lambda pair: pair[0].rows(pair[1], q.values()),
            zip(trio, ("by_handler", "by_order", "by_customer"), strict=True),
        )
        amounts: dict[int, Any] = {}
        for rows in found:
            amounts.update(rows)
        order = sorted(amounts, key=lambda fund: (-amounts[fund], fund))
        start = (q.page - 1) * PAGE_SIZE
        rows = trio[0].rows("by_id", {"ids": order[start : start + PAGE_SIZE]})
    return len(amounts), rows


def sorted_here(session: Postgres, q: Question) -> Answer:
    """All rows that may be seen, sorted and cut here."""
    rows = session.rows("all_rows", q.values())
    rows.sort(key=lambda row: (-row[4], row[0]))
    start = (q.page - 1) * PAGE_SIZE
    return len(rows), rows[start : start + PAGE_SIZE]


def temp_table(session: Postgres, q: Question) -> Answer:
    """Ids fetched here and sent back 500 at a time, what they find kept in a temporary table."""
    with session.connection.transaction():
        session.connection.execute(text("temp_table"))
        for some in _batches(session.ids("people", q.values())):
            session.connection.execute(text("pick_by_handler"), {"ids": some})
            for owner in ("order", "customer"):
                owned = session.ids(f"{owner}s_of", {"people": some})
                for ids in _batches(owned):
                    session.connection.execute(text(f"pick_by_{owner}"), {"ids": ids})
        session.connection.execute("analyze picked")
        return _page(session.rows("temp_page", q.values()))


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def row_security(session: Reader, q: Question) -> Answer:
    """A plain select; the policy of the table asks a function about every row."""
    with session.connection.transaction():
        session.connection.execute("select set_config('rival.path', %s, true)", [q.path])
        return _page(session.rows("rls", q.values()))


PEOPLE = ("units_by_path", "users_by_unit")
OWNED = ("orders_by_handler", "customers_by_manager")
FUNDS = ("funds_by_handler", "funds_by_order", "funds_by_customer", "funds_pkey")
JOINS = (*PEOPLE, *OWNED, *FUNDS)
OTHERS = (
    *PEOPLE, *OWNED, "funds_by_handler", "funds_by_order", "funds_by_customer", "primary keys",
)  # fmt: skip

OURS, EMPTY = "ours", "empty"
STRATEGIES: dict[str, Strategy] = {
    OURS: Strategy(
        "fundwarden", _statement("ours"),
        "`finance.page_authorized_funds`: one call, row security and log in place",
        ("funds_by_*_unit and the sort indexes of finance.financial_funds",),
    ),
    "matview": Strategy(
        "per-user materialized view", _statement("matview"),
        "one materialized view of every supervisor with every fund; as old as its last refresh",
        ("user_funds_in_order", "funds_pkey"),
    ),
    "four": Strategy(
        "4 steps, id lists", four_steps,
        "people, orders, customers, funds: four queries, ids carried by the application as arrays",
        JOINS,
    ),
    "three": Strategy(
        "3 parallel queries", three_queries,
        "one query an owner on three connections at once, merged and sorted in the application",
        JOINS, open=_trios,
    ),
    "sorted": Strategy(
        "sort in the application", sorted_here,
        "all rows fetched by the union, sorted, counted and cut in the application",
        JOINS,
    ),
    "temp": Strategy(
        "batched temp table", temp_table,
        f"ids sent back {BATCH} at a time, found funds collected in a temporary table kept for the "
        "session, analysed before the page",
        (*JOINS, "primary key of the temporary table"),
    ),
    "recursive": Strategy(
        "recursive CTE", _statement("recursive"),
        "units below by recursion over parent_id, then the union",
        ("units_by_parent", "users_by_unit", *OWNED, *FUNDS),
    ),
    "union": Strategy(
        "union of joins", _statement("union"),
        "one statement, a join an owner, the three joined by UNION", JOINS,
    ),
    "or": Strategy(
        "direct OR", _statement("or"),
        "one statement, the three owners under one OR of sub-selects", JOINS,
    ),
    "rls": Strategy(
        "row security, per row", row_security,
        "a plain select; the policy asks a PL/pgSQL function about every row",
        ("users_pkey", "units_pkey", "orders_pkey", "customers_pkey", "funds_by_amount"),
        open=_each(Reader),
    ),
    "sqlite_union": Strategy(
        "SQLite: union of joins", _statement("sqlite_union"),
        "paths by range, a join an owner; in the process of the client, memory-mapped",
        OTHERS, "SQLite", _each(Sqlite),
    ),
    "sqlite_or": Strategy(
        "SQLite: direct OR", _statement("sqlite_or"),
        "the three owners under one OR", OTHERS, "SQLite", _each(Sqlite),
    ),
    "mariadb_union": Strategy(
        "MariaDB: union of joins", _statement("mariadb_union"),
        "paths by range, a join an owner", OTHERS, "MariaDB", _each(Mariadb),
    ),
    "mariadb_or": Strategy(
        "MariaDB: direct OR", _statement("mariadb_or"),
        "the three owners under one OR", OTHERS, "MariaDB", _each(Mariadb),
    ),
}  # fmt: skip


# What the driver itself costs; it answers nothing and is not compared.
EVERY = {**STRATEGIES, EMPTY: Strategy(EMPTY, _statement("empty"), "`select 1`")}


def measurable(places: Places) -> dict[str, Strategy]:
    """The strategies whose engine is there."""
    absent = {
        engine
        for engine, place in (("SQLite", places.sqlite), ("MariaDB", places.mariadb))
        if place is None
    }
    return {key: each for key, each in STRATEGIES.items() if each.engine not in absent}


@contextlib.contextmanager
def session(strategy: Strategy, places: Places) -> Iterator[Any]:
    """One session of a strategy."""
    (opened,) = strategy.open(places, 1, 3)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def cancelled_after(one: Any, seconds: float) -> Iterator[None]:
    """Ends the session's statement when it takes longer than that."""
    timer = threading.Timer(seconds, one.cancel)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
