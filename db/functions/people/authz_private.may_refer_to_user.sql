-- Ids of people one may not see are not to be tried out.

create or replace function authz_private.may_refer_to_user(me bigint, other_id bigint)
returns boolean
language plpgsql stable security invoker parallel restricted
as $$
begin
    return exists (
        select
        from authz.users as m
        inner join authz.users as o on m.tenant_id = o.tenant_id
        where m.id = me
            and o.id = other_id
            and o.is_active
            and (
                m.base_unit_id = o.base_unit_id
                or authz_private.decide(me, 'users', 'read', o.base_unit_id, '{}')
            )
    );
end
$$;

comment on function authz_private.may_refer_to_user(bigint, bigint) is
    'Whether the user may name the other, active and of the same tenant, as one they know of: of '
    'the same unit, or where they hold users:read.';
revoke all on function authz_private.may_refer_to_user(bigint, bigint) from public;
