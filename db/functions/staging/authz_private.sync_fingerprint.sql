-- Also an update, and a table that was truncated and filled again, are other rows.

create or replace function authz_private.sync_fingerprint()
returns text
language sql immutable security invoker parallel safe
begin atomic
    -- Not the greatest xmin: the transaction that updates a row may be older than the one that
    -- loaded it.
    select 'concat(max(s.tableoid), ''/'', max(s.number), ''/'', count(*), ''/'', '
        'sum(s.xmin::text::bigint))'::text;
end;

comment on function authz_private.sync_fingerprint() is
    'Expression that tells rows s of a staging table from any others.';
revoke all on function authz_private.sync_fingerprint() from public;
