-- One more grant, at priority 0, that is nowhere stored.

create or replace function authz_private.template_allows(
    user_id bigint, unit_id int, unit_path ext.ltree, permission_key text
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from authz_private.template_at(
            template_allows.unit_path, template_allows.permission_key
        ) as t
        inner join authz_private.role_units(template_allows.user_id) as r
            on t.min_role_rank <= r.rank
            and (
                r.unit_id = template_allows.unit_id
                or r.inherit_to_descendants
                and r.unit_path operator (ext.@>) template_allows.unit_path
            )
        where t.is_enabled
    );
end;

comment on function authz_private.template_allows(bigint, int, ext.ltree, text) is
    'Whether the template that holds in the unit gives the permission to the rank of a role the '
    'user holds there.';
revoke all on function authz_private.template_allows(bigint, int, ext.ltree, text) from public;
