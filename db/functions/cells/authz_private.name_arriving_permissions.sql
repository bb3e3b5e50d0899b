-- A permission that this cell does not know yet gets an id of this cell.

create or replace function authz_private.name_arriving_permissions()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    insert into authz.permissions (resource, action, scope, conditions)
    select distinct n.resource, n.action, n.scope, n.conditions
    from pg_temp.arriving_rows as a
    cross join lateral jsonb_populate_record(
        null::authz.permissions, a.content -> 'permission'
    ) as n
    where a.content ? 'permission'
        and not exists (
            select
            from authz.permissions as p
            where p.resource operator (ext.=) n.resource
                and p.action = n.action
                and p.scope = n.scope
                and p.conditions is not distinct from n.conditions
        );
    update pg_temp.arriving_rows as a
    set content = a.content || jsonb_build_object('permission_id', p.id)
    from authz.permissions as p
    where a.content ? 'permission'
        and a.content -> 'permission' = to_jsonb(p) - 'id';
end
$$;

comment on function authz_private.name_arriving_permissions() is
    'Gives the rows of pg_temp.arriving_rows that name a permission the id that it has here.';
revoke all on function authz_private.name_arriving_permissions() from public;
