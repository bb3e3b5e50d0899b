-- The values of a key as SQL literals of their types. What cannot be read as that type is refused
-- before it becomes a part of a query.

create or replace function authz_private.row_key(parameter text, table_name regclass, key jsonb)
returns text []
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    names constant name [] := authz_private.key_columns(row_key.table_name);
    col record;
    literal text;
    literals text [] := '{}';
begin
    if jsonb_typeof(key) is distinct from 'object'
        or array(select k::name from jsonb_object_keys(key) as k order by k collate "C")
        <> array(select n from unnest(names) as n order by n collate "C")
    then
        raise exception '% is not a key of %', parameter, row_key.table_name
            using
                errcode = '22023',
                hint = format(
                    'Pass an object with %s.',
                    array_to_string(array(select quote_ident(n) from unnest(names) as n), ', ')
                );
    end if;
    for col in
        select n.name, format_type(a.atttypid, a.atttypmod) as type_name
        from unnest(names) with ordinality as n (name, place)
        inner join pg_attribute as a on a.attrelid = row_key.table_name and n.name = a.attname
        order by n.place
    loop
        begin
            literal := format('%L::%s', key ->> col.name, col.type_name);
            execute 'select ' || literal;
        exception
            when data_exception then
                raise exception '%: % is no value of column %', parameter,
                    coalesce(quote_literal(left(key ->> col.name, 100)), 'null'), col.name
                    using errcode = '22023', hint = format('Pass a value of type %s.', col.type_name);
        end;
        literals := literals || literal;
    end loop;
    return literals;
end
$$;

comment on function authz_private.row_key(text, regclass, jsonb) is
    'The values of a primary key, given as an object, as SQL in the order of the key. 22023 for '
    'other columns, or a value that is not of the type.';
revoke all on function authz_private.row_key(text, regclass, jsonb) from public;
