-- The text of a call from names and values that a person sends: names are compared with a fixed
-- list and with the catalog, values become literals of the parameter's type.

create or replace function authz_private.previewed_call(action text, arguments jsonb)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    actions constant text [] := array[
        'activate_unit', 'activate_user', 'add_membership', 'add_permission_to_policy',
        'add_policy_to_role', 'approve_delegation', 'approve_request', 'assign_policy',
        'assign_role', 'deactivate_unit', 'deactivate_user', 'delegate', 'grant_permission',
        'grant_permission_to_role', 'move_unit', 'remove_membership',
        'remove_permission_from_policy', 'remove_policy_from_role', 'reset_permission_template',
        'revoke_delegation', 'revoke_permission', 'revoke_permission_from_role', 'revoke_policy',
        'revoke_role', 'set_permission_template', 'set_role_parent', 'transfer_user',
        'update_policy', 'update_role', 'update_unit'
    ];
    called record;
    parameter record;
    passed text [] := '{}';
begin
    if action is null or action <> all(actions) then
        raise exception 'action % cannot be previewed',
            coalesce(quote_literal(left(action, 100)), 'null')
            using errcode = '22023', hint = 'Pass one of ' || array_to_string(actions, ', ') || '.';
    end if;
    if jsonb_typeof(arguments) is distinct from 'object' then
        raise exception 'arguments must be a JSON object'
            using errcode = '22023', hint = format('Pass the parameters of authz.%s by name.', action);
    end if;
    select
        p.proargnames as names,
        p.proargtypes::oid [] as types,
        p.pronargs - p.pronargdefaults as required,
        p.prorettype = 'authz.change'::regtype as tells_status
    into called
    from pg_proc as p
    where p.pronamespace = 'authz'::regnamespace and p.proname = previewed_call.action;
    for parameter in select k.name from jsonb_object_keys(arguments) as k (name) loop
        if parameter.name <> all(called.names) then
            raise exception 'arguments: % is no parameter of authz.%',
                quote_literal(left(parameter.name, 100)), action
                using
                    errcode = '22023',
                    hint = 'Pass some of ' || array_to_string(called.names, ', ') || '.';
        end if;
    end loop;
    for parameter in
        select
            n.name,
            n.place,
            format_type(t.type, null) as type,
            case
                when t.type = 'jsonb'::regtype then (arguments -> n.name)::text
                else arguments ->> n.name
            end as value
        from unnest(called.names) with ordinality as n (name, place)
        inner join unnest(called.types) with ordinality as t (type, place) on n.place = t.place
        order by n.place
    loop
        if arguments ? parameter.name then
            begin
                execute format('select %L::%s', parameter.value, parameter.type);
            exception
                when data_exception then
                    raise exception 'arguments: % is no %', parameter.name, parameter.type
                        using errcode = '22023', hint = 'Pass a value as the function takes it.';
            end;
            passed := passed || format('%I => %L::%s', parameter.name, parameter.value, parameter.type);
        elsif parameter.place <= called.required then
            raise exception 'arguments: % is missing', parameter.name
                using
                    errcode = '22023',
                    hint = format('Pass the parameters of authz.%s by name.', action);
        end if;
    end loop;
    return format(
        case
            when called.tells_status then 'select (authz.%I(%s)).status'
            else 'select coalesce(nullif(authz.%I(%s)::text, ''''), ''done'')'
        end,
        action, array_to_string(passed, ', ')
    );
end
$$;

comment on function authz_private.previewed_call(text, jsonb) is
    'A query that calls the administration function with the arguments and returns its status. '
    '22023 for another function, and for arguments that it does not have or cannot take.';
revoke all on function authz_private.previewed_call(text, jsonb) from public;
