"""In every random world, after every random history, the database answers as the model does."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import Server
from world_answers import disagreements, system_roles
from world_builder import NOON, apply_change, random_change, random_world, store

Connection = psycopg.Connection[Any]
# FUNDWARDEN_WORLDS=20000 looks harder than the suite does.
WORLDS = int(os.environ.get("FUNDWARDEN_WORLDS", "40"))
COUNTED: Counter[int] = Counter()


def live_through(
    connection: Connection, seed: int, before: Callable[[Connection], None] | None = None
) -> list[str]:
    """One world and its history, rolled back; what the two disagree on."""
    rng = random.Random(seed)
    connection.execute("begin")
    try:
        if before is not None:
            before(connection)
        connection.execute("set local role fundwarden_owner")
        world = random_world(rng, system_roles(connection))
        connection.execute("insert into authz_private.clock_override (instant) values (%s)", [NOON])
        store(connection, world)
        found: list[str] = []
        for _ in range(rng.randint(0, 8)):
            change = random_change(rng, world)
            if change is not None:
                wrong = apply_change(connection, change)
                if wrong:
                    found.append(wrong)
        return found + disagreements(connection, rng, world)
    finally:
        connection.execute("rollback")


@pytest.fixture(scope="module")
def session(module_database: str) -> Any:
    with psycopg.connect(module_database, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        yield connection


def test_database_and_model_agree_in_every_world(session: Connection, server: Server) -> None:
    share = WORLDS // 2 if server.major == 15 else WORLDS - WORLDS // 2

    @settings(
        max_examples=share,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(min_value=0, max_value=2**48))
    def worlds(seed: int) -> None:
        COUNTED[server.major] += 1
        assert live_through(session, seed) == []

    worlds()
    assert COUNTED[server.major] >= share


BROKEN = {
    "paths are not rewritten": "alter table authz.org_units disable trigger _965_rewrite_subtree",
    "owner units are not filled": """
        alter table finance.orders disable trigger all;
        alter table finance.customers disable trigger all;
        alter table finance.financial_funds disable trigger all;
        create or replace function public.fill_wrongly() returns trigger language plpgsql as $f$
        begin
            new.tenant_id := (select tenant_id from authz.users where id = new.handler_id);
            new.handler_unit_id := (select min(id) from authz.org_units);
            return new;
        end $f$;
        create trigger fill before insert on finance.orders
        for each row execute function public.fill_wrongly();
    """,
    "a transfer is not carried along": "alter table authz.users disable trigger all",
    "expired grants count": """
        create or replace function authz.clock() returns timestamptz
        language sql stable parallel safe
        begin atomic select timestamptz '2026-02-20 12:00+00'; end;
    """,
}


@pytest.mark.one_server
@pytest.mark.parametrize("how", sorted(BROKEN))
def test_worlds_notice_when(session: Connection, how: str) -> None:
    def sabotage(connection: Connection) -> None:
        connection.execute(BROKEN[how])

    def noticed(seed: int) -> bool:
        try:
            return live_through(session, seed, sabotage) != []
        except psycopg.Error:
            # Refused by a constraint is noticed too.
            return True

    assert any(noticed(seed) for seed in range(60))
    assert all(live_through(session, seed) == [] for seed in range(5))
