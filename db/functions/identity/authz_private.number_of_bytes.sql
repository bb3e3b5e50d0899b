-- In steps of 7 bytes, the most that a bigint holds whole.

create or replace function authz_private.number_of_bytes(content bytea)
returns numeric
language plpgsql immutable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    digits text := repeat('00', (7 - octet_length(content) % 7) % 7) || encode(content, 'hex');
    number numeric := 0;
begin
    for i in 0 .. length(digits) / 14 - 1 loop
        number := number * 72057594037927936
            + ('x' || substr(digits, 14 * i + 1, 14))::bit(56)::bigint;
    end loop;
    return number;
end
$$;

comment on function authz_private.number_of_bytes(bytea) is
    'The number that bytes spell, the most significant first; 0 for none.';
revoke all on function authz_private.number_of_bytes(bytea) from public;
