-- What no caller may read: the key that binds an identity to its transaction, and the clock that
-- tests may set.

create table authz_private.identity_key (
    only_one boolean primary key default true,
    inner_key bytea not null,
    outer_key bytea not null,
    constraint there_is_one_key check (only_one)
);

comment on table authz_private.identity_key is
    'Two independent 256-bit keys of the nested hash that signs who a transaction acts for.';

insert into authz_private.identity_key (inner_key, outer_key)
values (
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid(), 'UTF8')),
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid(), 'UTF8'))
);

create table authz_private.clock_override (
    only_one boolean primary key default true,
    instant timestamptz not null,
    constraint there_is_one_clock check (only_one)
);

comment on table authz_private.clock_override is
    'Empty, except in tests: the instant authz.clock() answers instead of the time.';

create table authz_private.grant_turns (
    user_id bigint primary key,
    xid xid8 not null
);

comment on table authz_private.grant_turns is
    'Users whose grants or memberships were written: two transactions that write those of one user '
    'meet at the row, at any isolation level.';
comment on column authz_private.grant_turns.xid is 'The last that did, whatever came of it.';
