-- As authz_private.tg_exclusive_grants, for rights that come by delegation.

create or replace function authz_private.tg_exclusive_delegations()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    perform from authz_private.role_tree as t for share;
    if exists (select from authz.exclusive_roles) then
        perform authz_private.refuse_exclusive(
            array(select distinct n.delegate_id from new_rows as n where n.status = 'active')
        );
    end if;
    return null;
end
$$;

comment on function authz_private.tg_exclusive_delegations() is
    'Trigger, for authz.delegations with the transition table new_rows: refuses to a delegate '
    'the other half of an exclusive pair with 23514; 40001: retry.';
revoke all on function authz_private.tg_exclusive_delegations() from public;
