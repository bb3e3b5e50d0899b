-- Deletes come first, for a row that replaces another may not stand beside it, and once more last.

create or replace function ops.receive_changes(tenant_id int, removed_from text [])
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
begin
    perform authz_private.name_arriving_permissions();
    update pg_temp.staying_rows as s
    set content = s.content || jsonb_build_object('permission_id', p.id)
    from authz.permissions as p
    where s.content ? 'permission'
        and s.content -> 'permission' = to_jsonb(p) - 'id';
    perform authz_private.delete_missing_rows(tenant_id, removed_from, false);
    for held in
        select t.* from authz_private.tenant_tables() as t order by t.place
    loop
        -- Units and roles refer to others of their table, which may be new.
        if held.title in ('authz.org_units', 'authz.roles') then
            perform authz_private.insert_arriving_rows(held.title);
        end if;
        perform authz_private.update_arriving_rows(held.title);
        perform authz_private.insert_arriving_rows(held.title);
    end loop;
    perform authz_private.delete_missing_rows(tenant_id, removed_from, true);
end
$$;

comment on function ops.receive_changes(int, text []) is
    'Makes the rows of a tenant that is arriving what pg_temp.arriving_rows says of them, and '
    'deletes from the tables of removed_from what pg_temp.staying_rows does not name.';
revoke all on function ops.receive_changes(int, text []) from public;
