-- A new user, or one whose code changed, owns the rows that have named the code all along. Without
-- a stored dataset there is nothing to keep. The sequence tells, because it is read as it is now:
-- a transaction whose snapshot is older than the first stored dataset would not see its row.

create or replace function authz_private.tg_owner_references()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not (select s.is_called from authz_private.stored_datasets as s) then
        return null;
    end if;
    if tg_op = 'INSERT' then
        insert into authz_private.owner_references as r (
            reference, tenant_id, key, code, user_id, unit_id
        )
        select
            n.tenant_id::text || ':' || c.key || ':' || c.code,
            n.tenant_id,
            c.key,
            c.code,
            n.id,
            n.base_unit_id
        from new_rows as n
        cross join lateral (
            values ('id', n.id::text), ('external_id', n.external_id)
        ) as c (key, code)
        where c.code is not null
        order by 1
        on conflict on constraint owner_references_pkey do update
        set user_id = excluded.user_id, unit_id = excluded.unit_id;
        return null;
    end if;
    insert into authz_private.owner_references as r (
        reference, tenant_id, key, code, user_id, unit_id
    )
    with had as (
        select o.tenant_id, c.key, c.code, o.id
        from old_rows as o
        cross join lateral (
            values ('id', o.id::text), ('external_id', o.external_id)
        ) as c (key, code)
    ),

    has as (
        select n.tenant_id, c.key, c.code, n.id
        from new_rows as n
        cross join lateral (
            values ('id', n.id::text), ('external_id', n.external_id)
        ) as c (key, code)
    ),

    changed as (
        (select h.* from had as h except select n.* from has as n)
        union all
        (select n.* from has as n except select h.* from had as h)
    )

    select
        c.tenant_id::text || ':' || c.key || ':' || c.code,
        c.tenant_id,
        c.key,
        c.code,
        max(coalesce(i.id, e.id)),
        coalesce(max(coalesce(i.base_unit_id, e.base_unit_id)), 0)
    from changed as c
    left join authz.users as i
        on c.tenant_id = i.tenant_id and i.id = case when c.key = 'id' then c.code::bigint end
    left join authz.users as e
        on c.tenant_id = e.tenant_id and e.external_id = case when c.key = 'external_id' then c.code end
    where c.code is not null
    group by c.tenant_id, c.key, c.code
    order by 1
    on conflict on constraint owner_references_pkey do update
    set user_id = excluded.user_id, unit_id = excluded.unit_id
    where (r.user_id, r.unit_id) is distinct from (excluded.user_id, excluded.unit_id);
    return null;
end
$$;

comment on function authz_private.tg_owner_references() is
    'Trigger: authz_private.owner_references follows codes of users. A deleted user and a transfer '
    'are carried by its foreign key.';
revoke all on function authz_private.tg_owner_references() from public;
