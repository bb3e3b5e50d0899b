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
declare
    lines bigint;
    people bigint;
begin
    with existing as (
        select
            u.id,
            u.external_id,
            u.username,
            u.profile,
            u.is_active,
            u.is_absent,
            a.code as unit_code,
            a.in_scope,
            a.is_gone
        from authz.users as u
        inner join authz_private.sync_units_after(scope) as a on u.base_unit_id = a.unit_id
        where u.tenant_id = scope.tenant_id and u.external_id is not null
    )

    select
        array_agg(s.number) filter (
            where s.number is not null
                and (
                    e.id is null
                    or not e.in_scope
                    or e.is_gone
                    or nullif(s.unit_external_id, '') <> e.unit_code
                    or nullif(s.username, '') <> e.username
                    or nullif(s.display_name, '') <> coalesce(e.profile ->> 'display_name', '')
                    or nullif(s.is_active, '') <> e.is_active::text
                    or coalesce(s.is_active, '') = '' and e.is_absent
                    or nullif(s.profile, '') <> (e.profile - 'display_name')::text
                )
        ),
        array_agg(e.id) filter (where s.number is null and e.in_scope and e.is_active),
        count(e.id) filter (where s.number is not null),
        count(distinct e.id) filter (where s.number is not null)
    into differing, unlisted, lines, people
    from (
        select
            l.number,
            l.external_id,
            l.username,
            l.unit_external_id,
            l.display_name,
            l.is_active,
            l.profile
        from sync.people as l
        where l.loaded_by is not distinct from scope.actor_id
            and l.number > (scope.staged ->> 'people')::bigint
    ) as s
    full join existing as e on s.external_id = e.external_id;
    differing := coalesce(differing, '{}');
    -- Somebody is listed twice.
    if lines <> people then
        differing := array(
            select s.number
            from sync.people as s
            where s.loaded_by is not distinct from scope.actor_id
                and s.number > (scope.staged ->> 'people')::bigint
        );
    end if;
end
$$;

comment on function authz_private.sync_compare_people(authz_private.sync_scope) is
    'Numbers of the lines of people that may change something or have a problem, and ids of '
    'active users of the scope who are not listed.';
revoke all on function authz_private.sync_compare_people(authz_private.sync_scope) from public;
