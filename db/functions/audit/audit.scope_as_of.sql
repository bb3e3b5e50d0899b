-- The question of authz.user_scope() about another time.

create or replace function audit.scope_as_of(
    user_id bigint, resource text, action text, at timestamptz
)
returns int []
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if user_id is null then
        raise exception 'user_id is null'
            using errcode = '22023', hint = 'Pass an id that is or was in use.';
    end if;
    return authz_private.units_as_of(user_id, resource, action, null, at, '{}');
end
$$;

comment on function audit.scope_as_of(bigint, text, text, timestamptz) is
    'The units in which the user could do resource:action at that instant, ascending, as '
    'authz.user_scope() would have answered: rebuilt as for audit.access_as_of(). Empty for a user '
    'who was not there. 22023 as there.';
revoke all on function audit.scope_as_of(bigint, text, text, timestamptz) from public;
grant execute on function audit.scope_as_of(bigint, text, text, timestamptz)
to fundwarden_auditor;
