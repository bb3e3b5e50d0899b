-- The table of contents, and the one order in which everything is installed. `runner migrate` reads
-- this list; so can psql, as a superuser: psql -v ON_ERROR_STOP=1 -1 -f db/install.sql
--
-- Each room holds the functions of one capability. Rooms stand in the order of their dependencies:
-- a room uses only what stands above it when it is installed. Within a room an object stands after
-- those it needs, and otherwise by name. A test computes this order from the files.

-- Durable: tables and types, which reach a database through migrations/.
\ir schema/001_roles_and_schemas.sql
\ir schema/010_authz_organisation.sql
\ir schema/020_authz_people.sql
\ir schema/030_authz_grants.sql
\ir schema/035_authz_templates.sql
\ir schema/040_authz_private.sql
\ir schema/045_authz_effective.sql
\ir schema/046_authz_expanded.sql
\ir schema/047_authz_administration.sql
\ir schema/048_authz_delegations.sql
\ir schema/049_authz_data_permissions.sql
\ir schema/050_finance_records.sql
\ir schema/060_audit_log.sql
\ir schema/070_ops_health.sql

-- All that follows is repeatable: a file is applied again whenever its text changes.

-- identity: who is asking: a verified token, or a login that is trusted to act for a user.
\ir functions/identity/authz.act_as.sql
\ir functions/identity/authz.add_token_key.sql
\ir functions/identity/authz.clock.sql
\ir functions/identity/authz.current_user_id.sql
\ir functions/identity/authz.issue_token.sql
\ir functions/identity/authz.real_user_id.sql
\ir functions/identity/authz.retire_token_key.sql
\ir functions/identity/authz.sign_in.sql
\ir views/authz_private.active_users.sql
\ir functions/identity/authz_private.base64url.sql
\ir functions/identity/authz_private.hmac_pad.sql
\ir functions/identity/authz_private.keyed_hash.sql
\ir functions/identity/authz_private.identity_signature.sql
\ir functions/identity/authz_private.may_ask_about_anyone.sql
\ir functions/identity/authz_private.note_impersonation.sql
\ir functions/identity/authz_private.session_is_owner.sql
\ir functions/identity/authz_private.set_identity.sql
\ir functions/identity/authz_private.signed_in_user.sql
\ir functions/identity/authz_private.token_id.sql
\ir functions/identity/authz_private.token_instant.sql
\ir functions/identity/authz_private.token_object.sql
\ir functions/identity/authz_private.token_user.sql
\ir functions/identity/authz_private.user_in_question.sql

-- organisation: the tree of units: ltree paths, moves, tenants, kinds.
\ir functions/organisation/authz.activate_unit.sql
\ir functions/organisation/authz.ancestors.sql
\ir functions/organisation/authz.create_unit.sql
\ir functions/organisation/authz.deactivate_unit.sql
\ir functions/organisation/authz.descendants.sql
\ir functions/organisation/authz.move_unit.sql
\ir functions/organisation/authz.update_unit.sql
\ir functions/organisation/authz_private.administered_unit.sql
\ir functions/organisation/authz_private.anchor_path.sql
\ir functions/organisation/authz_private.check_kind.sql
\ir functions/organisation/authz_private.check_move.sql
\ir functions/organisation/authz_private.check_unit_is_not_ones_own.sql
\ir functions/organisation/authz_private.may_act.sql
\ir functions/organisation/authz_private.set_unit_active.sql
\ir functions/organisation/authz_private.subtree.sql
\ir functions/organisation/authz_private.tg_keep_tenant.sql
\ir functions/organisation/authz_private.tg_place_unit.sql
\ir functions/organisation/authz_private.tg_refuse_path_write.sql
\ir functions/organisation/authz_private.tg_register_kind.sql
\ir functions/organisation/authz_private.tg_register_tenant.sql
\ir functions/organisation/authz_private.tg_rewrite_subtree.sql
\ir functions/organisation/authz_private.tg_tenant_of_unit.sql
\ir functions/organisation/authz_private.unit_in_question.sql
\ir functions/organisation/authz_private.unit_of_check.sql
\ir functions/organisation/ops.rebuild_tree.sql

