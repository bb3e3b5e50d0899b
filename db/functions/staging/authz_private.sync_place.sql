-- Where a line stands, for whoever has to correct it.

create or replace function authz_private.sync_place(
    table_name text, file text, line int, number bigint
)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select coalesce(sync_place.file, 'sync.' || sync_place.table_name) || ' '
        || coalesce('line ' || sync_place.line::text, 'row ' || sync_place.number::text);
end;

comment on function authz_private.sync_place(text, text, int, bigint) is
    'File and line of a staged row; the table and the number of the row where no file is known.';
revoke all on function authz_private.sync_place(text, text, int, bigint) from public;
