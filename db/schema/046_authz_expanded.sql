-- What a role, a policy or a permission gives, written out once, so that a decision does not walk
-- the role hierarchy, the policies and the menu of resources again for every question.

create type authz_private.granted_kind as enum ('role', 'policy', 'permission');

comment on type authz_private.granted_kind is
    'What a user can be granted: a row of authz.roles, authz.policies or authz.permissions.';

create table authz_private.expanded_permissions (
    id bigint generated always as identity primary key,
    granted_kind authz_private.granted_kind not null,
    granted_id int not null,
    resource text not null,
    action text not null,
    scope authz.permission_scope not null,
    effect authz.policy_effect not null,
    priority int not null,
    conditions jsonb,
    tenant_id int,
    role_id int,
    policy_id int,
    permission_id int not null
);

create unique index expanded_permissions_lookup on authz_private.expanded_permissions
(granted_kind, granted_id, resource, action, permission_id, role_id, policy_id)
nulls not distinct;

comment on table authz_private.expanded_permissions is
    'Every permission that whoever is granted a role, a policy or a permission holds, one row per '
    'resource it covers. Kept equal to authz_private.expanded_permissions_live by triggers, in the '
    'transaction of each change. A decision reads it only while authz_private.expansion says that '
    'these triggers have been in place since.';
comment on column authz_private.expanded_permissions.granted_id is
    'Id in authz.roles, authz.policies or authz.permissions.';
comment on column authz_private.expanded_permissions.resource is
    'Code of a resource: that of the permission, or one below it in the menu.';
comment on column authz_private.expanded_permissions.tenant_id is
    'Tenant whose users it counts for; null: every tenant.';
comment on column authz_private.expanded_permissions.role_id is
    'Role that carries the permission: the role granted or one of its parents.';
comment on column authz_private.expanded_permissions.policy_id is
    'Policy that carries the permission; null: none.';
comment on index authz_private.expanded_permissions_lookup is
    'What a grant gives for a resource and an action: read by every decision.';

create table authz_private.expansion (
    only_one boolean primary key default true,
    version bigint not null default 0,
    first_guard oid not null default 0,
    last_guard oid not null default 0,
    guards_changed_by xid [] not null default '{}',
    constraint there_is_one_expansion check (only_one)
);

comment on table authz_private.expansion is
    'One row about authz_private.expanded_permissions. Every change of roles, policies, '
    'permissions or resources writes it, so that two of them never overlap.';
comment on column authz_private.expansion.version is 'Counts the changes.';
comment on column authz_private.expansion.first_guard is
    'Least id of the triggers that were in place when the table was last compared as a whole.';
comment on column authz_private.expansion.last_guard is 'Greatest id of them.';
comment on column authz_private.expansion.guards_changed_by is
    'Transactions that had last changed them; empty: the table is not read.';

insert into authz_private.expansion (only_one) values (true);
