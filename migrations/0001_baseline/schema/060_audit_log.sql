-- Who changed whose access, and the seals that show whether anybody has touched the record of it.
-- Months are those of UTC; partitions of months to come are made by audit.make_partitions().

create sequence audit.permission_audit_log_id as bigint;

create table audit.permission_audit_log (
    id bigint not null default nextval('audit.permission_audit_log_id'),
    logged_at timestamptz not null,
    xid xid8 not null,
    actor_id bigint,
    effective_user_id bigint,
    session_user_name text not null,
    client_addr inet,
    user_agent text,
    request_id text,
    reason text,
    table_name text,
    row_key jsonb,
    action text not null,
    old_values jsonb,
    new_values jsonb,
    changed_columns text [],
    tenant_id int,
    row_hash bytea not null,
    constraint an_id_is_logged_once_an_instant primary key (id, logged_at)
) partition by range (logged_at);

create index permission_audit_log_xid on audit.permission_audit_log (xid);
create index permission_audit_log_time on audit.permission_audit_log
using brin (logged_at) with (pages_per_range = 32);

comment on index audit.permission_audit_log_xid is
    'Rows that no seal has seen; all that one transaction changed.';
comment on index audit.permission_audit_log_time is
    'Changes after an instant: audit.access_as_of().';
comment on table audit.permission_audit_log is
    'One row per changed row of the permission model, and per event such as an impersonation. '
    'Append-only, in partitions by month; retention is audit.drop_partitions_before().';
comment on column audit.permission_audit_log.id is
    'Changes of one row of a table have ascending ids; ids of a transaction rolled back are '
    'missing.';
comment on column audit.permission_audit_log.logged_at is
    'Time of the clock when the statement ended, which is before its transaction was committed.';
comment on column audit.permission_audit_log.xid is 'Transaction that made the change.';
comment on column audit.permission_audit_log.actor_id is
    'User who was really signed in; null: nobody was, as when the owner writes by hand.';
comment on column audit.permission_audit_log.effective_user_id is
    'User whose permissions counted: another than the actor during an impersonation.';
comment on column audit.permission_audit_log.session_user_name is 'Login of the session.';
comment on column audit.permission_audit_log.client_addr is
    'Address of the client, which may be a pooler; null: a socket of the server''s own machine.';
comment on column audit.permission_audit_log.user_agent is
    'As the application says in the setting fundwarden.user_agent; at most 500 characters.';
comment on column audit.permission_audit_log.request_id is
    'As the application says in the setting fundwarden.request_id; at most 200 characters.';
comment on column audit.permission_audit_log.reason is
    'As the application says in the setting fundwarden.reason; at most 1000 characters.';
comment on column audit.permission_audit_log.table_name is
    'Table with its schema; null: an event that is no change of a row.';
comment on column audit.permission_audit_log.row_key is 'Primary key of the row.';
comment on column audit.permission_audit_log.action is
    'CREATE, UPDATE, DELETE; RESET, where a template was removed; TRUNCATE and LOAD, with a number '
    'of rows; START, the first row of a log; or the event, as in IMPERSONATE. A change of a '
    'primary key is DELETE and CREATE.';
comment on column audit.permission_audit_log.old_values is
    'Before: the whole row of a DELETE or RESET, the changed columns of an UPDATE.';
comment on column audit.permission_audit_log.new_values is
    'After: the whole row of a CREATE, the changed columns of an UPDATE, what an event is about.';
comment on column audit.permission_audit_log.changed_columns is
    'Of an UPDATE, secret columns included, whose values are not; null otherwise.';
comment on column audit.permission_audit_log.tenant_id is
    'Tenant of the row, of the role or policy it belongs to, or of the acting user for an event; '
    'null: of the platform, or of a role or policy that is gone with it.';
comment on column audit.permission_audit_log.row_hash is 'sha256 of everything else in the row.';

-- No row is ever refused because a month is missing.
create table audit.permission_audit_log_default partition of audit.permission_audit_log default;

comment on table audit.permission_audit_log_default is
    'Rows of months without a partition; audit.make_partitions() moves them to their own.';
comment on column audit.permission_audit_log_default.tenant_id is 'As in the whole log.';
comment on index audit.permission_audit_log_default_xid_idx is
    'Part of audit.permission_audit_log_xid.';
comment on index audit.permission_audit_log_default_logged_at_idx is
    'Part of audit.permission_audit_log_time.';

create table audit.seals (
    number bigint primary key,
    kind text not null,
    sealed_at timestamptz not null,
    sealed_by xid8 not null,
    snapshot pg_snapshot not null,
    cluster bigint not null,
    month date,
    ids int8multirange not null,
    row_count bigint not null,
    total_rows bigint not null,
    rows_hash bytea not null,
    note jsonb,
    previous_hash bytea not null,
    hash bytea not null,
    constraint seal_kind_is_known check (kind in ('start', 'rows', 'retention')),
    constraint rows_are_of_a_month check ((kind = 'rows') = (month is not null))
);

comment on table audit.seals is
    'The chain of seals over the log: each states which rows it covers, a hash over their hashes, '
    'and the hash of the seal before. Append-only; checked by audit.verify().';
comment on column audit.seals.number is 'Without gaps, from 0.';
comment on column audit.seals.kind is
    'start: the first; rows: a batch of rows of the log; retention: months dropped on purpose.';
comment on column audit.seals.sealed_by is
    'Transaction that made the seal; rows it wrote itself are left to the next.';
comment on column audit.seals.snapshot is
    'Transactions whose rows are in this seal or in one before it: those that had ended.';
comment on column audit.seals.cluster is
    'System identifier of the server, for numbers of transactions mean nothing on another.';
comment on column audit.seals.month is 'First day of the month of the rows, in UTC.';
comment on column audit.seals.ids is 'Rows of the log that are covered, by id.';
comment on column audit.seals.total_rows is 'Rows of this seal and of all before it.';
comment on column audit.seals.rows_hash is
    'sha256 over the sha256 of the row hashes of every 16,384 ids, in the order of ids.';
comment on column audit.seals.note is
    'Of a retention: the month from which on rows are kept, and how many were dropped.';
comment on column audit.seals.hash is 'sha256 of everything else in the seal.';

create type authz_private.audit_context as (
    logged_at timestamptz,
    xid xid8,
    actor_id bigint,
    effective_user_id bigint,
    session_user_name text,
    client_addr inet,
    user_agent text,
    request_id text,
    reason text,
    table_name text,
    header text
);

comment on type authz_private.audit_context is
    'What the rows that one statement logs have in common, and the text of it that is hashed.';
