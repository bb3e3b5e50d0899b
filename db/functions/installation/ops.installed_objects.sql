-- `runner migrate` and `runner status` run the query below from this file, because a database may
-- have an older version of the function, or none. The search_path leaves out the schema ext, so
-- that identities name it.
--
-- Two parts describe an object. "stable" is what the catalogs store as plain values. It reads the
-- same in every major version. "deparsed" is source that the server rebuilds from a parse tree.
-- Another major version may write it differently.

create or replace function ops.installed_objects(full_definitions boolean default true)
returns table (
    kind text,
    identity text,
    oid bigint,
    version text,
    is_disabled boolean,
    stable text,
    deparsed text
)
language sql stable security invoker parallel safe
set search_path = pg_catalog, pg_temp
as $$
with ours as (
    select n.oid
    from pg_namespace as n
    where (
            n.nspowner = to_regrole('fundwarden_owner')
            and n.nspname not in ('fundwarden', 'secure', 'paged')
        )
        or (n.nspname = 'ext' and to_regrole('fundwarden_owner') is not null)
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
        -- What ops.connect_cells() makes of other cells.
        and not exists (
            select
            from pg_foreign_table as t
            inner join pg_foreign_server as s on t.ftserver = s.oid
            where t.ftrelid = c.oid and s.srvname ~ '^fundwarden_cell_[0-9]+$'
        )
)

select
    case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
    p.oid::regprocedure::text as identity,
    p.oid::bigint as oid,
    p.xmin::text as version,
    false as disabled,
    case when $1 then jsonb_build_object(
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
    case when $1 and p.prokind <> 'a' then pg_get_functiondef(p.oid) end as deparsed
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
    case when $1 then jsonb_build_object(
        'owner', c.relowner::regrole,
        'options', (select jsonb_agg(o order by o) from unnest(c.reloptions) as o),
        'comment', obj_description(c.oid, 'pg_class'),
        'acl', (
            -- PostgreSQL 17 gave owners MAINTAIN, so all rights of an owner count as one thing.
            select jsonb_agg(r.given order by r.given)
            from (
                select
                    case when a = any(acldefault('r', c.relowner)) then 'owner' else a::text end
                        as given
                from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as a
            ) as r
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
    case when $1 then pg_get_viewdef(c.oid) end
from relations as c
inner join pg_rewrite as r on c.oid = r.ev_class and r.rulename = '_RETURN'
where c.relkind in ('v', 'm')

union all

select
    'rule',
    format('%I on %s', r.rulename, r.ev_class::regclass),
    r.oid::bigint,
    r.xmin::text,
    r.ev_enabled = 'D',
    case when $1 then jsonb_build_object(
        'enabled', r.ev_enabled, 'comment', obj_description(r.oid, 'pg_rewrite')
    )::text end,
    case when $1 then pg_get_ruledef(r.oid) end
from relations as c
inner join pg_rewrite as r on c.oid = r.ev_class and r.rulename <> '_RETURN'

union all

select
    'trigger',
    format('%I on %s', t.tgname, t.tgrelid::regclass),
    t.oid::bigint,
    t.xmin::text,
    t.tgenabled = 'D',
    case when $1 then jsonb_build_object(
        'function', t.tgfoid::regprocedure, 'enabled', t.tgenabled, 'type', t.tgtype,
        'deferrable', t.tgdeferrable, 'deferred', t.tginitdeferred,
        'comment', obj_description(t.oid, 'pg_trigger')
    )::text end,
    case when $1 then pg_get_triggerdef(t.oid) end
from relations as c
inner join pg_trigger as t on c.oid = t.tgrelid
where not t.tgisinternal and t.tgparentid = 0

union all

select
    'policy',
    format('%I on %s', p.polname, p.polrelid::regclass),
    p.oid::bigint,
    p.xmin::text,
    false,
    case when $1 then jsonb_build_object(
        'command', p.polcmd, 'permissive', p.polpermissive,
        'roles', (
            select jsonb_agg(coalesce(a.rolname, 'public') order by a.rolname)
            from unnest(p.polroles) as role (oid)
            left join pg_roles as a on role.oid = a.oid
        ),
        'comment', obj_description(p.oid, 'pg_policy')
    )::text end,
    case when $1 then jsonb_build_object(
        'using', pg_get_expr(p.polqual, p.polrelid),
        'check', pg_get_expr(p.polwithcheck, p.polrelid)
    )::text end
from relations as c
inner join pg_policy as p on c.oid = p.polrelid
where p.polname not like 'data\_permission\_%'

union all

select
    'table',
    c.oid::regclass::text,
    c.oid::bigint,
    '',
    false,
    case when $1 then jsonb_build_object(
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
    case when $1 then jsonb_build_object(
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
    'access',
    c.oid::regclass::text,
    c.oid::bigint,
    c.row_version::text || ' ' || (
        select coalesce(string_agg(a.xmin::text, ' ' order by a.attnum), '')
        from pg_attribute as a
        where a.attrelid = c.oid and a.attacl is not null
    ),
    false,
    case when $1 then jsonb_build_object(
        'row security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
        'acl', (
            -- PostgreSQL 17 gave owners MAINTAIN, so all rights of an owner count as one thing.
            select jsonb_agg(r.given order by r.given)
            from (
                select
                    case when a = any(acldefault('r', c.relowner)) then 'owner' else a::text end
                        as given
                from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as a
            ) as r
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
    case when $1 then jsonb_build_object(
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
    case when $1 then jsonb_build_object(
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
    case when $1 then (
        select jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid))::text
        from pg_constraint as k
        where k.contypid = t.oid and k.contype <> 'n'
    ) end
from pg_type as t
left join pg_class as c on t.typrelid = c.oid
where t.typnamespace in (select ours.oid from ours)
    and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
    and ('pg_type'::regclass, t.oid) not in (select * from foreign_made)
$$;

comment on function ops.installed_objects(boolean) is
    'Every object in the schemas of fundwarden but what extensions made, and what data permissions '
    'are compiled to; without definitions unless full_definitions. version changes whenever the '
    'catalog row is written.';
revoke all on function ops.installed_objects(boolean) from public;
grant execute on function ops.installed_objects(boolean)
to fundwarden_operator, fundwarden_auditor;
