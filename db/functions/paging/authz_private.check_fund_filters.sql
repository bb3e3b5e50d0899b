-- The same questions are refused by the page and by the count.

create or replace function authz_private.check_fund_filters(
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns void
language plpgsql stable security invoker parallel safe
as $$
begin
    if min_amount = 'NaN' or max_amount = 'NaN' then
        raise exception '% must be a number',
            case when min_amount = 'NaN' then 'min_amount' else 'max_amount' end
            using errcode = '22023', hint = 'Omit it for no limit.';
    end if;
    if min_amount > max_amount then
        raise exception 'min_amount % is above max_amount %', min_amount, max_amount
            using errcode = '22023', hint = 'Both ends are included; omit one for no limit.';
    end if;
    if created_from > created_to then
        raise exception 'created_from % is after created_to %', created_from, created_to
            using
                errcode = '22023',
                hint = 'created_from is included, created_to is not; omit one for no limit.';
    end if;
    if status = '' or length(status) > 50 then
        raise exception 'status must be a word of 1 to 50 characters'
            using errcode = '22023', hint = 'Omit it for funds of any status.';
    end if;
end
$$;

comment on function authz_private.check_fund_filters(
    numeric, numeric, text, timestamptz, timestamptz
) is 'Refuses filters that cannot be meant, with 22023 and the name of the argument.';
revoke all on function authz_private.check_fund_filters(
    numeric, numeric, text, timestamptz, timestamptz
) from public;
