-- A permission to manage covers every action there could be; these are those there are.

create or replace function authz_private.named_actions()
returns setof text
language sql stable security invoker parallel safe
begin atomic
    select p.action from authz.permissions as p
    union
    select split_part(t.permission_key, '.', 2) from authz.permission_templates as t
    union
    select d.action from authz.delegations as d where d.status = 'active';
end;

comment on function authz_private.named_actions() is
    'Actions that a permission, a template or an active delegation names.';
revoke all on function authz_private.named_actions() from public;
