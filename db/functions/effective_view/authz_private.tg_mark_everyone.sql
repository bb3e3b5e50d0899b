-- A truncated table may have concerned anybody; one mark says so.

create or replace function authz_private.tg_mark_everyone()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    insert into authz_private.policy_marks (user_id) values (null);
    perform authz_private.request_refresh(
        tg_table_schema || '.' || tg_table_name, tg_op
    );
    return null;
end
$$;

comment on function authz_private.tg_mark_everyone() is
    'Trigger: marks everyone.';
revoke all on function authz_private.tg_mark_everyone() from public;
