-- What was given to people, and what roles and policies came to give: the second is in the log as
-- rows of the tables, which concern every unit of the tenant.

create or replace function authz_private.latest_changes(unit_id int, most int)
returns table (
    changed_at timestamptz,
    description text,
    username text,
    changed_by_name text,
    login text,
    reason text
)
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select a.*
    from (
        (
            select
                c.changed_at,
                c.description,
                c.username,
                c.changed_by_name,
                c.login,
                c.reason
            from audit.changes_of_access(unit_id => latest_changes.unit_id) as c
            order by c.changed_at desc
            limit latest_changes.most
        )
        union all
        (
            select
                l.logged_at,
                concat_ws(
                    ' ',
                    case l.action
                        when 'CREATE' then 'added'
                        when 'UPDATE' then 'changed'
                        else 'removed'
                    end,
                    case
                        when p.id is not null
                            then format('permission %s:%s:%s of', p.resource, p.action, p.scope)
                        when q.id is not null then format('policy %L of', q.name)
                    end,
                    case
                        when l.table_name in ('authz.policies', 'authz.policy_permissions')
                            then 'policy'
                        else 'role'
                    end,
                    quote_literal(
                        coalesce(r.code, o.name, w.content ->> 'code', w.content ->> 'name')
                    ),
                    '(' || (
                        select string_agg(
                            format('%s: %s -> %s', c, l.old_values ->> c, l.new_values ->> c), ', '
                            order by c
                        )
                        from unnest(l.changed_columns) as c
                    ) || ')'
                ),
                null,
                a.username,
                l.session_user_name,
                l.reason
            from (
                select l.*
                from audit.permission_audit_log as l
                where l.table_name in (
                        'authz.roles', 'authz.policies', 'authz.role_policies',
                        'authz.role_permissions', 'authz.policy_permissions'
                    )
                    and l.action in ('CREATE', 'UPDATE', 'DELETE')
                    and (
                        l.tenant_id is null
                        or l.tenant_id = (
                            select n.tenant_id
                            from authz.org_units as n
                            where n.id = latest_changes.unit_id
                        )
                    )
                order by l.id desc
                limit latest_changes.most
            ) as l
            cross join lateral (
                select coalesce(l.new_values, '{}') || coalesce(l.old_values, '{}')
                    || coalesce(l.row_key, '{}')
            ) as w (content)
            left join authz.roles as r
                on r.id = case
                    when l.table_name = 'authz.roles' then w.content ->> 'id'
                    else w.content ->> 'role_id'
                end::int
            left join authz.policies as o
                on o.id = case l.table_name
                    when 'authz.policies' then w.content ->> 'id'
                    when 'authz.policy_permissions' then w.content ->> 'policy_id'
                end::int
            left join authz.policies as q
                on l.table_name = 'authz.role_policies'
                and q.id = (w.content ->> 'policy_id')::int
            left join authz.permissions as p on p.id = (w.content ->> 'permission_id')::int
            left join authz.users as a on a.id = coalesce(l.actor_id, l.effective_user_id)
        )
    ) as a
    order by a.changed_at desc
    limit latest_changes.most;
end
$$;

comment on function authz_private.latest_changes(int, int) is
    'The latest changes of access at a unit and below it, and of what the roles and policies of '
    'its tenant give, newest first.';
revoke all on function authz_private.latest_changes(int, int) from public;
