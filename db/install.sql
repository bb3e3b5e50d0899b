-- The one order. psql can run it: psql -v ON_ERROR_STOP=1 -1 -f db/install.sql, as a superuser;
-- runner migrate reads the same list.

-- Durable: reaches a database through migrations/.
\ir schema/001_roles_and_schemas.sql
\ir schema/010_authz_organisation.sql
\ir schema/020_authz_people.sql
\ir schema/030_authz_grants.sql
\ir schema/040_authz_private.sql
\ir schema/050_finance_records.sql

-- Repeatable: applied again whenever the text changes.
\ir functions/authz.clock.sql
\ir functions/authz_private.identity_signature.sql
\ir functions/authz.current_user_id.sql
\ir functions/authz.act_as.sql
\ir functions/authz_private.asks_freely.sql
\ir functions/authz_private.subtree.sql
\ir functions/authz_private.grants_of.sql
\ir functions/authz_private.scope_of.sql
\ir functions/authz_private.asked_user.sql
\ir functions/authz_private.asked_unit.sql
\ir functions/authz.user_scope.sql
\ir functions/authz_private.subordinates_of.sql
\ir functions/authz.subordinates.sql
\ir functions/authz.descendants.sql
\ir functions/authz.ancestors.sql

\ir functions/authz_private.tg_refuse_path_write.sql
\ir functions/authz_private.tg_register_kind.sql
\ir functions/authz_private.tg_place_unit.sql
\ir functions/authz_private.tg_register_tenant.sql
\ir functions/authz_private.tg_rewrite_subtree.sql
\ir functions/authz_private.tg_tenant_of_unit.sql
\ir functions/authz_private.tg_tenant_of_user.sql
\ir functions/authz_private.tg_keep_tenant.sql
\ir functions/authz_private.tg_role_fits.sql
\ir functions/authz_private.tg_system_scope_fits.sql
\ir functions/authz_private.tg_owner_unit.sql
\ir functions/authz_private.tg_fund_owner_units.sql
\ir functions/authz.move_unit.sql

\ir triggers/authz.org_units.sql
\ir triggers/authz.users.sql
\ir triggers/authz.memberships.sql
\ir triggers/authz.roles.sql
\ir triggers/authz.role_permissions.sql
\ir triggers/authz.user_roles.sql
\ir triggers/finance.customers.sql
\ir triggers/finance.orders.sql
\ir triggers/finance.financial_funds.sql

\ir functions/authz_private.check_fund_filters.sql
\ir functions/authz_private.fund_passes.sql
\ir functions/authz_private.funds_handled_in.sql
\ir functions/authz_private.funds_ordered_in.sql
\ir functions/authz_private.funds_managed_in.sql
\ir functions/authz_private.funds_owned_outside.sql
\ir functions/authz_private.matching_funds.sql
\ir functions/authz_private.tenant_funds.sql
\ir functions/authz_private.funds_per_unit.sql
\ir functions/authz_private.fund_walk_limit.sql
\ir functions/authz_private.fund_walk_pays.sql
\ir functions/authz_private.find_funds.sql
\ir functions/authz_private.page_table_ready.sql
\ir functions/authz_private.page_funds.sql
\ir functions/finance.page_authorized_funds.sql
\ir functions/finance.count_authorized_funds.sql
\ir functions/finance.explain_fund_access.sql

\ir functions/ops.check_database_rights.sql
\ir functions/ops.apply_database_rights.sql

\ir views/authz.supervisors.sql
