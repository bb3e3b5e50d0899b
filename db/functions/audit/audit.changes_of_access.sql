-- An update names the changed columns alone, so whom it concerns is read from the first row of the
-- log about the same row, or from the table.

create or replace function audit.changes_of_access(
    user_id bigint default null,
    unit_id int default null,
    since timestamptz default null,
    until timestamptz default null
)
returns table (
    changed_at timestamptz,
    change text,
    kind text,
    source_id bigint,
    changed_user_id bigint,
    username text,
    changed_unit_id int,
    unit_path text,
    title text,
    description text,
    changed_by bigint,
    changed_by_name text,
    login text,
    reason text
)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set jit = off
as $$
#variable_conflict use_column
declare
    place ext.ltree;
begin
    if (changes_of_access.user_id is null) = (changes_of_access.unit_id is null) then
        raise exception 'user_id or unit_id must be given, and not both'
            using errcode = '22023', hint = 'Ask about a user, or about a unit and all below it.';
    end if;
    if changes_of_access.since > changes_of_access.until then
        raise exception 'since is later than until'
            using errcode = '22023', hint = 'Pass the earlier instant first.';
    end if;
    select n.path into place from authz.org_units as n where n.id = changes_of_access.unit_id;
    if not found then
        select (l.old_values ->> 'path')::ext.ltree into place
        from audit.permission_audit_log as l
        where l.table_name = 'authz.org_units'
            and l.action = 'DELETE'
            and l.row_key = jsonb_build_object('id', changes_of_access.unit_id);
    end if;
    return query
    with logged as materialized (
        select
            l.id,
            l.logged_at,
            l.table_name,
            l.row_key,
            l.action,
            l.old_values,
            l.new_values,
            l.changed_columns,
            coalesce(l.actor_id, l.effective_user_id) as actor_id,
            l.session_user_name,
            l.reason
        from audit.permission_audit_log as l
        where l.table_name in (
                'authz.user_roles', 'authz.user_policies', 'authz.user_permissions',
                'authz.memberships', 'authz.delegations', 'authz.permission_templates',
                'authz.users', 'authz.org_units'
            )
            and l.action in ('CREATE', 'UPDATE', 'DELETE', 'RESET')
    ),

    deleted_units as materialized (
        select
            (l.row_key ->> 'id')::int as id,
            (l.old_values ->> 'path')::ext.ltree as path
        from logged as l
        where l.table_name = 'authz.org_units' and l.action = 'DELETE'
    ),

    -- Where people belonged, one row per person.
    homes as materialized (
        select
            (l.row_key ->> 'id')::bigint as user_id,
            array_agg(l.id order by l.id) as ids,
            array_agg((l.old_values ->> 'base_unit_id')::int order by l.id) as old_ids,
            array_agg((l.new_values ->> 'base_unit_id')::int order by l.id) as new_ids
        from logged as l
        where l.table_name = 'authz.users'
            and (l.old_values ? 'base_unit_id' or l.new_values ? 'base_unit_id')
        group by l.row_key
    ),

    -- The whole row, as it was first known.
    whole as materialized (
        select
            l.table_name,
            l.row_key,
            (array_agg(coalesce(l.old_values, l.new_values) order by l.id)
                filter (where l.action <> 'UPDATE'))[1] as content
        from logged as l
        group by l.table_name, l.row_key
    ),

    told as (
        select
            l.id,
            l.logged_at,
            l.action,
            replace(l.table_name, 'authz.', '') as kind,
            (l.row_key ->> 'id')::bigint as source_id,
            l.actor_id,
            l.session_user_name,
            l.reason,
            l.changed_columns,
            l.old_values,
            l.new_values,
            c.content,
            case
                when l.table_name = 'authz.users' then (l.row_key ->> 'id')::bigint
                else coalesce(c.content ->> 'user_id', c.content ->> 'delegate_id')::bigint
            end as user_id,
            case
                when l.table_name = 'authz.org_units' then (l.row_key ->> 'id')::int
                else (c.content ->> 'unit_id')::int
            end as unit_id
        from logged as l
        inner join whole as w on l.table_name = w.table_name and l.row_key = w.row_key
        cross join lateral (
            select coalesce(
                w.content,
                case l.table_name
                    when 'authz.user_roles' then (
                        select to_jsonb(t)
                        from authz.user_roles as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.user_policies' then (
                        select to_jsonb(t)
                        from authz.user_policies as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.user_permissions' then (
                        select to_jsonb(t)
                        from authz.user_permissions as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.memberships' then (
                        select to_jsonb(t)
                        from authz.memberships as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.delegations' then (
                        select to_jsonb(t)
                        from authz.delegations as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.permission_templates' then (
                        select to_jsonb(t)
                        from authz.permission_templates as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                    when 'authz.users' then (
                        select to_jsonb(t)
                        from authz.users as t
                        where t.id = (l.row_key ->> 'id')::bigint
                    )
                end,
                '{}'
            ) as content
        ) as c
        where (changes_of_access.since is null or l.logged_at >= changes_of_access.since)
            and (changes_of_access.until is null or l.logged_at < changes_of_access.until)
    ),

    places as materialized (
        select n.id from authz.org_units as n where n.path operator (ext.<@) place
        union
        select d.id from deleted_units as d where d.path operator (ext.<@) place
        union
        select changes_of_access.unit_id
    )

    select
        t.logged_at,
        lower(t.action),
        t.kind,
        t.source_id,
        t.user_id,
        coalesce(u.username, t.content ->> 'username'),
        p.unit_id,
        coalesce(n.path, d.path)::text,
        w.title,
        concat_ws(
            ' ',
            case t.action
                when 'CREATE' then 'gave'
                when 'UPDATE' then 'changed'
                else 'took away'
            end,
            replace(rtrim(replace(t.kind, 'policies', 'policy'), 's'), '_', ' '),
            quote_literal(w.title),
            'at ' || coalesce(n.path, d.path)::text,
            case
                when t.action = 'UPDATE' then (
                    select '(' || string_agg(
                        format('%s: %s -> %s', c, t.old_values ->> c, t.new_values ->> c), ', '
                        order by c
                    ) || ')'
                    from unnest(t.changed_columns) as c
                )
            end
        ),
        t.actor_id,
        a.username,
        t.session_user_name,
        t.reason
    from told as t
    left join authz.users as u on t.user_id = u.id
    left join authz.users as a on t.actor_id = a.id
    left join homes as h on t.user_id = h.user_id
    cross join lateral (
        -- What was given without a unit is where its holder belonged then.
        select coalesce(
            t.unit_id,
            (
                select b.new_id
                from unnest(h.ids, h.new_ids) as b (id, new_id)
                where b.id <= t.id and b.new_id is not null
                order by b.id desc
                limit 1
            ),
            (
                select b.old_id
                from unnest(h.ids, h.old_ids) as b (id, old_id)
                where b.id >= t.id and b.old_id is not null
                order by b.id
                limit 1
            ),
            u.base_unit_id
        ) as unit_id
    ) as p
    left join authz.org_units as n on p.unit_id = n.id
    left join deleted_units as d on p.unit_id = d.id
    cross join lateral (
        select coalesce(
            (select r.code from authz.roles as r where r.id = (t.content ->> 'role_id')::int),
            (select o.name from authz.policies as o where o.id = (t.content ->> 'policy_id')::int),
            (
                select concat_ws(':', p.resource, p.action, p.scope)
                from authz.permissions as p
                where p.id = (t.content ->> 'permission_id')::int
            ),
            t.content ->> 'permission_key',
            t.content ->> 'resource' || ':' || (t.content ->> 'action'),
            t.content ->> 'username',
            t.content ->> 'code'
        ) as title
    ) as w
    where t.user_id = changes_of_access.user_id
        or exists (
            select
            from places as o
            where o.id in (
                p.unit_id,
                (t.old_values ->> 'unit_id')::int,
                (t.new_values ->> 'unit_id')::int,
                (t.old_values ->> 'base_unit_id')::int,
                (t.new_values ->> 'base_unit_id')::int
            )
        )
        or (t.old_values ->> 'path')::ext.ltree operator (ext.<@) place
        or (t.new_values ->> 'path')::ext.ltree operator (ext.<@) place
    order by t.id;
end
$$;

comment on function audit.changes_of_access(bigint, int, timestamptz, timestamptz) is
    'What changed in the access of a user, or at a unit and all below it, within [since, until): '
    'one row per change with a description, who made it (changed_by and the login) and why. At a '
    'unit are also people who came or left, what people who belonged there were given without a '
    'unit, and units that were moved or deleted. '
    'Changes of what a role or policy gives are not among them. 22023 for both or neither, and '
    'for since later than until.';
revoke all on function audit.changes_of_access(bigint, int, timestamptz, timestamptz) from public;
grant execute on function audit.changes_of_access(bigint, int, timestamptz, timestamptz)
to fundwarden_auditor;
