"""PgBouncer in transaction mode: who shares a backend shares nothing else."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from poolers import pooler, version
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from waiting import rows, session, value

Connection = psycopg.Connection[Any]

CLIENTS = 20
BACKENDS = 2
SECONDS = float(os.environ.get("FUNDWARDEN_POOL_SECONDS", "4"))

# User 100 + n supervises unit n, where n funds are handled, and none elsewhere.
WORLD = f"""
    insert into authz.org_units (id, parent_id, code) values (1000, null, 'acme');
    insert into authz.org_units (id, parent_id, code)
    select g, 1000, 'u' || g from generate_series(1, {CLIENTS}) as g;
    insert into authz.users (id, username, base_unit_id)
    select 100 + g, 'u' || g, g from generate_series(1, {CLIENTS}) as g;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select 100 + g, r.id, g
    from generate_series(1, {CLIENTS}) as g
    inner join authz.roles as r on r.code = 'supervisor';
    insert into finance.financial_funds (id, handle_by, amount)
    select 1000 * g + n, 100 + g, n
    from generate_series(1, {CLIENTS}) as g
    cross join lateral generate_series(1, g) as n;
    analyze;
"""

ME = "select authz.current_user_id()"
SIGN_IN = "select authz.sign_in(%s)"
SETTING = "select current_setting('fundwarden.identity', true)"
PAGE = "select fund_id, total_count from finance.page_authorized_funds(page_size => 100)"
CHECK = "select authz.check_user_permission(null, 'funds', 'read', %s)"


@contextmanager
def pooled(server: Any, dbname: str, *, prepared: bool) -> Iterator[str]:
    """Conninfo of the database through two backends, as the application's login."""
    where = conninfo_to_dict(server.conninfo(dbname))
    section = f"[databases]\npooled = host={where['host']} port={where['port']} dbname={dbname}\n"
    with pooler(server, section, ["app_login"], backends=BACKENDS, prepared=prepared) as conninfo:
        yield make_conninfo(conninfo, user="app_login", dbname="pooled")


class Client:
    """One user's application: honest, careless or curious, as it comes."""

    def __init__(self, number: int, conninfo: str, token: str, stolen: list[str], prepared: bool):
        self.number = number
        self.user = 100 + number
        self.conninfo = conninfo
        self.token = token
        self.stolen = stolen
        self.threshold = 0 if prepared else None
        self.random = random.Random(number)
        self.wrong: list[str] = []
        self.answers = 0

    def connect(self) -> Connection:
        return psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=self.threshold)

    def run(self, until: float) -> None:
        try:
            self.connection = self.connect()
            while time.monotonic() < until and not self.wrong:
                self.random.choice(DEEDS)(self)
            self.connection.close()
        except Exception as error:
            self.wrong.append(f"{type(error).__name__}: {error}")

    def expect(self, expected: object, sql: str, *params: object) -> None:
        found = rows(self.connection, sql, *params)
        self.answers += 1
        if found != expected:
            self.wrong.append(f"user {self.user}: {sql} {params} -> {found[:3]}")

    def refuse(self, sqlstate: str, sql: str, *params: object) -> None:
        try:
            found = rows(self.connection, sql, *params)
        except psycopg.Error as error:
            if error.sqlstate == sqlstate:
                return
            raise
        self.wrong.append(f"user {self.user}: {sql} {params} -> {found[:3]}, not {sqlstate}")

    def ask(self) -> None:
        self.expect([(self.user,)], ME)
        funds = [(1000 * self.number + n, self.number) for n in range(1, self.number + 1)]
        self.expect(funds, PAGE)
        self.expect([(True,)], CHECK, self.number)
        self.expect([(False,)], CHECK, 1 + self.number % CLIENTS)

    # What is done, one transaction or session each.

    def work(self) -> None:
        self.connection.execute("begin")
        self.expect([(self.user,)], SIGN_IN, self.token)
        self.ask()
        self.connection.execute(self.random.choice(("commit", "rollback")))

    def forget_to_sign_in(self) -> None:
        self.connection.execute("begin")
        self.expect([(None,)], ME)
        self.refuse("28000", PAGE)
        self.connection.execute("rollback")

    def sign_in_outside_a_transaction(self) -> None:
        self.expect([(self.user,)], SIGN_IN, self.token)
        self.expect([(None,)], ME)

    def leave_it_behind(self) -> None:
        self.connection.execute("begin")
        rows(self.connection, SIGN_IN, self.token)
        mine = value(self.connection, SETTING)
        rows(self.connection, "select set_config('fundwarden.identity', %s, false)", mine)
        self.stolen.append(mine)
        self.connection.execute("commit")

    def use_what_others_left(self) -> None:
        self.connection.execute("begin")
        for text in self.stolen[-50:]:
            rows(self.connection, "select set_config('fundwarden.identity', %s, true)", text)
            self.expect([(None,)], ME)
        self.connection.execute("commit")

    def fail_halfway(self) -> None:
        self.connection.execute("begin")
        rows(self.connection, SIGN_IN, self.token)
        self.refuse("22012", "select 1 / 0")
        self.connection.execute("rollback")
        self.expect([(None,)], ME)

    def be_refused_and_go_on(self) -> None:
        self.connection.execute("begin")
        rows(self.connection, SIGN_IN, self.token)
        self.connection.execute("savepoint here")
        self.refuse("28000", SIGN_IN, self.token[:-1])
        self.connection.execute("rollback to here")
        self.ask()
        self.connection.execute("commit")

    def leave_in_the_middle(self) -> None:
        self.connection.execute("begin")
        rows(self.connection, SIGN_IN, self.token)
        self.connection.close()
        self.connection = self.connect()
        self.expect([(None,)], ME)


