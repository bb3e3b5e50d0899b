-- Who may what: a right that is not in this list is a decision to be made here. Compared with the
-- catalog on every installation by ops.check_rights(), and in the tests.

create or replace function authz_private.expected_rights()
returns table (grantee text, object text, privilege text)
language sql immutable security invoker parallel safe
begin atomic
    select g.grantee, w.object, w.privilege
    from (
        values
        ('fundwarden_app', 'schema authz', 'USAGE'),
        ('fundwarden_app', 'schema ext', 'USAGE'),
        ('fundwarden_app', 'schema finance', 'USAGE'),
        ('fundwarden_app', 'schema paged', 'USAGE'),
        ('fundwarden_app', 'function authz.ancestors(integer)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.current_user_id()', 'EXECUTE'),
        ('fundwarden_app', 'function authz.descendants(integer)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.pre_request()', 'EXECUTE'),
        ('fundwarden_app', 'function authz.access_review(integer)', 'EXECUTE'),
        ('fundwarden_auditor', 'function authz.access_review(integer)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.list_reviews(boolean)', 'EXECUTE'),
        ('fundwarden_auditor', 'function authz.list_reviews(boolean)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.organisation_report(integer)', 'EXECUTE'),
        ('fundwarden_auditor', 'function authz.organisation_report(integer)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.review_items(bigint)', 'EXECUTE'),
        ('fundwarden_auditor', 'function authz.review_items(bigint)', 'EXECUTE'),
        (
            'fundwarden_auditor',
            'function audit.scope_as_of(bigint,text,text,timestamp with time zone)',
            'EXECUTE'
        ),
        (
            'fundwarden_auditor',
            'function audit.changes_of_access(bigint,integer,timestamp with time zone,'
            'timestamp with time zone)',
            'EXECUTE'
        ),
        ('fundwarden_app', 'function authz.real_user_id()', 'EXECUTE'),
        ('fundwarden_app', 'function authz.sign_in(text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.subordinates(bigint)', 'EXECUTE'),
        (
            'fundwarden_app',
            'function authz.check_user_permission(bigint,text,text,integer,jsonb)',
            'EXECUTE'
        ),
        ('fundwarden_app', 'function authz.check_user_permissions(bigint,jsonb)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.condition_problems(jsonb)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.effective_policies(bigint,integer)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.explain_data_permissions(bigint,text)', 'EXECUTE'),
        (
            'fundwarden_app',
            'function authz.explain_user_permission(bigint,text,text,integer,jsonb)',
            'EXECUTE'
        ),
        ('fundwarden_app', 'function authz.next_access_change(bigint)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.policy_version()', 'EXECUTE'),
        (
            'fundwarden_app',
            'function authz.user_has_org_permission(bigint,integer,text)',
            'EXECUTE'
        ),
        (
            'fundwarden_app',
            'function authz.users_with_permission(text,text,integer,bigint,integer)',
            'EXECUTE'
        ),
        ('fundwarden_operator', 'function authz.refresh_if_marked()', 'EXECUTE'),
        ('fundwarden_operator', 'function authz.refresh_user_effective_policies()', 'EXECUTE'),
        (
            'fundwarden_operator',
            'function authz.refresh_user_permissions(bigint,integer)',
            'EXECUTE'
        ),
        ('fundwarden_operator', 'function authz.verify_effective_policies()', 'EXECUTE'),
        ('fundwarden_auditor', 'function authz.verify_effective_policies()', 'EXECUTE'),
        ('fundwarden_app', 'function authz.user_scope(bigint,text,text)', 'EXECUTE'),
        (
            'fundwarden_app',
            'function finance.estimate_authorized_funds(bigint,numeric,numeric,text,'
            'timestamp with time zone,timestamp with time zone)',
            'EXECUTE'
        ),
        (
            'fundwarden_app',
            'function finance.count_authorized_funds(bigint,numeric,numeric,text,'
            'timestamp with time zone,timestamp with time zone)',
            'EXECUTE'
        ),
        ('fundwarden_app', 'function finance.explain_fund_access(bigint,bigint)', 'EXECUTE'),
        (
            'fundwarden_app',
            'function finance.page_authorized_funds(bigint,integer,integer,text,text,numeric,'
            'numeric,text,timestamp with time zone,timestamp with time zone,text)',
            'EXECUTE'
        ),
        ('fundwarden_trusted', 'function authz.act_as(bigint,text)', 'EXECUTE'),
        ('fundwarden_auditor', 'relation audit.arrivals', 'SELECT'),
        ('fundwarden_auditor', 'relation audit.arrived_rows', 'SELECT'),
        ('fundwarden_auditor', 'relation audit.permission_audit_log', 'SELECT'),
        ('fundwarden_auditor', 'relation audit.seals', 'SELECT'),
        (
            'fundwarden_auditor',
            'function audit.access_as_of(bigint,text,text,integer,timestamp with time zone,jsonb)',
            'EXECUTE'
        ),
        ('fundwarden_auditor', 'function audit.verify()', 'EXECUTE'),
        ('fundwarden_auditor', 'function audit.verify(text)', 'EXECUTE'),
        ('fundwarden_auditor', 'function audit.verify_tables()', 'EXECUTE'),
        ('fundwarden_operator', 'function audit.verify()', 'EXECUTE'),
        ('fundwarden_operator', 'function audit.verify(text)', 'EXECUTE'),
        ('fundwarden_operator', 'function audit.verify_tables()', 'EXECUTE'),
        ('fundwarden_operator', 'function audit.make_partitions(integer)', 'EXECUTE'),
        ('fundwarden_operator', 'function audit.seal()', 'EXECUTE'),
        ('fundwarden_operator', 'schema audit', 'USAGE'),
        ('fundwarden_operator', 'schema ops', 'USAGE'),
        ('fundwarden_operator', 'function ops.check_database_rights()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.installed_objects(boolean)', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.object_changes()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.effective_view_health()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.rls_lint()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.data_permission_effects()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.dataset_problems()', 'EXECUTE'),
        ('fundwarden_auditor', 'schema audit', 'USAGE'),
        ('fundwarden_auditor', 'schema authz', 'USAGE'),
        ('fundwarden_auditor', 'schema ext', 'USAGE'),
        ('fundwarden_auditor', 'schema ops', 'USAGE'),
        ('fundwarden_auditor', 'function ops.check_database_rights()', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.installed_objects(boolean)', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.object_changes()', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.effective_view_health()', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.rls_lint()', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.data_permission_effects()', 'EXECUTE'),
        ('fundwarden_auditor', 'function ops.dataset_problems()', 'EXECUTE'),
        ('fundwarden_owner', 'schema ext', 'USAGE')
    ) as w (grantee, object, privilege)
    -- What an application may ask, an operator may ask about anybody.
    cross join lateral (
        values (w.grantee), (case w.grantee when 'fundwarden_app' then 'fundwarden_operator' end)
    ) as g (grantee)
    where g.grantee is not null
    union all
    -- What policies show of tables, and the functions they ask.
    select w.grantee, w.object, w.privilege
    from (
        values
        ('fundwarden_app', 'relation finance.customers', 'SELECT'),
        ('fundwarden_app', 'relation finance.orders', 'SELECT'),
        ('fundwarden_app', 'relation finance.financial_funds', 'SELECT'),
        ('fundwarden_app', 'relation authz.org_units', 'SELECT'),
        ('fundwarden_app', 'column authz.users.id', 'SELECT'),
        ('fundwarden_app', 'column authz.users.tenant_id', 'SELECT'),
        ('fundwarden_app', 'column authz.users.username', 'SELECT'),
        ('fundwarden_app', 'column authz.users.base_unit_id', 'SELECT'),
        ('fundwarden_app', 'column authz.users.is_active', 'SELECT'),
        ('fundwarden_app', 'function authz.my_tenant()', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_units(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'schema secure', 'USAGE'),
        ('fundwarden_app', 'schema sync', 'USAGE'),
        ('fundwarden_app', 'function authz.data_rule_applies(bigint)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.no_permit_applies(text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.count_hidden_rows(bigint,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_variable(text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_dataset_units(text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_references(text,boolean)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_row_keys(text,integer)', 'EXECUTE'),
        (
            'fundwarden_app',
            'function finance.export_funds(numeric,numeric,text,timestamp with time zone,'
            'timestamp with time zone,text)',
            'EXECUTE'
        ),
        ('fundwarden_app', 'function authz.my_tenants(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_owner_id(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_orders(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_customers(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_denied_id(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_denied_orders(text,text)', 'EXECUTE'),
        ('fundwarden_app', 'function authz.my_denied_customers(text,text)', 'EXECUTE')
    ) as w (grantee, object, privilege)
    union all
    -- An administrator loads a feed: rows of their own, as the policies of these tables say.
    select
        'fundwarden_app' as grantee,
        'relation sync.' || w.table_name as object,
        p.privilege
    from (
        values ('units'), ('people'), ('memberships'), ('roles'), ('grants'), ('customers'),
        ('orders'), ('funds'), ('files')
    ) as w (table_name)
    cross join (values ('SELECT'), ('INSERT'), ('DELETE')) as p (privilege)
    union all
    -- What an application may write, it may write for the user signed in: nobody else signs in.
    select
        'fundwarden_app' as grantee,
        'function ' || w.function as object,
        'EXECUTE' as privilege
    from (
        values
        ('authz.activate_unit(integer)'),
        ('authz.activate_user(bigint)'),
        ('authz.add_membership(bigint,integer,timestamp with time zone,timestamp with time zone)'),
        ('authz.add_permission_to_policy(integer,integer)'),
        ('authz.add_policy_to_role(integer,integer)'),
        ('authz.approve_delegation(bigint,text)'),
        (
            'authz.delegate(bigint,text,text,integer,timestamp with time zone,text,'
            'timestamp with time zone,boolean)'
        ),
        ('authz.list_delegations(boolean)'),
        ('authz.reject_delegation(bigint,text)'),
        (
            'authz.request_delegation(bigint,text,text,integer,timestamp with time zone,text,'
            'timestamp with time zone,boolean)'
        ),
        ('authz.revoke_delegation(bigint,text)'),
        ('authz.withdraw_delegation(bigint,text)'),
        ('authz.approve_request(bigint,text)'),
        (
            'authz.assign_policy(bigint,integer,integer,boolean,timestamp with time zone,'
            'timestamp with time zone)'
        ),
        (
            'authz.assign_role(bigint,integer,integer,boolean,timestamp with time zone,'
            'timestamp with time zone,text)'
        ),
        ('authz.create_permission(text,text,authz.permission_scope,jsonb)'),
        ('authz.preview(text,jsonb)'),
        ('authz.open_review(integer,bigint,timestamp with time zone,text)'),
        ('authz.decide_review_item(bigint,text,text)'),
        ('authz.close_review(bigint)'),
        ('authz.what_would_allow(bigint,text,text,integer)'),
        ('authz.create_policy(text,text,authz.policy_effect,integer)'),
        ('authz.create_role(text,text,integer,integer,boolean)'),
        ('authz.create_unit(integer,text,text,text,jsonb,text)'),
        ('authz.create_user(text,integer,jsonb,text)'),
        ('authz.deactivate_unit(integer)'),
        ('authz.deactivate_user(bigint)'),
        ('authz.declare_exclusive_roles(integer,integer,text)'),
        (
            'authz.grant_permission(bigint,integer,integer,boolean,timestamp with time zone,'
            'timestamp with time zone)'
        ),
        ('authz.grant_permission_to_role(integer,integer)'),
        ('authz.list_requests(boolean)'),
        ('authz.move_unit(integer,integer)'),
        ('authz.reject_request(bigint,text)'),
        ('authz.remove_membership(bigint)'),
        ('authz.remove_permission_from_policy(integer,integer)'),
        ('authz.remove_policy_from_role(integer,integer)'),
        ('authz.reset_permission_template(integer,text)'),
        ('authz.revoke_permission(bigint)'),
        ('authz.revoke_permission_from_role(integer,integer)'),
        ('authz.revoke_policy(bigint)'),
        ('authz.revoke_role(bigint)'),
        ('authz.set_permission_template(integer,text,integer,boolean,boolean)'),
        ('authz.set_role_parent(integer,integer)'),
        ('authz.transfer_user(bigint,integer)'),
        ('authz.update_policy(integer,text,text,authz.policy_effect,integer,boolean)'),
        ('authz.update_role(integer,text,integer,boolean,boolean)'),
        ('authz.update_unit(integer,text,text,text,jsonb,integer,text)'),
        ('authz.update_user(bigint,text,jsonb,text)'),
        ('authz.withdraw_exclusive_roles(bigint)'),
        ('authz.withdraw_request(bigint,text)'),
        ('finance.create_fund(jsonb)'),
        ('finance.update_fund(bigint,jsonb)'),
        ('finance.delete_fund(bigint)'),
        ('finance.create_customer(jsonb)'),
        ('finance.update_customer(bigint,jsonb)'),
        ('finance.delete_customer(bigint)'),
        ('finance.create_order(jsonb)'),
        ('finance.update_order(bigint,jsonb)'),
        ('finance.delete_order(bigint)'),
        ('sync.apply(text,text,text[],integer)'),
        ('sync.clear(text[])'),
        ('sync.plan(text,text,text[])')
    ) as w (function)
    union all
    -- The state of the installation, for who operates and who audits it.
    select
        g.grantee,
        'function ' || w.function as object,
        'EXECUTE' as privilege
    from (
        values
        ('ops.check_audit_partitions()'),
        ('ops.check_audit_seals()'),
        ('ops.check_audit_triggers()'),
        ('ops.check_catalog_bloat()'),
        ('ops.check_cell()'),
        ('ops.check_effective_view()'),
        ('ops.check_expired_grants()'),
        ('ops.check_foreign_keys()'),
        ('ops.check_hierarchy()'),
        ('ops.check_indexes()'),
        ('ops.check_marking_triggers()'),
        ('ops.check_marks()'),
        ('ops.check_objects()'),
        ('ops.check_orphans()'),
        ('ops.check_owner_units(boolean)'),
        ('ops.check_expanded_permissions()'),
        ('ops.check_paths()'),
        ('ops.check_refresh()'),
        ('ops.check_release()'),
        ('ops.check_replication()'),
        ('ops.check_rights()'),
        ('ops.check_rights_on_database()'),
        ('ops.check_row_security()'),
        ('ops.check_settings()'),
        ('ops.check_slow_queries()'),
        ('ops.check_transactions(interval)'),
        ('ops.check_triggers()'),
        ('ops.check_unused_indexes()'),
        ('ops.health_checks(boolean)'),
        ('ops.this_cell()'),
        ('ops.metric_values()'),
        ('ops.metrics_text()'),
        (
            'ops.finding(text,text,ops.severity,bigint,text,text,text,text)'
        )
    ) as w (function)
    cross join (values ('fundwarden_operator'), ('fundwarden_auditor')) as g (grantee)
    union all
    select w.grantee, w.object, w.privilege
    from (
        values
        ('fundwarden_operator', 'relation ops.metrics', 'SELECT'),
        ('fundwarden_auditor', 'relation ops.metrics', 'SELECT'),
        ('fundwarden_operator', 'relation ops.replication', 'SELECT'),
        ('fundwarden_auditor', 'relation ops.replication', 'SELECT'),
        ('fundwarden_operator', 'function ops.archive_requests(interval)', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.expire_grants(interval)', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.maintain()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.rebuild_expanded_permissions()', 'EXECUTE'),
        ('fundwarden_operator', 'function ops.revoke_orphans()', 'EXECUTE'),
        -- The trusted role is the application role and more.
        ('fundwarden_trusted', 'role fundwarden_app', 'MEMBER')
    ) as w (grantee, object, privilege);
end;

comment on function authz_private.expected_rights() is
    'Every right on a schema, function, table, view, column or type of fundwarden that is '
    'anybody''s but the owner''s, and every membership of one of its roles in another.';
revoke all on function authz_private.expected_rights() from public;
