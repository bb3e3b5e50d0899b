-- Ties follow the primary key, and a page behind a row is found by it.

create or replace function authz_private.key_columns(table_name regclass)
returns name []
language sql stable security invoker parallel safe
begin atomic
    select array(
        select a.attname
        from pg_index as i
        cross join unnest(i.indkey::smallint []) with ordinality as k (number, place)
        inner join pg_attribute as a on i.indrelid = a.attrelid and k.number = a.attnum
        where i.indrelid = key_columns.table_name
            and i.indisprimary
            and k.place <= i.indnkeyatts
        order by k.place
    );
end;

comment on function authz_private.key_columns(regclass) is
    'Columns of the primary key in their order; empty: the table has none.';
revoke all on function authz_private.key_columns(regclass) from public;
