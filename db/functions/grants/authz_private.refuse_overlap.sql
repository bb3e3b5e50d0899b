-- One text for what a unique index and what an exclusion constraint refuse.

create or replace function authz_private.refuse_overlap(parameter text)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    raise exception '%: the same grant is there already, in a window that overlaps', parameter
        using errcode = '23P01', hint = 'End or revoke the other first.';
end
$$;

comment on function authz_private.refuse_overlap(text) is 'Raises 23P01 for the parameter.';
revoke all on function authz_private.refuse_overlap(text) from public;
