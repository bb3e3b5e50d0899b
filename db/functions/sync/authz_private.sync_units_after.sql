-- What a line may refer to: units of the tenant and units of the feed, as they will be.

create or replace function authz_private.sync_units_after(scope authz_private.sync_scope)
returns table (code text, unit_id int, in_scope boolean, is_gone boolean)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    return query
    with staged as (
        select distinct s.external_id as code
        from sync.units as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'units')::bigint
            and s.external_id ~ '\S'
    ),

    existing as (
        select
            n.id,
            coalesce(n.external_id, case when c.id is null then n.path::text end) as code,
            n.external_id is not null as is_coded,
            n.path operator (ext.<@) scope.top_path as in_scope
        from authz.org_units as n
        left join authz.org_units as c
            on n.tenant_id = c.tenant_id and n.external_id is null and c.external_id = n.path::text
        where n.tenant_id = scope.tenant_id
            -- An administrator learns nothing about other parts of the tenant.
            and (scope.actor_id is null or n.path operator (ext.<@) scope.top_path)
    )

    select
        coalesce(s.code, e.code),
        e.id,
        s.code is not null or e.in_scope,
        scope.staged ? 'units'
        and s.code is null
        and e.in_scope
        and e.is_coded
        and e.id <> scope.top_id
    from staged as s
    full join existing as e on s.code = e.code
    where s.code is not null or e.code is not null;
end
$$;

comment on function authz_private.sync_units_after(authz_private.sync_scope) is
    'Units by their codes after the feed: in_scope, at or below the top of the scope; is_gone, no '
    'longer listed; a null unit_id, new.';
revoke all on function authz_private.sync_units_after(authz_private.sync_scope) from public;
