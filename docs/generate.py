"""What the documents say of the catalog, written from it: comments, and who may use what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from runner.connect import Target, connect
from runner.errors import DRIFT, RunnerError
from runner.project import root

SCHEMAS = ("authz", "finance", "audit", "ops", "sync", "platform")

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


# Objects that some role may use, and what for. Columns where not every one of a table is granted.
RIGHTS = """
    with roles as (
        select r.oid, r.rolname
        from pg_roles as r
        where r.rolname = any(%s)
    ),

    objects as (
        select 1 as kind, n.nspname || '.' || c.relname as title, r.rolname, p.privilege as may,
            not has_table_privilege(r.oid, c.oid, p.privilege) as is_partial
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        cross join roles as r
        cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
            as p (privilege)
        where n.nspname = any(%s)
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and not c.relispartition
            and (
                has_table_privilege(r.oid, c.oid, p.privilege)
                or p.privilege in ('SELECT', 'INSERT', 'UPDATE')
                and has_any_column_privilege(r.oid, c.oid, p.privilege)
            )
        union
        select 2, n.nspname || '.' || f.proname, r.rolname, 'EXECUTE', false
        from pg_proc as f
        inner join pg_namespace as n on f.pronamespace = n.oid
        cross join roles as r
        where n.nspname = any(%s) and has_function_privilege(r.oid, f.oid, 'EXECUTE')
    )

    select o.title, o.rolname, string_agg(
        o.may || case when o.is_partial then ' (some columns)' else '' end, ', ' order by o.may
    )
    from objects as o
    group by o.kind, o.title, o.rolname
    order by o.kind, o.title collate "C", o.rolname
"""

CALLERS = (
    "fundwarden_app", "fundwarden_trusted", "fundwarden_operator", "fundwarden_auditor",
    "fundwarden_platform",
)  # fmt: skip
# Between the two the file of a person's hand holds what the catalog says.
BEGIN, END = "<!-- rights: begin, written by runner docs -->", "<!-- rights: end -->"


def write(target: Target, *, check: bool = False, folder: Path | None = None) -> None:
    """Write docs/reference.md and the rights in docs/security.md.

    With check compare them, and raise RunnerError when one is stale.
    """
    folder = folder or root() / "docs"
    with connect(target) as connection:
        texts = {folder / "reference.md": reference(connection)}
        security = folder / "security.md"
        if security.exists():
            texts[security] = _with_rights(security.read_text(encoding="utf-8"), connection)
    for path, text in texts.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise RunnerError(
                f"{path.name} differs from the catalog", "Run `runner docs`.", exit_code=DRIFT
            )


def _with_rights(text: str, connection: psycopg.Connection[Any]) -> str:
    """The text with the table of rights in its place."""
    if BEGIN not in text or END not in text:
        raise RunnerError(f"security.md has lost the line {BEGIN} or {END}", "Put it back.")
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{rights(connection)}{END}{rest.split(END, 1)[1]}"


def rights(connection: psycopg.Connection[Any]) -> str:
    """Who may use what, as a Markdown table."""
    schemas = list(SCHEMAS)
    found: dict[str, dict[str, str]] = {}
    for title, role, may in connection.execute(RIGHTS, [list(CALLERS), schemas, schemas]):
        found.setdefault(title, {})[role] = may
    lines = ["| | " + " | ".join(r.removeprefix("fundwarden_") for r in CALLERS) + " |"]
    lines += ["|---" * (len(CALLERS) + 1) + "|"]
    lines += [
        f"| `{title}` | " + " | ".join(of_roles.get(role, "") for role in CALLERS) + " |"
        for title, of_roles in found.items()
    ]
    return "\n".join(lines) + "\n"


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
