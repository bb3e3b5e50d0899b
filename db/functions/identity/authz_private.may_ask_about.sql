-- Asked per row, of units that were looked up once. A user is found here as by
-- authz_private.user_in_question.

create or replace function authz_private.may_ask_about(
    actor_id bigint, visible_units int [], user_id bigint, base_unit_id int
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select may_ask_about.user_id = may_ask_about.actor_id
        or may_ask_about.base_unit_id = any(may_ask_about.visible_units);
end;

comment on function authz_private.may_ask_about(bigint, int [], bigint, int) is
    'Whether the acting user may ask about the user of the base unit: oneself, and whoever belongs '
    'to a unit where the acting user holds permissions:read.';
revoke all on function authz_private.may_ask_about(bigint, int [], bigint, int) from public;
