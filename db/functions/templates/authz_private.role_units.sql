-- Inlined into its callers: where a user holds roles now, for the ranks that templates ask for.

create or replace function authz_private.role_units(user_id bigint)
returns table (
    rank int, unit_id int, unit_path ext.ltree, inherit_to_descendants boolean, role_code text,
    source_id bigint
)
language sql stable security invoker parallel safe
begin atomic
    select
        r.rank,
        n.id,
        n.path,
        ur.inherit_to_descendants,
        r.code,
        ur.id
    from authz.users as u
    inner join authz.user_roles as ur on u.tenant_id = ur.tenant_id and u.id = ur.user_id
    inner join authz.roles as r
        on ur.role_id = r.id
        and r.is_active
        and (r.tenant_id is null or r.tenant_id = u.tenant_id)
    cross join lateral (
        select
            coalesce(ur.unit_id, u.base_unit_id) as unit_id,
            null::timestamptz as valid_from,
            null::timestamptz as valid_until
        union all
        select
            m.unit_id,
            m.valid_from,
            m.valid_until
        from authz.memberships as m
        where ur.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
    ) as b
    inner join authz.org_units as n on b.unit_id = n.id and n.is_active
    where u.id = role_units.user_id
        and u.is_active
        and (ur.valid_from is null or ur.valid_from <= authz.clock())
        and (ur.valid_until is null or ur.valid_until > authz.clock())
        and (b.valid_from is null or b.valid_from <= authz.clock())
        and (b.valid_until is null or b.valid_until > authz.clock());
end;

comment on function authz_private.role_units(bigint) is
    'Roles the user holds now, with their rank and unit.';
revoke all on function authz_private.role_units(bigint) from public;
