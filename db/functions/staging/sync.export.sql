-- The files that a feed would have to hold for its plan to say that nothing changes. Whom and what
-- earlier feeds no longer listed is in them too, as inactive: records still name it.

create or replace function sync.export(tenant text, table_name text, under text default null)
returns setof text []
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    scope authz_private.sync_scope;
begin
    if authz.current_user_id() is not null or not authz_private.session_is_owner() then
        perform authz_private.refuse_administration('tenant');
    end if;
    if authz_private.sync_columns(table_name) is null then
        raise exception 'table_name: % is not a table of feeds',
            coalesce(quote_literal(left(table_name, 60)), 'null')
            using
                errcode = '22023',
                hint = format(
                    'Pass one of %s.',
                    (
                        select string_agg(t.table_name, ', ' order by t.place)
                        from authz_private.sync_tables() as t
                    )
                );
    end if;
    scope := authz_private.sync_scope_of(tenant, under, '{}');
    return next authz_private.sync_columns(table_name);
    if table_name = 'units' then
        return query
        select
            array[
                n.code, up.code, u.name,
                coalesce(nullif(k.name, ''), u.kind), u.sort_order::text,
                case when u.metadata <> '{}' then u.metadata::text end,
                u.is_active::text
            ]
        from authz.org_units as u
        inner join authz_private.sync_known_units(scope.tenant_id) as n on u.id = n.unit_id
        left join authz_private.sync_known_units(scope.tenant_id) as up
            on u.parent_id = up.unit_id and u.id <> scope.top_id
        inner join authz.unit_kinds as k on u.kind = k.kind
        where u.path operator (ext.<@) scope.top_path
        order by u.level, n.code collate "C";
    elsif table_name = 'people' then
        return query
        select
            array[
                p.code, u.username, n.code, u.profile ->> 'display_name', u.is_active::text,
                case
                    when u.profile - 'display_name' <> '{}'
                        then (u.profile - 'display_name')::text
                end
            ]
        from authz.users as u
        inner join authz_private.sync_known_people(scope) as p on u.id = p.user_id and p.in_scope
        inner join authz_private.sync_known_units(scope.tenant_id) as n
            on u.base_unit_id = n.unit_id
        order by p.code collate "C";
    elsif table_name = 'memberships' then
        return query
        select array[p.code, n.code, m.valid_from::text, m.valid_until::text]
        from authz.memberships as m
        inner join authz_private.sync_known_people(scope) as p on m.user_id = p.user_id
        inner join authz_private.sync_known_units(scope.tenant_id) as n on m.unit_id = n.unit_id
        inner join authz.org_units as b on m.unit_id = b.id
        where b.path operator (ext.<@) scope.top_path
        order by p.code collate "C", n.code collate "C", m.valid_from nulls first;
    elsif table_name = 'roles' then
        return query
        select
            array[
                r.code, nullif(r.name, ''), r.rank::text, up.code, r.is_active::text,
                r.requires_approval::text
            ]
        from authz.roles as r
        left join authz.roles as up on r.parent_role_id = up.id
        where r.tenant_id = scope.tenant_id
        order by r.code collate "C";
    elsif table_name = 'grants' then
        return query
        select
            array[
                p.code, r.code, n.code, g.inherit_to_descendants::text, g.valid_from::text,
                g.valid_until::text
            ]
        from authz.user_roles as g
        inner join authz_private.sync_known_people(scope) as p on g.user_id = p.user_id
        inner join authz.roles as r on g.role_id = r.id
        left join authz_private.sync_known_units(scope.tenant_id) as n on g.unit_id = n.unit_id
        left join authz.org_units as b on g.unit_id = b.id
        where g.tenant_id = scope.tenant_id
            and coalesce(b.path operator (ext.<@) scope.top_path, p.in_scope)
        order by p.code collate "C", r.code collate "C", n.code collate "C" nulls first,
            g.valid_from nulls first;
    elsif table_name = 'customers' then
        return query
        select array[c.id::text, c.name, p.code, c.created_at::text]
        from finance.customers as c
        inner join authz_private.sync_known_people(scope) as p
            on c.manager_id = p.user_id and p.in_scope
        where c.tenant_id = scope.tenant_id
        order by c.id;
    elsif table_name = 'orders' then
        return query
        select array[o.id::text, p.code, o.customer_id::text, o.created_at::text]
        from finance.orders as o
        inner join authz_private.sync_known_people(scope) as p
            on o.handler_id = p.user_id and p.in_scope
        where o.tenant_id = scope.tenant_id
        order by o.id;
    else
        return query
        select
            array[
                f.id::text, p.code, f.order_id::text, f.customer_id::text, f.amount::text,
                f.currency, f.status, f.created_at::text
            ]
        from finance.financial_funds as f
        left join authz_private.sync_known_people(scope) as p on f.handle_by = p.user_id
        where f.tenant_id = scope.tenant_id and coalesce(p.in_scope, scope.top_id = scope.tenant_id)
        order by f.id;
    end if;
end
$$;

comment on function sync.export(text, text, text) is
    'The rows of a file, titles first, that states what there is of a kind below the unit under '
    '(null: in the whole tenant). For the owner. 42501 for anybody else; 22023 for an unknown '
    'tenant, unit or kind.';
revoke all on function sync.export(text, text, text) from public;
