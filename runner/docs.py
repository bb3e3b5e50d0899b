"""The SQL reference, written from the catalog: what COMMENT ON says is what is documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from runner.connect import Target, connect
from runner.errors import DRIFT, RunnerError
from runner.project import root

SCHEMAS = ("authz", "finance", "audit", "ops")

RELATIONS = """
    select n.nspname, c.relname,
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
        obj_description(c.oid, 'pg_class'),
        array(
            select array[
                a.attname,
                format_type(a.atttypid, a.atttypmod),
                coalesce(col_description(c.oid, a.attnum), '')
            ]
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            order by a.attnum
        )
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
    order by n.nspname, c.relkind in ('v', 'm'), c.relname
"""

FUNCTIONS = """
    select n.nspname, p.proname,
        pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
        obj_description(p.oid, 'pg_proc'),
        array(
            select r.rolname::text
            from aclexplode(p.proacl) as a
            inner join pg_roles as r on a.grantee = r.oid
            where a.privilege_type = 'EXECUTE' and a.grantee <> p.proowner
            order by r.rolname
        )
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = any(%s) and p.prokind in ('f', 'p')
    order by n.nspname, p.proname, pg_get_function_arguments(p.oid)
"""


def write(target: Target, *, check: bool = False, folder: Path | None = None) -> None:
    """Write docs/reference.md, or with check compare it and raise RunnerError when it is stale."""
    path = (folder or root() / "docs") / "reference.md"
    with connect(target) as connection:
        text = reference(connection)
    if check:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            raise RunnerError(
                f"{path.name} differs from the catalog", "Run `runner docs`.", exit_code=DRIFT
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def reference(connection: psycopg.Connection[Any]) -> str:
    """The reference as Markdown; the same text from every supported PostgreSQL."""
    connection.execute("set search_path = pg_catalog")
    lines = [
        "# SQL reference",
        "",
        "Written by `runner docs` from the comments in the catalog; do not edit.",
    ]
    functions = connection.execute(FUNCTIONS, [list(SCHEMAS)]).fetchall()
    relations = connection.execute(RELATIONS, [list(SCHEMAS)]).fetchall()
    for schema in SCHEMAS:
        mine = [f for f in functions if f[0] == schema]
        if mine:
            lines += ["", f"## Functions of {schema}"]
        for _, name, arguments, result, comment, roles in mine:
            lines += ["", f"### {schema}.{name}", "", "```sql"]
            lines += [f"{schema}.{name}({_wrapped(arguments)})"]
            if result:
                lines += [f"returns {_wrapped(result)}"]
            lines += ["```", "", comment or ""]
            lines += ["", "May be called by: " + (", ".join(roles) or "the owner alone") + "."]
        mine = [r for r in relations if r[0] == schema]
        if mine:
            lines += ["", f"## Tables and views of {schema}"]
        for _, name, kind, comment, columns in mine:
            lines += ["", f"### {schema}.{name}", "", f"{kind.capitalize()}. {comment or ''}", ""]
            lines += ["| column | type | |", "|---|---|---|"]
            lines += [f"| {c} | {t} | {d.replace('|', '/')} |" for c, t, d in columns]
    return "\n".join(lines) + "\n"


def _wrapped(arguments: str) -> str:
    """One argument a line when they would not fit on one of 80 characters."""
    return (
        arguments if len(arguments) < 60 else "\n    " + arguments.replace(", ", ",\n    ") + "\n"
    )
