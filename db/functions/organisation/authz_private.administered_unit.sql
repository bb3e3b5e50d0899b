-- Every change at a unit passes here first.

create or replace function authz_private.administered_unit(
    actor_id bigint, resource text, action text, unit_id int, is_subtree boolean, parameter text
)
returns authz.org_units
language plpgsql stable security invoker parallel restricted
as $$
declare
    unit authz.org_units;
begin
    select n.* into unit from authz.org_units as n where n.id = administered_unit.unit_id;
    if unit.id is null
        or not authz_private.may_act(actor_id, resource, action, unit.id, is_subtree)
    then
        perform authz_private.refuse_administration(parameter);
    end if;
    return unit;
end
$$;

comment on function authz_private.administered_unit(
    bigint, text, text, int, boolean, text
) is
    'The unit, where the acting user may do resource:action in it, and below it with is_subtree. '
    '42501 otherwise, hidden and missing objects alike.';
revoke all on function authz_private.administered_unit(
    bigint, text, text, int, boolean, text
) from public;
