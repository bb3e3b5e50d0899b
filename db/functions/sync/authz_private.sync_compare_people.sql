-- Most lines say what is so already: they are told apart in one pass.

create or replace function authz_private.sync_compare_people(
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
            s.external_id,
            s.username,
            s.unit_external_id,
            s.display_name,
            s.is_active,
            s.profile
        from sync.people as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'people')::bigint
    ),

    existing as (
        select
            u.id,
            u.external_id,
            u.username,
            u.base_unit_id,
            u.profile,
            u.is_active,
            u.is_absent,
            coalesce(n.external_id, n.path::text) as unit_code,
            n.path operator (ext.<@) scope.top_path as in_scope
        from authz.users as u
        inner join authz.org_units as n on u.base_unit_id = n.id
        where u.tenant_id = scope.tenant_id
            and u.external_id is not null
            and (scope.actor_id is null or n.path operator (ext.<@) scope.top_path)
    )

    select
        coalesce(
            array_agg(s.number) filter (
                where s.number is not null
                    and (
                        e.id is null
                        or r.external_id is not null
                        or a.unit_id is distinct from e.base_unit_id
                        or not a.in_scope
                        or a.is_gone
                        or nullif(s.username, '') <> e.username
                        or nullif(s.display_name, '') <> coalesce(e.profile ->> 'display_name', '')
                        or nullif(s.is_active, '') <> e.is_active::text
                        or coalesce(s.is_active, '') = '' and e.is_absent
                        or nullif(s.profile, '') <> (e.profile - 'display_name')::text
                    )
            ),
            '{}'
        ),
        array_agg(e.id) filter (where s.number is null and e.in_scope and e.is_active)
    into differing, unlisted
    from staged as s
    full join existing as e on s.external_id = e.external_id
    left join (
        select d.external_id
        from staged as d
        group by d.external_id
        having count(*) > 1
    ) as r on s.external_id = r.external_id
    left join authz_private.sync_units_after(scope) as a
        on a.code = coalesce(nullif(s.unit_external_id, ''), e.unit_code);
end
$$;

comment on function authz_private.sync_compare_people(authz_private.sync_scope) is
    'Numbers of the lines of people that may change something or have a problem, and ids of '
    'active users of the scope who are not listed.';
revoke all on function authz_private.sync_compare_people(authz_private.sync_scope) from public;