-- people: users, where they belong, and who supervises whom.
\ir functions/people/authz.activate_user.sql
\ir functions/people/authz.add_membership.sql
\ir functions/people/authz.create_user.sql
\ir functions/people/authz.deactivate_user.sql
\ir functions/people/authz.remove_membership.sql
\ir views/authz.supervisors.sql
\ir functions/people/authz.transfer_user.sql
\ir functions/people/authz.update_user.sql
\ir functions/people/authz_private.administered_user.sql
\ir functions/people/authz_private.check_approved_roles_stay.sql
\ir functions/people/authz_private.check_belonging.sql
\ir functions/people/authz_private.may_refer_to_user.sql
\ir functions/people/authz_private.set_user_active.sql
\ir functions/people/authz_private.subordinates_of.sql
\ir functions/people/authz.subordinates.sql
\ir functions/people/authz_private.tg_finite_window.sql
\ir functions/people/authz_private.units_of_user.sql

-- roles: roles, policies and permissions; inheritance between roles; pairs that exclude each other.
\ir functions/roles/authz.add_permission_to_policy.sql
\ir functions/roles/authz.add_policy_to_role.sql
\ir functions/roles/authz.create_permission.sql
\ir functions/roles/authz.create_policy.sql
\ir functions/roles/authz.create_role.sql
\ir functions/roles/authz.declare_exclusive_roles.sql
\ir functions/roles/authz.grant_permission_to_role.sql
\ir functions/roles/authz.remove_permission_from_policy.sql
\ir functions/roles/authz.remove_policy_from_role.sql
\ir functions/roles/authz.revoke_permission_from_role.sql
\ir functions/roles/authz.set_role_parent.sql
\ir functions/roles/authz.update_policy.sql
\ir functions/roles/authz.update_role.sql
\ir functions/roles/authz.withdraw_exclusive_roles.sql
\ir functions/roles/authz_private.administered_policy.sql
\ir functions/roles/authz_private.administered_role.sql
\ir functions/roles/authz_private.check_pair.sql
\ir functions/roles/authz_private.check_role_parent.sql
\ir functions/roles/authz_private.highest_rank.sql
\ir functions/roles/authz_private.policy_contents.sql
\ir functions/roles/authz_private.refuse_exclusive.sql
\ir functions/roles/authz_private.require_permission_row.sql
\ir functions/roles/authz_private.role_lineage.sql
\ir functions/roles/authz_private.own_roles.sql
\ir functions/roles/authz_private.delegated_roles.sql
\ir functions/roles/authz_private.held_roles.sql
\ir functions/roles/authz_private.exclusive_conflict.sql
\ir functions/roles/authz_private.role_carries.sql
\ir functions/roles/authz_private.role_contents.sql
\ir functions/roles/authz_private.role_requires_approval.sql
\ir functions/roles/authz_private.roles_below.sql
\ir functions/roles/authz_private.tg_exclusive_delegations.sql
\ir functions/roles/authz_private.tg_exclusive_grants.sql
\ir functions/roles/authz_private.tg_exclusive_hierarchy.sql
\ir functions/roles/authz_private.tg_exclusive_pair_fits.sql
\ir functions/roles/authz_private.tg_role_parent.sql
\ir functions/roles/authz_private.tg_system_scope_fits.sql
\ir functions/roles/authz_private.usable_policy.sql
\ir functions/roles/authz_private.usable_role.sql

