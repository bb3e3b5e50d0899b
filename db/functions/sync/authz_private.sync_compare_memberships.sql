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
declare
    lines bigint;
    matched bigint;
begin
    with units as materialized (
        select
            a.code,
            a.unit_id,
            a.in_scope,
            a.is_gone
        from authz_private.sync_units_after(scope) as a
        where a.unit_id is not null
    ),

    existing as (
        select
            h.id,
            h.source,
            h.valid_from,
            h.valid_until,
            coalesce(u.external_id, u.username) as person_code,
            a.code as unit_code,
            a.is_gone as is_doubtful
        from authz.memberships as h
        inner join authz.users as u on h.user_id = u.id
        inner join units as a on h.unit_id = a.unit_id
        where h.tenant_id = scope.tenant_id and a.in_scope
    )

    select
        array_agg(s.number) filter (
            where s.number is not null
                and (
                    e.id is null
                    or e.is_doubtful
                    or s.has_start <> (s.valid_from is not null)
                    or s.has_end <> (s.valid_until is not null)
                    or s.valid_until is distinct from e.valid_until
                )
        ),
        array_agg(e.id) filter (where s.number is null and e.source = 'feed'),
        count(e.id) filter (where s.number is not null),
        count(distinct e.id) filter (where s.number is not null)
    into differing, unlisted, lines, matched
    from (
        select
            l.number,
            l.person_external_id as person_code,
            coalesce(l.unit_external_id, '') as unit_code,
            coalesce(l.valid_from, '') <> '' as has_start,
            coalesce(l.valid_until, '') <> '' as has_end,
            case when l.valid_from <> '' then authz_private.sync_instant(l.valid_from) end
                as valid_from,
            case when l.valid_until <> '' then authz_private.sync_instant(l.valid_until) end
                as valid_until
        from sync.memberships as l
        where l.loaded_by is not distinct from scope.actor_id
            and l.number > (scope.staged ->> 'memberships')::bigint
    ) as s
    full join existing as e
        on s.person_code = e.person_code
        and s.unit_code = coalesce(e.unit_code, '')
        and coalesce(s.valid_from, '-infinity') = coalesce(e.valid_from, '-infinity');
    differing := coalesce(differing, '{}');
    -- Windows of the same thing are compared with each other: all lines of a person whom a line
    -- concerns that differs, or all lines where one is there twice.
    if differing <> '{}' or lines <> matched then
        differing := array(
            select s.number
            from sync.memberships as s
            where s.loaded_by is not distinct from scope.actor_id
                and s.number > (scope.staged ->> 'memberships')::bigint
                and (
                    lines <> matched
                    or s.number = any(differing)
                    or s.person_external_id in (
                        select d.person_external_id
                        from sync.memberships as d
                        where d.number = any(differing)
                    )
                )
        );
    end if;
end
$$;

comment on function authz_private.sync_compare_memberships(authz_private.sync_scope) is
    'Numbers of the lines of memberships that may change something or have a problem, and '
    'ids of those that a feed made and no longer lists.';
revoke all on function authz_private.sync_compare_memberships(authz_private.sync_scope) from public;
