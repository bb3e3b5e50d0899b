-- The unit of a question about access: an operator, an auditor and the owner may ask about any.

create or replace function authz_private.reviewed_unit(asked_id int)
returns int
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit_id int := asked_id;
begin
    if unit_id is null then
        me := authz_private.signed_in_user();
        select u.tenant_id into unit_id from authz.users as u where u.id = me;
    end if;
    if authz_private.may_see_every_review() then
        if not exists (select from authz.org_units as n where n.id = unit_id) then
            raise exception 'unit_id % does not exist', unit_id
                using errcode = '22023', hint = 'Pass the id of a row in authz.org_units.';
        end if;
        return unit_id;
    end if;
    if not authz_private.may_act(
            authz_private.signed_in_user(), 'permissions', 'read', unit_id, true
        )
    then
        raise exception 'unit_id: not allowed to ask about this unit'
            using errcode = '42501', hint = 'Hold permissions:read in it and everywhere below.';
    end if;
    return unit_id;
end
$$;

comment on function authz_private.reviewed_unit(int) is
    'The unit whose access may be reviewed by the caller; null is the root of their tenant. 28000 '
    'if nobody is signed in; 42501 without permissions:read throughout, hidden and missing units '
    'alike; 22023 absent, to those who may ask about any.';
revoke all on function authz_private.reviewed_unit(int) from public;
