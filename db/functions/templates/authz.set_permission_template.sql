-- Given to everybody of the rank below, so it has to be held by whoever gives it.

create or replace function authz.set_permission_template(
    unit_id int,
    permission_key text,
    min_role_rank int default 0,
    is_enabled boolean default true,
    is_locked boolean default false
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit authz.org_units;
    new_id bigint;
begin
    me := authz_private.begin_administration(
        (
            select n.tenant_id
            from authz.org_units as n
            where n.id = set_permission_template.unit_id
        ),
        'unit_id'
    );
    if permission_key is null
        or permission_key !~ '^[a-z][a-z0-9_]{0,49}\.[a-z][a-z0-9_]{0,49}$'
    then
        raise exception 'permission_key % is not a permission',
            coalesce(quote_literal(left(permission_key, 110)), 'null')
            using errcode = '22023', hint = 'Pass resource and action, as in events.create.';
    end if;
    unit := authz_private.administered_unit(
        me, 'permissions',
        case
            when exists (
                select
                from authz.permission_templates as t
                where t.unit_id = set_permission_template.unit_id
                    and t.permission_key = set_permission_template.permission_key
            )
                then 'update'
            else 'create'
        end,
        set_permission_template.unit_id, true, 'unit_id'
    );
    perform authz_private.check_template_key(me, permission_key, unit.path);
    insert into authz.permission_templates as t (
        unit_id, permission_key, min_role_rank, is_enabled, is_locked
    )
    values (
        unit.id, set_permission_template.permission_key,
        coalesce(set_permission_template.min_role_rank, 0),
        coalesce(set_permission_template.is_enabled, true),
        coalesce(set_permission_template.is_locked, false)
    )
    on conflict on constraint one_template_per_unit_and_key do update
    set min_role_rank = excluded.min_role_rank,
        is_enabled = excluded.is_enabled,
        is_locked = excluded.is_locked
    returning t.id into new_id;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.set_permission_template(
    int, text, int, boolean, boolean
) is
    'Sets the template of the key at the unit. Requires permissions:create (a new one) or '
    'permissions:update throughout it, and the caller must hold the resource and action of the '
    'key there. 28000 if nobody is signed in; 42501 if that is not allowed or the object does '
    'not exist, or if the caller does not hold it; 22023 no key; 23514 locked above; 40001: '
    'retry.';
revoke all on function authz.set_permission_template(
    int, text, int, boolean, boolean
) from public;
grant execute on function authz.set_permission_template(
    int, text, int, boolean, boolean
) to fundwarden_app;
