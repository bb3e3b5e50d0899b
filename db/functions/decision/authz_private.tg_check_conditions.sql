-- A condition that cannot be read later would fail a decision; it is refused when written.

create or replace function authz_private.tg_check_conditions()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong record;
begin
    select * into wrong from authz_private.condition_problems(new.conditions, '$') limit 1;
    if found then
        raise exception 'conditions: % %', wrong.found_at, wrong.problem
            using
                errcode = '22023',
                hint = 'authz.condition_problems() lists everything that is wrong.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_check_conditions() is
    'Trigger: refuses invalid conditions with 22023, naming the JSON path.';
revoke all on function authz_private.tg_check_conditions() from public;
