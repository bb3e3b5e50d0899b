"""cells.toml: which cells there are, where, and which tenants each holds."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from runner.connect import Target
from runner.errors import USAGE, RunnerError

PLATFORM = "platform"
# Names of databases that the pooler has for itself.
RESERVED = frozenset({PLATFORM, "pgbouncer"})
HIGHEST = 99
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
TENANT = re.compile(r"[a-z0-9_]{1,50}")
KEYS = {"number", "dsn", "tenants"}
HEADING = (
    "# The cells of this platform. `runner cells add` writes this file and keeps no comments.\n"
    "# Leave passwords out of dsn: ~/.pgpass and PGPASSWORD keep them.\n"
)


@dataclass(frozen=True)
class Cell:
    """One installation; number 0 is the platform. Tenants are the codes of root units."""

    name: str
    number: int
    dsn: str
    tenants: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.name} ({self.number})"

    @property
    def target(self) -> Target:
        return Target(self.dsn)


def read(path: Path) -> list[Cell]:
    """The cells of the file in the order of their numbers; RunnerError names what is wrong."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunnerError(
            f"there is no {path}", "Make it with `runner cells add`, or pass --file.", USAGE
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunnerError(
            f"{path} cannot be read: {error}", "It is a text file in UTF-8.", USAGE
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise RunnerError(
            f"{path} is not TOML: {error}", "Write a table [cells.<name>] for each cell.", USAGE
        ) from error
    tables = told.pop("cells", None)
    if told or not isinstance(tables, dict):
        stray = ", ".join(told) or "it has no table [cells.<name>]"
        raise RunnerError(
            f"{path} holds something else than cells: {stray}",
            "Write a table [cells.<name>] for each cell.",
            USAGE,
        )
    cells = [_cell(path, name, table) for name, table in tables.items()]
    validate(cells, str(path))
    return sorted(cells, key=lambda cell: cell.number)


def _cell(path: Path, name: str, table: Any) -> Cell:
    where = f"{path}: cell {name}"
    if not isinstance(table, dict):
        raise RunnerError(f"{where} is no table", "Write [cells.<name>].", USAGE)
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise RunnerError(
            f"{where} has an unknown key: {unknown[0]}", "Keys: number, dsn, tenants.", USAGE
        )
    number, dsn, tenants = table.get("number"), table.get("dsn"), table.get("tenants", [])
    if type(number) is not int:
        raise RunnerError(f"{where} has no number", "Write number = 1, from 0 to 99.", USAGE)
    if not isinstance(dsn, str):
        raise RunnerError(f"{where} has no dsn", 'Write dsn = "postgresql://...".', USAGE)
    if not isinstance(tenants, list) or not all(isinstance(one, str) for one in tenants):
        raise RunnerError(
            f"{where}: tenants is no list of codes", 'Write tenants = ["acme", "zeta"].', USAGE
        )
    return Cell(name, number, dsn, tuple(tenants))


def validate(cells: list[Cell], where: str) -> None:
    """RunnerError for the first thing that cannot be meant."""
    numbers: dict[int, str] = {}
    homes: dict[str, str] = {}
    for cell in cells:
        if not NAME.fullmatch(cell.name):
            raise RunnerError(
                f"{where}: {cell.name!r} cannot name a cell",
                "Use a to z, 0 to 9 and _, beginning with a letter, at most 50 characters.",
                USAGE,
            )
        if not 0 <= cell.number <= HIGHEST:
            raise RunnerError(
                f"{where}: cell {cell.name} has the number {cell.number}",
                f"Numbers go from 0, the platform, to {HIGHEST}.",
                USAGE,
            )
        if cell.number in numbers:
            raise RunnerError(
                f"{where}: cells {numbers[cell.number]} and {cell.name} have the same number",
                "Each cell draws its ids from a range of its own.",
                USAGE,
            )
        numbers[cell.number] = cell.name
        # An empty one would mean whatever the variables of libpq say.
        if not _is_conninfo(cell.dsn):
            raise RunnerError(
                f"{where}: cell {cell.name} has a malformed dsn",
                "Write a URI such as postgresql://user@host:5432/database, or key=value pairs.",
                USAGE,
            )
        for tenant in cell.tenants:
            if not TENANT.fullmatch(tenant) or tenant in RESERVED:
                raise RunnerError(
                    f"{where}: cell {cell.name}: {tenant!r} cannot be routed",
                    "Write the code of the root unit; platform and pgbouncer are taken.",
                    USAGE,
                )
            if tenant in homes:
                raise RunnerError(
                    f"{where}: tenant {tenant} is in {homes[tenant]} and in {cell.name}",
                    "A tenant is in one cell.",
                    USAGE,
                )
            homes[tenant] = cell.name


def _is_conninfo(dsn: str) -> bool:
    try:
        return bool(conninfo_to_dict(dsn))
    except ProgrammingError:
        return False


def platform_of(cells: list[Cell]) -> Cell:
    """Cell 0, which holds what all cells share."""
    for cell in cells:
        if cell.number == 0:
            return cell
    raise RunnerError("no cell has the number 0", "Cell 0 is the platform: add it.", USAGE)


def with_cell(cells: list[Cell], added: Cell) -> list[Cell]:
    """The cells with one more, or with more tenants in one that is there."""
    for place, cell in enumerate(cells):
        if cell.name == added.name:
            if (cell.number, cell.dsn) != (added.number, added.dsn):
                raise RunnerError(
                    f"cell {cell.name} is there, with another number or dsn",
                    "Edit the file to move a cell to another server. A number never changes.",
                    USAGE,
                )
            more = tuple(one for one in added.tenants if one not in cell.tenants)
            grown = replace(cell, tenants=cell.tenants + more)
            return [*cells[:place], grown, *cells[place + 1 :]]
    return [*cells, added]


def write(path: Path, cells: list[Cell]) -> None:
    """The whole file or nothing of it, for its owner alone."""
    text = HEADING + "".join(
        f"\n[cells.{cell.name}]\n"
        f"number = {cell.number}\n"
        f"dsn = {_quoted(cell.dsn)}\n"
        f"tenants = [{', '.join(_quoted(one) for one in cell.tenants)}]\n"
        for cell in sorted(cells, key=lambda cell: cell.number)
    )
    replace_file(path, text)


def replace_file(path: Path, text: str) -> None:
    """Write beside and rename, so that a reader and an interruption find a whole file."""
    try:
        number, fresh = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.absolute().parent)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except OSError as error:
        raise RunnerError(
            f"{path} cannot be written: {error.strerror}", "Choose a folder you may write to."
        ) from error


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    escaped = "".join(
        f"\\{one}" if one in '"\\' else f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127
        else one
        for one in text
    )  # fmt: skip
    return f'"{escaped}"'
