-- Inlined into its caller, a cursor in the order of user ids: a superset of who may, cheap to walk.
-- Only while the view answers at all; whom it does not answer for are possible holders too.

create or replace function authz_private.possible_holders(
    resource text, action text, unit_path ext.ltree, after_user_id bigint
)
returns table (user_id bigint, username text)
language sql stable security invoker parallel safe
begin atomic
    select u.id, u.username
    from authz.users as u
    where u.id > possible_holders.after_user_id
        and u.is_active
        and (
            exists (
                select
                from authz.user_effective_policies as v
                where v.user_id = u.id
                    and v.effect = 'allow'
                    and v.action in (possible_holders.action, 'manage')
                    and possible_holders.resource = any(v.resources)
                    and (
                        v.scope in ('region', 'organization', 'system')
                        or v.scope = 'team' and exists (
                            select
                            from authz.org_units as n
                            where n.id = v.business_unit_id
                                and n.path operator (ext.@>) possible_holders.unit_path
                        )
                    )
            )
            or exists (
                select
                from authz_private.policy_marks as m
                where m.user_id = u.id
            )
        )
    order by u.id;
end;

comment on function authz_private.possible_holders(text, text, ext.ltree, bigint) is
    'Users, ascending, among whom are all who may do resource:action in the unit.';
revoke all on function authz_private.possible_holders(text, text, ext.ltree, bigint)
from public;
