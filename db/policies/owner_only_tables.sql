-- Tables that only the owner reads and writes: applications call functions, which run as the owner.

do $$
declare
    owned regclass;
begin
    foreach owned in array array[
        'authz.unit_kinds', 'authz.tenants', 'authz.memberships', 'authz.resources',
        'authz.permissions', 'authz.policies', 'authz.policy_permissions', 'authz.roles',
        'authz.role_permissions', 'authz.role_policies', 'authz.user_roles', 'authz.user_policies',
        'authz.user_permissions', 'authz.permission_templates', 'authz.settings',
        'authz.grant_requests', 'authz.delegations', 'authz.exclusive_roles', 'authz.datasets',
        'authz.variables', 'authz.user_variables', 'authz.row_permissions',
        'authz.column_permissions', 'authz.identity_providers', 'authz.identity_provider_keys',
        'authz.access_reviews', 'authz.access_review_items',
        'ops.refresh_log', 'ops.hidden_by_rule', 'ops.cell',
        'ops.moved_tenants', 'ops.departed_rows', 'ops.connected_cells'
    ]::regclass [] loop
        execute format('alter table %s enable row level security', owned);
        execute format('alter table %s force row level security', owned);
        execute format('drop policy if exists owner_does_everything on %s', owned);
        execute format(
            'create policy owner_does_everything on %s to fundwarden_owner '
            'using (true) with check (true)',
            owned
        );
        execute format(
            'comment on policy owner_does_everything on %s is %L',
            owned, 'Functions, triggers, keys and refreshes of the package run as the owner.'
        );
        execute format('revoke all on %s from public', owned);
    end loop;
end
$$;
