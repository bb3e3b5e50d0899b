-- As text, so that one function serves all types; the rule casts it to the type of the variable,
-- which every stored value was checked against. In UTC and by ISO, whatever the session is set to:
-- a reader must not shift an instant.

create or replace function authz_private.variable_of(user_id bigint, name text)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
    found_value jsonb;
    asked authz.users;
    wanted record;
begin
    select u.* into asked from authz.users as u where u.id = variable_of.user_id;
    if asked.id is null then
        return null;
    end if;
    case variable_of.name
        when 'user_id' then return asked.id::text;
        when 'username' then return asked.username;
        when 'base_unit_id' then return asked.base_unit_id::text;
        when 'tenant_id' then return asked.tenant_id::text;
        when 'now' then return authz.clock()::text;
        else null;
    end case;
    select
        coalesce(w.value, v.default_value) as value,
        v.is_list,
        v.type
    into wanted
    from authz.variables as v
    left join authz.user_variables as w
        on v.name = w.variable and w.tenant_id = asked.tenant_id and w.user_id = asked.id
    where v.name = variable_of.name;
    found_value := wanted.value;
    if found_value is null then
        return null;
    elsif wanted.is_list then
        -- An empty list is a value: nothing is in it.
        return array(
            select authz_private.plain_value(e.v, wanted.type)
            from jsonb_array_elements(found_value) with ordinality as e (v, place)
            order by e.place
        )::text;
    end if;
    return authz_private.plain_value(found_value, wanted.type);
end
$$;

comment on function authz_private.variable_of(bigint, text) is
    'Value of a variable for a user: their own, or the default; null for nobody and where there '
    'is none. A list is written as an array.';
revoke all on function authz_private.variable_of(bigint, text) from public;
