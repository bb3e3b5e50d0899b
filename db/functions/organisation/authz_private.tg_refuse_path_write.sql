-- Attached with a condition on the trigger depth, so that it costs the rewriting trigger nothing.

create or replace function authz_private.tg_refuse_path_write()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    raise exception 'path and level of authz.org_units are kept by triggers'
        using errcode = '23514', hint = 'Update parent_id to move a unit, code to rename it.';
end
$$;

comment on function authz_private.tg_refuse_path_write() is
    'Trigger: refuses a direct update of path or level with 23514.';
revoke all on function authz_private.tg_refuse_path_write() from public;
