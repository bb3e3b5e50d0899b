-- One text for what is hidden, absent, of another tenant and not permitted.

create or replace function authz_private.refuse_administration(parameter text)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    raise exception '%: not allowed', parameter
        using
            errcode = '42501',
            hint = 'It does not exist, or you may not do this there.';
end
$$;

comment on function authz_private.refuse_administration(text) is
    'Raises 42501 for the parameter, whatever the cause.';
revoke all on function authz_private.refuse_administration(text) from public;