-- grants: giving and revoking roles, policies and permissions, within windows.
\ir functions/grants/authz.approve_request.sql
\ir functions/grants/authz.assign_policy.sql
\ir functions/grants/authz.assign_role.sql
\ir functions/grants/authz.grant_permission.sql
\ir functions/grants/authz.list_requests.sql
\ir functions/grants/authz.reject_request.sql
\ir functions/grants/authz.revoke_permission.sql
\ir functions/grants/authz.revoke_policy.sql
\ir functions/grants/authz.revoke_role.sql
\ir functions/grants/authz.withdraw_request.sql
\ir views/authz_private.assignments.sql
\ir functions/grants/authz_private.check_grant_change.sql
\ir functions/grants/authz_private.check_role_assignment.sql
\ir functions/grants/authz_private.check_window.sql
\ir views/authz_private.direct_grants.sql
\ir views/authz_private.grants.sql
\ir functions/grants/authz_private.grants_at.sql
\ir views/authz_private.held_permissions.sql
\ir functions/grants/authz_private.holds_policy.sql
\ir functions/grants/authz_private.holds_role.sql
\ir functions/grants/authz_private.pending_request.sql
\ir functions/grants/authz_private.refuse_overlap.sql
\ir functions/grants/authz_private.tg_one_open_window.sql
\ir functions/grants/authz_private.tg_policy_fits.sql
\ir functions/grants/authz_private.tg_role_fits.sql
\ir functions/grants/authz_private.tg_tenant_of_user.sql
\ir views/authz_private.windows.sql
\ir functions/grants/ops.archive_requests.sql
\ir functions/grants/ops.expire_grants.sql
\ir functions/grants/ops.revoke_orphans.sql

-- templates: permission templates of units, inherited down the tree, and their locks.
\ir functions/templates/authz.reset_permission_template.sql
\ir functions/templates/authz.set_permission_template.sql
\ir functions/templates/authz.user_has_org_permission.sql
\ir functions/templates/authz_private.check_template_key.sql
\ir functions/templates/authz_private.orphaned_templates.sql
\ir functions/templates/authz_private.role_units.sql
\ir functions/templates/authz_private.template_at.sql
\ir views/authz.org_permissions.sql
\ir views/authz.org_permission_summary.sql
\ir views/authz.permission_template_drift.sql
\ir functions/templates/authz_private.template_allows.sql
\ir functions/templates/authz_private.template_units.sql
\ir functions/templates/authz_private.tg_template_lock.sql

-- delegation: lending one permission to somebody else for a time.
\ir functions/delegation/authz.approve_delegation.sql
\ir functions/delegation/authz.delegate.sql
\ir functions/delegation/authz.list_delegations.sql
\ir functions/delegation/authz.reject_delegation.sql
\ir functions/delegation/authz.request_delegation.sql
\ir functions/delegation/authz.revoke_delegation.sql
\ir functions/delegation/authz.withdraw_delegation.sql
\ir functions/delegation/authz_private.check_delegation.sql
\ir functions/delegation/authz_private.delegated_units.sql
\ir functions/delegation/authz_private.delegation_allows.sql
\ir functions/delegation/authz_private.open_delegations.sql
\ir functions/delegation/authz_private.orphaned_delegations.sql
\ir functions/delegation/authz_private.pending_delegation.sql

-- decision: may this user do this here; where may they; why; and who may.
\ir functions/decision/authz.check_user_permission.sql
\ir functions/decision/authz.check_user_permissions.sql
\ir functions/decision/authz.explain_user_permission.sql
\ir functions/decision/authz.next_access_change.sql
\ir functions/decision/authz.user_scope.sql
\ir functions/decision/authz.users_with_permission.sql
\ir functions/decision/authz_private.check_question.sql
\ir functions/decision/authz_private.compare_values.sql
\ir functions/decision/authz_private.condition_holds.sql
\ir functions/decision/authz_private.condition_problems.sql
\ir functions/decision/authz.condition_problems.sql
\ir functions/decision/authz_private.decide_all.sql
\ir functions/decision/authz_private.exceeds_units.sql
\ir functions/decision/authz_private.facts.sql
\ir functions/decision/authz_private.conditions_hold_for.sql
\ir functions/decision/authz_private.grant_reaches.sql
\ir functions/decision/authz_private.grants_of.sql
\ir functions/decision/authz_private.held_grants.sql
\ir functions/decision/authz_private.live_holders.sql
\ir functions/decision/authz_private.possible_holders_query.sql
\ir functions/decision/authz_private.scope_of.sql
\ir functions/decision/authz_private.tg_check_conditions.sql
\ir functions/decision/authz_private.top_unit_of_grant.sql
\ir functions/decision/authz_private.live_grants.sql
\ir functions/decision/authz_private.verdict.sql
\ir functions/decision/authz_private.decide.sql
\ir functions/decision/authz_private.explain_grants.sql

