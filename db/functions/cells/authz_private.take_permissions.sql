-- A permission gives nothing by itself: one that the platform no longer has may stay. It keeps the
-- id that it has on the platform, unless another one took it here.

create or replace function authz_private.take_permissions(wanted jsonb)
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    added bigint := 0;
begin
    with missing as (
        select n.*
        from jsonb_populate_recordset(null::authz.permissions, wanted) as n
        where not exists (
            select
            from authz.permissions as p
            where p.resource operator (ext.=) n.resource
                and p.action = n.action
                and p.scope = n.scope
                and p.conditions is not distinct from n.conditions
        )
    ),

    with_their_id as (
        insert into authz.permissions (id, resource, action, scope, conditions)
        select m.id, m.resource, m.action, m.scope, m.conditions
        from missing as m
        where not exists (select from authz.permissions as p where p.id = m.id)
        returning id
    ),

    with_another as (
        insert into authz.permissions (resource, action, scope, conditions)
        select m.resource, m.action, m.scope, m.conditions
        from missing as m
        where exists (select from authz.permissions as p where p.id = m.id)
        returning id
    )

    select
        (select count(*) from with_their_id) + (select count(*) from with_another)
    into added;
    return added;
end
$$;

comment on function authz_private.take_permissions(jsonb) is
    'Adds the permissions of the array that are not there, and returns how many.';
revoke all on function authz_private.take_permissions(jsonb) from public;
