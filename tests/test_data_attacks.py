"""What the application's login tries against row rules and masks fails, and works without them.

Each attack of data_attacks.py is made twice by ann, signed in over a login that is granted
fundwarden_app and nothing else: under her rules, where it brings nothing, and with the switch
authz.settings.data_permissions at off (and one guard of PostgreSQL's own removed, where the attack
meets that first), where it brings the loot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from attacks import ANN, Attack, step, token, told
from data_attacks import ATTACKS, MASKED, STAFF, VIEW, WORLD
from waiting import refusal, rows, session, value

Connection = psycopg.Connection[Any]

SWITCH = "update authz.settings set data_permissions = '{}'"


@pytest.fixture(scope="module")
def ruled(module_database: str) -> str:
    """The database with the world in it."""
    with session(module_database) as admin:
        admin.execute(WORLD)
    return module_database


@pytest.fixture(scope="module")
def app(ruled: str) -> Iterator[Connection]:
    """The application's connection, of a pool of one."""
    with session(ruled, user="app_login") as connection:
        yield connection


@pytest.fixture(scope="module")
def unruled(ruled: str) -> Iterator[str]:
    """The same with the switch at off."""
    with session(ruled) as admin:
        admin.execute(SWITCH.format("off"))
        yield ruled
        admin.execute(SWITCH.format("on"))


def test_there_are_attacks_of_every_kind() -> None:
    assert len(ATTACKS) >= 100
    assert len([attack for attack in ATTACKS.values() if not attack.weak]) >= 45


@pytest.mark.parametrize("name", ATTACKS)
def test_it_brings_nothing(ruled: str, app: Connection, name: str) -> None:
    attack = ATTACKS[name]
    brought = told(app, ruled, attack)
    assert not re.search(attack.loot, brought), brought


@pytest.mark.one_server
@pytest.mark.parametrize("name", ATTACKS)
def test_without_the_rules_it_works(unruled: str, app: Connection, name: str) -> None:
    attack = ATTACKS[name]
    with session(unruled) as admin:
        database = admin.info.dbname
        try:
            if attack.weak:
                admin.execute(attack.weak.replace("{database}", database).encode())
            brought = told(app, unruled, attack)
            assert re.search(attack.loot, brought), brought
        finally:
            if attack.mend:
                admin.execute(attack.mend.replace("{database}", database).encode())
