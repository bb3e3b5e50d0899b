-- What is stored can be cast when a rule reads it.

create or replace function authz_private.tg_user_variable_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.variables;
begin
    -- Locked, that its type does not change before this is committed.
    select v.* into wanted from authz.variables as v where v.name = new.variable for share;
    if wanted.name is null then
        raise exception 'variable % does not exist',
            coalesce(quote_literal(left(new.variable, 100)), 'null')
            using errcode = '22023', hint = 'Write it into authz.variables first.';
    end if;
    perform authz_private.check_variable_value(new.value, wanted.type, wanted.is_list, 'value');
    return new;
end
$$;

comment on function authz_private.tg_user_variable_fits() is
    'Trigger: refuses a value that is not of the type of its variable: 22023.';
revoke all on function authz_private.tg_user_variable_fits() from public;
