-- What a role, a policy or the menu gives may concern anybody, hence the mark.

create or replace function authz_private.tg_expand_permissions()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    perform authz_private.expand_permissions();
    insert into authz_private.policy_marks (user_id) values (null);
    perform authz_private.request_refresh(
        tg_table_schema || '.' || tg_table_name, tg_op
    );
    return null;
end
$$;

comment on function authz_private.tg_expand_permissions() is
    'Trigger: brings authz_private.expanded_permissions up to date and marks everyone.';
revoke all on function authz_private.tg_expand_permissions() from public;
