-- How the materialized view of effective policies knows for whom it is out of date, and how it is
-- kept up to date.

create table authz.settings (
    only_one boolean primary key default true,
    refresh_mode text not null default 'auto',
    longest_delegation interval not null default '30 days',
    record_act_as boolean not null default true,
    data_permissions text not null default 'on',
    longest_auto_refresh interval not null default '100 milliseconds',
    sync_limit numeric not null default 5,
    constraint there_is_one_row_of_settings check (only_one),
    constraint refresh_mode_is_known check (
        refresh_mode in ('auto', 'immediate', 'deferred', 'manual')
    ),
    constraint data_permissions_is_a_switch check (data_permissions in ('on', 'log', 'off')),
    constraint longest_delegation_is_some_time check (longest_delegation > '0'),
    constraint longest_auto_refresh_is_not_negative check (longest_auto_refresh >= '0'),
    constraint sync_limit_is_a_percentage check (sync_limit between 0 and 100)
);

comment on table authz.settings is 'Choices of the installation, in one row.';
comment on column authz.settings.refresh_mode is
    'When authz.user_effective_policies is refreshed after a change: auto, at the end of the '
    'writer''s transaction while that takes less than longest_auto_refresh, else as in deferred; '
    'immediate, at the end of the writer''s transaction; deferred, by runner refresh, '
    'authz.refresh_if_marked() or ops.maintain(); manual. Answers are exact in all four.';
comment on column authz.settings.sync_limit is
    'Percentage of a kind that a feed may deactivate, move or remove without a confirmation.';
comment on column authz.settings.longest_auto_refresh is
    'How long the refresh that a writer waits for may take in the mode auto.';

comment on column authz.settings.longest_delegation is 'How long a delegation may be at most.';
comment on column authz.settings.record_act_as is
    'Whether authz.act_as() by a login that signed nobody in by token and gives no reason is '
    'logged: '
    'a row a transaction. With a token or a reason it always is.';

comment on column authz.settings.data_permissions is
    'Whether row and column permissions hold: on; off, they hide nothing; log, they hide nothing '
    'and what they would have hidden is counted. The rules of the tree and tenants always hold.';

insert into authz.settings (only_one) values (true);

create table authz_private.policy_marks (
    id bigint generated always as identity primary key,
    user_id bigint,
    xid xid8 not null default pg_current_xact_id(),
    is_floor boolean not null default false,
    nonce uuid,
    marked_at timestamptz not null default clock_timestamp()
);

create index policy_marks_user on authz_private.policy_marks (user_id);
create unique index policy_marks_floor on authz_private.policy_marks (is_floor) where is_floor;

comment on table authz_private.policy_marks is
    'Written by every change the view of effective policies depends on: append-only and without a '
    'key two writers could meet at.';
comment on index authz_private.policy_marks_user is
    'Marks of a user and of everyone: read by every decision.';
comment on index authz_private.policy_marks_floor is 'One floor.';
comment on column authz_private.policy_marks.user_id is 'Whom the change concerns; null: everyone.';
comment on column authz_private.policy_marks.xid is
    'Transaction that made the change: until the view''s own snapshot sees it, rights are '
    'computed from the tables.';
comment on column authz_private.policy_marks.is_floor is
    'The one row that says up to where marks were deleted: a view whose snapshot is older answers '
    'for nobody.';
comment on column authz_private.policy_marks.marked_at is
    'For whoever watches; no answer depends on it.';
comment on column authz_private.policy_marks.nonce is
    'Of the floor: the view the marks were deleted for, which includes its own transaction.';

create table authz_private.refresh_turn (
    only_one boolean primary key default true,
    expected interval,
    constraint there_is_one_turn check (only_one)
);

comment on table authz_private.refresh_turn is
    'One row, locked by whoever refreshes. Not an advisory lock, which any login may take and '
    'keep.';

insert into authz_private.refresh_turn (only_one) values (true);

create table authz_private.refresh_requests (
    xid xid8 primary key
);

comment on table authz_private.refresh_requests is
    'At most one row a transaction, whose deferred trigger refreshes at its end; empty otherwise.';

create table ops.refresh_log (
    id bigint generated always as identity primary key,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    mode text not null,
    rows_changed bigint,
    failure text
);

create index refresh_log_started on ops.refresh_log (started_at);

comment on table ops.refresh_log is
    'Refreshes of authz.user_effective_policies, the last 10,000 of them.';
comment on index ops.refresh_log_started is 'The last refreshes.';
comment on column authz_private.refresh_turn.expected is
    'How long the next refresh will take, judged by the last one; null: not known.';
comment on column ops.refresh_log.mode is 'auto, immediate, deferred, manual or load.';
comment on column ops.refresh_log.finished_at is 'Null where it failed.';
comment on column ops.refresh_log.rows_changed is
    'Rows of the view that were written or removed, its snapshot row included.';
comment on column ops.refresh_log.failure is 'Error of the refresh; null: none. Marks stay.';

create type authz_private.placed_grant as (
    effect authz.policy_effect,
    priority int,
    scope authz.permission_scope,
    unit_id int,
    anchor_path ext.ltree,
    is_subtree boolean,
    conditions jsonb
);

comment on type authz_private.placed_grant is
    'A grant as authz_private.scope_of weighs it: one of authz_private.held_grants.';

create table authz_private.role_tree (
    only_one boolean primary key default true,
    version bigint not null default 0,
    constraint there_is_one_role_tree check (only_one)
);

comment on table authz_private.role_tree is
    'One row that every change of the role hierarchy writes, so that two of them never overlap.';

insert into authz_private.role_tree (only_one) values (true);
