-- Runs with the caller's rights: an extension that is not trusted is made by a superuser, and only
-- a superuser may leave out the password. What is made belongs to the owner.

create or replace function ops.connect_cells(cells jsonb)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    caller constant text := current_setting('role');
    told record;
    made record;
    what text;
    state text;
    server text;
begin
    if jsonb_typeof(connect_cells.cells) is distinct from 'array' then
        raise exception 'cells must be an array'
            using errcode = '22023', hint = 'Of an object for each cell but this one.';
    end if;
    for told in select c.content from jsonb_array_elements(connect_cells.cells) as c (content) loop
        if coalesce(told.content ->> 'number', '') !~ '^[1-9][0-9]?$'
            or coalesce(told.content ->> 'name', '') !~ '^[a-z][a-z0-9_]{0,49}$'
            or jsonb_typeof(told.content -> 'server') is distinct from 'object'
            or coalesce(told.content ->> 'user', '') = ''
        then
            raise exception 'cells: an object lacks what makes a connection'
                using
                    errcode = '22023',
                    hint = 'It has number (1 to 99), name, server (an object of options such as '
                    'host, port and dbname), user, and password unless no server asks for one.';
        end if;
    end loop;
    if not exists (select from ops.cell as c where c.number = 0) then
        raise exception 'this database is not the platform'
            using errcode = '55000', hint = 'Cell 0 reads the others: runner cells add.';
    end if;

    begin
        if not exists (select from pg_extension as e where e.extname = 'postgres_fdw') then
            create extension postgres_fdw with schema ext;
        end if;
        if not has_foreign_data_wrapper_privilege('fundwarden_owner', 'postgres_fdw', 'usage') then
            grant usage on foreign data wrapper postgres_fdw to fundwarden_owner;
        end if;
        -- They would be everybody's.
        for made in
            select d.objid::regprocedure::text as title
            from pg_depend as d
            inner join pg_extension as e on d.refobjid = e.oid and e.extname = 'postgres_fdw'
            where d.refclassid = 'pg_extension'::regclass
                and d.classid = 'pg_proc'::regclass
                and d.deptype = 'e'
                and has_function_privilege('fundwarden_app', d.objid, 'execute')
        loop
            execute format('revoke execute on function %s from public', made.title);
        end loop;
    exception
        when insufficient_privilege then
            raise exception 'only a superuser can prepare postgres_fdw: %', sqlerrm
                using
                    errcode = '42501',
                    hint = 'Let a superuser run runner cells connect once; after it any member of '
                    'fundwarden_owner can.';
        when undefined_file or feature_not_supported then
            raise exception 'the extension postgres_fdw is not installed on this server: %', sqlerrm
                using errcode = '0A000', hint = 'Install the contrib package of PostgreSQL.';
    end;

    perform set_config('role', 'fundwarden_owner', true);
    lock table ops.connected_cells in exclusive mode;
    -- Made anew, so that they have the columns and options of today.
    for made in
        select
            s.srvname,
            c.oid::regclass::text as title
        from pg_foreign_server as s
        left join pg_foreign_table as t on s.oid = t.ftserver
        left join pg_class as c on t.ftrelid = c.oid
        where s.srvname ~ '^fundwarden_cell_[0-9]+$'
        order by s.srvname
    loop
        if made.title is not null then
            execute format('drop foreign table %s', made.title);
        end if;
    end loop;
    for made in
        select s.srvname from pg_foreign_server as s where s.srvname ~ '^fundwarden_cell_[0-9]+$'
    loop
        execute format('drop user mapping if exists for fundwarden_owner server %I', made.srvname);
        execute format('drop server %I', made.srvname);
    end loop;
    delete from ops.connected_cells;
    insert into ops.connected_cells (number, name)
    select c.number, c.name from ops.cell as c
    union all
    select (c.content ->> 'number')::int, c.content ->> 'name'
    from jsonb_array_elements(connect_cells.cells) as c (content);

    for told in
        select
            (c.content ->> 'number')::int as number,
            c.content
        from jsonb_array_elements(connect_cells.cells) as c (content)
        order by 1
    loop
        server := 'fundwarden_cell_' || told.number;
        execute format(
            'create server %I foreign data wrapper postgres_fdw options (%s)', server,
            (
                -- Later ones win, so what is given replaces what is usual.
                select string_agg(format('%I %L', o.key, o.value), ', ' order by o.key)
                from jsonb_each_text(
                    '{"connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5",
                    "keepalives_count": "3", "tcp_user_timeout": "15000",
                    "application_name": "fundwarden platform"}'::jsonb
                    || (told.content -> 'server')
                    || '{"fetch_size": "1000", "async_capable": "true", "updatable": "false",
                    "truncatable": "false"}'::jsonb
                ) as o (key, value)
            )
        );
        execute format(
            'comment on server %I is %L', server, format('Cell %s.', told.content ->> 'name')
        );
        foreach what in array array['state', 'funds', 'counts', 'health', 'log'] loop
            execute format(
                'create foreign table %s_%s (%s) server %I options (schema_name ''platform'', '
                'table_name %L)',
                authz_private.cell_relations(told.number), what,
                (
                    select string_agg(
                        format(
                            '%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                            case
                                when a.attcollation = '"C"'::regcollation then ' collate "C"'
                                else ''
                            end
                        ),
                        ', ' order by a.attnum
                    )
                    from pg_attribute as a
                    where a.attrelid = ('platform.cell_' || what)::regclass and a.attnum > 0
                ),
                server, 'cell_' || what
            );
            execute format(
                'comment on foreign table %s_%s is %L',
                authz_private.cell_relations(told.number), what,
                format('platform.cell_%s of cell %s.', what, told.content ->> 'name')
            );
        end loop;
        perform set_config('role', caller, true);
        begin
            execute format(
                'create user mapping for fundwarden_owner server %I options (%s)', server,
                concat_ws(
                    ', ',
                    format('"user" %L', told.content ->> 'user'),
                    coalesce(
                        'password ' || quote_literal(told.content ->> 'password'),
                        'password_required ''false'''
                    )
                )
            );
        exception
            -- As it is, without the statement, which holds the password.
            when others then
                get stacked diagnostics what = message_text, state = returned_sqlstate;
                raise exception 'cell %: %', told.content ->> 'name', what
                    using
                        errcode = state,
                        hint = 'Without a password only a superuser can connect cells: the server '
                        'process itself then proves who it is.';
        end;
        perform set_config('role', 'fundwarden_owner', true);
    end loop;
    perform audit.record(
        'CONNECT_CELLS',
        (
            select jsonb_build_object('cells', jsonb_agg(c.name order by c.number))
            from ops.connected_cells as c
        )
    );
    perform set_config('role', caller, true);
end
$$;

comment on function ops.connect_cells(jsonb) is
    'Lets cell 0 answer questions over all cells, and replaces what was connected before: makes '
    'the extension postgres_fdw, and for each cell a foreign server, a user mapping of the owner '
    'and the foreign tables. cells: an array with number, name, server (options of libpq), user '
    'and password of each but cell 0. The first call, and one without passwords, takes a '
    'superuser. 22023 for other input, 0A000 without the extension, 42501 without the rights, '
    '55000 if this is not cell 0.';
revoke all on function ops.connect_cells(jsonb) from public;
