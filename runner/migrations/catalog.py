"""What a database holds, as text without OIDs: the same before a dump and after its restore.

Every definition has two parts. `stable` is what the catalogs store as plain values and reads the
same in every major version; `deparsed` is source the server rebuilds from a parse tree, which
another major version may write differently.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER

Key = tuple[str, str]

# In this order they can be dropped: what may depend on another comes first.
REPEATABLE_KINDS = (
    "policy",
    "trigger",
    "rule",
    "materialized view",
    "view",
    "procedure",
    "aggregate",
    "function",
)
DURABLE_KINDS = ("table", "sequence", "type")
# The rights on a table and its row security, which a file of policies/ states.
ACCESS = "access"

# What the database makes of data permissions is of no file: the views, the policies, and the rights
# on a table some of whose columns are masked.
COMPILED_SCHEMA = "secure"
COMPILED_POLICIES = r"data\_permission\_%%"
COMPILED_RIGHTS = "as data permissions want it"


@dataclass(frozen=True)
class Object:
    """One object of our schemas. `version` changes whenever somebody writes its catalog row."""

    kind: str
    identity: str
    oid: int
    version: str
    disabled: bool
    stable: str
    deparsed: str

    @property
    def key(self) -> Key:
        return self.kind, self.identity


# PostgreSQL 17 gave owners MAINTAIN: all that an owner has is one thing in every major version.
RELATION_RIGHT = """case when a = any(acldefault('r', c.relowner)) then 'owner' else a::text end"""

# `%(full)s` false leaves the definitions out: then the query costs a few milliseconds and can be
# asked after every file.
_OBJECTS = f"""
with ours as (
    select n.oid
    from pg_namespace as n
    where (
            n.nspowner = to_regrole('{OWNER}')
            and n.nspname not in ('fundwarden', '{COMPILED_SCHEMA}')
        )
        or (n.nspname = 'ext' and to_regrole('{OWNER}') is not null)
),

foreign_made as (
    select d.classid, d.objid
    from pg_depend as d
    where d.deptype = 'e'
),

relations as (
    select
        c.*,
        c.xmin as row_version
    from pg_class as c
    where c.relnamespace in (select ours.oid from ours)
        and not c.relispartition
        and ('pg_class'::regclass, c.oid) not in (select * from foreign_made)
)

select
    case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
    p.oid::regprocedure::text as identity,
    p.oid::bigint as oid,
    p.xmin::text as version,
    false as disabled,
    case when %(full)s then jsonb_build_object(
        'owner', p.proowner::regrole, 'language', l.lanname, 'source', p.prosrc,
        'returns', format_type(p.prorettype, null), 'set', p.proretset, 'volatile', p.provolatile,
        'definer', p.prosecdef, 'leakproof', p.proleakproof, 'strict', p.proisstrict,
        'parallel', p.proparallel, 'config', p.proconfig, 'names', p.proargnames,
        'modes', p.proargmodes, 'cost', p.procost, 'rows', p.prorows,
        'comment', obj_description(p.oid, 'pg_proc'),
        'acl', (
            select jsonb_agg(a::text order by a::text)
            from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        )
    )::text end as stable,
    case when %(full)s and p.prokind <> 'a' then pg_get_functiondef(p.oid) end as deparsed
from pg_proc as p
inner join pg_language as l on p.prolang = l.oid
where p.pronamespace in (select ours.oid from ours)
    and ('pg_proc'::regclass, p.oid) not in (select * from foreign_made)

union all

select
    case c.relkind when 'v' then 'view' else 'materialized view' end,
    c.oid::regclass::text,
    c.oid::bigint,
    r.oid::text || ' ' || r.xmin::text,
    false,
    case when %(full)s then jsonb_build_object(
        'owner', c.relowner::regrole,
        'options', (select jsonb_agg(o order by o) from unnest(c.reloptions) as o),
        'comment', obj_description(c.oid, 'pg_class'),
        'acl', (
            select jsonb_agg({RELATION_RIGHT} order by {RELATION_RIGHT})
            from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as a
        ),
        'columns', (
            select jsonb_agg(
                jsonb_build_array(
                    a.attname, format_type(a.atttypid, a.atttypmod),
                    col_description(c.oid, a.attnum), a.attacl::text
                ) order by a.attnum
            )
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        )
    )::text end,
    case when %(full)s then pg_get_viewdef(c.oid) end
