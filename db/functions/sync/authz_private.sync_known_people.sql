-- A person without a code of the company goes by their username.

create or replace function authz_private.sync_known_people(
    scope authz_private.sync_scope, codes text [] default null
)
returns table (code text, user_id bigint, in_scope boolean)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    return query
    select
        coalesce(u.external_id, u.username),
        u.id,
        n.path operator (ext.<@) scope.top_path
    from authz.users as u
    inner join authz.org_units as n on u.base_unit_id = n.id
    where u.tenant_id = scope.tenant_id
        and (
            codes is null
            or u.external_id = any(codes)
            or u.external_id is null and u.username = any(codes)
        )
        -- An administrator learns nothing about other parts of the tenant.
        and (scope.actor_id is null or n.path operator (ext.<@) scope.top_path)
        and (
            u.external_id is not null
            or not exists (
                select
                from authz.users as c
                where c.tenant_id = scope.tenant_id and c.external_id = u.username
            )
        );
end
$$;

comment on function authz_private.sync_known_people(authz_private.sync_scope, text []) is
    'People of the tenant, or those with these codes, by their codes, and whether they belong to '
    'the scope; for an administrator those of the scope.';
revoke all on function authz_private.sync_known_people(authz_private.sync_scope, text [])
from public;
