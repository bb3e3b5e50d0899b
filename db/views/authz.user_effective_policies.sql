-- A projection of authz.user_effective_policies_live that says which snapshot it is of: in the row
-- without user. Readers use it for whom no change is newer, so that it may be as old as it likes.
-- Null equals nothing, so every REFRESH writes that row anew, and of two at once the later
-- conflicts with the earlier, also where their snapshots are the same.

create materialized view authz.user_effective_policies as
select
    l.user_id,
    l.organization_id,
    l.business_unit_id,
    l.policy_id,
    l.policy_name,
    l.effect,
    l.priority,
    l.resources,
    l.actions,
    l.scope,
    l.permission_ids,
    l.assignment_type,
    l.source_id,
    l.role_id,
    l.membership_id,
    l.inherit_to_descendants,
    l.valid_from,
    l.valid_until,
    l.grant_key,
    null::pg_catalog.pg_snapshot as snapshot,
    null::pg_catalog.xid8 as refreshed_by,
    null::uuid as nonce,
    null::oid [] as guard_ids,
    null::xid [] as guard_changes
from authz_private.effective_policies_now() as l
union all
select
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    'snapshot',
    pg_catalog.pg_current_snapshot(),
    pg_catalog.pg_current_xact_id_if_assigned(),
    -- Names this refresh: to the floor of the marks and to authz.policy_version().
    pg_catalog.gen_random_uuid(),
    g.ids,
    g.changes
from (
    select
        array_agg(t.oid order by t.oid) as ids,
        array_agg(distinct t.changed_by::text)::xid [] as changes
    from authz_private.marking_triggers as t
) as g;

create unique index user_effective_policies_key
on authz.user_effective_policies (user_id, grant_key);
create index user_effective_policies_unit
on authz.user_effective_policies (business_unit_id, user_id);
create index user_effective_policies_wide
on authz.user_effective_policies (user_id) where scope in ('region', 'organization', 'system');

-- Made again over many users it would be read by plans that know nothing of it, until autovacuum
-- comes by.
analyze authz.user_effective_policies;

comment on materialized view authz.user_effective_policies is
    'What every user holds, whatever the time, as of the snapshot in its row without user; columns '
    'as in authz.user_effective_policies_live. Exact for a user only where the functions of authz '
    'say so: ask them.';
comment on column authz.user_effective_policies.snapshot is
    'Transactions the view has seen; in the row without user only.';
comment on column authz.user_effective_policies.refreshed_by is
    'Transaction that refreshed the view: what it changed before is in it, what it changed '
    'after is '
    'not.';
comment on column authz.user_effective_policies.nonce is
    'Different in every refresh; in the row without user only.';
comment on column authz.user_effective_policies.guard_ids is
    'Triggers that were marking changes when the view was refreshed.';
comment on column authz.user_effective_policies.guard_changes is
    'Transactions that had last changed those triggers: a later change is of another.';
comment on index authz.user_effective_policies_key is
    'Rows of a user, the snapshot, and what REFRESH CONCURRENTLY asks for.';
comment on index authz.user_effective_policies_unit is
    'Who holds something at a unit: authz.users_with_permission().';
comment on index authz.user_effective_policies_wide is
    'Who holds something that reaches beyond its unit: authz.users_with_permission().';
revoke all on authz.user_effective_policies from public;
