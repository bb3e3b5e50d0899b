-- The question of authz.check_user_permission() about another time.

create or replace function audit.access_as_of(
    user_id bigint, resource text, action text, unit_id int, at timestamptz,
    context jsonb default '{}'
)
returns boolean
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if user_id is null or unit_id is null then
        raise exception '% is null', case when user_id is null then 'user_id' else 'unit_id' end
            using errcode = '22023', hint = 'Pass an id that is or was in use.';
    end if;
    return authz_private.units_as_of(
        user_id, resource, action, array[unit_id], at, context
    ) <> '{}';
end
$$;

comment on function audit.access_as_of(bigint, text, text, int, timestamptz, jsonb) is
    'Whether the user could do resource:action in the unit at that instant, given the context, as '
    'authz.check_user_permission() would have answered: rebuilt from the tables and the log of '
    'every change since. A change counts from the end of its statement. False for a user or unit '
    'that was not there. 22023 before the log begins, in the future, before a LOAD or TRUNCATE, '
    'and when a parameter cannot be meant.';
revoke all on function audit.access_as_of(bigint, text, text, int, timestamptz, jsonb) from public;
grant execute on function audit.access_as_of(bigint, text, text, int, timestamptz, jsonb)
to fundwarden_auditor;
