-- ATTACH rather than PARTITION OF, which would make every writer wait. Rows that came when their
-- month had no partition are moved out of the default one.

create or replace function audit.make_partitions(months_ahead int default 3)
returns int
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    missing date [];
    wanted date;
    title text;
    made int := 0;
begin
    if months_ahead is null or months_ahead not between 0 and 120 then
        raise exception 'months_ahead % is not a number from 0 to 120',
            coalesce(months_ahead::text, 'null')
            using errcode = '22023', hint = 'Three months are a good margin.';
    end if;
    -- Read to the end before anything is altered.
    missing := array(
        select m.month
        from (
            select (date_trunc('month', clock_timestamp()) + make_interval(months => n))::date
            from generate_series(0, months_ahead) as n
            union
            select date_trunc('month', l.logged_at)::date
            from audit.permission_audit_log_default as l
        ) as m (month)
        where m.month not in (
            select p.month from authz_private.log_partitions() as p where p.month is not null
        )
        order by m.month
    );
    foreach wanted in array missing loop
        -- Of two who make the same the second waits here, and then finds it made.
        perform pg_advisory_xact_lock(7146206021371955);
        title := 'permission_audit_log_' || to_char(wanted, 'YYYY_MM');
        if to_regclass('audit.' || title) is not null then
            continue;
        end if;
        execute format(
            'create table audit.%I (like audit.permission_audit_log including all)', title
        );
        execute format(
            'comment on table audit.%I is %L', title,
            'Rows of audit.permission_audit_log of ' || to_char(wanted, 'YYYY-MM') || ', in UTC.'
        );
        -- Whoever writes to the default partition waits until this is over.
        lock table audit.permission_audit_log_default in access exclusive mode;
        alter table audit.permission_audit_log_default disable trigger user;
        execute format(
            'with moved as (delete from audit.permission_audit_log_default as l '
            'where l.logged_at >= %1$L and l.logged_at < %2$L returning l.*) '
            'insert into audit.%3$I select m.* from moved as m',
            wanted, (wanted + interval '1 month')::date, title
        );
        alter table audit.permission_audit_log_default enable always trigger _100_keep_log;
        alter table audit.permission_audit_log_default enable always trigger _200_keep_log_whole;
        execute format(
            'alter table audit.permission_audit_log attach partition audit.%I '
            'for values from (%L) to (%L)',
            title, wanted, (wanted + interval '1 month')::date
        );
        execute format(
            'create trigger _200_keep_log_whole before truncate on audit.%1$I for each statement '
            'execute function authz_private.tg_keep_log(); '
            'alter table audit.%1$I enable always trigger _200_keep_log_whole',
            title
        );
        made := made + 1;
    end loop;
    return made;
end
$$;

comment on function audit.make_partitions(int) is
    'Creates the missing partitions of the log for this month and the given number of months '
    'ahead, and for rows in the default partition; returns how many it created. audit.seal() '
    'calls it. 22023 when months_ahead is not between 0 and 120.';
revoke all on function audit.make_partitions(int) from public;
grant execute on function audit.make_partitions(int) to fundwarden_operator;
