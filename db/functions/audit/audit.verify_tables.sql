-- The other half of audit.verify(): that nothing changed without a row of the log, and that no row
-- of it that no seal covers yet was deleted. What a table holds is what the log says last.

create or replace function audit.verify_tables()
returns table (table_name text, row_key jsonb, problem text)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set jit = off
set enable_nestloop = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
    title text;
    columns text;
    counted_from record;
    expected bigint;
    actual bigint;
begin
    foreach title in array authz_private.audited_tables() loop
        select string_agg(format('%1$L, t.%1$I', a.attname), ', ' order by a.attnum)
        into columns
        from pg_index as i
        inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = any(i.indkey)
        where i.indrelid = title::regclass and i.indisprimary;

        select l.id, l.logged_at, l.action, l.new_values
        into counted_from
        from audit.permission_audit_log as l
        where l.action in ('LOAD', 'TRUNCATE') and l.table_name = title or l.action = 'START'
        order by l.id desc
        limit 1;

        return query execute format(
            $q$
            with said as (
                select
                    l.row_key,
                    (array_agg(l.action order by l.id desc))[1] in ('DELETE', 'RESET') as is_gone
                from audit.permission_audit_log as l
                where l.table_name = %1$L
                    and l.action in ('CREATE', 'UPDATE', 'DELETE', 'RESET')
                    and l.id > %3$s
                group by l.row_key
            ),

            said_values as (
                select
                    l.row_key,
                    jsonb_object_agg(e.key, e.value order by l.id) as values
                from audit.permission_audit_log as l
                cross join lateral jsonb_each(l.new_values) as e
                where l.table_name = %1$L
                    and l.action in ('CREATE', 'UPDATE')
                    and l.id > %3$s
                group by l.row_key
            ),

            held as (
                select
                    jsonb_build_object(%4$s) as row_key,
                    to_jsonb(t) as values
                from %2$s as t
            )

            select
                %1$L,
                s.row_key,
                case
                    when h.row_key is null then 'the row was removed, and the log does not say so'
                    when s.is_gone then 'the row is there, and the log says that it was removed'
                    else 'the row differs from what the log says of it'
                end
            from said as s
            left join said_values as v on s.row_key = v.row_key
            left join held as h on s.row_key = h.row_key
            where s.is_gone <> (h.row_key is null)
                or not s.is_gone and h.values || coalesce(v.values, '{}') <> h.values
            $q$,
            title, title::regclass, coalesce(counted_from.id, 0), columns
        );

        expected := case counted_from.action
            when 'TRUNCATE' then 0
            when 'LOAD' then (counted_from.new_values ->> 'rows')::bigint
            else (counted_from.new_values -> 'rows' ->> title)::bigint
        end + (
            select
                count(*) filter (where l.action = 'CREATE')
                - count(*) filter (where l.action in ('DELETE', 'RESET'))
            from audit.permission_audit_log as l
            where l.table_name = title and l.id > counted_from.id
        );
        execute format('select count(*) from %s', title::regclass) into actual;
        -- Where the first rows were dropped with their month, there is nothing to count from.
        if expected <> actual then
            table_name := title;
            row_key := null;
            problem := format('the table holds %s rows, the log says %s', actual, expected);
            return next;
        end if;
    end loop;
end
$$;

comment on function audit.verify_tables() is
    'Rows of the permission model that are not as the log says last, and tables with another '
    'number of rows than it says: what was changed with the triggers away, or whose row of the log '
    'was deleted before it was sealed. Reads every table and the whole log.';
revoke all on function audit.verify_tables() from public;
grant execute on function audit.verify_tables() to fundwarden_auditor, fundwarden_operator;
