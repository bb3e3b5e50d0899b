-- The three owners of a row, any of which may show it, asked one by one as a check would be.

create or replace function authz_private.may_touch(
    me bigint, resource text, action text, owner_ids bigint [], unit_ids int [], context jsonb
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    for place in 1 .. cardinality(unit_ids)
    loop
        if unit_ids[place] is not null
            and authz_private.decide(
                me, may_touch.resource, may_touch.action, unit_ids[place],
                context || jsonb_build_object('owner_id', owner_ids[place])
            )
        then
            return true;
        end if;
    end loop;
    return false;
end
$$;

comment on function authz_private.may_touch(bigint, text, text, bigint [], int [], jsonb) is
    'Whether the user may do resource:action to a row with these owners and their units, in the '
    'context of the row.';
revoke all on function authz_private.may_touch(bigint, text, text, bigint [], int [], jsonb)
from public;
