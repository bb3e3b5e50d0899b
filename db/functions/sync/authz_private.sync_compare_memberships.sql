-- Most lines say what is so already: they are told apart in one pass.

create or replace function authz_private.sync_compare_memberships(
    scope authz_private.sync_scope, out differing bigint [], out unlisted bigint []
)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
set enable_mergejoin = off
set work_mem = '128MB'
as $$
#variable_conflict use_column
begin
    with staged as (
        select
            s.number,
            s.person_external_id as person_code,
            nullif(s.unit_external_id, '') as unit_code,
            coalesce(s.valid_from, '') <> '' as has_start,
            coalesce(s.valid_until, '') <> '' as has_end,
            case when s.valid_from <> '' then authz_private.sync_instant(s.valid_from) end
                as valid_from,
            case when s.valid_until <> '' then authz_private.sync_instant(s.valid_until) end
                as valid_until
        from sync.memberships as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'memberships')::bigint
    ),

    units as materialized (
        select
            a.unit_id,
            a.is_gone
        from authz_private.sync_units_after(scope) as a
        where a.in_scope and a.unit_id is not null
    ),

    existing as (
        select
            h.id,
            h.source,
            h.valid_from,
            h.valid_until,
            coalesce(u.external_id, u.username) as person_code,
            coalesce(n.external_id, n.path::text) as unit_code,
            a.is_gone as is_doubtful
        from authz.memberships as h
        inner join authz.users as u on h.user_id = u.id
        inner join authz.org_units as n on h.unit_id = n.id
        inner join units as a on h.unit_id = a.unit_id
        where h.tenant_id = scope.tenant_id and n.path operator (ext.<@) scope.top_path
    )

    select
        coalesce(
            array_agg(s.number) filter (
                where s.number is not null
                    and (
                        e.id is null
                        or r.person_code is not null
                        or e.is_doubtful
                        or s.has_start <> (s.valid_from is not null)
                        or s.has_end <> (s.valid_until is not null)
                        or s.valid_until is distinct from e.valid_until
                    )
            ),
            '{}'
        ),
        array_agg(e.id) filter (where s.number is null and e.source = 'feed')
    into differing, unlisted
    from staged as s
    full join existing as e
        on s.person_code = e.person_code
        and coalesce(s.unit_code, '') = coalesce(e.unit_code, '')
        and coalesce(s.valid_from, '-infinity') = coalesce(e.valid_from, '-infinity')
    left join (
        select
            d.person_code,
            coalesce(d.unit_code, '') as unit_code
        from staged as d
        group by d.person_code, coalesce(d.unit_code, '')
        having count(*) > 1
    ) as r
        on s.person_code = r.person_code
        and coalesce(s.unit_code, '') = r.unit_code;
end
$$;

comment on function authz_private.sync_compare_memberships(authz_private.sync_scope) is
    'Numbers of the lines of memberships that may change something or have a problem, and '
    'ids of those that a feed made and no longer lists.';
revoke all on function authz_private.sync_compare_memberships(authz_private.sync_scope) from public;
