-- By ordinary statements, so that every trigger and key of the model checks the rows again, and the
-- log says that they came. The tenant is here from the start and nobody can act for it before
-- ops.admit_tenant().

create or replace function ops.receive_tenant(tenant_id int, from_cell int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    held record;
    columns text;
begin
    insert into ops.moved_tenants (tenant_id, from_cell)
    values (receive_tenant.tenant_id, receive_tenant.from_cell);
    perform set_config('fundwarden.reason', format('moved from cell %s', from_cell), true);
    insert into authz.permissions (resource, action, scope, conditions)
    select distinct n.resource, n.action, n.scope, n.conditions
    from pg_temp.arriving_rows as a
    cross join lateral jsonb_populate_record(
        null::authz.permissions, a.content -> 'permission'
    ) as n
    where a.content ? 'permission'
        and not exists (
            select
            from authz.permissions as p
            where p.resource operator (ext.=) n.resource
                and p.action = n.action
                and p.scope = n.scope
                and p.conditions is not distinct from n.conditions
        );
    update pg_temp.arriving_rows as a
    set content = a.content || jsonb_build_object('permission_id', p.id)
    from authz.permissions as p
    where a.content ? 'permission'
        and a.content -> 'permission' = to_jsonb(p) - 'id';

    -- Left behind by somebody who had signed in here when the tenant went.
    delete from authz_private.last_sign_ins as s
    using pg_temp.arriving_rows as a
    where a.title = 'authz.users' and s.user_id = (a.content ->> 'id')::bigint;

    for held in
        select t.* from authz_private.tenant_tables() as t order by t.place
    loop
        select string_agg(format('%I', a.attname), ', ' order by a.attnum)
        into columns
        from pg_attribute as a
        where a.attrelid = held.title::regclass
            and a.attnum > 0
            and not a.attisdropped
            and a.attgenerated = '';
        execute format(
            'insert into %1$s (%2$s) overriding system value '
            'select %2$s from ('
            'select n.* from pg_temp.arriving_rows as a '
            'cross join lateral jsonb_populate_record(null::%1$s, a.content %3$s) as n '
            'where a.title = %1$L order by a.number) as n',
            held.title, columns,
            -- A parent may come after its child.
            case when held.title = 'authz.roles' then '|| ''{"parent_role_id": null}''' end
        );
        if held.title = 'authz.roles' then
            update authz.roles as r
            set parent_role_id = (a.content ->> 'parent_role_id')::int
            from pg_temp.arriving_rows as a
            where a.title = 'authz.roles'
                and r.id = (a.content ->> 'id')::int
                and a.content ->> 'parent_role_id' is not null;
        end if;
    end loop;
end
$$;

comment on function ops.receive_tenant(int, int) is
    'Inserts the rows of pg_temp.arriving_rows, which are those of ops.tenant_rows() of another '
    'cell. Nobody can sign in as a user of the tenant before ops.admit_tenant().';
revoke all on function ops.receive_tenant(int, int) from public;
