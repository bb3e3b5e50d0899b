"""An organisation from a file is loaded whole, or refused with the line of everything wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from waiting import session, start, wait_until_blocked

from runner.connect import Target
from runner.errors import RunnerError
from runner.loading import load

pytestmark = pytest.mark.one_server

GOOD = b"""code,parent_code,name,kind
office,city,"Office ""One"", 2nd floor",office
state,nation,State,state
nation,,Nation,national
city,state,\xc3\x9cberstadt,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "org.csv"


def loaded(conninfo: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as conn:
        return conn.execute(
            "select path::text, name, kind, level from authz.org_units order by path"
        ).fetchall()


def refused(conninfo: str, file: Path, content: bytes) -> str:
    """The message; the database is as it was."""
    before = loaded(conninfo)
    file.write_bytes(content)
    with pytest.raises(RunnerError) as error:
        load(Target(conninfo), file, say=lambda line: None)
    assert loaded(conninfo) == before
    assert error.value.hint
    return error.value.message


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(b"\n"),
        GOOD.replace(b"\nstate", b"\n\nstate"),
        GOOD.replace(b"code,parent_code", b" Code ,PARENT_CODE"),
    ],
    ids=["plain", "byte order mark", "crlf", "no last newline", "empty line", "header in any case"],
)
def test_lines_in_any_order_make_the_tree(database: str, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    said: list[str] = []
    load(Target(database), file, say=said.append)
    assert said == ["loaded 4 units under nation", "new kinds: national"]
    assert loaded(database) == [
        ("nation", "Nation", "national", 1),
        ("nation.state", "State", "state", 2),
        ("nation.state.city", "Überstadt", "unit", 3),
        ("nation.state.city.office", 'Office "One", 2nd floor', "office", 4),
    ]


def test_columns_may_come_in_any_order(database: str, file: Path) -> None:
    file.write_bytes(b"kind,name,code,parent_code\nteam,B,b,a\n,A,a,\n")
    load(Target(database), file, say=lambda line: None)
    assert loaded(database) == [("a", "A", "unit", 1), ("a.b", "B", "team", 2)]


def test_a_second_organisation_may_use_the_codes_of_the_first(database: str, file: Path) -> None:
    file.write_bytes(GOOD)
    load(Target(database), file, say=lambda line: None)
    file.write_bytes(GOOD.replace(b"nation,,", b"other,,").replace(b",nation,", b",other,"))
    load(Target(database), file, say=lambda line: None)
    assert len(loaded(database)) == 8


HEADER = b"code,parent_code,name,kind\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ["the file is empty"]),
        (HEADER, ["line 1: no unit follows the header"]),
        (b"code,name\na,A\n", ["line 1: column parent_code is missing", "column kind is missing"]),
        (b"code,parent_code,name,kind,\n", ["line 1: column (no name) is not known"]),
        (b"code,parent_code,name,kind,kind\n", ["line 1: column kind is there twice"]),
        (HEADER + b"a,,A,\nb,a,B\n", ["line 3: 3 fields, the header has 4"]),
        (HEADER + b"a,,A,\nb,a,B,,\n", ["line 3: 5 fields, the header has 4"]),
        (HEADER + b"a,,A,\n\xff\xfe,a,B,\n", ["line 3: not UTF-8 at byte 1"]),
        (HEADER + b"a,,A,\nb,a,B\x00,\n", ["line 3: holds a NUL byte"]),
        (HEADER + b'a,,"A,\nb,a,B,\n', ["unexpected end of data"]),
        (HEADER + b"a,,A,\nB,a,B,\n,a,C,\n", ["line 3: code 'B' is not", "line 4: code '' is not"]),
        (HEADER + b"a,,A,\n" + b"b" * 51 + b",a,B,\n", ["line 3: code 'bbb"]),
        (HEADER + b"a,,A,\nb,a,B,\nb,a,B,\n", ["line 4: code 'b' is on line 3 already"]),
        (HEADER + b"a,,A,\nb,c,B,\n", ["line 3: parent_code 'c' is the code of no line"]),
        (HEADER + b"a,,A,a ship\n", ["line 2: kind 'a ship' is not a word"]),
        (HEADER + b"a,a,A,\n", ["line 2: each of these is above the next"]),
        (
            HEADER + b"z,,Z,\na,c,A,\nb,a,B,\nc,b,C,\nd,a,D,\n",
            ["line 3: each of these is above the next, and the last above the first: "],
        ),
        (
            HEADER
            + b"".join(
                b"%s,%s,X,\n" % (b"x%047d" % n, b"x%047d" % (n - 1) if n else b"")
                for n in range(60)
            ),
            ["grows beyond 2000 bytes"],
        ),
        (
            HEADER + b"a,,A,\nb,a,B,'; drop table authz.users; --\n",
            ["line 3: kind '''; drop"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_loaded(
    module_database: str, file: Path, content: bytes, told: list[str]
) -> None:
    message = refused(module_database, file, content)
    for part in told:
        assert part in message


def test_all_that_is_wrong_is_told_at_once_up_to_a_limit(module_database: str, file: Path) -> None:
    message = refused(module_database, file, HEADER + b"a,,A,\n" + b"?,a,Q,\n" * 500)
    assert message.count("line ") >= 20
    assert "more" in message.splitlines()[-1]


def test_a_root_that_exists_is_refused(database: str, file: Path) -> None:
    file.write_bytes(GOOD)
    load(Target(database), file, say=lambda line: None)
    assert "line 4: root 'nation' exists already" in refused(database, file, GOOD)


def test_a_multi_line_field_does_not_shift_the_numbers(module_database: str, file: Path) -> None:
    message = refused(module_database, file, HEADER + b'a,,"A\nof two lines",\nB,a,B,\n')
    assert "line 4: code 'B'" in message


def test_a_file_that_cannot_be_read_says_so(module_database: str, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(RunnerError, match="cannot read or write"):
            load(Target(module_database), path)


def test_a_hundred_thousand_lines_are_loaded(database: str, file: Path) -> None:
    parents = ["", *(f"u{n // 10}" for n in range(1, 100_000))]
    lines = [f"u{n},{parent},Unit {n},office" for n, parent in enumerate(parents)]
    file.write_text("code,parent_code,name,kind\n" + "\n".join(reversed(lines)) + "\n")
    load(Target(database), file, say=lambda line: None)
    found = loaded(database)
    assert len(found) == 100_000
    expected = {}
    for n in range(100_000):
        expected[n] = f"{expected[n // 10]}.u{n}" if n else "u0"
    assert {row[0] for row in found} == set(expected.values())


def test_two_loads_at_once_do_not_meet(database: str, file: Path) -> None:
    file.write_bytes(GOOD)
    with session(database) as other, session(database) as observer:
        other.execute("begin")
        other.execute("insert into authz.org_units (code) values ('nation')")
        with session(database) as mine:
            # What a load does: a root of the same code waits for the other to end.
            waiting = start(mine, "insert into authz.org_units (code) values ('nation')")
            wait_until_blocked(observer, waiting)
            other.execute("commit")
            assert waiting.outcome() == "23505"
    assert "exists already" in refused(database, file, GOOD)
