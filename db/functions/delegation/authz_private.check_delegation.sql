-- What a delegation and a request for one have in common.

create or replace function authz_private.check_delegation(
    delegator_id bigint,
    delegate_id bigint,
    resource text,
    action text,
    unit_id int,
    valid_from timestamptz,
    valid_until timestamptz,
    reason text
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    longest interval := (select s.longest_delegation from authz.settings as s);
begin
    perform authz_private.check_question(resource, action, '{}');
    if valid_until is null or not isfinite(valid_until) then
        raise exception 'valid_until is missing: a delegation has an end'
            using errcode = '22023', hint = format('Pass an instant within %s.', longest);
    end if;
    if valid_from is null or not isfinite(valid_from) or valid_until <= valid_from
        or valid_until <= authz.clock()
    then
        raise exception 'valid_until is not after valid_from and now'
            using errcode = '22023', hint = 'Pass a window that has not ended.';
    end if;
    if valid_until > valid_from + longest or valid_from > authz.clock() + interval '1 year' then
        raise exception 'valid_until is too far: a delegation lasts at most %', longest
            using errcode = '22023', hint = 'Delegate for less; delegate again when it has ended.';
    end if;
    perform authz_private.check_words(
        'reason', coalesce(reason, ''), 2000, 'Say why: 1 to 2000 characters.'
    );
    if delegator_id = delegate_id then
        raise exception 'delegate_id and delegator are the same user'
            using errcode = '22023', hint = 'Delegate to somebody else.';
    end if;
    -- A subset of what they hold: without what they are delegated, and of no row of their own.
    if not authz_private.decide(
            check_delegation.delegator_id, check_delegation.resource, check_delegation.action,
            check_delegation.unit_id, '{}', false
        )
    then
        raise exception 'resource, action, unit_id: not held by who delegates'
            using
                errcode = '42501',
                hint = 'What is delegated must be held there, and not by delegation.';
    end if;
end
$$;

comment on function authz_private.check_delegation(
    bigint, bigint, text, text, int, timestamptz, timestamptz, text
) is
    'Refuses a delegation that is not to be: 22023 if there is no such resource or action, a '
    'window without end, over or too long, no reason, oneself; 42501 what the delegator does not '
    'hold there.';
revoke all on function authz_private.check_delegation(
    bigint, bigint, text, text, int, timestamptz, timestamptz, text
) from public;
