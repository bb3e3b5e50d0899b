"""`stats`: how large the tables are; which tables there are, the catalog knows."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from runner.connect import Target, connect
from runner.errors import RunnerError

SCHEMAS = ["authz", "finance", "audit", "ops"]

TABLES = """
    select
        n.nspname,
        c.relname,
        case c.relkind when 'm' then 'materialized view' else 'table' end,
        pg_relation_size(c.oid),
        pg_indexes_size(c.oid),
        pg_total_relation_size(c.oid)
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = any(%s) and c.relkind in ('r', 'm', 'p') and not c.relispartition
    order by n.nspname, c.relname
"""

FIELDS = ("schema", "name", "kind", "rows", "table_bytes", "index_bytes", "total_bytes")


def sizes(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Tables with their exact row counts and sizes in bytes, total_bytes with indexes and toast."""
    found = []
    for schema, name, kind, *sizes_of in conn.execute(TABLES, (SCHEMAS,)).fetchall():
        counting = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
        values = (schema, name, kind, *(conn.execute(counting).fetchone() or ()), *sizes_of)
        found.append(dict(zip(FIELDS, values, strict=True)))
    return found


def stats(target: Target, *, as_json: bool = False) -> None:
    """Prints the sizes; RunnerError when there is nothing of fundwarden in the database."""
    with connect(target) as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        found = sizes(conn)
        whole = conn.execute("select pg_database_size(current_database())").fetchone()
    if not found:
        raise RunnerError("the database holds no fundwarden schema", 'Run "runner migrate" first.')
    if as_json:
        print(json.dumps({"tables": found, "database_bytes": whole[0] if whole else None}))
        return
    shown = Table(box=None, pad_edge=False)
    shown.add_column("table")
    for title in ("rows", "data", "indexes", "total"):
        shown.add_column(title, justify="right")
    for row in found:
        shown.add_row(
            f"{row['schema']}.{row['name']}",
            f"{row['rows']:,}",
            *(readable(row[f"{part}_bytes"]) for part in ("table", "index", "total")),
        )
    shown.add_section()
    shown.add_row(
        "all of them",
        f"{sum(row['rows'] for row in found):,}",
        *(readable(sum(row[f"{p}_bytes"] for row in found)) for p in ("table", "index", "total")),
    )
    Console().print(shown)


def readable(size: float) -> str:
    """Bytes in the unit a person would choose."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
