-- In the order in which rows refer to each other. Kinds, resources and permissions are also made in
-- the cells, by whoever creates a unit or a permission there: those of the platform are added.

create or replace function authz_private.platform_tables()
returns table (
    place int, title text, keys text [], of_platform text, guarded_by text, is_only_added boolean
)
language sql immutable security invoker parallel safe
begin atomic
    select v.*
    from (
        values
        (1, 'authz.unit_kinds', array['kind'], 'true', null, true),
        (2, 'authz.resources', array['path'], 'true', 'always', true),
        (3, 'authz.permissions', array['id'], 'true', 'id', true),
        (4, 'authz.policies', array['id'], 't.tenant_id is null', 'tenant_id', false),
        (
            5, 'authz.policy_permissions', array['policy_id', 'permission_id'],
            't.policy_id in (select p.id from authz.policies as p where p.tenant_id is null)',
            'policy_id', false
        ),
        (6, 'authz.roles', array['id'], 't.tenant_id is null', 'tenant_id', false),
        (
            7, 'authz.role_permissions', array['role_id', 'permission_id'],
            't.role_id in (select r.id from authz.roles as r where r.tenant_id is null)',
            'role_id', false
        ),
        (
            8, 'authz.role_policies', array['role_id', 'policy_id'],
            't.role_id in (select r.id from authz.roles as r where r.tenant_id is null)',
            'role_id', false
        ),
        (9, 'authz.exclusive_roles', array['id'], 't.tenant_id is null', 'tenant_id', false),
        (10, 'authz.identity_providers', array['id'], 't.tenant_id is null', 'tenant_id', false),
        (
            11, 'authz.identity_provider_keys', array['provider_id', 'kid'],
            't.provider_id in ('
            'select i.id from authz.identity_providers as i where i.tenant_id is null)',
            'provider_id', false
        ),
        (12, 'authz.settings', array['only_one'], 'true', 'always', true)
    ) as v (place, title, keys, of_platform, guarded_by, is_only_added);
end;

comment on function authz_private.platform_tables() is
    'Tables with rows of the platform: their key; which rows t those are; what tells the trigger '
    'that guards them in a cell, null for none; and whether a cell keeps rows that the platform '
    'does not have.';
revoke all on function authz_private.platform_tables() from public;
