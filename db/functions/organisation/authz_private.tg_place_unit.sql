-- A unit's place: tenant and path follow from its parent. Every change of shape, an insert too,
-- writes the tenant's row: of two changes the second sees the first, or at REPEATABLE READ and
-- above fails with 40001. Sharing the row would not do for inserts: a move whose snapshot is older
-- than the insert would find the lock free again and leave the new unit behind.

create or replace function authz_private.tg_place_unit()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    parent record;
begin
    if new.code !~ '^[a-z0-9_]{1,50}$' then
        raise exception 'code % of unit % is not a label', quote_literal(left(new.code, 60)), new.id
            using errcode = '23514', hint = 'Use a to z, 0 to 9 and _, at most 50 characters.';
    end if;
    if tg_op = 'UPDATE' then
        if new.id <> old.id or new.tenant_id <> old.tenant_id then
            raise exception 'unit % cannot change its id or tenant', old.id
                using
                    errcode = '23514',
                    hint = 'Make a new unit in the other tenant and transfer its people.';
        end if;
        if (new.parent_id is null) <> (old.parent_id is null) then
            raise exception 'unit %: a root cannot be hung below a unit, nor a unit become a root',
                old.id
                using
                    errcode = '23514',
                    hint = 'A root unit is a tenant: insert one with parent_id null.';
        end if;
        update authz.tenants as t
        set tree_version = t.tree_version + 1
        where t.id = old.tenant_id;
    elsif new.parent_id is null then
        new.tenant_id := new.id;
        new.path := new.code::ltree;
        new.level := 1;
        return new;
    end if;

    if tg_op = 'INSERT' then
        -- Once a transaction will do.
        update authz.tenants as t
        set tree_version = t.tree_version + 1
        from authz.org_units as n
        where n.id = new.parent_id
            and t.id = n.tenant_id
            and t.xmin <> pg_current_xact_id()::xid;
    end if;

    if new.parent_id is null then
        new.path := new.code::ltree;
        return new;
    end if;
    select n.tenant_id, n.path, n.level
    into parent
    from authz.org_units as n
    where n.id = new.parent_id;
    if not found then
        raise exception 'parent_id % does not exist', new.parent_id
            using errcode = '23503', hint = 'Insert parents before their children.';
    end if;
    if tg_op = 'INSERT' and new.tenant_id is null then
        new.tenant_id := parent.tenant_id;
    end if;
    if new.tenant_id <> parent.tenant_id then
        raise exception 'unit %: parent_id % is of another tenant', new.id, new.parent_id
            using errcode = '23514', hint = 'A unit belongs to the tenant of its parent.';
    end if;
    if octet_length(parent.path::text) + octet_length(new.code) >= 2000 then
        raise exception 'unit %: the path below parent_id % grows too long', new.id, new.parent_id
            using errcode = '23514', hint = 'A path holds at most 2000 bytes: use shorter codes.';
    end if;
    new.path := parent.path || new.code;
    new.level := parent.level + 1;
    return new;
end
$$;

comment on function authz_private.tg_place_unit() is
    'Trigger: tenant, path and level of a unit from its parent. 23503 unknown parent; 23514 '
    'another tenant, a root turned unit or the reverse, a path too long; 40001: retry.';
revoke all on function authz_private.tg_place_unit() from public;
