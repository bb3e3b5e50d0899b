-- By an ordinary statement, so that every trigger and key of the model checks the rows again.

create or replace function authz_private.insert_arriving_rows(title text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    columns text;
    sources text;
    matches text;
begin
    select
        string_agg(format('%I', a.attname), ', ' order by a.attnum),
        string_agg(format('n.%I', a.attname), ', ' order by a.attnum)
    into columns, sources
    from pg_attribute as a
    where a.attrelid = title::regclass
        and a.attnum > 0
        and not a.attisdropped
        and a.attgenerated = '';
    select string_agg(format('t.%I = n.%I', k.name, k.name), ' and ')
    into matches
    from unnest(authz_private.key_columns(title::regclass)) as k (name);
    execute format(
        'insert into %1$s (%2$s) overriding system value select %3$s '
        'from pg_temp.arriving_rows as a '
        'cross join lateral jsonb_populate_record(null::%1$s, a.content %4$s) as n '
        'where a.title = %1$L and not exists (select from %1$s as t where %5$s) '
        'order by a.number',
        title, columns, sources,
        -- A parent may come after its child.
        case when title = 'authz.roles' then '|| ''{"parent_role_id": null}''' end,
        matches
    );
    if title = 'authz.roles' then
        update authz.roles as r
        set parent_role_id = (a.content ->> 'parent_role_id')::int
        from pg_temp.arriving_rows as a
        where a.title = 'authz.roles'
            and r.id = (a.content ->> 'id')::int
            and r.parent_role_id is distinct from (a.content ->> 'parent_role_id')::int;
    end if;
end
$$;

comment on function authz_private.insert_arriving_rows(text) is
    'Inserts the rows of pg_temp.arriving_rows that a table does not have, in their order.';
revoke all on function authz_private.insert_arriving_rows(text) from public;
