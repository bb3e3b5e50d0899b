"""docs/model.md is true: each statement in it returns what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from pages import examples, shown


def test_every_example_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert len(examples("model.md")) > 40
    connection = connect()
    connection.execute("begin; set local time zone 'UTC'; set local role fundwarden_owner")
    connection.execute("set local search_path = ext")
    for statement, expected in examples("model.md"):
        cursor = connection.execute(statement.encode())
        rows = cursor.fetchall() if cursor.description else []
        assert [shown(row) for row in rows] == expected, statement
    connection.execute("rollback")