from relations as c
inner join pg_rewrite as r on c.oid = r.ev_class and r.rulename = '_RETURN'
where c.relkind in ('v', 'm')

union all

select
    'rule',
    format('%%I on %%s', r.rulename, r.ev_class::regclass),
    r.oid::bigint,
    r.xmin::text,
    r.ev_enabled = 'D',
    case when %(full)s then jsonb_build_object(
        'enabled', r.ev_enabled, 'comment', obj_description(r.oid, 'pg_rewrite')
    )::text end,
    case when %(full)s then pg_get_ruledef(r.oid) end
from relations as c
inner join pg_rewrite as r on c.oid = r.ev_class and r.rulename <> '_RETURN'

union all

select
    'trigger',
    format('%%I on %%s', t.tgname, t.tgrelid::regclass),
    t.oid::bigint,
    t.xmin::text,
    t.tgenabled = 'D',
    case when %(full)s then jsonb_build_object(
        'function', t.tgfoid::regprocedure, 'enabled', t.tgenabled, 'type', t.tgtype,
        'deferrable', t.tgdeferrable, 'deferred', t.tginitdeferred,
        'comment', obj_description(t.oid, 'pg_trigger')
    )::text end,
    case when %(full)s then pg_get_triggerdef(t.oid) end
from relations as c
inner join pg_trigger as t on c.oid = t.tgrelid
where not t.tgisinternal and t.tgparentid = 0

union all

select
    'policy',
    format('%%I on %%s', p.polname, p.polrelid::regclass),
    p.oid::bigint,
    p.xmin::text,
    false,
    case when %(full)s then jsonb_build_object(
        'command', p.polcmd, 'permissive', p.polpermissive,
        'roles', (
            select jsonb_agg(coalesce(a.rolname, 'public') order by a.rolname)
            from unnest(p.polroles) as role (oid)
            left join pg_roles as a on role.oid = a.oid
        ),
        'comment', obj_description(p.oid, 'pg_policy')
    )::text end,
    case when %(full)s then jsonb_build_object(
        'using', pg_get_expr(p.polqual, p.polrelid),
        'check', pg_get_expr(p.polwithcheck, p.polrelid)
    )::text end
from relations as c
inner join pg_policy as p on c.oid = p.polrelid
where p.polname not like '{COMPILED_POLICIES}'

union all

select
    'table',
    c.oid::regclass::text,
    c.oid::bigint,
    '',
    false,
    case when %(full)s then jsonb_build_object(
        'owner', c.relowner::regrole, 'kind', c.relkind, 'persistence', c.relpersistence,
        'columns', (
            select jsonb_agg(
                jsonb_build_array(
                    a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                    a.attgenerated, a.attcollation::regcollation
                ) order by a.attnum
            )
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        )
    )::text end,
    case when %(full)s then jsonb_build_object(
        'partition', pg_get_partkeydef(c.oid),
        'defaults', (
            select jsonb_object_agg(a.attname, pg_get_expr(d.adbin, d.adrelid))
            from pg_attrdef as d
            inner join pg_attribute as a on d.adrelid = a.attrelid and d.adnum = a.attnum
            where d.adrelid = c.oid
        ),
        -- NOT NULL is a constraint only from 18 on, and a column's property in all of them.
        'constraints', (
            select jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid))
            from pg_constraint as k
            where k.conrelid = c.oid and k.contype not in ('n', 't')
        )
    )::text end
from relations as c
where c.relkind in ('r', 'p', 'f')

union all

select
    '{ACCESS}',
    c.oid::regclass::text,
    c.oid::bigint,
    c.row_version::text || ' ' || (
        select coalesce(string_agg(a.xmin::text, ' ' order by a.attnum), '')
        from pg_attribute as a
        where a.attrelid = c.oid and a.attacl is not null
    ),
    false,
    case when %(full)s then jsonb_build_object(
        'row security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
        'acl', (
            select jsonb_agg({RELATION_RIGHT} order by {RELATION_RIGHT})
            from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as a
        ),
        'columns', (
            select jsonb_object_agg(a.attname, a.attacl::text)
            from pg_attribute as a
            where a.attrelid = c.oid and a.attacl is not null
        )
    )::text end,
    ''
