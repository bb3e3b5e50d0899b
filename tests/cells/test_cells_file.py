"""cells.toml says which cells there are; what cannot be meant is refused by name."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runner.cells.file import Cell, platform_of, read, validate, with_cell, write
from runner.cells.pooler import databases
from runner.errors import USAGE, RunnerError

HOME = Cell("home", 0, "postgresql://admin@db0.example:5433/shop", ("acme",))
NORTH = Cell("north", 1, "host=db1.example dbname='my shop' user=admin", ("zeta", "globex"))
GOOD = '[cells.home]\nnumber = 0\ndsn = "host=a dbname=b"\ntenants = ["acme"]\n'


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "cells.toml"
    odd = Cell("odd", 7, "host=a dbname='q\"\\\\ü\t'", ())
    write(path, [NORTH, odd, HOME])
    assert read(path) == [HOME, NORTH, odd]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["cells.toml"]


BROKEN = {
    "not TOML": ("[cells.home", "not TOML"),
    "empty": ("", "no table [cells.<name>]"),
    "something else": (GOOD + "\n[servers]\n", "servers"),
    "no table": ("[cells]\nhome = 1\n", "home is no table"),
    "an unknown key": (GOOD + "weight = 3\n", "unknown key: weight"),
    "no number": ('[cells.home]\ndsn = "host=a"\n', "no number"),
    "a number as text": (GOOD.replace("= 0", '= "0"'), "no number"),
    "a number that is true": (GOOD.replace("= 0", "= true"), "no number"),
    "a number too high": (GOOD.replace("= 0", "= 100"), "number 100"),
    "a number below": (GOOD.replace("= 0", "= -1"), "number -1"),
    "no dsn": ("[cells.home]\nnumber = 0\n", "no dsn"),
    "an empty dsn": (GOOD.replace("host=a dbname=b", ""), "malformed dsn"),
    "a malformed dsn": (GOOD.replace("host=a", "hush password"), "malformed dsn"),
    "tenants as text": (GOOD.replace('["acme"]', '"acme"'), "tenants is no list"),
    "tenants as numbers": (GOOD.replace('"acme"', "1"), "tenants is no list"),
    "a tenant that is no code": (GOOD.replace("acme", "Acme"), "'Acme' cannot be routed"),
    "a tenant that breaks the line": (GOOD.replace("acme", "a\\nb = c"), "cannot be routed"),
    "the platform as tenant": (GOOD.replace("acme", "platform"), "'platform' cannot be routed"),
    "the pooler as tenant": (GOOD.replace("acme", "pgbouncer"), "cannot be routed"),
    "a tenant twice in a cell": (GOOD.replace('"acme"', '"acme", "acme"'), "acme is in home"),
    "a tenant in two cells": (
        GOOD + GOOD.replace("home", "north").replace("= 0", "= 1"), "acme is in home and in north",
    ),
    "a number twice": (
        GOOD + GOOD.replace("home", "north").replace("acme", "zeta"), "home and north have",
    ),
    "a name in capitals": (GOOD.replace("home", "Home"), "'Home' cannot name a cell"),
    "a name too long": (GOOD.replace("home", "h" * 51), "cannot name a cell"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_meant_is_refused_by_name(tmp_path: Path, what: str) -> None:
    text, told = BROKEN[what]
    path = tmp_path / "cells.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunnerError) as caught:
        read(path)
    assert told in caught.value.message
    assert "hush" not in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == USAGE


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="there is no"):
        read(tmp_path / "cells.toml")
    (tmp_path / "cells.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RunnerError, match="cannot be read"):
        read(tmp_path / "cells.toml")


def test_a_cell_gets_more_tenants_and_keeps_its_number() -> None:
    more = Cell("home", 0, HOME.dsn, ("acme", "new"))
    assert with_cell([HOME, NORTH], more)[0].tenants == ("acme", "new")
    assert with_cell([HOME], NORTH) == [HOME, NORTH]
    for changed in (Cell("home", 2, HOME.dsn), Cell("home", 0, "host=b dbname=c")):
        with pytest.raises(RunnerError, match="another number or dsn"):
            with_cell([HOME], changed)
    with pytest.raises(RunnerError, match="acme is in home and in north"):
        validate(with_cell([HOME, NORTH], Cell("north", 1, NORTH.dsn, ("acme",))), "x")


def test_the_platform_is_cell_0() -> None:
    assert platform_of([NORTH, HOME]) is HOME
    with pytest.raises(RunnerError, match="no cell has the number 0"):
        platform_of([NORTH])


def test_the_section_of_the_pooler_names_every_tenant_and_no_password() -> None:
    secret = Cell("east", 2, "postgresql://me:hush@[::1]/east", ("e1",))
    assert databases([HOME, NORTH, secret]) == (
        "[databases]\n"
        "platform = host=db0.example port=5433 dbname=shop\n"
        "acme = host=db0.example port=5433 dbname=shop\n"
        "e1 = host=::1 port=5432 dbname=east\n"
        "globex = host=db1.example port=5432 dbname='my shop'\n"
        "zeta = host=db1.example port=5432 dbname='my shop'\n"
    )


@pytest.mark.parametrize(
    ("dsn", "told"),
    [("dbname=b", "names no host"), ("host=a", "names no database"),
     ("host=a,b port=1,2 dbname=c", "several ports")],
)  # fmt: skip
def test_a_cell_that_the_pooler_cannot_reach_is_refused(dsn: str, told: str) -> None:
    with pytest.raises(RunnerError, match=told):
        databases([Cell("home", 0, dsn, ("acme",))])


def test_a_value_of_the_section_ends_no_line_and_begins_no_other() -> None:
    section = databases([Cell("home", 0, "host='/tmp/it''s x=y' dbname=b".replace("''", "\\'"))])
    assert section == "[databases]\nplatform = host='/tmp/it''s x=y' port=5432 dbname=b\n"
    with pytest.raises(RunnerError, match="a line break"):
        databases([Cell("home", 0, "host='a\nb = c' dbname=b")])
