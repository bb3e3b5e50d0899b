-- A key may name more than it takes to find the row, as owner units do. It is the columns that do
-- take it, those that refer to a unique key, that the index has to begin with.

create or replace function ops.check_foreign_keys()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unindexed bigint;
    unvalidated bigint;
    commands text;
begin
    select
        count(*) filter (where not f.is_indexed),
        count(*) filter (where not f.convalidated),
        string_agg(
            case
                when not f.is_indexed then format('create index on %s (%s);', f.relation, f.columns)
                else format('alter table %s validate constraint %I;', f.relation, f.conname)
            end,
            E'\n' order by f.relation::text, f.conname
        ) filter (where not f.is_indexed or not f.convalidated)
    into unindexed, unvalidated, commands
    from (
        select
            k.conname,
            k.convalidated,
            k.conrelid::regclass as relation,
            (
                select string_agg(format('%I', a.attname), ', ' order by c.place)
                from unnest(k.conkey) with ordinality as c (attnum, place)
                inner join pg_attribute as a on k.conrelid = a.attrelid and c.attnum = a.attnum
            ) as columns,
            exists (
                select
                from pg_index as u
                cross join lateral (
                    select
                        array_agg(f.attnum order by f.attnum) as columns,
                        bool_and(f.attnum is not null) as is_within
                    from unnest(u.indkey[0:u.indnkeyatts - 1]) as c (attnum)
                    left join lateral unnest(k.conkey, k.confkey) as f (attnum, target)
                        on c.attnum = f.target
                ) as needed
                inner join pg_index as i on i.indrelid = k.conrelid
                cross join lateral (
                    select array_agg(c.attnum order by c.attnum) as columns
                    from unnest(i.indkey[0:cardinality(needed.columns) - 1]) as c (attnum)
                ) as front
                where u.indrelid = k.confrelid
                    and u.indisunique
                    and u.indpred is null
                    and needed.is_within
                    and cardinality(needed.columns) <= i.indnkeyatts
                    and front.columns = needed.columns
                    and i.indisvalid
                    -- A key is looked up by values that are not null.
                    and (
                        i.indpred is null
                        or pg_get_expr(i.indpred, i.indrelid) in (
                            select format('(%I IS NOT NULL)', a.attname)
                            from pg_attribute as a
                            where a.attrelid = k.conrelid and a.attnum = any(k.conkey)
                        )
                    )
            ) as is_indexed
        from pg_constraint as k
        inner join pg_namespace as n on k.connamespace = n.oid
        where k.contype = 'f'
            and k.conparentid = 0
            and n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
    ) as f;

    return ops.finding(
        'foreign_keys',
        'Every foreign key is validated and has an index',
        case when unvalidated > 0 then 'critical' else 'warning' end::ops.severity,
        unindexed + unvalidated,
        format('without an index: %s; not validated: %s', unindexed, unvalidated),
        'Without an index a delete or a transfer reads whole tables. Where an index of ours is '
        'missing, the check indexes knows it better. On a large table say concurrently.',
        commands,
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_foreign_keys() is
    'Foreign keys without an index that begins with their columns, and those not validated.';
revoke all on function ops.check_foreign_keys() from public;
grant execute on function ops.check_foreign_keys()
to fundwarden_operator, fundwarden_auditor;
