"""docs/loading.md is true: each command prints what it says, each statement returns it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from pages import examples, shown

from runner.connect import Target
from runner.errors import RunnerError
from runner.project import root
from runner.syncing import Feed, sync


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Commands of the blocks that begin with a dollar sign, each with the lines below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```\n(\$ .*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def printed(target: Target, command: str, folder: Path) -> list[str]:
    """What `runner sync feed` prints, with its options."""
    words = command.split()
    assert words[:3] == ["runner", "sync", "feed"]
    options = words[3:]
    confirm = int(options[options.index("--confirm") + 1]) if "--confirm" in options else None
    said: list[str] = []
    try:
        sync(target, folder, Feed(plan_only="--plan" in options, confirm=confirm), say=said.append)
    except RunnerError as error:
        said += f"error: {error.message}\nhint: {error.hint}".splitlines()
    return said


def test_every_example_returns_what_the_page_says(
    database: str, connect: Callable[..., psycopg.Connection[Any]], tmp_path: Path
) -> None:
    text = (root() / "docs" / "loading.md").read_text(encoding="utf-8")
    told = commands(text)
    assert len(told) > 14
    for command, lines in told:
        if command.startswith("cat feed/"):
            name = command.removeprefix("cat feed/")
            (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        else:
            assert printed(Target(database), command, tmp_path) == lines, command

    connection = connect()
    for table, columns in re.findall(r"^\| (\w+) \| (`.*`) \|$", text, re.MULTILINE):
        known = connection.execute("select authz_private.sync_columns(%s)", [table]).fetchone()
        assert known == (re.findall(r"`(\w+)`", columns),), table
    connection.execute("create schema hr")
    connection.execute(
        "create table hr.employees (number, login, office) as values ('E1', 'anna', 'ACME'), "
        "('E2', 'bob', 'NY-01'), ('E3', 'carl', 'LON'), ('E5', 'emil', 'LON'), "
        "('E6', 'fay', 'NY-01')"
    )
    statements = examples("loading.md")
    assert len(statements) == 3
    for statement, expected in statements:
        cursor = connection.execute(statement.encode())
        found = cursor.fetchall() if cursor.description and expected else []
        assert [shown(row) for row in found] == expected, statement

    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(script, {"conninfo": database})
    assert out.getvalue() == "1 changes\n"
