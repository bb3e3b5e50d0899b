"""What every role and person may do to every object is what rights_matrix.txt says."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest
from rights_matrix import ARGUMENTS, outcomes, text
from waiting import session

FILE = Path(__file__).parent / "rights_matrix.txt"


@pytest.mark.one_server
def test_the_matrix_is_what_is_written(database: str) -> None:
    found = outcomes(database)
    assert {name.split("(")[0] for action, name in found if action == "EXECUTE"} >= set(ARGUMENTS)
    now = text(found)
    if os.environ.get("FUNDWARDEN_WRITE"):
        FILE.write_text(now, encoding="utf-8")
    written = FILE.read_text(encoding="utf-8")
    assert not difference(written, now), difference(written, now)


def difference(written: str, now: str) -> str:
    """What changed, as people read it."""
    lines = (written.splitlines(), now.splitlines())
    return "\n".join(difflib.unified_diff(*lines, "written", "found", lineterm=""))


BROKEN = {
    "create table finance.fees (x int)": "+    finance.fees",
    "create function finance.f() returns int language sql as 'select 1'": "+    finance.f()",
    "create sequence audit.numbers": "+    audit.numbers",
    "create materialized view ops.sums as select 1 as x": "+    ops.sums",
    "grant delete on authz.roles to fundwarden_operator": "+app, trusted, auditor, public: 42501",
    "create policy p on finance.orders for select to fundwarden_app using (id < 6)": (
        "+app, trusted: 5 nobody/staff/supervisor/administrator, 6 stranger"
    ),
    "alter table authz.org_units disable row level security": "+owner, app, trusted: 4",
}


@pytest.mark.one_server
@pytest.mark.long
def test_the_matrix_notices(database: str) -> None:
    with session(database) as admin:
        for statement in BROKEN:
            admin.execute(statement)
    told = difference(FILE.read_text(encoding="utf-8"), text(outcomes(database))).splitlines()
    assert set(BROKEN.values()) <= set(told)
