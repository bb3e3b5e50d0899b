"""`load`: an organisation from a CSV file; db/seed/load.sql knows the rules, this the format."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from psycopg import sql

from runner.connect import Target, connect
from runner.errors import INTERRUPTED, RunnerError, way_out
from runner.project import root

SHOWN = 20


def load(target: Target, path: Path, *, say: Callable[[str], None] = print) -> None:
    """Loads the units in the file, or none of them: columns code, parent_code, name and kind.

    UTF-8, with or without a byte order mark, columns and lines in any order; an empty parent_code
    makes a root, an empty kind a plain unit. Codes differ within the file, whose lines refer to
    each other by them. Raises RunnerError naming the line of everything that is wrong.
    """
    with told(), path.open("rb") as file, connect(target) as conn:
        _prepare(conn)
        _copy(conn, file, path.name)
        _refuse(path.name, conn.execute("select * from pg_temp.load_check()").fetchall())
        units, roots, first, kinds = conn.execute(
            "select * from pg_temp.load_insert()"
        ).fetchone() or (0, 0, "", None)
    say(f"loaded {units:,} units under {first}" + (f" and {roots - 1:,} more" * (roots > 1)))
    if kinds:
        say(f"new kinds: {kinds}")


def _prepare(conn: psycopg.Connection[Any]) -> None:
    for name in ("open.sql", "load.sql"):
        conn.execute((root() / "db" / "seed" / name).read_text(encoding="utf-8"))


def _copy(conn: psycopg.Connection[Any], file: BinaryIO, name: str) -> None:
    """Streams the lines into the table that awaits them; the first column is the line number."""
    description = conn.execute("select * from pg_temp.load_lines limit 0").description or []
    line, *wanted = (column.name for column in description)
    reader = csv.reader(decoded(file, name), strict=True)
    try:
        header = [title.strip().lower() for title in next(reader, [])]
        check_header(header, wanted, name, all_of_them=True)
        into = sql.SQL("copy pg_temp.load_lines ({}) from stdin").format(
            sql.SQL(", ").join(map(sql.Identifier, [line, *header]))
        )
        begun = reader.line_num
        with conn.cursor().copy(into) as copy:
            for fields in reader:
                begun, number = reader.line_num, begun + 1
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise wrong(
                        name, f"line {number}: {len(fields)} fields, the header has {len(header)}"
                    )
                copy.write_row((number, *fields))
    except csv.Error as error:
        raise wrong(name, f"line {reader.line_num}: {error}") from error


@contextmanager
def told() -> Iterator[None]:
    """Whatever goes wrong with files and database, as a sentence and what to do about it."""
    try:
        yield
    except OSError as error:
        raise RunnerError(f"cannot read or write {error.filename}: {error.strerror}") from error
    except psycopg.Error as error:
        message = error.diag.message_primary or " ".join(str(error).split())
        others = (error.diag.message_detail or "").splitlines()[1:]
        raise RunnerError(
            "\n".join([message, *(f"  {line}" for line in others)]),
            error.diag.message_hint or f"Nothing was changed. {way_out(error.sqlstate)}".strip(),
        ) from error
    except KeyboardInterrupt as interrupt:
        raise RunnerError("interrupted", "Nothing was changed.", INTERRUPTED) from interrupt


def decoded(file: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a file as text; RunnerError names the line that is none."""
    for number, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise wrong(name, f"line {number}: not UTF-8 at byte {error.start + 1}") from error
        if "\0" in text:
            raise wrong(name, f"line {number}: holds a NUL byte")
        yield text


def check_header(header: list[str], known: list[str], name: str, *, all_of_them: bool) -> None:
    """Refuses a first line that does not name these columns, or some of them."""
    problems = ["the file is empty"] if not header else []
    if all_of_them:
        problems += [f"line 1: column {title} is missing" for title in known if title not in header]
    problems += [
        f"line 1: column {title or '(no name)'} is not known"
        for title in header
        if title not in known
    ]
    problems += [
        f"line 1: column {title} is there twice" for title in known if header.count(title) > 1
    ]
    if problems:
        names = "must be" if all_of_them else "names some of"
        raise wrong(name, *problems, hint=f"The first line {names} {','.join(known)}.")


def _refuse(name: str, found: list[tuple[int, str]]) -> None:
    if found:
        raise wrong(name, *(f"line {line}: {problem}" for line, problem in sorted(found)))


def wrong(name: str, *problems: str, hint: str | None = None) -> RunnerError:
    """The error that refuses a file for these problems."""
    shown = [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        shown.append(f"  and {len(problems) - SHOWN:,} more")
    return RunnerError(
        "\n".join([f"{name} was not loaded:", *shown]),
        hint or "Correct the file and load it again; nothing was changed.",
    )
