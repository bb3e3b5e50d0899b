-- Listed here and not in the catalog, where a table whose triggers were dropped is not missed.

create or replace function authz_private.audited_tables()
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select array[
        'authz.unit_kinds', 'authz.org_units', 'authz.tenants', 'authz.users', 'authz.memberships',
        'authz.resources', 'authz.permissions', 'authz.policies', 'authz.policy_permissions',
        'authz.roles', 'authz.role_permissions', 'authz.role_policies', 'authz.user_roles',
        'authz.user_policies', 'authz.user_permissions', 'authz.permission_templates',
        'authz.settings', 'authz.grant_requests', 'authz.exclusive_roles', 'authz.delegations',
        'authz.datasets', 'authz.variables', 'authz.user_variables', 'authz.row_permissions',
        'authz.column_permissions', 'authz.identity_providers', 'authz.identity_provider_keys',
        'authz.access_reviews', 'authz.access_review_items'
    ];
end;

comment on function authz_private.audited_tables() is
    'Tables of the permission model: every change of a row of theirs is logged.';
revoke all on function authz_private.audited_tables() from public;
