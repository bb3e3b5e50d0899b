-- Makes policies, rights and view what the rules want, and touches only what differs: a policy
-- takes the lock that stops readers.

create or replace function authz_private.compile_dataset(dataset text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    hidden name [];
    readable name [];
    p record;
    made text;
begin
    -- Two changes of one dataset never overlap: the second reads what the first committed, or above
    -- READ COMMITTED gets 40001.
    insert into authz_private.dataset_turns as t (dataset, version)
    select d.name, 1
    from authz.datasets as d
    where d.name = compile_dataset.dataset
    on conflict on constraint dataset_turns_pkey do update
    set version = t.version + 1;
    select d.*
    into wanted
    from authz.datasets as d
    where d.name = compile_dataset.dataset
        and exists (select from pg_class as c where c.oid = d.table_name);
    if not found then
        return;
    end if;

    for p in
        select
            coalesce(w.policy_name, h.polname) as name,
            w.policy_name is not null as is_wanted,
            h.polname is not null as is_there,
            w.is_permissive,
            w.expression,
            'Made of data permissions: ' || md5(w.expression) as mark
        from authz_private.dataset_policies(wanted.name) as w
        full join (
            select o.polname, obj_description(o.oid, 'pg_policy') as mark
            from pg_policy as o
            where o.polrelid = wanted.table_name and o.polname like 'data\_permission\_%'
        ) as h on w.policy_name = h.polname
        where h.mark is distinct from 'Made of data permissions: ' || md5(w.expression)
    loop
        if p.is_there then
            execute format('drop policy %I on %s', p.name, wanted.table_name);
        end if;
        if p.is_wanted then
            -- What may not be read is not updated or deleted either, by a statement that reads
            -- nothing.
            execute format(
                case
                    when p.is_permissive
                        then 'create policy %I on %s for select to fundwarden_app using (%s)'
                    else 'create policy %1$I on %2$s as restrictive to fundwarden_app '
                        'using (%3$s) with check (%3$s)'
                end,
                p.name, wanted.table_name, p.expression
            );
            execute format(
                'comment on policy %I on %s is %L', p.name, wanted.table_name, p.mark
            );
        end if;
    end loop;

    hidden := authz_private.hidden_columns(wanted.name);
    perform authz_private.give_columns(wanted.table_name, wanted.before -> 'app_columns', hidden);
    if (wanted.before -> 'app_select')::boolean then
        readable := array(
            select c.column_name
            from authz_private.dataset_columns(wanted.table_name) as c
            where c.column_name <> all(hidden)
            order by c.place
        );
        if hidden = '{}' then
            if not has_table_privilege('fundwarden_app', wanted.table_name, 'SELECT') then
                execute format('revoke select on %s from fundwarden_app', wanted.table_name);
                execute format('grant select on %s to fundwarden_app', wanted.table_name);
            end if;
        elsif has_table_privilege('fundwarden_app', wanted.table_name, 'SELECT')
            or readable <> array(
                select c.column_name
                from authz_private.dataset_columns(wanted.table_name) as c
                where has_column_privilege(
                        'fundwarden_app', wanted.table_name, c.column_name, 'SELECT'
                    )
                order by c.place
            )
        then
            execute format('revoke select on %s from fundwarden_app', wanted.table_name);
            if readable <> '{}' then
                execute format(
                    'grant select (%s) on %s to fundwarden_app',
                    (select string_agg(quote_ident(r.name), ', ') from unnest(readable) as r (name)),
                    wanted.table_name
                );
            end if;
        end if;
    end if;

    perform authz_private.refuse_bypass(wanted.name);

    made := authz_private.dataset_view(wanted.name);
    if obj_description(to_regclass('secure.' || quote_ident(wanted.name)), 'pg_class')
        is distinct from 'Made of data permissions: ' || md5(made)
    then
        begin
            execute made;
        exception
            when invalid_table_definition then
                -- A column went, or is of another type.
                execute format('drop view secure.%I', wanted.name);
                execute made;
        end;
        execute format(
            'comment on view secure.%I is %L',
            wanted.name, 'Made of data permissions: ' || md5(made)
        );
        execute format('revoke all on secure.%I from public', wanted.name);
        execute format('grant select on secure.%I to fundwarden_app', wanted.name);
    end if;
    perform authz_private.compile_dataset_functions(wanted.name);
end
$$;

comment on function authz_private.compile_dataset(text) is
    'Brings policies, the application''s rights on columns, and the view of a dataset to what its '
    'rules say; writes only what differs. 40001 when another change of its rules came between; '
    '42501 when the application could read past them (authz_private.refuse_bypass).';
revoke all on function authz_private.compile_dataset(text) from public;
