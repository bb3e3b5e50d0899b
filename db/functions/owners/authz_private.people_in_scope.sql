-- What a scope means for the owners of rows, said once for pages and policies.

create or replace function authz_private.people_in_scope(
    own_rows boolean, own_denied boolean, first_parameter int default 1
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        'u.tenant_id = $%s and (u.base_unit_id = any($%s)%s%s)',
        first_parameter, first_parameter + 1,
        case when own_denied then format(' and u.id <> $%s', first_parameter + 2) else '' end,
        case when own_rows then format(' or u.id = $%s', first_parameter + 2) else '' end
    );
end;

comment on function authz_private.people_in_scope(boolean, boolean, int) is
    'SQL condition over authz.users as u: people of the tenant who belong to the units of a scope '
    'or own by it. Parameters: tenant_id, unit_ids, user_id.';
revoke all on function authz_private.people_in_scope(boolean, boolean, int) from public;