-- effective_view: what every user holds, stored: expanded permissions, marks, refreshes.
\ir functions/effective_view/authz.policy_version.sql
\ir functions/effective_view/authz.refresh_if_marked.sql
\ir functions/effective_view/authz.refresh_user_effective_policies.sql
\ir functions/effective_view/authz.refresh_user_permissions.sql
\ir functions/effective_view/authz.verify_effective_policies.sql
\ir functions/effective_view/authz_private.effective_policies_of.sql
\ir functions/effective_view/authz.effective_policies.sql
\ir functions/effective_view/authz_private.expand_permissions.sql
\ir functions/effective_view/authz_private.expanded_grants.sql
\ir functions/effective_view/authz_private.expansion_is_current.sql
\ir functions/effective_view/authz_private.expected_marking_triggers.sql
\ir views/authz_private.marking_triggers.sql
\ir functions/effective_view/authz_private.refresh_is_due.sql
\ir functions/effective_view/authz_private.refresh_policies.sql
\ir functions/effective_view/authz_private.request_refresh.sql
\ir functions/effective_view/authz_private.tg_expand_permissions.sql
\ir functions/effective_view/authz_private.tg_mark_changed_users.sql
\ir functions/effective_view/authz_private.tg_mark_everyone.sql
\ir functions/effective_view/authz_private.tg_mark_users.sql
\ir functions/effective_view/authz_private.tg_refresh_at_end.sql
\ir functions/effective_view/authz_private.view_answers_for.sql
\ir functions/effective_view/authz_private.view_is_populated.sql
\ir functions/effective_view/ops.effective_view_health.sql
\ir functions/effective_view/ops.rebuild_expanded_permissions.sql
\ir views/authz_private.expanded_permissions_live.sql
\ir views/authz.user_effective_policies_live.sql
\ir functions/effective_view/authz_private.effective_policies_now.sql
\ir views/authz.user_effective_policies.sql
\ir functions/effective_view/authz_private.view_answers.sql

-- administration: what every administration function checks before it changes anything.
\ir functions/administration/authz_private.begin_administration.sql
\ir functions/administration/authz_private.check_words.sql
\ir functions/administration/authz_private.holds_throughout.sql
\ir functions/administration/authz_private.is_self.sql
\ir functions/administration/authz_private.outranks.sql
\ir functions/administration/authz_private.refuse_administration.sql
\ir functions/administration/authz_private.require_to_hold.sql
\ir functions/administration/authz_private.templates_give_more.sql

-- row_security: what the row security policies ask.
\ir functions/row_security/authz.my_customers.sql
\ir functions/row_security/authz.my_denied_customers.sql
\ir functions/row_security/authz.my_denied_id.sql
\ir functions/row_security/authz.my_denied_orders.sql
\ir functions/row_security/authz.my_orders.sql
\ir functions/row_security/authz.my_owner_id.sql
\ir functions/row_security/authz.my_tenant.sql
\ir functions/row_security/authz.my_tenants.sql
\ir functions/row_security/authz.my_units.sql
\ir functions/row_security/authz_private.own_rows_of_session.sql
\ir functions/row_security/ops.rls_lint.sql

