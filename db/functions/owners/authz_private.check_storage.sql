-- What would make stored units wrong, or change what the tables do for others, is refused here.

create or replace function authz_private.check_storage(
    table_name regclass, dataset text, owners jsonb, tenant_column name
)
returns void
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    s record;
    place text;
begin
    for s in
        select
            o.*,
            c.relowner,
            a.attgenerated,
            a.attcollation
        from authz_private.owner_steps(check_storage.table_name, check_storage.owners) as o
        inner join pg_class as c on o.from_table = c.oid
        inner join pg_attribute as a on o.from_table = a.attrelid and o.column_name = a.attname
        order by o.owner, o.step
    loop
        place := format('owners[%s].path[%s]', s.owner - 1, s.step - 1);
        if length(check_storage.dataset) + length(s.owner_name) > 40 then
            raise exception 'name: % and the name of owner % are too long for storage stored',
                quote_literal(check_storage.dataset), quote_literal(s.owner_name)
                using
                    errcode = '22023',
                    hint = 'Columns are named after both: pass at most 40 characters together.';
        end if;
        if not pg_has_role('fundwarden_owner', s.relowner, 'usage') then
            raise exception '%: fundwarden_owner cannot alter %', place, s.from_table
                using
                    errcode = '42501',
                    hint = 'Make fundwarden_owner a member of its owner, or pass storage => '
                        '''joined'', which alters no table.';
        end if;
        if s.attgenerated <> '' then
            raise exception '%: column % of % is generated', place, s.column_name, s.from_table
                using
                    errcode = '22023',
                    hint = 'A trigger cannot read it. Pass storage => ''joined''.';
        end if;
        if exists (
            select
            from pg_collation as l
            where l.oid = s.attcollation and not l.collisdeterministic
        )
        then
            raise exception '%: the collation of column % of % takes different texts as equal',
                place, s.column_name, s.from_table
                using errcode = '22023', hint = 'Pass storage => ''joined''.';
        end if;
        if s.next_table is not null and exists (
            select
            from pg_constraint as k
            inner join pg_attribute as a
                on k.conrelid = a.attrelid and k.conkey = array[a.attnum]
            where k.conrelid = s.from_table and k.contype = 'f' and k.condeferrable
                and a.attname = s.column_name
        )
        then
            raise exception '%: the foreign key on column %.% is deferrable', place, s.from_table,
                s.column_name
                using
                    errcode = '22023',
                    hint = 'A row could come before the row it refers to. Pass storage => '
                        '''joined'', or alter the constraint.';
        end if;
        if exists (
            select
            from pg_rewrite as r
            where r.ev_class = s.from_table and r.ev_type in ('2', '3')
        )
        then
            raise exception '%: % has a rule for INSERT or UPDATE', place, s.from_table
                using errcode = '22023', hint = 'Drop the rule, or pass storage => ''joined''.';
        end if;
        if exists (
            select
            from pg_class as c
            where c.oid = s.from_table and c.relrowsecurity
        )
        and not exists (
            select
            from pg_policy as p
            where p.polrelid = s.from_table and p.polname = 'owner_does_everything'
                and p.polcmd = '*'
        )
        and not exists (
            select
            from pg_class as c
            where c.oid = s.from_table and not c.relforcerowsecurity
        )
        and s.from_table <> check_storage.table_name
        then
            raise exception '%: row security of % hides rows from fundwarden_owner', place,
                s.from_table
                using
                    errcode = '42501',
                    hint = format(
                        'create policy owner_does_everything on %s to fundwarden_owner '
                        'using (true) with check (true)', s.from_table
                    );
        end if;
    end loop;
    if exists (
        select
        from pg_attribute as a
        where a.attrelid = check_storage.table_name and a.attname = check_storage.tenant_column
            and a.attgenerated <> ''
    )
    then
        raise exception 'tenant_column: % is generated', quote_literal(check_storage.tenant_column)
            using errcode = '22023', hint = 'A trigger cannot read it. Pass storage => ''joined''.';
    end if;
    for s in
        select o.on_table, o.name
        from authz_private.storage_objects(
            check_storage.table_name, check_storage.dataset, check_storage.owners,
            check_storage.tenant_column, null
        ) as o
        inner join pg_attribute as a on o.on_table = a.attrelid and o.name = a.attname
        where o.kind = 'column'
    loop
        raise exception 'name: table % has a column % already', s.on_table, quote_literal(s.name)
            using errcode = '22023', hint = 'Pass another name for the dataset or the owner.';
    end loop;
end
$$;

comment on function authz_private.check_storage(regclass, text, jsonb, name) is
    'Refuses, 22023 or 42501, owners whose units cannot be stored on the rows, naming the step.';
revoke all on function authz_private.check_storage(regclass, text, jsonb, name) from public;
