-- The comparison that `runner status` makes, for a DBA without the runner. The query is dynamic
-- because an installation by psql alone has no schema fundwarden.

create or replace function ops.object_changes()
returns table (kind text, identity text, file text, change text)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('fundwarden.applied_objects') is null then
        raise exception 'this database was installed without the runner'
            using errcode = '55000', hint = 'Without its records there is nothing to compare with.';
    end if;
    return query execute $q$
        with current_objects as (
            select
                o.kind,
                o.identity,
                o.is_disabled,
                o.kind = 'access' and o.identity in (
                    select t::text from authz_private.masked_tables() as t
                ) as is_compiled,
                left(encode(sha256(convert_to(coalesce(p.stable, ''), 'UTF8')), 'hex'), 32)
                    as stable,
                left(encode(sha256(convert_to(coalesce(p.deparsed, ''), 'UTF8')), 'hex'), 32)
                    as deparsed
            from ops.installed_objects() as o
            -- A partitioned table also counts as the plain table that it would be in one piece.
            cross join lateral (
                values
                (o.stable, o.deparsed),
                (
                    regexp_replace(o.stable, '"kind": "p"', '"kind": "r"'),
                    regexp_replace(
                        o.deparsed, '"partition": "([^"\\]|\\.)*"', '"partition": null'
                    )
                )
            ) as p (stable, deparsed)
        ),

        recorded as (
            select
                a.kind,
                a.identity,
                a.path,
                split_part(a.fingerprint, ':', 1)::int
                = current_setting('server_version_num')::int / 10000 as is_of_this_major,
                split_part(a.fingerprint, ':', 2) as stable,
                split_part(a.fingerprint, ':', 3) as deparsed
            from fundwarden.applied_objects as a
        )

        select r.kind, r.identity, r.path, c.change
        from recorded as r
        cross join lateral (
            select
                case
                    when count(*) = 0 then 'missing'
                    when bool_or(o.is_compiled) then null
                    when bool_or(
                        o.stable = r.stable and (o.deparsed = r.deparsed or not r.is_of_this_major)
                    ) then null
                    when bool_or(o.is_disabled) then 'disabled'
                    else 'changed'
                end as change
            from current_objects as o
            where o.kind = r.kind and o.identity = r.identity
        ) as c
        where c.change is not null

        union all

        select distinct o.kind, o.identity, null, 'stray'
        from current_objects as o
        where o.kind <> 'access'
            and not exists (
                select from recorded as r where r.kind = o.kind and r.identity = o.identity
            )
        order by 1, 2
    $q$;
end
$$;

comment on function ops.object_changes() is
    'Objects that are not as `runner migrate` left them: changed, disabled, missing, or stray (of '
    'no file). The file is relative to db/. 55000 installed without the runner.';
revoke all on function ops.object_changes() from public;
grant execute on function ops.object_changes() to fundwarden_operator, fundwarden_auditor;
