-- Most nights change no unit. If one is changed, all of them are looked at: the tree is one.

create or replace function authz_private.sync_compare_units(
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
    is_same boolean;
begin
    with staged as (
        select
            s.number,
            s.external_id,
            nullif(s.parent_external_id, '') as parent_code,
            nullif(s.name, '') as name,
            k.kind,
            nullif(s.kind, '') as kind_said,
            nullif(s.sort_order, '') as sort_order,
            nullif(s.metadata, '') as metadata,
            nullif(s.is_active, '') as is_active
        from sync.units as s
        left join (
            select
                d.kind as spelling,
                authz_private.sync_kind(d.kind) as kind
            from (select distinct o.kind from sync.units as o) as d
        ) as k on s.kind = k.spelling
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'units')::bigint
    ),

    existing as (
        select
            n.id,
            n.external_id,
            coalesce(up.external_id, up.path::text) as parent_code,
            n.name,
            n.kind,
            n.sort_order,
            n.metadata,
            n.is_active,
            n.is_absent,
            n.path operator (ext.<@) scope.top_path as in_scope
        from authz.org_units as n
        left join authz.org_units as up on n.parent_id = up.id
        where n.tenant_id = scope.tenant_id and n.external_id is not null
    )

    select not exists (
        select
        from staged as s
        full join existing as e on s.external_id = e.external_id
        where case
                when s.number is null
                    then e.in_scope and e.is_active and e.id <> scope.top_id
                when e.id is null or not e.in_scope then true
                else
                    s.parent_code is distinct from e.parent_code and e.id <> scope.top_id
                    or s.parent_code is not null and e.id = scope.top_id
                    or s.name <> e.name
                    or s.kind_said is not null and s.kind is distinct from e.kind
                    or s.sort_order <> e.sort_order::text
                    or s.metadata <> e.metadata::text
                    or s.is_active <> e.is_active::text
                    or s.is_active is null and e.is_absent
            end
    ) and not exists (
        select
        from staged as s
        group by s.external_id
        having count(*) > 1
    )
    into is_same;
    if is_same then
        differing := '{}';
    end if;
end
$$;

comment on function authz_private.sync_compare_units(authz_private.sync_scope) is
    'An empty list if the lines say of every unit what is so already; null, all lines, otherwise.';
revoke all on function authz_private.sync_compare_units(authz_private.sync_scope) from public;
