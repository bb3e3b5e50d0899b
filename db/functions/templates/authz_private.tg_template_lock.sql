-- Every change of a tenant's templates writes the tenant's row: a lock and an override written at
-- the same time meet there, and the second is told of the first.

create or replace function authz_private.tg_template_lock()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    place record;
    locked_at text;
begin
    select n.path, n.tenant_id into place from authz.org_units as n where n.id = new.unit_id;
    if not found then
        raise exception 'unit_id % does not exist', coalesce(new.unit_id::text, 'null')
            using errcode = '23503', hint = 'Pass the id of a row in authz.org_units.';
    end if;
    new.tenant_id := coalesce(new.tenant_id, place.tenant_id);
    update authz.tenants as t
    set tree_version = t.tree_version + 1
    where t.id = place.tenant_id and t.xmin <> pg_current_xact_id()::xid;

    select n.path::text
    into locked_at
    from authz.permission_templates as t
    inner join authz.org_units as n on t.unit_id = n.id
    where t.permission_key = new.permission_key
        and t.is_locked
        and n.path @> place.path
        and n.id <> new.unit_id
    order by n.level
    limit 1;
    if found then
        raise exception '% is locked at %', new.permission_key, locked_at
            using errcode = '23514', hint = 'Take the lock away there first.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_template_lock() is
    'Trigger: refuses a template below a lock of its key with 23514, naming the unit; 40001: '
    'retry.';
revoke all on function authz_private.tg_template_lock() from public;
