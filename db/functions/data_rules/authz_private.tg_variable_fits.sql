-- Rules are compiled against the type of a variable.

create or replace function authz_private.tg_variable_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    used_by bigint;
begin
    if tg_op <> 'INSERT' then
        if tg_op = 'DELETE'
            or (old.name, old.type, old.is_list) is distinct from (new.name, new.type, new.is_list)
        then
            select r.id
            into used_by
            from (
                select r.id, r.filter from authz.row_permissions as r
                union all
                select r.id, r.condition from authz.column_permissions as r
            ) as r (id, filter)
            where jsonb_path_exists(
                    r.filter, '$.**.var ? (@ == $name)', jsonb_build_object('name', old.name)
                )
            order by r.id
            limit 1;
            if found then
                raise exception 'name: data permission % uses the variable %', used_by, old.name
                    using errcode = '23503', hint = 'Change or delete that rule first.';
            end if;
            if tg_op = 'UPDATE'
                and exists (select from authz.user_variables as u where u.variable = old.name)
            then
                raise exception 'type: users have values of the variable %', old.name
                    using errcode = '23503', hint = 'Delete them from authz.user_variables first.';
            end if;
        end if;
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    if new.default_value is not null
        and new.type in ('text', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz', 'uuid')
    then
        perform authz_private.check_variable_value(
            new.default_value, new.type, new.is_list, 'default_value'
        );
    end if;
    return new;
end
$$;

comment on function authz_private.tg_variable_fits() is
    'Trigger: refuses a default that is not of the type (22023), and to delete a variable that a '
    'rule uses, or change its name or type (23503).';
revoke all on function authz_private.tg_variable_fits() from public;
