-- Appends: writers never wait for each other. The users come from the rows of the statement.

create or replace function authz_private.tg_mark_users()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    -- More than 50,000 marks would cost more than they save: one for everyone takes their place.
    if tg_op = 'INSERT' then
        insert into authz_private.policy_marks (user_id)
        select distinct case when (select count(*) from new_rows) <= 50000 then n.user_id end
        from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into authz_private.policy_marks (user_id)
        select distinct case when (select count(*) from old_rows) <= 50000 then o.user_id end
        from old_rows as o;
    else
        insert into authz_private.policy_marks (user_id)
        select distinct case when (select count(*) from old_rows) <= 50000 then c.user_id end
        from (
            select o.user_id from old_rows as o
            union all
            select n.user_id from new_rows as n
        ) as c;
    end if;
    if not found then
        return null;
    end if;
    perform authz_private.request_refresh(
        tg_table_schema || '.' || tg_table_name, tg_op
    );
    return null;
end
$$;

comment on function authz_private.tg_mark_users() is
    'Trigger, for tables with a user_id and transition tables new_rows and old_rows: marks the '
    'users whose effective policies may have changed.';
revoke all on function authz_private.tg_mark_users() from public;
