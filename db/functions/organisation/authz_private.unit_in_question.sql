-- Every question about a unit passes here first.

create or replace function authz_private.unit_in_question(asked_id int, parameter text)
returns authz.org_units
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unit authz.org_units;
    me bigint;
begin
    select n.* into unit from authz.org_units as n where n.id = asked_id;
    if authz_private.may_ask_about_anyone() then
        if unit.id is null then
            raise exception '% % does not exist', parameter, coalesce(asked_id::text, 'null')
                using errcode = '22023', hint = 'Pass the id of a row in authz.org_units.';
        end if;
        return unit;
    end if;
    me := authz_private.signed_in_user();
    if unit.id is null or not exists (
        select from authz.users as u where u.id = me and u.tenant_id = unit.tenant_id
    )
    then
        raise exception '%: not allowed to ask about this unit', parameter
            using errcode = '42501', hint = 'Ask about a unit of your own organisation.';
    end if;
    return unit;
end
$$;

comment on function authz_private.unit_in_question(int, text) is
    'The unit a question is about. 28000 if nobody is signed in; 42501 of another tenant (hidden '
    'and missing objects alike); 22023 absent, to those who may ask about any.';
revoke all on function authz_private.unit_in_question(int, text) from public;
