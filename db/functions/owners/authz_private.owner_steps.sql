-- The catalog is asked each time a dataset is compiled, so that a foreign key that was dropped or a
-- column that was renamed is found. Each refusal names the step.

create or replace function authz_private.owner_steps(table_name regclass, owners jsonb)
returns table (
    owner int,
    owner_name text,
    step int,
    from_table regclass,
    column_name name,
    type_name text,
    next_table regclass,
    next_column name,
    person_code text
)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    place text;
    described jsonb;
    path jsonb;
    key text;
    names text [] := '{}';
    visited text [];
    target pg_class;
    col pg_attribute;
    link record;
    links int;
    kind text;
begin
    if jsonb_typeof(owners) <> 'array' or jsonb_array_length(owners) not between 1 and 5 then
        raise exception 'owners must be a list of 1 to 5 owners'
            using
                errcode = '22023',
                hint = 'Pass [{"name": "rep", "path": ["customer_id", "support_rep_id"]}].';
    end if;
    for number in 1 .. jsonb_array_length(owners) loop
        owner := number;
        described := owners -> (owner - 1);
        place := format('owners[%s]', owner - 1);
        if jsonb_typeof(described) <> 'object'
            or exists (
                select from jsonb_object_keys(described) as k where k not in ('name', 'path', 'key')
            )
        then
            raise exception '% must be an object with name, path and, if need be, key', place
                using errcode = '22023', hint = 'Pass {"name": "rep", "path": ["rep_id"]}.';
        end if;
        owner_name := described ->> 'name';
        if owner_name is null or owner_name !~ '^[a-z][a-z0-9_]{0,62}$'
            or owner_name = any(names)
        then
            raise exception '%.name % is not a name of an owner', place,
                coalesce(quote_literal(left(owner_name, 100)), 'null')
                using
                    errcode = '22023',
                    hint = 'Pass a word in lower case, a different one for each owner.';
        end if;
        names := names || owner_name;
        key := coalesce(described ->> 'key', 'external_id');
        if key not in ('external_id', 'id') then
            raise exception '%.key % is not a key of authz.users', place,
                quote_literal(left(key, 100))
                using errcode = '22023', hint = 'Pass external_id or id.';
        end if;
        path := described -> 'path';
        if jsonb_typeof(path) is distinct from 'array'
            or jsonb_array_length(path) not between 1 and 4
        then
            raise exception '%.path must be a list of 1 to 4 columns', place
                using
                    errcode = '22023',
                    hint = 'Each column but the last is a foreign key; the last names a person.';
        end if;
        from_table := owner_steps.table_name;
        visited := '{}';
        for hop in 1 .. jsonb_array_length(path) loop
            step := hop;
            place := format('owners[%s].path[%s]', owner - 1, step - 1);
            column_name := path ->> (step - 1);
            select c.* into target from pg_class as c where c.oid = from_table;
            if step > 1 and (
                target.relkind not in ('r', 'p') or target.relispartition
                or target.relpersistence = 't'
                or exists (
                    select
                    from pg_inherits as i
                    where i.inhrelid = target.oid
                        or i.inhparent = target.oid and target.relkind <> 'p'
                )
            )
            then
                raise exception '%: % is not a table that a path can cross', place, from_table
                    using
                        errcode = '22023',
                        hint = 'A path crosses tables, not views, partitions or inherited tables.';
            end if;
            if not has_table_privilege('fundwarden_owner', from_table, 'SELECT') then
                raise exception '%: fundwarden_owner cannot read %', place, from_table
                    using
                        errcode = '42501',
                        hint = format('grant select on %s to fundwarden_owner', from_table);
            end if;
            if step > 1 and target.relrowsecurity and not exists (
                select
                from pg_policy as p
                where p.polrelid = target.oid and p.polname = 'owner_does_everything'
            )
            and not (
                not target.relforcerowsecurity
                and pg_has_role('fundwarden_owner', target.relowner, 'usage')
            )
            then
                raise exception '%: row security of % hides rows from fundwarden_owner',
                    place, from_table
                    using
                        errcode = '42501',
                        hint = format(
                            'create policy owner_does_everything on %s to fundwarden_owner '
                            'using (true)', from_table
                        );
            end if;
            select a.*
            into col
            from pg_attribute as a
            where a.attrelid = from_table and a.attname = column_name
                and a.attnum > 0 and not a.attisdropped;
            if not found then
                raise exception '%: % has no column %', place, from_table,
                    coalesce(quote_literal(left(column_name, 100)), 'null')
                    using errcode = '22023', hint = 'Name a column as the catalog writes it.';
            end if;
            -- With its length: a cast to character alone keeps one character.
            type_name := format_type(col.atttypid, col.atttypmod);
            if from_table || '.' || column_name = any(visited) then
                raise exception '%: the path comes back to %.%', place, from_table, column_name
                    using errcode = '22023', hint = 'A path crosses a foreign key once.';
            end if;
            visited := visited || (from_table || '.' || column_name);
            if step = jsonb_array_length(path) then
                kind := case
                    when col.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
                        then 'integer'
                    when col.atttypid in ('text'::regtype, 'varchar'::regtype) then 'text'
                    when col.atttypid = 'uuid'::regtype then 'uuid'
                end;
                if kind is null or key = 'id' and kind <> 'integer' then
                    raise exception '%: a column of type % does not name a person by %',
                        place, type_name, key
                        using
                            errcode = '22023',
                            hint = 'By external_id: integer, text or uuid. By id: integer.';
                end if;
                person_code := case
                    when key = 'id' then 'u.id'
                    when kind = 'integer' then 'authz_private.integer_code(u.external_id)'
                    when kind = 'uuid' then 'authz_private.uuid_code(u.external_id)'
                    else 'u.external_id'
                end;
                next_table := null;
                next_column := null;
                return next;
            else
                select count(*)
                into links
                from pg_constraint as c
                where c.conrelid = from_table and c.contype = 'f' and c.conkey = array[col.attnum]
                    -- A key to a partitioned table has a row for each partition, too.
                    and c.conparentid = 0;
                if links <> 1 then
                    raise exception '%: % on column %.%', place,
                        case links
                            when 0 then 'there is no foreign key'
                            else 'there is more than one foreign key'
                        end,
                        from_table, column_name
                        using
                            errcode = '22023',
                            hint = 'Each column of a path but the last is one foreign key of one '
                                'column.';
                end if;
                select c.confrelid::regclass as to_table, a.attname as to_column
                into link
                from pg_constraint as c
                inner join pg_attribute as a
                    on c.confrelid = a.attrelid and c.confkey[1] = a.attnum
                where c.conrelid = from_table and c.contype = 'f' and c.conkey = array[col.attnum]
                    and c.conparentid = 0 and c.convalidated;
                if not found then
                    raise exception '%: the foreign key on column %.% is not validated', place,
                        from_table, column_name
                        using errcode = '22023', hint = 'alter table ... validate constraint ...';
                end if;
                next_table := link.to_table;
                next_column := link.to_column;
                person_code := null;
                return next;
                from_table := next_table;
            end if;
        end loop;
    end loop;
end
$$;

comment on function authz_private.owner_steps(regclass, jsonb) is
    'The owners of a dataset step by step: the column of each table, the table and column that its '
    'foreign key refers to, and for the last step the SQL over authz.users as u that the column '
    'equals. 22023 and 42501 name the step that does not fit the catalog.';
revoke all on function authz_private.owner_steps(regclass, jsonb) from public;
