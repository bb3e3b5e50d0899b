-- Appends: writers never wait for each other. The users come from the rows of the statement.

create or replace function authz_private.tg_mark_users()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    changed bigint;
begin
    if tg_op = 'INSERT' then
        select count(*) into changed from new_rows;
    elsif tg_op = 'DELETE' then
        select count(*) into changed from old_rows;
    else
        select count(*) into changed from old_rows;
    end if;
    if changed = 0 then
        return null;
    elsif changed > 50000 then
        -- So many marks would cost more than they save.
        insert into authz_private.policy_marks (user_id) values (null);
    elsif tg_op = 'INSERT' then
        insert into authz_private.policy_marks (user_id)
        select distinct n.user_id from new_rows as n;
    elsif tg_op = 'DELETE' then
        insert into authz_private.policy_marks (user_id)
        select distinct o.user_id from old_rows as o;
    else
        insert into authz_private.policy_marks (user_id)
        select o.user_id from old_rows as o
        union
        select n.user_id from new_rows as n;
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
