"""docs/model.md is true: each statement in it returns what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg

from runner.project import root


def examples() -> list[tuple[str, list[str]]]:
    """Statements with the rows that follow them."""
    text = (root() / "docs" / "model.md").read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
        for statement in re.findall(r"(.+?;\n)((?:-- => [^\n]*\n)*)", block, re.DOTALL):
            found.append((statement[0], re.findall(r"-- => (.*)", statement[1])))
    return found


def shown(row: tuple[Any, ...]) -> str:
    return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in row)


def test_every_example_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert len(examples()) > 40
    connection = connect()
    connection.execute("begin; set local time zone 'UTC'; set local role fundwarden_owner")
    connection.execute("set local search_path = ext")
    for statement, expected in examples():
        cursor = connection.execute(statement.encode())
        rows = cursor.fetchall() if cursor.description else []
        assert [shown(row) for row in rows] == expected, statement
    connection.execute("rollback")
