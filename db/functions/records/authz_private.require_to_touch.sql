-- For rows of one owner: customers and orders. Reading too, because nobody writes what they could
-- not see.

create or replace function authz_private.require_to_touch(
    me bigint,
    resource text,
    action text,
    owner_id bigint,
    unit_id int,
    parameter text,
    touched anyelement
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if not authz_private.may_touch(
            me, require_to_touch.resource, 'read', array[owner_id], array[unit_id], '{}'
        )
        or not authz_private.may_touch(
            me, require_to_touch.resource, require_to_touch.action, array[owner_id],
            array[unit_id], '{}'
        )
        or not authz_private.row_is_permitted(me, touched)
    then
        perform authz_private.refuse_administration(parameter);
    end if;
end
$$;

comment on function authz_private.require_to_touch(
    bigint, text, text, bigint, int, text, anyelement
) is
    'Refuses, with 42501 for the parameter, unless the user may both read a row of this owner and '
    'unit and do the action to it. No unit: there is no such row.';
revoke all on function authz_private.require_to_touch(
    bigint, text, text, bigint, int, text, anyelement
)
from public;
