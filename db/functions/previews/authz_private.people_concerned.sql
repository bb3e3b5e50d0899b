-- What a change did is in the log; whom it can concern follows from the tables it wrote.

create or replace function authz_private.people_concerned(after_id bigint)
returns setof bigint
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    changes jsonb [];
    policies int [];
    roles int [];
    tenants int [];
    people bigint [];
begin
    changes := array(
        select
            coalesce(l.new_values, '{}') || coalesce(l.old_values, '{}') || l.row_key
            || jsonb_build_object(
                'table_name', l.table_name, 'tenant', l.tenant_id,
                'is_of_names',
                l.action = 'UPDATE' and l.table_name = 'authz.org_units'
                and not l.changed_columns && array['parent_id', 'path', 'kind', 'is_active']
            )
        from audit.permission_audit_log as l
        where l.xid = pg_current_xact_id()
            and l.id > people_concerned.after_id
            and l.table_name like 'authz.%'
            and l.row_key is not null
    );
    policies := array(
        select case c ->> 'table_name' when 'authz.policies' then c ->> 'id' else c ->> 'policy_id' end
        from unnest(changes) as c
        where c ->> 'table_name' in ('authz.policies', 'authz.policy_permissions')
    );
    roles := array(
        select distinct b.id
        from (
            select
                case c ->> 'table_name' when 'authz.roles' then c ->> 'id' else c ->> 'role_id' end
            from unnest(changes) as c
            where c ->> 'table_name' in (
                'authz.roles', 'authz.role_permissions', 'authz.role_policies'
            )
            union all
            select rp.role_id::text
            from authz.role_policies as rp
            where rp.policy_id = any(policies)
        ) as r (id)
        cross join lateral authz_private.roles_below(r.id::int) as b
    );
    tenants := array(
        select distinct (c ->> 'tenant')::int
        from unnest(changes) as c
        where c ->> 'table_name' in ('authz.org_units', 'authz.permission_templates')
            and not (c ->> 'is_of_names')::boolean
    );
    people := array(
        select (c ->> 'user_id')::bigint
        from unnest(changes) as c
        where c ->> 'table_name' in (
            'authz.user_roles', 'authz.user_policies', 'authz.user_permissions',
            'authz.memberships'
        )
        union
        select (c ->> 'id')::bigint from unnest(changes) as c where c ->> 'table_name' = 'authz.users'
        union
        select (c ->> 'delegate_id')::bigint
        from unnest(changes) as c
        where c ->> 'table_name' = 'authz.delegations'
        union
        select d.delegate_id
        from unnest(changes) as c
        inner join authz.delegations as d on d.id = (c ->> 'id')::bigint
        where c ->> 'table_name' = 'authz.delegations'
        union
        select g.user_id from authz.user_roles as g where g.role_id = any(roles)
        union
        select g.user_id from authz.user_policies as g where g.policy_id = any(policies)
        union
        select g.user_id from authz_private.direct_grants as g where g.tenant_id = any(tenants)
    );
    return query
    select p.id
    from unnest(people) as p (id)
    where p.id is not null
    union
    -- What is delegated is no more than the delegator holds.
    select d.delegate_id
    from authz.delegations as d
    where d.status = 'active' and d.delegator_id = any(people)
    order by 1;
end
$$;

comment on function authz_private.people_concerned(bigint) is
    'Users, ascending, among whom are all whose access this transaction has changed after that row '
    'of the log.';
revoke all on function authz_private.people_concerned(bigint) from public;
