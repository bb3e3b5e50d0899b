"""Two databases compared by every definition in their catalogs."""

from __future__ import annotations

from typing import Any

import psycopg

from runner.migrations.catalog import objects
from runner.migrations.sources import OWNER

_SNAPSHOT = {
    "schema": """
        select n.nspname, jsonb_build_object(
            'owner', n.nspowner::regrole, 'comment', obj_description(n.oid, 'pg_namespace'),
            'acl', (
                select jsonb_agg(a::text order by a::text)
                from unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
            )
        )::text
        from pg_namespace as n
        where n.oid in (select ours.oid from ours)""",
    "extension": """
        select e.extname, jsonb_build_object(
            'schema', e.extnamespace::regnamespace, 'version', e.extversion
        )::text
        from pg_extension as e
        where e.extnamespace in (select ours.oid from ours)""",
    "default rights": """
        select
            format('%s %s %s', d.defaclrole::regrole, d.defaclobjtype, n.nspname), (
                select jsonb_agg(a::text order by a::text)::text
                from unnest(d.defaclacl) as a
            )
        from pg_default_acl as d
        left join pg_namespace as n on d.defaclnamespace = n.oid
        where d.defaclrole = to_regrole('{owner}')""",
    "column": """
        select format('%s.%I', c.oid::regclass, a.attname), jsonb_build_object(
            'position', row_number() over (partition by c.oid order by a.attnum),
            'type', format_type(a.atttypid, a.atttypmod), 'not null', a.attnotnull,
            'identity', a.attidentity, 'generated', a.attgenerated,
            'collation', a.attcollation::regcollation, 'storage', a.attstorage,
            'default', (
                select pg_get_expr(d.adbin, d.adrelid)
                from pg_attrdef as d
                where d.adrelid = c.oid and d.adnum = a.attnum
            ),
            'comment', col_description(c.oid, a.attnum), 'acl', a.attacl::text
        )::text
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid
        where c.relnamespace in (select ours.oid from ours)
            and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
            and a.attnum > 0
            and not a.attisdropped""",
    "constraint": """
        select format('%I on %s', k.conname, k.conrelid::regclass), jsonb_build_object(
            'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
            'comment', obj_description(k.oid, 'pg_constraint')
        )::text
        from pg_constraint as k
        inner join pg_class as c on k.conrelid = c.oid
        where c.relnamespace in (select ours.oid from ours)""",
    "index": """
        select i.indexrelid::regclass::text, jsonb_build_object(
            'definition', pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid,
            'clustered', i.indisclustered, 'identity', i.indisreplident,
            'comment', obj_description(i.indexrelid, 'pg_class')
        )::text
        from pg_index as i
        inner join pg_class as c on i.indrelid = c.oid
        where c.relnamespace in (select ours.oid from ours)""",
    "relation": """
        select c.oid::regclass::text, jsonb_build_object(
            'kind', c.relkind, 'owner', c.relowner::regrole, 'persistence', c.relpersistence,
            'options', c.reloptions, 'row security', c.relrowsecurity,
            'forced', c.relforcerowsecurity, 'replica identity', c.relreplident,
            'partition', pg_get_expr(c.relpartbound, c.oid),
            'comment', obj_description(c.oid, 'pg_class'),
            'acl', (
                select jsonb_agg(a::text order by a::text)
                from unnest(
                    coalesce(
                        c.relacl,
                        acldefault(
                            case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner
                        )
                    )
                ) as a
            )
        )::text
        from pg_class as c
        where c.relnamespace in (select ours.oid from ours)
            and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')""",
}

_SNAPSHOT_SCHEMAS = f"""
    with ours as (
        select n.oid
        from pg_namespace as n
        where n.nspowner = to_regrole('{OWNER}')
            or (n.nspname = 'ext' and to_regrole('{OWNER}') is not null)
    )"""


def catalog_snapshot(conn: psycopg.Connection[Any]) -> dict[str, dict[str, str]]:
    """Every definition in our schemas by kind and name, for comparing two databases.

    Two databases of one major version that were built differently (installed, upgraded, restored
    from a dump) are the same if and only if their snapshots are equal. Rights on the database
    itself and the roles are not part of it: a plain dump does not carry them.
    """
    with conn.transaction():
        conn.execute("set local search_path = pg_catalog")
        snapshot: dict[str, dict[str, str]] = {}
        for one in objects(conn).values():
            snapshot.setdefault(one.kind, {})[one.identity] = f"{one.stable}\n{one.deparsed}"
        for section, query in _SNAPSHOT.items():
            text = _SNAPSHOT_SCHEMAS + query.format(owner=OWNER)
            snapshot[section] = {str(k): str(v) for k, v in conn.execute(text.encode())}
    return snapshot


def differences(one: dict[str, dict[str, str]], other: dict[str, dict[str, str]]) -> list[str]:
    """What differs between two snapshots, a line each; empty when they are equal."""
    lines: list[str] = []
    for section in sorted(set(one) | set(other)):
        left, right = one.get(section, {}), other.get(section, {})
        for name in sorted(set(left) | set(right)):
            if name not in right:
                lines.append(f"{section} {name}: only in the first")
            elif name not in left:
                lines.append(f"{section} {name}: only in the second")
            elif left[name] != right[name]:
                lines.append(f"{section} {name}: {left[name]} / {right[name]}")
    return lines
