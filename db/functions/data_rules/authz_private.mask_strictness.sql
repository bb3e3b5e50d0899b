-- The order in which masks of one column are tried: what tells less comes first.

create or replace function authz_private.mask_strictness(mode text, mask jsonb)
returns numeric
language sql immutable security invoker parallel safe
begin atomic
    select case
        when mask_strictness.mode = 'disable' then 1000
        when mask_strictness.mode = 'visible' then 0
        else case mask_strictness.mask ->> 'kind'
            when 'null' then 900
            when 'constant' then 800
            when 'hash' then 700
            when 'keep_first' then 600 - (mask_strictness.mask ->> 'n')::numeric
            when 'keep_last' then 600 - (mask_strictness.mask ->> 'n')::numeric
            when 'round' then 400 - (mask_strictness.mask ->> 'digits')::numeric
            when 'bucket' then 400 + round(log((mask_strictness.mask ->> 'width')::numeric), 6)
            when 'truncate' then 300 + array_position(
                '{hour,day,week,month,quarter,year}', mask_strictness.mask ->> 'unit'
            )
        end
    end;
end;

comment on function authz_private.mask_strictness(text, jsonb) is
    'disable, then null, constant, hash, few characters before many, coarse numbers and dates '
    'before fine ones, visible last. A bucket is as strict as rounding to the digit of its width.';
revoke all on function authz_private.mask_strictness(text, jsonb) from public;
