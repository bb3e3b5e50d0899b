-- Most lines say what is so already: they are told apart in one pass.

create or replace function authz_private.sync_compare_grants(
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
            s.role_code,
            nullif(s.unit_external_id, '') as unit_code,
            nullif(s.inherit_to_descendants, '') as inherit_said,
            coalesce(s.valid_from, '') <> '' as has_start,
            coalesce(s.valid_until, '') <> '' as has_end,
            case when s.valid_from <> '' then authz_private.sync_instant(s.valid_from) end
                as valid_from,
            case when s.valid_until <> '' then authz_private.sync_instant(s.valid_until) end
                as valid_until
        from sync.grants as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'grants')::bigint
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
            h.inherit_to_descendants,
            h.valid_from,
            h.valid_until,
            coalesce(u.external_id, u.username) as person_code,
            r.code as role_code,
            coalesce(n.external_id, n.path::text) as unit_code,
            scope.staged ? 'roles' and r.source = 'feed' and o.code is null
            or coalesce(a.is_gone, false) as is_doubtful
        from authz.user_roles as h
        inner join authz.users as u on h.user_id = u.id
        inner join authz.roles as r on h.role_id = r.id
        left join (
            select distinct s.code
            from sync.roles as s
            where s.loaded_by is not distinct from scope.actor_id
                and s.number > (scope.staged ->> 'roles')::bigint
        ) as o on r.code = o.code
        left join authz.org_units as n on h.unit_id = n.id
        left join units as a on h.unit_id = a.unit_id
        inner join authz.org_units as b on u.base_unit_id = b.id
        where h.tenant_id = scope.tenant_id
            and coalesce(n.path, b.path) operator (ext.<@) scope.top_path
    )

    select
        coalesce(
            array_agg(s.number) filter (
                where s.number is not null
                    and (
                        e.id is null
                        or r.person_code is not null
                        or e.is_doubtful
                        or s.inherit_said <> e.inherit_to_descendants::text
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
        and s.role_code = e.role_code
        and coalesce(s.unit_code, '') = coalesce(e.unit_code, '')
        and coalesce(s.valid_from, '-infinity') = coalesce(e.valid_from, '-infinity')
    left join (
        select
            d.person_code,
            d.role_code,
            coalesce(d.unit_code, '') as unit_code
        from staged as d
        group by d.person_code, d.role_code, coalesce(d.unit_code, '')
        having count(*) > 1
    ) as r
        on s.person_code = r.person_code
        and s.role_code = r.role_code
        and coalesce(s.unit_code, '') = r.unit_code;
end
$$;

comment on function authz_private.sync_compare_grants(authz_private.sync_scope) is
    'Numbers of the lines of grants that may change something or have a problem, and ids of '
    'those that a feed made and no longer lists.';
revoke all on function authz_private.sync_compare_grants(authz_private.sync_scope) from public;
