-- What no caller may read: the key that binds an identity to its transaction, those that verify
-- tokens, and the clock that tests may set.

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

create table authz_private.token_keys (
    kid text primary key,
    secret bytea not null,
    audience text,
    valid_from timestamptz not null default now(),
    retired_at timestamptz,
    constraint kid_is_a_short_plain_name check (kid ~ '^[A-Za-z0-9._-]{1,100}$'),
    constraint secret_is_of_256_bits_or_more check (octet_length(secret) >= 32),
    constraint audience_is_not_blank check (audience ~ '\S')
);

comment on table authz_private.token_keys is
    'Secrets that verify tokens (HS256): add with authz.add_token_key(), retire with '
    'authz.retire_token_key(). Several may be in force at once, so that keys can be exchanged.';
comment on column authz_private.token_keys.kid is 'Name of the key in the header of a token.';
comment on column authz_private.token_keys.secret is
    'The bytes shared with whoever issues the tokens; the first key is random and shared by none.';
comment on column authz_private.token_keys.audience is
    'The audience a token of this key must name; null: a token that names any is refused.';
comment on column authz_private.token_keys.valid_from is 'First instant it verifies anything.';
comment on column authz_private.token_keys.retired_at is
    'First instant it no longer does; null: in force until further notice.';

insert into authz_private.token_keys (kid, secret)
values (
    'first',
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
