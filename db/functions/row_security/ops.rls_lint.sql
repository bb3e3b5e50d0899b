-- Rules of our own, asked of the catalog, so that they also hold of what is written later. Each is
-- named once below with its problem and hint; each is shown to fire by tests/test_rls_lint.py.

create or replace function ops.rls_lint()
returns table (rule text, object text, problem text, hint text)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with recursive rules (rule, problem, hint) as (
        values
        (
            'database_right',
            'a right on the database or a schema is given or taken otherwise than intended',
            'Call ops.apply_database_rights() as the owner of the database.'
        ),
        (
            'dataset_out_of_step',
            'a policy, right or view is not what data permissions make of it',
            'Call what ops.dataset_problems() names as the repair.'
        ),
        (
            'definer_search_path',
            'a SECURITY DEFINER function looks for names where its caller says',
            'alter function ... set search_path = pg_catalog, ext, pg_temp'
        ),
        (
            'default_privileges',
            'a function the owner makes next would be executable by PUBLIC',
            'alter default privileges for role fundwarden_owner revoke execute on functions '
            'from public'
        ),
        (
            'foreign_key_tenant',
            'a foreign key between tables of tenants does not carry tenant_id',
            'Refer to (tenant_id, ...), so that a reference across tenants cannot be written.'
        ),
        (
            'function_leakproof',
            'a function claims to be leakproof, so conditions with it run before row security',
            'alter function ... not leakproof'
        ),
        (
            'function_public',
            'a function is executable by PUBLIC',
            'revoke all on function ... from public'
        ),
        (
            'login_owns',
            'a login of an application owns objects or may create some',
            'Move them to fundwarden_owner and revoke CREATE and TEMPORARY.'
        ),
        (
            'login_passes',
            'a login of an application can pass row security or become somebody who does',
            'Give the application a login of its own that is granted fundwarden_app alone.'
        ),
        (
            'matview_granted',
            'a materialized view, which has no row security, is granted to somebody',
            'Revoke it; grant a function or a view that asks as its caller.'
        ),
        (
            'owner',
            'an object is owned by another role than fundwarden_owner',
            'alter ... owner to fundwarden_owner'
        ),
        (
            'policy_per_row',
            'a policy calls a function for every row',
            'Call it in a sub-select that names no column of the row.'
        ),
        (
            'policy_public',
            'a policy is for everybody',
            'Name the roles in TO.'
        ),
        (
            'policy_unconditional',
            'a policy lets others than the owner through unasked',
            'Ask a condition about the user signed in.'
        ),
        (
            'policy_without_check',
            'a policy for writing says nothing about the row written',
            'Add WITH CHECK.'
        ),
        (
            'relation_public',
            'PUBLIC has a right on a table, view or sequence',
            'revoke all on ... from public'
        ),
        (
            'role_attribute',
            'a role of fundwarden is a superuser, passes row security, makes roles or databases, '
            'replicates or logs in',
            'alter role ... nosuperuser nobypassrls nocreaterole nocreatedb noreplication nologin'
        ),
        (
            'rls_not_forced',
            'row security is not enabled, or not forced upon the owner',
            'alter table ... enable row level security, force row level security'
        ),
        (
            'trigger_function_granted',
            'a trigger function can be attached by others than the owner to a table of their own',
            'revoke all on function ...'
        ),
        (
            'untrusted_extension',
            'applications may execute functions of an extension that only a superuser can install',
            'revoke execute on its functions from public, or drop extension ...'
        ),
        (
            'view_not_invoker',
            'a view reads its tables with the rights of its owner, past their policies',
            'alter view ... set (security_invoker = true)'
        )
    ),

    ours as (
        select
            n.oid,
            n.nspname
        from pg_namespace as n
        where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops', 'platform')
    ),

    functions as (
        select
            p.oid,
            p.oid::regprocedure::text as title,
            p.prosecdef,
            p.proleakproof,
            p.prorettype,
            p.proowner,
            coalesce(p.proconfig, '{}') as settings,
            coalesce(p.proacl, acldefault('f', p.proowner)) as acl
        from pg_proc as p
        inner join ours as n on p.pronamespace = n.oid
    ),

    relations as (
        select
            c.oid,
            c.oid::regclass::text as title,
            c.relkind,
            c.relowner,
            c.relacl,
            c.reloptions,
            n.nspname <> 'authz_private'
            and (
                not c.relispartition
                -- A partition nobody is granted is reached through its parent alone.
                or exists (select from aclexplode(c.relacl) as a where a.grantee <> c.relowner)
            ) as needs_policies,
            c.relrowsecurity and c.relforcerowsecurity as is_forced
        from pg_class as c
        inner join ours as n on c.relnamespace = n.oid
        where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    ),

    policies as (
        select
            p.oid,
            format('%I on %s', p.polname, c.title) as title,
            p.polroles,
            p.polcmd,
            p.polwithcheck is null as is_unchecked,
            'true' in (
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
            ) as is_unconditional,
            concat(p.polqual, p.polwithcheck) as tree
        from pg_policy as p
        inner join relations as c on p.polrelid = c.oid
    ),

    -- The parsed expression, as far as it says what is called where: braces open and close nodes.
    tokens as (
        select
            p.oid,
            t.place,
            t.found[1] as token,
            sum(case left(t.found[1], 1) when '{' then 1 when '}' then -1 else 0 end)
                over (partition by p.oid order by t.place) as depth
        from policies as p
        cross join lateral regexp_matches(
            p.tree, '(\\.|\{QUERY|[{}]|:(?:funcid|opfuncid) \d+|:varlevelsup [1-9])', 'g'
        ) with ordinality as t (found, place)
    ),

    calls as (
        select
            t.oid,
            t.place
        from tokens as t
        inner join functions as f on substring(t.token, ':\w*funcid (\d+)')::oid = f.oid
    ),

    -- Who has what an application is granted; admin options alone, which 16 gives to whoever
    -- makes a role, do not count.
    applications as (
        select r.oid
        from pg_roles as r
        where r.rolname in ('fundwarden_app', 'fundwarden_trusted')
        union
        select m.member
        from applications as a
        inner join pg_auth_members as m on a.oid = m.roleid
        where coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
            or coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
    ),

    findings (rule, object) as (
        select
            'database_right',
            w.what
        from ops.check_database_rights() as w
        union all
        select
            'definer_search_path',
            f.title
        from functions as f
        where f.prosecdef
            and not exists (
                select
                from unnest(f.settings) as s (setting)
                where s.setting in (
                        'search_path=pg_catalog, ext, pg_temp', 'search_path=pg_catalog, pg_temp'
                    )
            )
        union all
        select
            'default_privileges',
            'functions of fundwarden_owner'
        where not exists (
            select
            from pg_default_acl as d
            where d.defaclrole = to_regrole('fundwarden_owner')
                and d.defaclobjtype = 'f'
                and d.defaclnamespace = 0
                and not exists (select from aclexplode(d.defaclacl) as a where a.grantee = 0)
        )
        union all
        select
            'foreign_key_tenant',
            format('%I on %s', k.conname, c.title)
        from pg_constraint as k
        inner join relations as c on k.conrelid = c.oid
        inner join pg_attribute as here
            on k.conrelid = here.attrelid and here.attname = 'tenant_id'
        -- Where the tenant of the row referred to may be null, the row is offered to all.
        inner join pg_attribute as there
            on k.confrelid = there.attrelid and there.attname = 'tenant_id' and there.attnotnull
        where k.contype = 'f'
            and k.conparentid = 0
            and (
                array_position(k.conkey, here.attnum) is null
                or array_position(k.conkey, here.attnum)
                is distinct from array_position(k.confkey, there.attnum)
            )
        union all
        select
            'function_leakproof',
            f.title
        from functions as f
        where f.proleakproof
        union all
        select
            'function_public',
            f.title
        from functions as f
        where exists (select from aclexplode(f.acl) as a where a.grantee = 0)
        union all
        select
            'login_owns',
            r.rolname
        from applications as a
        inner join pg_roles as r on a.oid = r.oid
        where r.rolname !~ '^fundwarden_'
            and not r.rolsuper
            and (
                has_database_privilege(r.oid, current_database(), 'create, temporary')
                or exists (
                    select
                    from pg_namespace as n
                    where n.nspname !~ '^pg_(toast_)?temp_'
                        and has_schema_privilege(r.oid, n.oid, 'create')
                )
                or exists (
                    select
                    from pg_shdepend as d
                    inner join pg_database as here on here.datname = current_database()
                    where d.refclassid = 'pg_authid'::regclass
                        and d.refobjid = r.oid
                        and d.deptype = 'o'
                        and here.oid in (
                            d.dbid, case when d.classid = 'pg_database'::regclass then d.objid end
                        )
                )
            )
        union all
        select
            'login_passes',
            r.rolname
        from applications as a
        inner join pg_roles as r on a.oid = r.oid
        where r.rolsuper
            or r.rolbypassrls
            or r.rolcreaterole
            or exists (
                select
                from pg_roles as other
                where (
                        other.rolname in (
                            'fundwarden_owner', 'pg_read_all_data', 'pg_write_all_data',
                            'pg_read_server_files', 'pg_write_server_files',
                            'pg_execute_server_program'
                        )
                        or other.rolsuper
                        or other.rolbypassrls
                    )
                    and pg_has_role(r.oid, other.oid, 'member')
            )
        union all
        select
            'matview_granted',
            c.title
        from relations as c
        where c.relkind = 'm'
            and (
                exists (select from aclexplode(c.relacl) as a where a.grantee <> c.relowner)
                or exists (
                    select
                    from pg_attribute as t
                    cross join lateral aclexplode(t.attacl) as a
                    where t.attrelid = c.oid and a.grantee <> c.relowner
                )
            )
        union all
        select
            'owner',
            o.title
        from (
            select
                c.title,
                c.relowner
            from relations as c
            union all
            select
                f.title,
                f.proowner
            from functions as f
            union all
            select
                'schema ' || n.nspname,
                s.nspowner
            from ours as n
            inner join pg_namespace as s on n.oid = s.oid
        ) as o (title, owner)
        where o.owner is distinct from to_regrole('fundwarden_owner')
        union all
        select
            'policy_per_row',
            p.title
        from policies as p
        where exists (
            select
            from calls as c
            where c.oid = p.oid
                and not exists (
                    select
                    from tokens as q
                    where q.oid = p.oid
                        and q.token = '{QUERY'
                        and q.place < c.place
                        and not exists (
                            select
                            from tokens as t
                            where t.oid = p.oid
                                and t.place between q.place and c.place
                                and t.depth < q.depth
                        )
                )
        )
        -- A sub-select that names a column of the row is asked for every row as well.
        or exists (select from calls as c where c.oid = p.oid)
        and exists (
            select from tokens as t where t.oid = p.oid and t.token like ':varlevelsup%'
        )
        union all
        select
            'policy_public',
            p.title
        from policies as p
        where 0 = any(p.polroles)
        union all
        select
            'policy_unconditional',
            p.title
        from policies as p
        where p.is_unconditional
            and p.polroles <> array[to_regrole('fundwarden_owner')::oid]
            -- An auditor reads the log of all tenants.
            and not (
                p.polcmd = 'r'
                and p.polroles = array[to_regrole('fundwarden_auditor')::oid]
                and p.title ~ ' on audit\.'
            )
        union all
        select
            'policy_without_check',
            p.title
        from policies as p
        where p.polcmd in ('a', 'w', '*') and p.is_unchecked
        union all
        select
            'relation_public',
            c.title
        from relations as c
        where exists (select from aclexplode(c.relacl) as a where a.grantee = 0)
            or exists (
                select
                from pg_attribute as t
                cross join lateral aclexplode(t.attacl) as a
                where t.attrelid = c.oid and a.grantee = 0
            )
        union all
        select
            'role_attribute',
            r.rolname
        from pg_roles as r
        where r.rolname in (
                'fundwarden_owner', 'fundwarden_app', 'fundwarden_trusted', 'fundwarden_auditor',
                'fundwarden_operator', 'fundwarden_platform'
            )
            and (
                r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
                or r.rolreplication or r.rolcanlogin
            )
        union all
        select
            'rls_not_forced',
            c.title
        from relations as c
        where c.relkind in ('r', 'p') and c.needs_policies and not c.is_forced
        union all
        select
            'trigger_function_granted',
            f.title
        from functions as f
        where f.prorettype in ('trigger'::regtype, 'event_trigger'::regtype)
            and exists (select from aclexplode(f.acl) as a where a.grantee <> f.proowner)
        union all
        select
            'untrusted_extension',
            e.extname
        from pg_extension as e
        -- It shows a login its own statements only.
        where e.extname <> 'pg_stat_statements'
            and exists (
                select
                from pg_available_extension_versions as v
                where v.name = e.extname
                    and v.version = e.extversion
                    and v.superuser
                    and not v.trusted
            )
            and exists (
                select
                from pg_depend as d
                where d.refclassid = 'pg_extension'::regclass
                    and d.refobjid = e.oid
                    and d.classid = 'pg_proc'::regclass
                    and d.deptype = 'e'
                    and has_function_privilege('fundwarden_app', d.objid, 'execute')
            )
        union all
        select
            'dataset_out_of_step',
            format('%s: %s', d.dataset, d.problem)
        from ops.dataset_problems() as d
        union all
        select
            'view_not_invoker',
            c.title
        from relations as c
        where c.relkind = 'v'
            and not exists (
                select
                from pg_options_to_table(c.reloptions) as o
                where o.option_name = 'security_invoker' and o.option_value::boolean
            )
            -- What a cell shows the platform is for it alone.
            and not (
                c.title ~ '^platform\.cell_'
                and not exists (
                    select
                    from aclexplode(c.relacl) as a
                    where a.grantee not in (c.relowner, to_regrole('fundwarden_platform'))
                )
            )
    )

    select
        f.rule,
        f.object::text,
        r.problem,
        r.hint
    from findings as f
    inner join rules as r on f.rule = r.rule
    order by f.rule, f.object;
end
$$;

comment on function ops.rls_lint() is
    'Objects that break a rule about who may see and run what; no rows: none does. runner status '
    'shows the same.';
revoke all on function ops.rls_lint() from public;
grant execute on function ops.rls_lint() to fundwarden_operator, fundwarden_auditor;
