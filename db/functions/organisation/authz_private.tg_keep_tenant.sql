-- What belongs to a tenant stays there: others were granted it on that understanding.

create or replace function authz_private.tg_keep_tenant()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    raise exception '% % cannot change tenant', rtrim(tg_table_name, 's'), old.id
        using errcode = '23514', hint = 'Make a new one there.';
end
$$;

comment on function authz_private.tg_keep_tenant() is
    'Trigger: refuses another tenant_id. 23514 always.';
revoke all on function authz_private.tg_keep_tenant() from public;
