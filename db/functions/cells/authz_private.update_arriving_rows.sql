-- Units one by one: a unit that moved takes those below it along, and a statement cannot change a
-- row that its own trigger has changed. Users who changed their unit one by one, too: their records
-- follow by cascades, and a record of two of them is checked between the two cascades.

create or replace function authz_private.update_arriving_rows(title text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    assignments text;
    matches text;
    statement text;
    arriving record;
begin
    select string_agg(format('%I = n.%I', a.attname, a.attname), ', ' order by a.attnum)
    into assignments
    from pg_attribute as a
    where a.attrelid = title::regclass
        and a.attnum > 0
        and not a.attisdropped
        and a.attgenerated = ''
        and a.attname <> all(authz_private.key_columns(title::regclass))
        -- What triggers keep follows from the parent.
        and not (title = 'authz.org_units' and a.attname in ('path', 'level'));
    select string_agg(format('t.%I = n.%I', k.name, k.name), ' and ')
    into matches
    from unnest(authz_private.key_columns(title::regclass)) as k (name);
    if assignments is null then
        return;
    end if;
    statement := format(
        'update %1$s as t set %2$s from ('
        'select n.* from pg_temp.arriving_rows as a '
        'cross join lateral jsonb_populate_record(null::%1$s, a.content) as n '
        'where a.title = %1$L and ($1 is null or a.number = $1)) as n '
        'where %3$s and t::text <> n::text',
        title, assignments, matches
    );
    for arriving in
        select a.number
        from pg_temp.arriving_rows as a
        where a.title = update_arriving_rows.title
            and (
                a.title = 'authz.org_units'
                or a.title = 'authz.users'
                and exists (
                    select
                    from authz.users as u
                    where u.id = (a.content ->> 'id')::bigint
                        and u.base_unit_id <> (a.content ->> 'base_unit_id')::int
                )
            )
        order by a.number
    loop
        execute statement using arriving.number;
    end loop;
    if title <> 'authz.org_units' then
        execute statement using null::bigint;
    end if;
end
$$;

comment on function authz_private.update_arriving_rows(text) is
    'Makes the rows of a table what pg_temp.arriving_rows says of them.';
revoke all on function authz_private.update_arriving_rows(text) from public;