-- data_rules: rules for rows and columns: conditions, variables, masks, and what they hide.
\ir functions/data_rules/authz.count_hidden_rows.sql
\ir functions/data_rules/authz.data_rule_applies.sql
\ir functions/data_rules/authz.explain_data_permissions.sql
\ir functions/data_rules/authz.my_variable.sql
\ir functions/data_rules/authz.no_permit_applies.sql
\ir functions/data_rules/authz_private.bound_predicate.sql
\ir functions/data_rules/authz_private.check_filter.sql
\ir functions/data_rules/authz_private.check_subject.sql
\ir functions/data_rules/authz_private.check_variable_value.sql
\ir functions/data_rules/authz_private.compile_filter.sql
\ir functions/data_rules/authz_private.compile_mask.sql
\ir functions/data_rules/authz_private.count_hidden_rows.sql
\ir functions/data_rules/authz_private.dataset_columns.sql
\ir functions/data_rules/authz_private.filter_variables.sql
\ir functions/data_rules/authz_private.mask_strictness.sql
\ir functions/data_rules/authz_private.masked_columns.sql
\ir functions/data_rules/authz_private.plain_value.sql
\ir functions/data_rules/authz_private.refuse_disclosure.sql
\ir functions/data_rules/authz_private.refuse_masked.sql
\ir functions/data_rules/authz_private.roles_now.sql
\ir functions/data_rules/authz_private.row_is_permitted.sql
\ir functions/data_rules/authz_private.row_predicate.sql
\ir functions/data_rules/authz_private.rule_applies.sql
\ir functions/data_rules/authz_private.column_rules_for.sql
\ir functions/data_rules/authz_private.row_rules_for.sql
\ir functions/data_rules/authz_private.rule_gate.sql
\ir functions/data_rules/authz_private.tg_column_permission_fits.sql
\ir functions/data_rules/authz_private.tg_row_permission_fits.sql
\ir functions/data_rules/authz_private.tg_user_variable_fits.sql
\ir functions/data_rules/authz_private.tg_variable_fits.sql
\ir functions/data_rules/authz_private.typed_literal.sql
\ir functions/data_rules/authz_private.variable_of.sql
\ir functions/data_rules/authz_private.variable_type.sql
\ir functions/data_rules/ops.data_permission_effects.sql

-- datasets: registering tables, and compiling their rules to policies, views and rights.
\ir functions/datasets/authz.compile_datasets.sql
\ir functions/datasets/authz.register_dataset.sql
\ir functions/datasets/authz.unregister_dataset.sql
\ir functions/datasets/authz.withdraw_datasets.sql
\ir functions/datasets/authz_private.compile_dataset.sql
\ir functions/datasets/authz_private.dataset_policies.sql
\ir functions/datasets/authz_private.dataset_view.sql
\ir functions/datasets/authz_private.give_columns.sql
\ir functions/datasets/authz_private.hidden_columns.sql
\ir functions/datasets/authz_private.masked_tables.sql
\ir functions/datasets/authz_private.refuse_bypass.sql
\ir functions/datasets/authz_private.tg_compile_datasets.sql
\ir functions/datasets/authz_private.withdraw_dataset.sql
\ir functions/datasets/ops.dataset_problems.sql

-- paging: authorised pages, counts, exports and reasons over funds.
\ir functions/paging/authz_private.check_fund_filters.sql
\ir functions/paging/authz_private.count_hidden_funds.sql
\ir functions/paging/authz_private.estimated_funds.sql
\ir functions/paging/authz_private.exported_funds.sql
\ir functions/paging/authz_private.find_funds.sql
\ir functions/paging/authz_private.fund_columns.sql
\ir functions/paging/authz_private.fund_masks.sql
\ir functions/paging/authz_private.fund_matches.sql
\ir functions/paging/authz_private.fund_rules.sql
\ir functions/paging/authz_private.fund_sort_columns.sql
\ir functions/paging/authz_private.funds_are_masked.sql
\ir functions/paging/authz_private.funds_handled_in.sql
\ir functions/paging/authz_private.funds_managed_in.sql
\ir functions/paging/authz_private.funds_ordered_in.sql
\ir functions/paging/authz_private.funds_owned_outside.sql
\ir functions/paging/authz_private.funds_per_unit.sql
\ir functions/paging/authz_private.index_walk_limit.sql
\ir functions/paging/authz_private.index_walk_pays.sql
\ir functions/paging/authz_private.masked_page.sql
\ir functions/paging/authz_private.matching_funds.sql
\ir functions/paging/authz_private.page_funds.sql
\ir functions/paging/authz_private.page_table_ready.sql
\ir functions/paging/authz_private.requested_total.sql
\ir functions/paging/authz_private.tenant_funds.sql
\ir functions/paging/finance.count_authorized_funds.sql
\ir functions/paging/finance.estimate_authorized_funds.sql
\ir functions/paging/finance.explain_fund_access.sql
\ir functions/paging/finance.export_funds.sql
\ir functions/paging/finance.page_authorized_funds.sql

