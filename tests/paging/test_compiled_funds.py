"""The function that finds funds is what the compiler of datasets writes."""

from __future__ import annotations

import os
from pathlib import Path

from waiting import session, value

FILE = Path(__file__).parents[2] / "db/functions/paging/authz_private.find_funds.sql"


def test_find_funds_is_what_the_compiler_writes(module_database: str) -> None:
    with session(module_database) as owner:
        compiled = value(owner, "select authz_private.funds_finder()")
    if os.environ.get("FUNDWARDEN_WRITE"):
        FILE.write_text(compiled, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == compiled
