-- To a caller who may not ask about anybody a unit that is not there is one like any other: no.

create or replace function authz_private.unit_of_check(unit_id int, parameter text)
returns int
language plpgsql stable security invoker parallel restricted
as $$
begin
    if unit_id is null then
        raise exception '% is null', parameter
            using errcode = '22023', hint = 'Pass the id of a row in authz.org_units.';
    end if;
    if not exists (select from authz.org_units as n where n.id = unit_of_check.unit_id)
        and authz_private.may_ask_about_anyone()
    then
        raise exception '% % does not exist', parameter, unit_id
            using errcode = '22023', hint = 'Pass the id of a row in authz.org_units.';
    end if;
    return unit_id;
end
$$;

comment on function authz_private.unit_of_check(int, text) is
    'The unit a check is about. 22023 null, or absent to those who may ask about anybody.';
revoke all on function authz_private.unit_of_check(int, text) from public;
