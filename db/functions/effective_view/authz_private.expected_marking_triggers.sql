-- Counted here and not in the catalog, where one that was dropped is missed by nobody.

create or replace function authz_private.expected_marking_triggers()
returns int
language sql immutable security invoker parallel safe
begin atomic
    select 26;
end;

comment on function authz_private.expected_marking_triggers() is
    'How many triggers mark changes of effective policies: four each on memberships, user_roles, '
    'user_policies and user_permissions, three on users, one on each of seven more tables.';
revoke all on function authz_private.expected_marking_triggers() from public;
