-- Every table with rows of tenants, in the order in which they refer to each other; a test compares
-- the list with the catalog. authz.tenants is filled by the trigger of units.

create or replace function authz_private.tenant_tables()
returns table (place int, title text, of_tenant text, sorting text, is_last boolean)
language sql immutable security invoker parallel safe
begin atomic
    select
        v.*,
        -- Their triggers compile datasets, which locks the tables of the records.
        v.title in ('authz.row_permissions', 'authz.column_permissions')
    from (
        values
        (1, 'authz.org_units', 't.tenant_id = $1', 't.level, t.id'),
        (2, 'authz.users', 't.tenant_id = $1', 't.id'),
        (3, 'authz.memberships', 't.tenant_id = $1', 't.id'),
        (4, 'authz.policies', 't.tenant_id = $1', 't.id'),
        (
            5, 'authz.policy_permissions',
            't.policy_id in (select p.id from authz.policies as p where p.tenant_id = $1)',
            't.policy_id, t.permission_id'
        ),
        (6, 'authz.roles', 't.tenant_id = $1', 't.id'),
        (
            7, 'authz.role_permissions',
            't.role_id in (select r.id from authz.roles as r where r.tenant_id = $1)',
            't.role_id, t.permission_id'
        ),
        (
            8, 'authz.role_policies',
            't.role_id in (select r.id from authz.roles as r where r.tenant_id = $1)',
            't.role_id, t.policy_id'
        ),
        (9, 'authz.exclusive_roles', 't.tenant_id = $1', 't.id'),
        (10, 'authz.user_roles', 't.tenant_id = $1', 't.id'),
        (11, 'authz.user_policies', 't.tenant_id = $1', 't.id'),
        (12, 'authz.user_permissions', 't.tenant_id = $1', 't.id'),
        (
            -- One that is locked keeps others below it from being written.
            13, 'authz.permission_templates', 't.tenant_id = $1',
            '(select -n.level from authz.org_units as n where n.id = t.unit_id), t.id'
        ),
        (14, 'authz.grant_requests', 't.tenant_id = $1', 't.id'),
        (15, 'authz.delegations', 't.tenant_id = $1', 't.id'),
        (16, 'authz.access_reviews', 't.tenant_id = $1', 't.id'),
        (17, 'authz.access_review_items', 't.tenant_id = $1', 't.id'),
        (18, 'authz.user_variables', 't.tenant_id = $1', 't.id'),
        (19, 'authz.row_permissions', 't.tenant_id = $1', 't.id'),
        (20, 'authz.column_permissions', 't.tenant_id = $1', 't.id'),
        (21, 'authz.identity_providers', 't.tenant_id = $1', 't.id'),
        (
            22, 'authz.identity_provider_keys',
            't.provider_id in ('
            'select i.id from authz.identity_providers as i where i.tenant_id = $1)',
            't.provider_id, t.kid'
        ),
        (23, 'finance.customers', 't.tenant_id = $1', 't.id'),
        (24, 'finance.orders', 't.tenant_id = $1', 't.id'),
        (25, 'finance.financial_funds', 't.tenant_id = $1', 't.id'),
        (
            26, 'authz_private.last_sign_ins',
            't.user_id in (select u.id from authz.users as u where u.tenant_id = $1)', 't.user_id'
        )
    ) as v (place, title, of_tenant, sorting);
end;

comment on function authz_private.tenant_tables() is
    'Tables with rows of tenants: which rows t are those of tenant $1, in which order they can be '
    'inserted, and whether a move writes them only while other writes wait.';
revoke all on function authz_private.tenant_tables() from public;
