-- The path of an owner read backwards, from people to the first column. The planner makes it a
-- semi-join, or a hash that is built once.

create or replace function authz_private.owner_keys(
    table_name regclass, owners jsonb, owner int, people text, out first_column name, out keys text
)
returns record
language plpgsql stable security invoker parallel safe
as $$
declare
    s record;
begin
    for s in
        select o.*
        from authz_private.owner_steps(owner_keys.table_name, owner_keys.owners) as o
        where o.owner = owner_keys.owner
        order by o.step desc
    loop
        if keys is null then
            keys := format('select %s from authz.users as u where %s', s.person_code, people);
        else
            keys := format(
                'select s%s.%I from %s as s%s where s%s.%I in (%s)',
                s.step + 1, s.next_column, s.next_table, s.step + 1, s.step + 1, first_column, keys
            );
        end if;
        first_column := s.column_name;
    end loop;
end
$$;

comment on function authz_private.owner_keys(regclass, jsonb, int, text) is
    'The first column of the path of an owner (counted from 1), and a query for its values in rows '
    'whose owner is among people, an SQL condition over authz.users as u.';
revoke all on function authz_private.owner_keys(regclass, jsonb, int, text) from public;
