-- Of a user only these columns matter. One who is new holds nothing yet.

create or replace function authz_private.tg_mark_changed_users()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        insert into authz_private.policy_marks (user_id)
        select o.id from old_rows as o;
    else
        insert into authz_private.policy_marks (user_id)
        select o.id
        from old_rows as o
        where not exists (
            select
            from new_rows as n
            where n.id = o.id
                and n.tenant_id = o.tenant_id
                and n.base_unit_id = o.base_unit_id
                and n.is_active = o.is_active
        )
        union
        select n.id
        from new_rows as n
        where not exists (select from old_rows as o where o.id = n.id);
    end if;
    if found then
        perform authz_private.request_refresh(
            tg_table_schema || '.' || tg_table_name, tg_op
        );
    end if;
    return null;
end
$$;

comment on function authz_private.tg_mark_changed_users() is
    'Trigger on authz.users: marks those whose effective policies may have changed.';
revoke all on function authz_private.tg_mark_changed_users() from public;
