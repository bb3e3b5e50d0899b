-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_customers(resource text, action text)
returns bigint []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    scope record;
begin
    if me is null
        or not (select r.maybe_own from authz_private.reach_of(me, my_customers.resource, my_customers.action) as r)
    then
        return '{}';
    end if;
    select * into scope
    from authz_private.scope_of(me, my_customers.resource, my_customers.action);
    return case
        when scope.own_rows then
            array(
                select o.id
                from finance.customers as o
                where o.tenant_id = scope.tenant_id and o.manager_id = me
            )
        else '{}'
    end;
end
$$;

comment on function authz.my_customers(text, text) is
    'Ids of the customers of the user signed in, where what they own counts for resource:action '
    'though its unit does not; empty otherwise.';
revoke all on function authz.my_customers(text, text) from public;
grant execute on function authz.my_customers(text, text) to fundwarden_app;
