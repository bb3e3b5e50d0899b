-- The triggers that keep authz_private.expanded_permissions, one on each table it is made of. They
-- are made together, so that a decision finds them side by side in the catalog: see
-- authz_private.expansion_is_current(). They fire also where session_replication_role is replica.

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.resources
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.resources enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.permissions
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.permissions enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.policies
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.policies enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.policy_permissions
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.policy_permissions enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.roles
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.roles enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.role_permissions
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.role_permissions enable always trigger _900_expand_permissions;

create or replace trigger _900_expand_permissions
after insert or update or delete or truncate on authz.role_policies
for each statement
execute function authz_private.tg_expand_permissions();
alter table authz.role_policies enable always trigger _900_expand_permissions;

select ops.rebuild_expanded_permissions();
