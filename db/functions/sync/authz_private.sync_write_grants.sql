-- What ends, then what changes, then what is new: windows of one grant never overlap on the way.

create or replace function authz_private.sync_write_grants(scope authz_private.sync_scope)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    delete from authz.memberships as m
    using pg_temp.sync_work as w
    where w.kind = 'membership' and w.action = 'remove' and m.id = w.target_id;

    update authz.memberships as m
    set valid_until = (w.after ->> 'valid_until')::timestamptz
    from pg_temp.sync_work as w
    where w.kind = 'membership' and w.action = 'change' and m.id = w.target_id;

    insert into authz.memberships (tenant_id, user_id, unit_id, valid_from, valid_until, source)
    select
        scope.tenant_id,
        p.user_id,
        k.unit_id,
        (w.after ->> 'valid_from')::timestamptz,
        (w.after ->> 'valid_until')::timestamptz,
        'feed'
    from pg_temp.sync_work as w
    inner join authz_private.sync_known_people(scope) as p
        on w.after ->> 'person_external_id' = p.code
    inner join authz_private.sync_known_units(scope.tenant_id) as k
        on w.after ->> 'unit_external_id' = k.code
    where w.kind = 'membership' and w.action = 'add'
    order by w.number;

    delete from authz.user_roles as g
    using pg_temp.sync_work as w
    where w.kind = 'grant' and w.action = 'remove' and g.id = w.target_id;

    update authz.user_roles as g
    set inherit_to_descendants = coalesce(
            (w.after ->> 'inherit_to_descendants')::boolean, g.inherit_to_descendants
        ),
        valid_until = (w.after ->> 'valid_until')::timestamptz
    from pg_temp.sync_work as w
    where w.kind = 'grant' and w.action = 'change' and g.id = w.target_id;

    insert into authz.user_roles (
        tenant_id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until,
        source
    )
    select
        scope.tenant_id,
        p.user_id,
        r.id,
        k.unit_id,
        (w.after ->> 'inherit_to_descendants')::boolean,
        (w.after ->> 'valid_from')::timestamptz,
        (w.after ->> 'valid_until')::timestamptz,
        'feed'
    from pg_temp.sync_work as w
    inner join authz_private.sync_known_people(scope) as p
        on w.after ->> 'person_external_id' = p.code
    inner join (
        select distinct on (o.code)
            o.code,
            o.id
        from authz.roles as o
        where o.tenant_id = scope.tenant_id or o.tenant_id is null
        order by o.code, o.tenant_id nulls last
    ) as r on w.after ->> 'role_code' = r.code
    left join authz_private.sync_known_units(scope.tenant_id) as k
        on w.after ->> 'unit_external_id' = k.code
    where w.kind = 'grant' and w.action = 'add'
    order by w.number;
end
$$;

comment on function authz_private.sync_write_grants(authz_private.sync_scope) is
    'Applies the plan for memberships and grants.';
revoke all on function authz_private.sync_write_grants(authz_private.sync_scope) from public;
