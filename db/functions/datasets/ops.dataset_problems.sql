-- What is made of data permissions is of no file, so drift does not tell: this does.

create or replace function ops.dataset_problems()
returns table (dataset text, problem text, repair text)
language plpgsql stable security definer parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    wanted authz.datasets;
    compiling constant text := 'select authz.compile_datasets();';
    storing text;
    leaving text;
begin
    for wanted in select d.* from authz.datasets as d order by d.name
    loop
        storing := format('select authz.store_owners(%L);', wanted.name);
        leaving := format('select authz.unregister_dataset(%L);', wanted.name);
        if not exists (select from pg_class as c where c.oid = wanted.table_name) then
            return query values (wanted.name, 'its table is gone', leaving);
            continue;
        end if;
        return query
        select wanted.name, format('%s %I of %s is missing', s.kind, s.name, s.table_name), storing
        from authz_private.storage_problems(wanted.name) as s
        union all
        select
            wanted.name,
            format('foreign key %I of %s is disabled', o.name, o.table_name),
            storing
        from authz_private.dataset_objects as o
        inner join pg_constraint as c on o.table_name = c.conrelid and o.name = c.conname
        where o.dataset = wanted.name
            and o.kind = 'foreign key'
            and exists (
                select
                from pg_trigger as t
                where t.tgconstraint = c.oid and t.tgenabled not in ('O', 'A')
            )
        union all
        select
            wanted.name,
            format('%s %I of %s is missing or disabled', o.kind, o.name, o.table_name),
            storing
        from authz_private.dataset_objects as o
        where o.dataset = wanted.name
            and case o.kind
                when 'column' then not exists (
                    select
                    from pg_attribute as a
                    where a.attrelid = o.table_name and a.attname = o.name and not a.attisdropped
                )
                when 'trigger' then not exists (
                    select
                    from pg_trigger as t
                    where t.tgrelid = o.table_name and t.tgname = o.name and t.tgenabled in ('O', 'A')
                )
                when 'index' then not exists (
                    select
                    from pg_index as i
                    inner join pg_class as c on i.indexrelid = c.oid
                    where i.indrelid = o.table_name and c.relname = o.name and i.indisvalid
                )
                else false
            end;
        -- The paths of owners before the rest: nothing can be compared with what no longer fits the
        -- catalog.
        if wanted.owners is not null then
            begin
                perform authz_private.owner_steps(wanted.table_name, wanted.owners);
            exception
                when invalid_parameter_value or insufficient_privilege then
                    return query values (
                        wanted.name, sqlerrm, '-- Correct the table, or:' || e'\n' || leaving
                    );
                    continue;
            end;
        end if;
        return query
        select wanted.name, format('function %s', f.identity), compiling
        from authz_private.dataset_functions(wanted.name) as f
        where obj_description(to_regprocedure(f.identity), 'pg_proc')
            is distinct from 'Compiled from authz.datasets: ' || md5(f.definition);
        return query
        select
            wanted.name,
            format('policy %s on %s', coalesce(w.policy_name, p.polname), wanted.table_name),
            compiling
        from authz_private.dataset_policies(wanted.name) as w
        full join (
            select o.polname, o.polpermissive, o.polroles, o.polcmd,
                obj_description(o.oid, 'pg_policy') as mark
            from pg_policy as o
            where o.polrelid = wanted.table_name and o.polname like 'data\_permission\_%'
        ) as p on w.policy_name = p.polname
        where p.mark is distinct from 'Made of data permissions: ' || md5(w.expression)
            or p.polpermissive <> w.is_permissive
            or p.polroles <> array['fundwarden_app'::regrole::oid]
            or p.polcmd <> case when w.is_permissive then 'r' else '*' end::"char";
        return query
        select
            wanted.name,
            format('row security of %s', wanted.table_name),
            format(
                'alter table %1$s enable row level security; '
                'alter table %1$s force row level security;', wanted.table_name
            )
        from pg_class as c
        where c.oid = wanted.table_name and not (c.relrowsecurity and c.relforcerowsecurity);
        if not exists (
            select
            from pg_class as c
            where c.oid = to_regclass('secure.' || quote_ident(wanted.name))
                and c.relkind = 'v'
                and c.relowner = 'fundwarden_owner'::regrole
                and obj_description(c.oid, 'pg_class')
                = 'Made of data permissions: ' || md5(authz_private.dataset_view(wanted.name))
                and exists (
                    select
                    from pg_options_to_table(c.reloptions) as o
                    where o.option_name = 'security_barrier' and o.option_value::boolean
                )
        )
        then
            return query values (wanted.name, format('view secure.%I', wanted.name), compiling);
        end if;
        return query
        select
            wanted.name,
            format('column %I of %s is read by %s', a.attname, wanted.table_name, g.who),
            format(
                'revoke select on %1$s from %2$s; revoke select (%3$I) on %1$s from %2$s;',
                wanted.table_name, g.who, a.attname
            )
        from pg_attribute as a
        inner join pg_class as c on a.attrelid = c.oid
        cross join lateral (
            select distinct
                case when x.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(x.grantee)) end
                as who
            from aclexplode(c.relacl || a.attacl) as x
            where x.privilege_type = 'SELECT'
                and (
                    x.grantee = 0
                    or not pg_has_role('fundwarden_owner', x.grantee, 'usage')
                    and x.grantee <> c.relowner
                )
        ) as g
        where a.attrelid = wanted.table_name
            and a.attname = any(authz_private.hidden_columns(wanted.name));
    end loop;
    return query
    select
        p.proname::text,
        format('function %s is of no dataset', p.oid::regprocedure),
        format('drop function %s;', p.oid::regprocedure)
    from pg_proc as p
    where p.pronamespace = 'paged'::regnamespace
        -- By name: owners that no longer fit the catalog are told above.
        and not exists (
            select
            from authz.datasets as d
            cross join unnest(authz_private.function_suffixes()) as s (suffix)
            where d.owners is not null and p.proname = d.name || s.suffix
        )
        and not exists (
            select
            from authz_private.dataset_objects as o
            where o.kind = 'function' and o.name = p.proname
        );
    return query
    select
        c.relname::text,
        format('secure.%I is of no dataset', c.relname),
        format('drop view secure.%I;', c.relname)
    from pg_class as c
    where c.relnamespace = 'secure'::regnamespace
        and c.relkind <> 'c'
        and not exists (select from authz.datasets as d where d.name = c.relname);
end
$$;

comment on function ops.dataset_problems() is
    'What of policies, row security, rights, views, functions and stored owners is not as the '
    'datasets want it, each with the command that repairs it; no rows mean that nothing is wrong.';
revoke all on function ops.dataset_problems() from public;
grant execute on function ops.dataset_problems() to fundwarden_operator, fundwarden_auditor;
