-- For the triggers of stored datasets. The row that it finds is locked until the end of the
-- transaction, so that nobody else can change the unit before the key refers to it.

create or replace function authz_private.owner_unit(reference text)
returns int
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    found_unit int;
    of_tenant constant int := split_part(owner_unit.reference, ':', 1)::int;
    by_key constant text := split_part(owner_unit.reference, ':', 2);
    by_code constant text := substr(
        owner_unit.reference, length(of_tenant || ':' || by_key || ':') + 1
    );
begin
    if owner_unit.reference is null then
        return null;
    end if;
    loop
        select r.unit_id
        into found_unit
        from authz_private.owner_references as r
        where r.reference = owner_unit.reference
        for key share;
        if found then
            return found_unit;
        end if;
        -- Whoever gives the code to a user meanwhile waits for this row, or this for theirs.
        insert into authz_private.owner_references as r (
            reference, tenant_id, key, code, user_id, unit_id
        )
        select owner_unit.reference, of_tenant, by_key, by_code, p.id, coalesce(p.base_unit_id, 0)
        from (values (1)) as one (row)
        left join lateral (
            select u.id, u.base_unit_id
            from authz.users as u
            where u.tenant_id = of_tenant
                and u.id = case when by_key = 'id' then by_code::bigint end
            union all
            select u.id, u.base_unit_id
            from authz.users as u
            where by_key = 'external_id' and u.tenant_id = of_tenant and u.external_id = by_code
        ) as p on true
        on conflict on constraint owner_references_pkey do nothing;
    end loop;
end
$$;

comment on function authz_private.owner_unit(text) is
    'Unit of the person that a row of a stored dataset refers to; 0: no user has the code; null: '
    'no reference. Adds the reference where it is new. 40001 above READ COMMITTED when another '
    'transaction added it meanwhile.';
revoke all on function authz_private.owner_unit(text) from public;
