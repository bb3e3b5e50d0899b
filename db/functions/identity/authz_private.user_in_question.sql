-- Every question about a user passes here first.

create or replace function authz_private.user_in_question(asked_id bigint, parameter text)
returns bigint
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked_unit_id int;
begin
    if asked_id is not null and authz_private.may_ask_about_anyone() then
        if not exists (select from authz.users as u where u.id = asked_id) then
            raise exception '% % does not exist', parameter, asked_id
                using errcode = '22023', hint = 'Pass the id of a row in authz.users.';
        end if;
        if exists (
                select
                from ops.moved_tenants as m
                inner join authz.users as u on m.tenant_id = u.tenant_id
                where u.id = asked_id and m.state <> 'here'
            )
            and not authz_private.session_is_owner()
        then
            raise exception '%: this cell does not hold the tenant of user %', parameter, asked_id
                using
                    errcode = 'FW101',
                    hint = 'It is being moved: connect to the database named after it again.';
        end if;
        return asked_id;
    end if;

    me := authz.current_user_id();
    if me is null then
        raise exception 'nobody is signed in'
            using
                errcode = '28000',
                hint = format(
                    'Sign in within this transaction; a trusted login may also name %s.', parameter
                );
    end if;
    if asked_id is null or asked_id = me then
        return me;
    end if;

    select u.base_unit_id into asked_unit_id from authz.users as u where u.id = asked_id;
    if asked_unit_id is null
        or not authz_private.decide(me, 'permissions', 'read', asked_unit_id, '{}')
    then
        raise exception '%: not allowed to ask about this user', parameter
            using
                errcode = '42501',
                hint = 'Ask about the user signed in, or hold permissions:read where they belong.';
    end if;
    return asked_id;
end
$$;

comment on function authz_private.user_in_question(bigint, text) is
    'The user a question is about: the one named in the parameter, or the one signed in. 28000 '
    'if nobody is signed in, 42501 not allowed (hidden and missing objects alike); to those '
    'who may ask about anybody 22023 absent, and FW101 if the tenant is between two cells.';
revoke all on function authz_private.user_in_question(bigint, text) from public;
