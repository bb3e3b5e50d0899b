-- What cannot be deleted, because something here refers to it, is made to give nothing.

create or replace function authz_private.take_rows(
    title text, keys text [], of_platform text, is_only_added boolean, wanted jsonb
)
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    matches text;
    assignments text;
    gone jsonb;
    changed bigint := 0;
    counted bigint;
begin
    select string_agg(format('t.%I = n.%I', k, k), ' and ')
    into matches
    from unnest(keys) as k;
    select string_agg(format('%I = n.%I', a.attname, a.attname), ', ' order by a.attnum)
    into assignments
    from pg_attribute as a
    where a.attrelid = title::regclass
        and a.attnum > 0
        and not a.attisdropped
        and a.attname <> all(keys);

    if not is_only_added then
        for gone in execute format(
            'select to_jsonb(t) from %s as t where %s and not exists ('
            'select from jsonb_populate_recordset(null::%s, $1) as n where %s)',
            title, of_platform, title, matches
        )
        using wanted
        loop
            begin
                execute format(
                    'delete from %s as t using jsonb_populate_record(null::%s, $1) as n where %s',
                    title, title, matches
                )
                using gone;
                changed := changed + 1;
            exception
                when foreign_key_violation then
                    execute format(
                        'update %s as t set is_active = false '
                        'from jsonb_populate_record(null::%s, $1) as n where %s and t.is_active',
                        title, title, matches
                    )
                    using gone;
                    get diagnostics counted = row_count;
                    changed := changed + counted;
            end;
        end loop;
    end if;
    if assignments is not null then
        execute format(
            'update %s as t set %s from jsonb_populate_recordset(null::%s, $1) as n '
            'where %s and to_jsonb(t) <> to_jsonb(n)',
            title, assignments, title, matches
        )
        using wanted;
        get diagnostics counted = row_count;
        changed := changed + counted;
    end if;
    execute format(
        'insert into %s select n.* from jsonb_populate_recordset(null::%s, $1) as n '
        'where not exists (select from %s as t where %s)',
        title, title, title, matches
    )
    using wanted;
    get diagnostics counted = row_count;
    return changed + counted;
end
$$;

comment on function authz_private.take_rows(text, text [], text, boolean, jsonb) is
    'Makes the rows of the platform in a table those of the array: removes, unless they are only '
    'added, updates and inserts. A role or policy that is still granted here is deactivated '
    'instead of removed. Returns how many rows changed.';
revoke all on function authz_private.take_rows(text, text [], text, boolean, jsonb) from public;
