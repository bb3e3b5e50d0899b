-- RFC 2104: the secret, hashed where it is longer than a block, filled up to a block of 64 bytes
-- and XORed with one byte throughout.

create or replace function authz_private.hmac_pad(secret bytea, pad int)
returns bytea
language sql immutable security invoker parallel safe
begin atomic
    select string_agg(
        -- The function of the operator #, which the linter cannot read.
        set_byte('\x00'::bytea, 0, int4xor(get_byte(b.block, g.i), hmac_pad.pad)),
        ''::bytea
        order by g.i
    )
    from (
        select s.short || decode(repeat('00', 64 - octet_length(s.short)), 'hex') as block
        from (
            select case
                when octet_length(hmac_pad.secret) > 64 then sha256(hmac_pad.secret)
                else hmac_pad.secret
            end as short
        ) as s
    ) as b
    cross join generate_series(0, 63) as g (i);
end;

comment on function authz_private.hmac_pad(bytea, int) is
    'The key of HMAC-SHA256 for the inner (54) or the outer (92) hash.';
revoke all on function authz_private.hmac_pad(bytea, int) from public;
