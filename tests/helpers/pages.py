"""The examples of a page of docs/."""

from __future__ import annotations

import re
from typing import Any

from runner.project import root


def examples(page: str) -> list[tuple[str, list[str]]]:
    """Statements with the lines that follow them."""
    text = (root() / "docs" / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
        for statement in re.findall(r"(.+?;\n)((?:-- => [^\n]*\n)*)", block, re.DOTALL):
            found.append((statement[0], re.findall(r"-- => (.*)", statement[1])))
    return found


def shown(row: tuple[Any, ...]) -> str:
    """A row as the page writes it."""
    return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in row)
