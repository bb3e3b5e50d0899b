"""The same data elsewhere: the rivals' tables, a SQLite file, a MariaDB server of its own."""

from __future__ import annotations

import contextlib
import getpass
import importlib.util
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from bench.compare.strategies import Row, text
from runner.errors import RunnerError

# What is exported of each table, in PostgreSQL's text format, which MariaDB reads as well.
EXPORTS = {
    "units": "select id, parent_id, path from rival.units order by path::text",
    "users": "select id, unit_id from rival.users order by id",
    "customers": "select id, manager_id from rival.customers order by id",
    "orders": "select id, handler_id from rival.orders order by id",
    "funds": "select id, handle_by, order_id, customer_id, amount, currency, status, "
    "to_char(created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') "
    "from rival.funds order by id",
}
START_SECONDS = 60
MARIADB = ("mariadbd", "mysqld")
INSTALLERS = ("mariadb-install-db", "mysql_install_db")


def build_rivals(connection: psycopg.Connection[Any]) -> bool:
    """The schema rival, made once; False when it was there."""
    row = connection.execute("select to_regnamespace('rival') is not null").fetchone()
    if row and row[0]:
        return False
    with connection.transaction():
        connection.execute(text("rival"))
    connection.execute(
        "vacuum analyze rival.units, rival.users, rival.customers, rival.orders, rival.funds"
    )
    return True


def export(connection: psycopg.Connection[Any], folder: Path) -> None:
    """One file a table, readable for the server of another engine."""
    for name, query in EXPORTS.items():
        with (
            (folder / f"{name}.txt").open("wb") as file,
            connection.cursor().copy(f"copy ({query}) to stdout".encode()) as copy,
        ):
            for data in copy:
                file.write(data)


def sqlite_file(folder: Path) -> str:
    """A file with the exported rows and their indexes."""
    path = folder / "rival.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    connection.executescript(text("sqlite").decode())
    for name in EXPORTS:
        with (folder / f"{name}.txt").open(encoding="utf-8") as lines:
            rows = (_fields(line) for line in lines)
            first = next(rows)
            marks = ", ".join("?" * len(first))
            insert = f"insert into {name} values ({marks})"
            connection.execute(insert, first)
            connection.executemany(insert, rows)
    connection.executescript(text("other_indexes").decode())
    connection.execute("analyze")
    connection.commit()
    connection.close()
    return str(path)


def _fields(line: str) -> list[str | None]:
    return [None if field == "\\N" else field for field in line.rstrip("\n").split("\t")]


def mariadb_missing() -> str | None:
    """What is missing to measure MariaDB, as a sentence; None when nothing is."""
    if not _program(MARIADB) or not _program(INSTALLERS):
        return (
            "no MariaDB server is installed (Debian: mariadb-server-core and mariadb-client-core)"
        )
    if importlib.util.find_spec("pymysql") is None:
        return "PyMySQL is not installed, with which its clients connect"
    return None


def _program(names: tuple[str, ...]) -> str | None:
    places = (*names, *(f"/usr/sbin/{name}" for name in names))
    return next((found for name in places if (found := shutil.which(name))), None)


@contextlib.contextmanager
def mariadb_server(folder: Path, memory: int) -> Iterator[str]:
    """The socket of a server with the exported rows, stopped at the end; memory is in MB."""
    server, installer = _program(MARIADB), _program(INSTALLERS)
    assert server is not None and installer is not None
    data, socket = folder / "mariadb", folder / "mariadb.sock"
    user = getpass.getuser()
    with (folder / "mariadb.log").open("w") as log:
        subprocess.run(
            [
                *(installer, "--no-defaults", f"--datadir={data}", f"--user={user}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ],
            stdout=log,
            stderr=log,
            check=True,
        )
        process = subprocess.Popen(
            [
                *(server, "--no-defaults", f"--datadir={data}", f"--user={user}"),
                *(f"--socket={socket}", "--skip-networking", "--max-connections=250"),
                *(f"--innodb-buffer-pool-size={memory}M", "--innodb-flush-log-at-trx-commit=0"),
                *(f"--secure-file-priv={folder}", "--tmp-table-size=64M"),
                *("--max-heap-table-size=64M", "--skip-log-bin", f"--pid-file={folder / 'pid'}"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _load_mariadb(process, str(socket), folder)
        yield str(socket)
    finally:
        process.terminate()
        process.wait()


def _load_mariadb(process: subprocess.Popen[bytes], socket: str, folder: Path) -> None:
    import pymysql

    patience = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = pymysql.connect(unix_socket=socket, user="root", autocommit=True)
            break
        except pymysql.err.OperationalError as error:
            if process.poll() is not None or time.monotonic() > patience:
                raise RunnerError("the MariaDB server did not start", str(error)) from error
            time.sleep(0.1)
    with connection, connection.cursor() as cursor:
        cursor.execute("create database fundwarden character set utf8mb4")
        cursor.execute("use fundwarden")
        for statement in _statements("mariadb"):
            cursor.execute(statement)
        for name in EXPORTS:
            cursor.execute(f"load data infile '{folder / name}.txt' into table {name}")
        for statement in _statements("other_indexes"):
            cursor.execute(statement)
        cursor.execute(f"analyze table {', '.join(EXPORTS)}")


def _statements(name: str) -> list[str]:
    return [one for one in text(name).decode().split(";") if one.strip()]


def plain(row: Row) -> Row:
    """A row of a page as every engine's types can say it."""
    number, handler, order, customer, amount, currency, status, created = row
    if isinstance(created, str):
        created = datetime.fromisoformat(created)
    if created.tzinfo is not None:
        created = created.astimezone(UTC).replace(tzinfo=None)
    return (
        *(number, handler, order, customer, Decimal(str(amount)).quantize(Decimal("0.01"))),
        *(currency, status, created),
    )