-- records: writing customers, orders and funds.
\ir functions/records/authz_private.check_fund_changes.sql
\ir functions/records/authz_private.check_owned_changes.sql
\ir functions/records/authz_private.may_touch.sql
\ir functions/records/authz_private.may_touch_fund.sql
\ir functions/records/authz_private.require_to_touch.sql
\ir functions/records/authz_private.tg_fund_owner_units.sql
\ir functions/records/authz_private.tg_owner_unit.sql
\ir functions/records/finance.create_customer.sql
\ir functions/records/finance.create_fund.sql
\ir functions/records/finance.create_order.sql
\ir functions/records/finance.delete_customer.sql
\ir functions/records/finance.delete_fund.sql
\ir functions/records/finance.delete_order.sql
\ir functions/records/finance.update_customer.sql
\ir functions/records/finance.update_fund.sql
\ir functions/records/finance.update_order.sql
\ir functions/records/ops.repair_owner_units.sql

-- audit: the log, its seals, their verification, and access as of an earlier time.
\ir functions/audit/audit.access_as_of.sql
\ir functions/audit/audit.drop_partitions_before.sql
\ir functions/audit/audit.make_partitions.sql
\ir functions/audit/audit.record.sql
\ir functions/audit/audit.seal.sql
\ir functions/audit/audit.verify.sql
\ir functions/audit/audit.verify_tables.sql
\ir functions/audit/authz_private.append_seal.sql
\ir functions/audit/authz_private.as_of_body.sql
\ir functions/audit/authz_private.as_of_parts.sql
\ir functions/audit/authz_private.as_of_query.sql
\ir functions/audit/authz_private.as_of_unknowns.sql
\ir functions/audit/authz_private.audit_actor.sql
\ir functions/audit/authz_private.audit_event.sql
\ir functions/audit/authz_private.audit_header.sql
\ir functions/audit/authz_private.audit_row_hash.sql
\ir functions/audit/authz_private.audit_tenant.sql
\ir functions/audit/authz_private.audited_tables.sql
\ir functions/audit/authz_private.belongs_under_seal.sql
\ir functions/audit/authz_private.cluster_id.sql
\ir functions/audit/authz_private.count_audited_rows.sql
\ir functions/audit/authz_private.lock_seal_chain.sql
\ir functions/audit/authz_private.log_load.sql
\ir functions/audit/authz_private.log_partitions.sql
\ir functions/audit/authz_private.log_row_hash.sql
\ir functions/audit/authz_private.row_context.sql
\ir functions/audit/authz_private.seal_hash.sql
\ir functions/audit/authz_private.seal_head.sql
\ir functions/audit/authz_private.sealed_rows.sql
\ir functions/audit/authz_private.start_log.sql
\ir functions/audit/authz_private.tg_audit.sql
\ir functions/audit/authz_private.tg_keep_log.sql
\ir functions/audit/authz_private.unsealed_rows.sql

