"""docs/your-own-tables.md is true: each statement in it returns what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from pages import examples, shown


def test_every_example_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    told = examples("your-own-tables.md")
    assert len(told) > 25
    connection = connect()
    connection.execute("begin; create schema shop authorization fundwarden_owner")
    connection.execute("set local role fundwarden_owner; set local search_path = ext")
    for statement, expected in told:
        cursor = connection.execute(statement.encode())
        found = cursor.fetchall() if cursor.description and expected else []
        assert [shown(row) for row in found] == expected, statement
    connection.execute("rollback")
