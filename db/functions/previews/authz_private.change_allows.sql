-- Made, asked and undone. What the caller may not do, or what a rule forbids, allows nothing.

create or replace function authz_private.change_allows(
    action text, arguments jsonb, user_id bigint, resource text, permitted_action text, unit_id int
)
returns boolean
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    status text;
    allows boolean := false;
begin
    begin
        execute authz_private.previewed_call(change_allows.action, change_allows.arguments)
        into status;
        allows := authz_private.decide(
            change_allows.user_id, change_allows.resource, change_allows.permitted_action,
            change_allows.unit_id, '{}'
        );
        raise exception using errcode = 'FWUND';
    exception
        when sqlstate 'FWUND'
            or insufficient_privilege
            or invalid_parameter_value
            or integrity_constraint_violation
        then
            null;
    end;
    return coalesce(allows, false) and status = 'done';
end
$$;

comment on function authz_private.change_allows(text, jsonb, bigint, text, text, int) is
    'Whether the caller may make the change, and the user could then do permitted_action on the '
    'resource in the unit; nothing is changed.';
revoke all on function authz_private.change_allows(text, jsonb, bigint, text, text, int)
from public;
