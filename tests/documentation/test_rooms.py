"""The tree is as docs/architecture.md and db/install.sql describe it."""

from __future__ import annotations

import re
from collections import Counter
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from pathlib import Path

import pytest

from runner.project import root

DB = root() / "db"
MOST_FILES = 45
NAME = re.compile(r"\b((?:authz|authz_private|finance|ops|audit|platform)\.\w+)\b")
HEADING = re.compile(r"^-- (\w+): (.+\.)$")


def listing() -> dict[str, list[str]]:
    """Rooms of db/install.sql, each with the files under its heading, relative to db/."""
    rooms: dict[str, list[str]] = {}
    room = ""
    for line in (DB / "install.sql").read_text(encoding="utf-8").splitlines():
        heading = HEADING.match(line)
        if heading and (DB / "functions" / heading[1]).is_dir():
            room = heading[1]
            rooms[room] = []
        elif line.startswith("-- Triggers"):
            break
        elif room and line.startswith("\\ir "):
            rooms[room].append(line.removeprefix("\\ir "))
    return rooms


def needs(path: Path) -> set[str]:
    """Names that must exist when the file is installed: PL/pgSQL resolves its body later."""
    text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\bcomment on .*?';", "", text, flags=re.DOTALL)
    if re.search("^language plpgsql", text, re.MULTILINE):
        head, body = text.split("as $$", 1)
        declared = re.match(r"\s*declare(.*?)\nbegin\n", body, re.DOTALL)
        types = re.findall(r"\s(\w+\.\w+)(?:%rowtype)?;", declared[1]) if declared else []
        text = f"{head} {' '.join(types)}"
    return set(NAME.findall(text)) - {path.stem}


def in_order(paths: list[Path]) -> list[Path]:
    """Each file after those it needs, and otherwise by name."""
    by_name = {path.stem: path for path in paths}
    sorter = TopologicalSorter(
        {name: needs(path) & by_name.keys() for name, path in by_name.items()}
    )
    sorter.prepare()
    ready: list[str] = []
    ordered: list[Path] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, name)
        name = heappop(ready)
        ordered.append(by_name[name])
        sorter.done(name)
    return ordered


ROOMS = listing()


def test_every_folder_of_functions_is_a_room_of_the_list() -> None:
    folders = {folder.name for folder in (DB / "functions").iterdir()}
    assert folders == ROOMS.keys()
    assert not list((DB / "functions").glob("*.sql"))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_lists_its_own_files_in_the_order_of_what_they_need(room: str) -> None:
    paths = [DB / path for path in ROOMS[room]]
    own = sorted((DB / "functions" / room).glob("*.sql"))
    assert sorted(path for path in paths if path.parent.name == room) == own
    assert {path.parent.name for path in paths} <= {room, "views"}
    assert paths == in_order(paths)


def test_a_room_needs_only_what_stands_above_it() -> None:
    room_of = {Path(path).stem: room for room, paths in ROOMS.items() for path in paths}
    place = {room: number for number, room in enumerate(ROOMS)}
    late = [
        f"{room}: {name} needs {needed} of {room_of[needed]}"
        for room, paths in ROOMS.items()
        for name, path in ((Path(path).stem, DB / path) for path in paths)
        for needed in needs(path)
        if needed in room_of and place[room_of[needed]] > place[room]
    ]
    assert late == []


def test_no_folder_holds_more_files_than_a_reader_can_scan() -> None:
    counted = Counter(
        file.parent.relative_to(root()).as_posix()
        for top in ("db", "runner", "tests", "docs", "bench", "migrations")
        for file in (root() / top).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )
    assert {folder: count for folder, count in counted.items() if count > MOST_FILES} == {}


def described() -> dict[str, str]:
    """The paragraphs of docs/architecture.md about the rooms."""
    text = (root() / "docs" / "architecture.md").read_text(encoding="utf-8")
    chapter = text.split("\n## The rooms\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"\n### (\w+)\n(.*?)(?=\n### |\Z)", chapter, re.S))


def test_the_map_describes_the_rooms_in_the_order_of_the_list() -> None:
    assert list(described()) == list(ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_map_names_doors_tables_and_tests_that_exist(room: str) -> None:
    text = described()[room]
    stated = dict(re.findall(r"^\*(Doors|Tables|Tests):\* (.*?)\.$", text, re.M | re.S))
    assert stated.keys() == {"Doors", "Tables", "Tests"}
    files = {path.stem: path for path in DB.glob("functions/*/*.sql")}
    files |= {path.stem: path for path in DB.glob("views/*.sql")}
    doors = re.findall(r"`([\w.]+)`", stated["Doors"])
    assert doors
    for door in doors:
        assert files[door].parent.name in (room, "views"), door
    schema = "\n".join(path.read_text(encoding="utf-8") for path in DB.glob("schema/*.sql"))
    for table in re.findall(r"`([\w.]+)`", stated["Tables"]):
        assert f"create table {table} (" in schema or table in files, table
    for place in re.findall(r"`([\w./]+)`", stated["Tests"]):
        assert list((root() / place).glob("*")), place