-- health: checks, metrics and maintenance for operators.
\ir functions/health/ops.check_audit_partitions.sql
\ir functions/health/ops.check_audit_seals.sql
\ir functions/health/ops.check_audit_triggers.sql
\ir functions/health/ops.check_catalog_bloat.sql
\ir functions/health/ops.check_effective_view.sql
\ir functions/health/ops.check_expanded_permissions.sql
\ir functions/health/ops.check_expired_grants.sql
\ir functions/health/ops.check_foreign_keys.sql
\ir functions/health/ops.check_hierarchy.sql
\ir functions/health/ops.check_indexes.sql
\ir functions/health/ops.check_marking_triggers.sql
\ir functions/health/ops.check_marks.sql
\ir functions/health/ops.check_objects.sql
\ir functions/health/ops.check_orphans.sql
\ir functions/health/ops.check_owner_units.sql
\ir functions/health/ops.check_paths.sql
\ir functions/health/ops.check_refresh.sql
\ir functions/health/ops.check_release.sql
\ir functions/health/ops.check_replication.sql
\ir functions/health/ops.check_rights.sql
\ir functions/health/ops.check_rights_on_database.sql
\ir functions/health/ops.check_row_security.sql
\ir functions/health/ops.check_settings.sql
\ir functions/health/ops.check_slow_queries.sql
\ir functions/health/ops.check_transactions.sql
\ir functions/health/ops.check_triggers.sql
\ir functions/health/ops.check_unused_indexes.sql
\ir functions/health/ops.finding.sql
\ir functions/health/ops.health_checks.sql
\ir functions/health/ops.maintain.sql
\ir functions/health/ops.metric_values.sql
\ir views/ops.metrics.sql
\ir functions/health/ops.metrics_text.sql
\ir views/ops.replication.sql

-- installation: what this package installed, and whether the database still has it.
\ir functions/installation/authz_private.actual_rights.sql
\ir functions/installation/authz_private.expected_indexes.sql
\ir functions/installation/authz_private.rights_differences.sql
\ir functions/installation/ops.apply_database_rights.sql
\ir functions/installation/ops.check_database_rights.sql
\ir functions/installation/ops.installed_objects.sql
\ir functions/installation/ops.object_changes.sql
\ir functions/installation/authz_private.expected_rights.sql

-- Triggers, a file for each table, and one for what is the same on many.
\ir triggers/audited_tables.sql
\ir triggers/tables_with_windows.sql
\ir triggers/tables_of_grants.sql
\ir triggers/audit.permission_audit_log.sql
\ir triggers/audit.seals.sql
\ir triggers/authz.org_units.sql
\ir triggers/authz.users.sql
\ir triggers/authz.memberships.sql
\ir triggers/authz.permissions.sql
\ir triggers/authz.policies.sql
\ir triggers/authz.policy_permissions.sql
\ir triggers/authz.roles.sql
\ir triggers/authz.role_permissions.sql
\ir triggers/authz.role_policies.sql
\ir triggers/authz.user_roles.sql
\ir triggers/authz.user_policies.sql
\ir triggers/authz.user_permissions.sql
\ir triggers/authz.exclusive_roles.sql
\ir triggers/authz.delegations.sql
\ir triggers/authz_private.expanded_permissions.sql
\ir triggers/authz.permission_templates.sql
\ir triggers/authz.settings.sql
\ir triggers/authz.variables.sql
\ir triggers/authz.user_variables.sql
\ir triggers/authz.row_permissions.sql
\ir triggers/authz.column_permissions.sql
\ir triggers/authz_private.refresh_requests.sql
\ir triggers/finance.customers.sql
\ir triggers/finance.orders.sql
\ir triggers/finance.financial_funds.sql

-- Row security and the rights on tables, in the same way.
\ir policies/owner_only_tables.sql
\ir policies/audit.permission_audit_log.sql
\ir policies/audit.seals.sql
\ir policies/authz.org_units.sql
\ir policies/authz.users.sql
\ir policies/finance.customers.sql
\ir policies/finance.orders.sql
\ir policies/finance.financial_funds.sql
