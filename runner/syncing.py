"""`sync` and `export`: files in, plan out; db/functions/sync knows the rules, this the format."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from runner.connect import Target, connect
from runner.errors import FAILED, USAGE, RunnerError
from runner.loading import SHOWN, check_header, decoded, told, wrong

Say = Callable[[str], None]
DELIMITERS = ",;\t"
LONGEST_FIELD = 64 * 2**20
# A spreadsheet would run a field that begins so as a formula. Apostrophes before it are text, and a
# negative number is one.
FORMULA = re.compile(r"'*([=+@\t\r]|-(?![0-9]+(\.[0-9]+)?\Z))")


@dataclass
class Feed:
    """What was asked for beside the folder."""

    plan_only: bool = False
    only: list[str] = field(default_factory=list)
    under: str | None = None
    tenant: str | None = None
    confirm: int | None = None


def sync(
    target: Target,
    folder: Path,
    feed: Feed,
    *,
    as_json: bool = False,
    say: Say = print,
) -> None:
    """Makes the database what the files of the folder say, all of it or nothing; or plans it.

    Files are named after their tables: people.csv, people-london.csv. Raises RunnerError naming
    file, line and column of everything that is wrong.
    """
    lines: list[str] = []
    with told(), connect(target) as conn:
        _become_owner(conn)
        files = _files_of(conn, folder, feed.only)
        conn.execute("select sync.clear()")
        with _meter(files, quiet=as_json) as moved:
            for path, table in files:
                _stage(conn, path, table, moved)
        tables = sorted({table for _, table in files})
        _run(conn, feed, tables)
        problems = _problems(conn)
        if as_json:
            lines.append(json.dumps(_as_dict(conn, feed, problems), indent=2, default=str))
        else:
            _print(conn, feed, problems, lines.append)
        if feed.plan_only:
            conn.rollback()
    # Only now is it committed.
    for line in lines:
        say(line)
    if problems:
        raise RunnerError(
            f"{len(problems):,} problems", "Correct the files. Nothing was changed.", FAILED
        )


def export(
    target: Target,
    folder: Path,
    *,
    tenant: str | None = None,
    under: str | None = None,
    say: Say = print,
) -> None:
    """Writes the files that state what the database holds; a plan of them changes nothing."""
    with told(), connect(target) as conn:
        _become_owner(conn)
        conn.execute("set transaction isolation level repeatable read")
        folder.mkdir(parents=True, exist_ok=True)
        for table in _tables(conn):
            path = folder / f"{table}.csv"
            unfinished = path.with_suffix(".csv.unfinished")
            counted = -1
            try:
                with unfinished.open("w", encoding="utf-8", newline="") as out:
                    write = csv.writer(out, lineterminator="\r\n").writerow
                    with conn.cursor(name="exported") as rows:
                        rows.itersize = 10_000
                        rows.execute("select sync.export(%s, %s, %s)", (tenant, table, under))
                        for (row,) in rows:
                            write([_safe(value or "") for value in row])
                            counted += 1
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            say(f"{path.name}: {counted:,} lines")


def _become_owner(conn: psycopg.Connection[Any]) -> None:
    conn.execute("set local role fundwarden_owner")
    conn.execute("set local search_path = pg_catalog, pg_temp")
    conn.execute("set local client_min_messages = warning")


def _tables(conn: psycopg.Connection[Any]) -> list[str]:
    rows = conn.execute("select table_name from authz_private.sync_tables() order by place")
    return [name for (name,) in rows]


def _files_of(
    conn: psycopg.Connection[Any], folder: Path, only: list[str]
) -> list[tuple[Path, str]]:
    """The files of the folder, each with the table that it is named after."""
    tables = _tables(conn)
    named = re.compile(rf"({'|'.join(tables)})([-_. ].*)?\.csv", re.IGNORECASE)
    if not folder.is_dir():
        raise RunnerError(f"{folder} is not a folder", "Pass the folder of the files.", USAGE)
    for name in only:
        if name not in tables:
            raise RunnerError(f"--only: {name} is not a kind", f"Pass {', '.join(tables)}.", USAGE)
    found = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv"):
        match = named.fullmatch(path.name)
        if match is None:
            raise RunnerError(
                f"{path.name}: the name of the file is not that of a kind",
                f"Name it after what it holds: {', '.join(f'{t}.csv' for t in tables)}.",
                USAGE,
            )
        if not only or match[1].lower() in only:
            found.append((path, match[1].lower()))
    if not found:
        raise RunnerError(
            f"{folder} holds no file of a feed",
            f"Files are named {', '.join(f'{t}.csv' for t in tables)}.",
            USAGE,
        )
    return found


def _stage(
    conn: psycopg.Connection[Any], path: Path, table: str, moved: Callable[[Path, int], None]
) -> None:
    """Streams the lines of a file into its staging table, with the number of each."""
    (known,) = conn.execute("select authz_private.sync_columns(%s)", (table,)).fetchone() or ([],)
    digest = hashlib.sha256()
    csv.field_size_limit(LONGEST_FIELD)
    name = path.name
    with path.open("rb") as file:
        lines = decoded(_watched(file, digest, lambda size: moved(path, size)), name)
        first = next(lines, "")
        reader = csv.reader(_again(first, lines), delimiter=_delimiter(first), strict=True)
        try:
            header = [title.strip().lower() for title in next(reader, [])]
            check_header(header, known, name, all_of_them=False)
            into = sql.SQL("copy sync.{} ({}) from stdin").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, [*header, "file", "line"])),
            )
            begun = reader.line_num
            width = len(header)
            with conn.cursor().copy(into) as copy:
                for fields in reader:
                    begun, number = reader.line_num, begun + 1
                    if not fields:
                        continue
                    if len(fields) != width:
                        raise wrong(
                            name, f"line {number}: {len(fields)} fields, the header has {width}"
                        )
                    copy.write_row(
                        [*[_plain(f) if f[:1] == "'" else f or None for f in fields], name, number]
                    )
        except csv.Error as error:
            raise wrong(name, f"line {reader.line_num}: {error}") from error
    conn.execute(
        "insert into sync.files (file, sha256, table_name) values (%s, %s, %s)",
        (name, digest.hexdigest(), table),
    )


def _watched(
    file: Any, digest: Any, moved: Callable[[int], None], every: int = 2**20
) -> Iterator[bytes]:
    waiting = 0
    for line in file:
        digest.update(line)
        waiting += len(line)
        if waiting >= every:
            moved(waiting)
            waiting = 0
        yield line
    moved(waiting)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _delimiter(header: str) -> str:
    """Whichever of comma, semicolon and tab the first line has most of."""
    return max(DELIMITERS, key=header.count)


def _safe(value: str) -> str:
    """The field with an apostrophe before what a spreadsheet would run."""
    return f"'{value}" if FORMULA.match(value) else value


def _plain(value: str) -> str:
    """The field without the apostrophe that _safe put before it."""
    return value[1:] if FORMULA.match(value[1:]) else value


def _run(conn: psycopg.Connection[Any], feed: Feed, tables: list[str]) -> None:
    """Plans or applies; the rows stay in a table of this transaction."""
    call = "sync.plan(%s, %s, %s)" if feed.plan_only else "sync.apply(%s, %s, %s, %s)"
    values: list[Any] = [feed.tenant, feed.under, tables]
    if not feed.plan_only:
        values.append(feed.confirm)
    columns = "kind, external_id, action, before, after, problem"
    conn.execute(
        "create temporary table planned (kind text, external_id text, action text, "
        "before jsonb, after jsonb, problem text) on commit drop"
    )
    conn.execute(f"insert into pg_temp.planned ({columns}) select {columns} from {call}", values)


def _problems(conn: psycopg.Connection[Any]) -> list[str]:
    rows = conn.execute("select problem from pg_temp.planned where problem is not null")
    return [problem for (problem,) in rows]


def _counts(conn: psycopg.Connection[Any]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind, action, counted in conn.execute(
        "select p.kind, p.action, count(*) from pg_temp.planned as p "
        "inner join authz_private.sync_tables() as t on p.kind = t.kind "
        "where p.problem is null group by p.kind, p.action, t.place "
        "order by t.place, p.action = 'unchanged', p.action"
    ):
        found.setdefault(kind, {})[action] = counted
    return found


def _as_dict(conn: psycopg.Connection[Any], feed: Feed, problems: list[str]) -> dict[str, Any]:
    rows = conn.cursor(row_factory=dict_row).execute(
        "select kind, external_id, action, before, after, problem from pg_temp.planned "
        "where action <> 'unchanged' or problem is not null"
    )
    return {
        "applied": not feed.plan_only,
        "counts": _counts(conn),
        "problems": problems,
        "changes": rows.fetchall(),
    }


def _print(conn: psycopg.Connection[Any], feed: Feed, problems: list[str], say: Say) -> None:
    counts = _counts(conn)
    if not problems and not any(a != "unchanged" for kind in counts.values() for a in kind):
        say("nothing to do")
        return
    for kind, actions in counts.items():
        say(f"{kind}: " + ", ".join(f"{n:,} {action}" for action, n in actions.items()))
        for action in actions:
            if action == "unchanged":
                continue
            for code, before, after in conn.execute(
                "select external_id, before, after from pg_temp.planned "
                "where kind = %s and action = %s and problem is null "
                'order by external_id collate "C" limit %s',
                (kind, action, SHOWN),
            ):
                say(f"  {action} {_shown(code)}{_differences(before, after)}")
            if actions[action] > SHOWN:
                say(f"  and {actions[action] - SHOWN:,} more")
    for problem in problems[:SHOWN]:
        say(f"problem: {problem}")
    if len(problems) > SHOWN:
        say(f"and {len(problems) - SHOWN:,} more problems")
    say("planned; nothing was changed" if feed.plan_only else "applied")


def _differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    if after is None:
        return ""
    parts = []
    for title, value in after.items():
        was = "" if before is None else f"{_shown(before.get(title))} -> "
        parts.append(f"{title} {was}{_shown(value)}")
    return ": " + ", ".join(parts) if parts else ""


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str) and value.isprintable():
        return value
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def _meter(files: list[tuple[Path, str]], *, quiet: bool) -> Iterator[Callable[[Path, int], None]]:
    """A bar a file when a person watches."""
    if quiet or not sys.stdout.isatty():
        yield lambda path, size: None
        return
    with Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(),
    ) as bars:
        tasks = {path: bars.add_task(path.name, total=path.stat().st_size) for path, _ in files}
        yield lambda path, size: bars.advance(tasks[path], size)