DEEDS: list[Callable[[Client], None]] = [
    *[Client.work] * 6,
    Client.forget_to_sign_in,
    Client.sign_in_outside_a_transaction,
    Client.leave_it_behind,
    Client.use_what_others_left,
    Client.fail_halfway,
    Client.be_refused_and_go_on,
    Client.leave_in_the_middle,
]


@pytest.fixture(scope="module")
def tokens(module_database: str) -> list[str]:
    """Of each client's user, in order."""
    with session(module_database) as admin:
        admin.execute(WORLD)
        return [value(admin, "select authz.issue_token(100 + %s)", n + 1) for n in range(CLIENTS)]


# From 1.21 on it keeps the names of prepared statements apart; before, nobody may use them.
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "prepared" in metafunc.fixturenames:
        modes = [False, True] if version() >= (1, 21) else [False]
        metafunc.parametrize("prepared", modes, ids=lambda p: "prepared" if p else "unprepared")


@pytest.mark.one_server
def test_every_answer_belongs_to_its_asker(
    server: Any, module_database: str, tokens: list[str], prepared: bool
) -> None:
    dbname = str(conninfo_to_dict(module_database)["dbname"])
    stolen: list[str] = []
    with pooled(server, dbname, prepared=prepared) as conninfo, session(module_database) as admin:
        clients = [
            Client(n + 1, conninfo, token, stolen, prepared) for n, token in enumerate(tokens)
        ]
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=c.run, args=(until,), daemon=True) for c in clients]
        for thread in threads:
            thread.start()
        most = 0
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                now = value(
                    admin,
                    "select count(*) from pg_stat_activity as a "
                    "where a.usename = 'app_login' and a.datname = current_database()",
                )
                most = max(most, now)
    assert [line for client in clients for line in client.wrong] == []
    total = sum(client.answers for client in clients)
    print(f"{total} answers, {most} backends, {len(stolen)} settings left behind")
    assert 0 < most <= BACKENDS + 1, "a backend that is being closed may be counted"
    assert all(client.answers >= 5 for client in clients)
