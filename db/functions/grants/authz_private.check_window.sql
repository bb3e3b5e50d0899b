-- A window nobody can mean is told as one, not as a broken constraint.

create or replace function authz_private.check_window(
    valid_from timestamptz, valid_until timestamptz
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if valid_from >= valid_until then
        raise exception 'valid_until is not after valid_from'
            using errcode = '22023', hint = 'The window is half-open: pass an end after its start.';
    end if;
end
$$;

comment on function authz_private.check_window(timestamptz, timestamptz) is
    'Refuses an empty window with 22023.';
revoke all on function authz_private.check_window(timestamptz, timestamptz) from public;
