-- Inlined into its caller: all units at once of what authz_private.template_allows says of one.

create or replace function authz_private.template_units(user_id bigint, permission_key text)
returns table (unit_id int)
language sql stable security invoker parallel safe
begin atomic
    select distinct n.id
    from authz_private.role_units(template_units.user_id) as r
    cross join lateral authz_private.subtree(r.unit_path) as s
    inner join authz.org_units as n on s.unit_id = n.id
    cross join lateral authz_private.template_at(n.path, template_units.permission_key) as t
    where (r.inherit_to_descendants or n.id = r.unit_id)
        and t.is_enabled
        and t.min_role_rank <= r.rank;
end;

comment on function authz_private.template_units(bigint, text) is
    'Units where templates give the permission to the rank of a role the user holds there.';
revoke all on function authz_private.template_units(bigint, text) from public;
