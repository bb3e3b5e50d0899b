-- Compared with the catalog by ops.check_indexes(). Definitions are as pg_get_indexdef() has them;
-- written by tests/health/test_health.py when FUNDWARDEN_WRITE is set.

create or replace function authz_private.expected_indexes()
returns table (title text, definition text)
language sql immutable security invoker parallel safe
begin atomic
    select
        w.title,
        w.definition
    from (
        values
        (
            'audit.permission_audit_log_time',
            'CREATE INDEX permission_audit_log_time ON audit.permission_audit_log USING brin '
            '(logged_at) WITH (pages_per_range=''32'')'
        ),
        (
            'audit.permission_audit_log_xid',
            'CREATE INDEX permission_audit_log_xid ON audit.permission_audit_log USING btree '
            '(xid)'
        ),
        (
            'authz.access_review_items_review',
            'CREATE INDEX access_review_items_review ON authz.access_review_items USING btree'
            ' (tenant_id, review_id)'
        ),
        (
            'authz.access_reviews_closer',
            'CREATE INDEX access_reviews_closer ON authz.access_reviews USING btree '
            '(tenant_id, closed_by) WHERE (closed_by IS NOT NULL)'
        ),
        (
            'authz.access_reviews_opener',
            'CREATE INDEX access_reviews_opener ON authz.access_reviews USING btree '
            '(tenant_id, opened_by)'
        ),
        (
            'authz.access_reviews_reviewer',
            'CREATE INDEX access_reviews_reviewer ON authz.access_reviews USING btree '
            '(tenant_id, reviewer_id)'
        ),
        (
            'authz.access_reviews_unit',
            'CREATE INDEX access_reviews_unit ON authz.access_reviews USING btree (tenant_id,'
            ' unit_id)'
        ),
        (
            'authz.column_permissions_dataset',
            'CREATE INDEX column_permissions_dataset ON authz.column_permissions USING btree '
            '(dataset)'
        ),
        (
            'authz.column_permissions_role',
            'CREATE INDEX column_permissions_role ON authz.column_permissions USING btree '
            '(role_id) WHERE (role_id IS NOT NULL)'
        ),
        (
            'authz.column_permissions_tenant',
            'CREATE INDEX column_permissions_tenant ON authz.column_permissions USING btree '
            '(tenant_id) WHERE (tenant_id IS NOT NULL)'
        ),
        (
            'authz.column_permissions_user',
            'CREATE INDEX column_permissions_user ON authz.column_permissions USING btree '
            '(tenant_id, user_id) WHERE (user_id IS NOT NULL)'
        ),
        (
            'authz.column_permissions_variable',
            'CREATE INDEX column_permissions_variable ON authz.column_permissions USING btree'
            ' (variable) WHERE (variable IS NOT NULL)'
        ),
        (
            'authz.datasets_tenant',
            'CREATE INDEX datasets_tenant ON authz.datasets USING btree (tenant_id) WHERE '
            '(tenant_id IS NOT NULL)'
        ),
        (
            'authz.delegations_decider',
            'CREATE INDEX delegations_decider ON authz.delegations USING btree (tenant_id, '
            'decided_by) WHERE (decided_by IS NOT NULL)'
        ),
        (
            'authz.delegations_delegate',
            'CREATE INDEX delegations_delegate ON authz.delegations USING btree (tenant_id, '
            'delegate_id)'
        ),
        (
            'authz.delegations_delegator',
            'CREATE INDEX delegations_delegator ON authz.delegations USING btree (tenant_id, '
            'delegator_id)'
        ),
        (
            'authz.delegations_in_force',
            'CREATE INDEX delegations_in_force ON authz.delegations USING btree (delegate_id)'
            ' WHERE (status = ''active''::text)'
        ),
        (
            'authz.delegations_requester',
            'CREATE INDEX delegations_requester ON authz.delegations USING btree (tenant_id, '
            'requested_by)'
        ),
        (
            'authz.delegations_resource',
            'CREATE INDEX delegations_resource ON authz.delegations USING btree (resource)'
        ),
        (
            'authz.delegations_unit',
            'CREATE INDEX delegations_unit ON authz.delegations USING btree (tenant_id, '
            'unit_id)'
        ),
        (
            'authz.exclusive_roles_other',
            'CREATE INDEX exclusive_roles_other ON authz.exclusive_roles USING btree '
            '(other_role_id)'
        ),
        (
            'authz.exclusive_roles_role',
            'CREATE INDEX exclusive_roles_role ON authz.exclusive_roles USING btree (role_id)'
        ),
        (
            'authz.grant_requests_decider',
            'CREATE INDEX grant_requests_decider ON authz.grant_requests USING btree '
            '(tenant_id, decided_by) WHERE (decided_by IS NOT NULL)'
        ),
        (
            'authz.grant_requests_requester',
            'CREATE INDEX grant_requests_requester ON authz.grant_requests USING btree '
            '(tenant_id, requested_by)'
        ),
        (
            'authz.grant_requests_role',
            'CREATE INDEX grant_requests_role ON authz.grant_requests USING btree (role_id)'
        ),
        (
            'authz.grant_requests_unit',
            'CREATE INDEX grant_requests_unit ON authz.grant_requests USING btree (tenant_id,'
            ' unit_id) WHERE (unit_id IS NOT NULL)'
        ),
        (
            'authz.grant_requests_user',
            'CREATE INDEX grant_requests_user ON authz.grant_requests USING btree (tenant_id,'
            ' user_id)'
        ),
        (
            'authz.identity_providers_tenant',
            'CREATE INDEX identity_providers_tenant ON authz.identity_providers USING btree '
            '(tenant_id) WHERE (tenant_id IS NOT NULL)'
        ),
        (
            'authz.memberships_unit',
            'CREATE INDEX memberships_unit ON authz.memberships USING btree (tenant_id, '
            'unit_id)'
        ),
        (
            'authz.memberships_user',
            'CREATE INDEX memberships_user ON authz.memberships USING btree (tenant_id, '
            'user_id)'
        ),
        (
            'authz.one_unlimited_membership',
            'CREATE UNIQUE INDEX one_unlimited_membership ON authz.memberships USING btree '
            '(user_id, unit_id) WHERE ((valid_from IS NULL) AND (valid_until IS NULL))'
        ),
        (
            'authz.one_unlimited_permission_grant',
            'CREATE UNIQUE INDEX one_unlimited_permission_grant ON authz.user_permissions '
            'USING btree (user_id, permission_id, unit_id) NULLS NOT DISTINCT WHERE '
            '((valid_from IS NULL) AND (valid_until IS NULL))'
        ),
        (
            'authz.one_unlimited_policy_grant',
            'CREATE UNIQUE INDEX one_unlimited_policy_grant ON authz.user_policies USING '
            'btree (user_id, policy_id, unit_id) NULLS NOT DISTINCT WHERE ((valid_from IS '
            'NULL) AND (valid_until IS NULL))'
        ),
        (
            'authz.one_unlimited_role_grant',
            'CREATE UNIQUE INDEX one_unlimited_role_grant ON authz.user_roles USING btree '
            '(user_id, role_id, unit_id) NULLS NOT DISTINCT WHERE ((valid_from IS NULL) AND '
            '(valid_until IS NULL))'
        ),
        (
            'authz.org_units_kind',
            'CREATE INDEX org_units_kind ON authz.org_units USING btree (kind)'
        ),
        (
            'authz.org_units_parent',
            'CREATE INDEX org_units_parent ON authz.org_units USING btree (tenant_id, '
            'parent_id)'
        ),
        (
            'authz.org_units_path_range',
            'CREATE INDEX org_units_path_range ON authz.org_units USING btree (path) INCLUDE '
            '(id)'
        ),
        (
            'authz.org_units_path_tree',
            'CREATE INDEX org_units_path_tree ON authz.org_units USING gist (path)'
        ),
        (
            'authz.permission_templates_key',
            'CREATE INDEX permission_templates_key ON authz.permission_templates USING btree '
            '(permission_key, tenant_id)'
        ),
        (
            'authz.permission_templates_unit',
            'CREATE INDEX permission_templates_unit ON authz.permission_templates USING btree'
            ' (tenant_id, unit_id)'
        ),
        (
            'authz.policy_permissions_permission',
            'CREATE INDEX policy_permissions_permission ON authz.policy_permissions USING '
            'btree (permission_id)'
        ),
        (
            'authz.role_permissions_permission',
            'CREATE INDEX role_permissions_permission ON authz.role_permissions USING btree '
            '(permission_id)'
        ),
        (
            'authz.role_policies_policy',
            'CREATE INDEX role_policies_policy ON authz.role_policies USING btree (policy_id)'
        ),
        (
            'authz.roles_parent',
            'CREATE INDEX roles_parent ON authz.roles USING btree (parent_role_id) WHERE '
            '(parent_role_id IS NOT NULL)'
        ),
        (
            'authz.row_permissions_dataset',
            'CREATE INDEX row_permissions_dataset ON authz.row_permissions USING btree '
            '(dataset)'
        ),
        (
            'authz.row_permissions_role',
            'CREATE INDEX row_permissions_role ON authz.row_permissions USING btree (role_id)'
            ' WHERE (role_id IS NOT NULL)'
        ),
        (
            'authz.row_permissions_tenant',
            'CREATE INDEX row_permissions_tenant ON authz.row_permissions USING btree '
            '(tenant_id) WHERE (tenant_id IS NOT NULL)'
        ),
        (
            'authz.row_permissions_user',
            'CREATE INDEX row_permissions_user ON authz.row_permissions USING btree '
            '(tenant_id, user_id) WHERE (user_id IS NOT NULL)'
        ),
        (
            'authz.row_permissions_variable',
            'CREATE INDEX row_permissions_variable ON authz.row_permissions USING btree '
            '(variable) WHERE (variable IS NOT NULL)'
        ),
        (
            'authz.tenants_by_code',
            'CREATE UNIQUE INDEX tenants_by_code ON authz.org_units USING btree (external_id)'
            ' WHERE (parent_id IS NULL)'
        ),
        (
            'authz.user_effective_policies_key',
            'CREATE UNIQUE INDEX user_effective_policies_key ON authz.user_effective_policies'
            ' USING btree (user_id, grant_key)'
        ),
        (
            'authz.user_effective_policies_unit',
            'CREATE INDEX user_effective_policies_unit ON authz.user_effective_policies USING'
            ' btree (business_unit_id, user_id)'
        ),
        (
            'authz.user_effective_policies_wide',
            'CREATE INDEX user_effective_policies_wide ON authz.user_effective_policies USING'
            ' btree (user_id) WHERE (scope = ANY (ARRAY[''region''::authz.permission_scope, '
            '''organization''::authz.permission_scope, ''system''::authz.permission_scope]))'
        ),
        (
            'authz.user_permissions_permission',
            'CREATE INDEX user_permissions_permission ON authz.user_permissions USING btree '
            '(permission_id, user_id)'
        ),
        (
            'authz.user_permissions_unit',
            'CREATE INDEX user_permissions_unit ON authz.user_permissions USING btree '
            '(tenant_id, unit_id) WHERE (unit_id IS NOT NULL)'
        ),
        (
            'authz.user_permissions_user',
            'CREATE INDEX user_permissions_user ON authz.user_permissions USING btree '
            '(tenant_id, user_id)'
        ),
        (
            'authz.user_policies_policy',
            'CREATE INDEX user_policies_policy ON authz.user_policies USING btree (policy_id,'
            ' user_id)'
        ),
        (
            'authz.user_policies_unit',
            'CREATE INDEX user_policies_unit ON authz.user_policies USING btree (tenant_id, '
            'unit_id) WHERE (unit_id IS NOT NULL)'
        ),
        (
            'authz.user_policies_user',
            'CREATE INDEX user_policies_user ON authz.user_policies USING btree (tenant_id, '
            'user_id)'
        ),
        (
            'authz.user_roles_role',
            'CREATE INDEX user_roles_role ON authz.user_roles USING btree (role_id, user_id)'
        ),
        (
            'authz.user_roles_unit',
            'CREATE INDEX user_roles_unit ON authz.user_roles USING btree (tenant_id, '
            'unit_id) WHERE (unit_id IS NOT NULL)'
        ),
        (
            'authz.user_roles_user',
            'CREATE INDEX user_roles_user ON authz.user_roles USING btree (tenant_id, '
            'user_id)'
        ),
        (
            'authz.user_variables_variable',
            'CREATE INDEX user_variables_variable ON authz.user_variables USING btree '
            '(variable)'
        ),
        (
            'authz.users_base_unit',
            'CREATE INDEX users_base_unit ON authz.users USING btree (tenant_id, '
            'base_unit_id) INCLUDE (id)'
        ),
        (
            'authz_private.expanded_permissions_lookup',
            'CREATE UNIQUE INDEX expanded_permissions_lookup ON '
            'authz_private.expanded_permissions USING btree (granted_kind, granted_id, '
            'resource, action, permission_id, role_id, policy_id) NULLS NOT DISTINCT'
        ),
        (
            'authz_private.owner_references_person',
            'CREATE INDEX owner_references_person ON authz_private.owner_references USING '
            'btree (tenant_id, user_id) WHERE (user_id IS NOT NULL)'
        ),
        (
            'authz_private.policy_marks_floor',
            'CREATE UNIQUE INDEX policy_marks_floor ON authz_private.policy_marks USING btree'
            ' (is_floor) WHERE is_floor'
        ),
        (
            'authz_private.policy_marks_user',
            'CREATE INDEX policy_marks_user ON authz_private.policy_marks USING btree '
            '(user_id)'
        ),
        (
            'finance.customers_by_manager_unit',
            'CREATE INDEX customers_by_manager_unit ON finance.customers USING btree '
            '(manager_unit_id)'
        ),
        (
            'finance.customers_manager',
            'CREATE INDEX customers_manager ON finance.customers USING btree (tenant_id, '
            'manager_id) INCLUDE (id)'
        ),
        (
            'finance.funds_by_amount',
            'CREATE INDEX funds_by_amount ON finance.financial_funds USING btree (tenant_id, '
            'amount, id) INCLUDE (handler_unit_id, order_unit_id, customer_unit_id)'
        ),
        (
            'finance.funds_by_created_at',
            'CREATE INDEX funds_by_created_at ON finance.financial_funds USING btree '
            '(tenant_id, created_at, id) INCLUDE (handler_unit_id, order_unit_id, '
            'customer_unit_id)'
        ),
        (
            'finance.funds_by_customer',
            'CREATE INDEX funds_by_customer ON finance.financial_funds USING btree '
            '(tenant_id, customer_id, id) INCLUDE (handler_unit_id, order_unit_id, '
            'customer_unit_id)'
        ),
        (
            'finance.funds_by_customer_unit',
            'CREATE INDEX funds_by_customer_unit ON finance.financial_funds USING btree '
            '(customer_unit_id) INCLUDE (id, handler_unit_id, order_unit_id, amount, '
            'created_at, status, currency, handle_by, order_id, customer_id)'
        ),
        (
            'finance.funds_by_handler',
            'CREATE INDEX funds_by_handler ON finance.financial_funds USING btree (tenant_id,'
            ' handle_by, id) INCLUDE (handler_unit_id, order_unit_id, customer_unit_id)'
        ),
        (
            'finance.funds_by_handler_unit',
            'CREATE INDEX funds_by_handler_unit ON finance.financial_funds USING btree '
            '(handler_unit_id) INCLUDE (id, order_unit_id, customer_unit_id, amount, '
            'created_at, status, currency, handle_by, order_id, customer_id)'
        ),
        (
            'finance.funds_by_order',
            'CREATE INDEX funds_by_order ON finance.financial_funds USING btree (tenant_id, '
            'order_id, id) INCLUDE (handler_unit_id, order_unit_id, customer_unit_id)'
        ),
        (
            'finance.funds_by_order_unit',
            'CREATE INDEX funds_by_order_unit ON finance.financial_funds USING btree '
            '(order_unit_id) INCLUDE (id, handler_unit_id, customer_unit_id, amount, '
            'created_at, status, currency, handle_by, order_id, customer_id)'
        ),
        (
            'finance.funds_by_status',
            'CREATE INDEX funds_by_status ON finance.financial_funds USING btree (tenant_id, '
            'status, id) INCLUDE (handler_unit_id, order_unit_id, customer_unit_id)'
        ),
        (
            'finance.funds_by_status_desc',
            'CREATE INDEX funds_by_status_desc ON finance.financial_funds USING btree '
            '(tenant_id, status DESC, id) INCLUDE (handler_unit_id, order_unit_id, '
            'customer_unit_id)'
        ),
        (
            'finance.orders_by_handler_unit',
            'CREATE INDEX orders_by_handler_unit ON finance.orders USING btree '
            '(handler_unit_id)'
        ),
        (
            'finance.orders_customer',
            'CREATE INDEX orders_customer ON finance.orders USING btree (tenant_id, '
            'customer_id)'
        ),
        (
            'finance.orders_handler',
            'CREATE INDEX orders_handler ON finance.orders USING btree (tenant_id, '
            'handler_id) INCLUDE (id)'
        ),
        (
            'ops.hidden_by_rule_rule',
            'CREATE INDEX hidden_by_rule_rule ON ops.hidden_by_rule USING btree (rule_id, '
            'user_id)'
        ),
        (
            'ops.refresh_log_started',
            'CREATE INDEX refresh_log_started ON ops.refresh_log USING btree (started_at)'
        )
    ) as w (title, definition);
end;

comment on function authz_private.expected_indexes() is
    'Every index of fundwarden that no constraint has made, and its definition.';
revoke all on function authz_private.expected_indexes() from public;
