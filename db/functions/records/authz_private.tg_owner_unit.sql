-- Fills the owner units. From then on the foreign keys that name them carry every change along.
-- FOR KEY SHARE waits for a transfer in flight and reads its outcome, where a plain read would
-- copy a unit that the foreign key then refuses.

create or replace function authz_private.tg_owner_unit()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if tg_table_name = 'customers' then
        select u.tenant_id, u.base_unit_id
        into new.tenant_id, new.manager_unit_id
        from authz.users as u
        where u.id = new.manager_id
        for key share;
        if not found then
            raise exception 'manager_id % does not exist', coalesce(new.manager_id::text, 'null')
                using errcode = '23503', hint = 'Pass the id of a row in authz.users.';
        end if;
    else
        select u.tenant_id, u.base_unit_id
        into new.tenant_id, new.handler_unit_id
        from authz.users as u
        where u.id = new.handler_id
        for key share;
        if not found then
            raise exception 'handler_id % does not exist', coalesce(new.handler_id::text, 'null')
                using errcode = '23503', hint = 'Pass the id of a row in authz.users.';
        end if;
    end if;
    if tg_op = 'UPDATE' and new.tenant_id <> old.tenant_id then
        raise exception '% %: the new owner is of another tenant', tg_table_name, old.id
            using errcode = '23514', hint = 'Owners are users of the same tenant.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_owner_unit() is
    'Trigger: tenant and owner unit of an order or customer from its owner. 23503 unknown owner; '
    '23514 an owner of another tenant.';
revoke all on function authz_private.tg_owner_unit() from public;