from relations as c
where c.relkind in ('r', 'p', 'f')

union all

select
    'sequence',
    c.oid::regclass::text,
    c.oid::bigint,
    '',
    false,
    case when %(full)s then jsonb_build_object(
        'owner', c.relowner::regrole, 'type', format_type(s.seqtypid, null), 'start', s.seqstart,
        'increment', s.seqincrement, 'max', s.seqmax, 'min', s.seqmin, 'cycle', s.seqcycle
    )::text end,
    ''
from relations as c
inner join pg_sequence as s on c.oid = s.seqrelid
where not exists (
    select
    from pg_depend as d
    where d.classid = 'pg_class'::regclass
        and d.objid = c.oid
        and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i')
)

union all

select
    'type',
    format_type(t.oid, null),
    t.oid::bigint,
    '',
    false,
    case when %(full)s then jsonb_build_object(
        'owner', t.typowner::regrole, 'kind', t.typtype, 'not null', t.typnotnull,
        'base', format_type(nullif(t.typbasetype, 0), t.typtypmod),
        'labels', (
            select jsonb_agg(e.enumlabel order by e.enumsortorder)
            from pg_enum as e
            where e.enumtypid = t.oid
        ),
        'attributes', (
            select jsonb_agg(
                jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
                order by a.attnum
            )
            from pg_attribute as a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        )
    )::text end,
    case when %(full)s then (
        select jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid))::text
        from pg_constraint as k
        where k.contypid = t.oid and k.contype <> 'n'
    ) end
from pg_type as t
left join pg_class as c on t.typrelid = c.oid
where t.typnamespace in (select ours.oid from ours)
    and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
    and ('pg_type'::regclass, t.oid) not in (select * from foreign_made)
"""

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


def objects(
    conn: psycopg.Connection[Any], *, full: bool = True, compiled: bool = False
) -> dict[Key, Object]:
    """Everything in our schemas but what extensions made; call it with search_path pg_catalog.

    Ours are the schemas fundwarden_owner owns, except the bookkeeping, and ext. Left out is what
    data permissions are compiled into; with `compiled` the rights on tables are as they are.
    """
    rows = conn.execute(_OBJECTS.encode(), {"full": full}).fetchall()
    found = (
        Object(kind, identity, oid, version, disabled, stable or "", deparsed or "")
        for kind, identity, oid, version, disabled, stable, deparsed in rows
    )
    known = {one.key: one for one in found}
    for table in masked_tables(conn) if full and not compiled else []:
        key = (ACCESS, table)
        if key in known:
            known[key] = replace(known[key], stable=COMPILED_RIGHTS)
    return known


def masked_tables(conn: psycopg.Connection[Any]) -> list[str]:
    """Tables whose rights are the work of data permissions; none where there are no such."""
    row = conn.execute("select to_regprocedure('authz_private.masked_tables()') is not null")
    found = row.fetchone()
    if not found or not found[0]:
        return []
    with acting_as(conn, OWNER):
        rows = conn.execute("select t::text from authz_private.masked_tables() as t").fetchall()
    return [table for (table,) in rows]


def fingerprint(one: Object, major: int) -> str:
    """`major:stable:deparsed`, the latter two as checksums."""
    return f"{major}:{_digest(one.stable)}:{_digest(one.deparsed)}"


def as_plain(one: Object) -> Object:
    """A partitioned table as it would be in one piece; anything else as it is."""
    if one.kind != "table" or '"kind": "p"' not in one.stable:
        return one
    return replace(
        one,
        stable=one.stable.replace('"kind": "p"', '"kind": "r"', 1),
        deparsed=re.sub(
            r'"partition": "(?:[^"\\]|\\.)*"', '"partition": null', one.deparsed, count=1
        ),
    )


def same(recorded: str, current: str) -> bool:
    """Whether two fingerprints mean one definition; across major versions the stable part tells."""
    before, now = recorded.split(":"), current.split(":")
    if before[0] == now[0]:
        return before == now
    return before[1] == now[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


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
