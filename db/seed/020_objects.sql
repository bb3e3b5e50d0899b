-- Indexes, keys and triggers during a seed: set aside as the catalog describes them, and put back
-- from that description, so that the catalog is the same afterwards.

create temporary table seed_objects (
    no int generated always as identity,
    kind text not null,
    table_id oid not null,
    name text not null,
    away text not null,
    back text not null
) on commit drop;

create or replace function pg_temp.seed_find_objects()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
    with keys as (
        select
            c.oid,
            c.conrelid,
            c.conname,
            c.contype,
            c.conindid
        from pg_constraint as c
        inner join pg_class as r on c.conrelid = r.oid
        left join pg_class as f on c.confrelid = f.oid
        where c.contype in ('p', 'u', 'x', 'f')
            and c.conparentid = 0
            and (
                c.conrelid in (select t.name from seed_tables as t)
                or c.confrelid in (select t.name from seed_tables as t)
            )
            and pg_has_role(r.relowner, 'usage')
            and (c.confrelid = 0 or pg_has_role(f.relowner, 'usage'))
    ),

    indexes as (
        select
            i.indexrelid,
            i.indrelid,
            k.oid as key_id,
            k.conname,
            k.contype
        from pg_index as i
        inner join pg_class as x on i.indexrelid = x.oid
        left join keys as k on i.indexrelid = k.conindid and k.contype in ('p', 'u', 'x')
        where i.indrelid in (select t.name from seed_tables as t)
            and i.indisvalid
            and not i.indisclustered
            and not i.indisreplident
            and x.reltablespace = 0
            and (
                k.oid is not null
                or not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
            )
            -- Kept in place is whatever something else hangs on, such as a view's GROUP BY.
            and not exists (
                select
                from pg_depend as d
                where (
                    d.refclassid = 'pg_class'::regclass and d.refobjid = i.indexrelid
                    or d.refclassid = 'pg_constraint'::regclass and d.refobjid = k.oid
                )
                and not (d.classid = 'pg_class'::regclass and d.objid = i.indexrelid)
                and not (
                    d.classid = 'pg_constraint'::regclass
                    and d.objid in (select f.oid from keys as f where f.contype = 'f')
                )
            )
    ),

    triggers as (
        select
            t.tgrelid,
            t.tgname,
            t.tgenabled
        from pg_trigger as t
        inner join pg_proc as p on t.tgfoid = p.oid
        inner join pg_namespace as s on p.pronamespace = s.oid
        where t.tgrelid in (select s.name from seed_tables as s)
            and not t.tgisinternal
            and t.tgenabled in ('O', 'A')
            and s.nspname = 'authz_private'
            -- Triggers whose work a seed, or what it puts back, does; any other goes on firing.
            and (
                -- Of these the ones on INSERT.
                t.tgtype & 4 = 4
                and p.proname in (
                    'tg_place_unit', 'tg_register_tenant', 'tg_tenant_of_unit',
                    'tg_tenant_of_user', 'tg_owner_unit', 'tg_fund_owner_units',
                    'tg_register_kind', 'tg_role_fits', 'tg_one_open_window', 'tg_template_lock'
                )
                -- The log is told of a load, not of its rows.
                or p.proname = 'tg_audit'
            )
    )

    insert into seed_objects (kind, table_id, name, away, back)
    select
        o.kind,
        o.table_id,
        o.name,
        o.away,
        o.back || case
            when o.comment is null then '' else format('; comment on %s is %L', o.target, o.comment)
        end
    from (
        select
            1 as stage,
            'trigger' as kind,
            t.tgrelid as table_id,
            t.tgname as name,
            format('alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname) as away,
            format(
                'alter table %s enable %s trigger %I',
                t.tgrelid::regclass,
                case t.tgenabled when 'A' then 'always' end,
                t.tgname
            ) as back,
            null as target,
            null as comment
        from triggers as t
        union all
        select
            2,
            'foreign key',
            k.conrelid,
            k.conname,
            format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname),
            format(
                'alter table %s add constraint %I %s',
                k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)
            ),
            format('constraint %I on %s', k.conname, k.conrelid::regclass),
            obj_description(k.oid, 'pg_constraint')
        from keys as k
        where k.contype = 'f'
        union all
        select
            3,
            case i.contype
                when 'p' then 'primary key' when 'u' then 'unique key' else 'exclusion'
            end,
            i.indrelid,
            i.conname,
            format('alter table %s drop constraint %I', i.indrelid::regclass, i.conname),
            format(
                'alter table %s add constraint %I %s%s',
                i.indrelid::regclass,
                i.conname,
                pg_get_constraintdef(i.key_id),
                '; comment on index ' || i.indexrelid::regclass || ' is '
                || quote_literal(obj_description(i.indexrelid, 'pg_class'))
            ),
            format('constraint %I on %s', i.conname, i.indrelid::regclass),
            obj_description(i.key_id, 'pg_constraint')
        from indexes as i
        where i.key_id is not null
        union all
        select
            4,
            'index',
            i.indrelid,
            x.relname,
            format('drop index %s', i.indexrelid::regclass),
            pg_get_indexdef(i.indexrelid),
            format('index %s', i.indexrelid::regclass),
            obj_description(i.indexrelid, 'pg_class')
        from indexes as i
        inner join pg_class as x on i.indexrelid = x.oid
        where i.key_id is null
    ) as o
    order by o.stage, o.table_id, o.name;
$$;

create or replace function pg_temp.seed_set_aside(kinds text [])
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    command text;
begin
    for command in
        select o.away
        from seed_objects as o
        where o.kind = any(kinds)
        order by o.no
    loop
        execute command;
    end loop;
end
$$;
