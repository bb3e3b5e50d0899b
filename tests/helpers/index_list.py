"""The file that lists the indexes, as the catalog of a fresh installation has them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import psycopg

FILE = (
    Path(__file__).resolve().parents[2]
    / "db/functions/installation/authz_private.expected_indexes.sql"
)

INDEXES = """
    select
        i.indexrelid::regclass::text,
        replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
    from pg_index as i
    inner join pg_class as c on i.indexrelid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
        and not c.relispartition
        and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    order by n.nspname collate "C", c.relname collate "C"
"""

BEFORE = """\
-- Compared with the catalog by ops.check_indexes(). Definitions are as pg_get_indexdef() has them;
-- written by tests/health/test_health.py when FUNDWARDEN_WRITE is set.

create or replace function authz_private.expected_indexes()
returns table (title text, definition text)
language sql immutable security invoker parallel safe
begin atomic
    select
        w.title,
        w.definition
    from (
        values
"""

AFTER = """
    ) as w (title, definition);
end;

comment on function authz_private.expected_indexes() is
    'Every index of fundwarden that no constraint has made, and its definition.';
revoke all on function authz_private.expected_indexes() from public;
"""


def text(connection: psycopg.Connection[Any]) -> str:
    """What the file should say."""
    connection.execute("set search_path = pg_catalog")
    rows = connection.execute(INDEXES).fetchall()
    return BEFORE + ",\n".join(_row(title, definition) for title, definition in rows) + AFTER


def _row(title: str, definition: str) -> str:
    """One row of VALUES; a long definition in parts, which SQL puts together again."""
    parts = textwrap.wrap(
        definition.replace("'", "''"), 80, drop_whitespace=False, break_on_hyphens=False
    )
    indent = "\n            "
    return (
        f"        ({indent}'{title}',{indent}"
        + indent.join(f"'{p}'" for p in parts)
        + "\n        )"
    )
