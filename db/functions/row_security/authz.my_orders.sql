-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_orders(resource text, action text)
returns bigint []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return array(
        select o.id
        from authz_private.own_rows_of_session(my_orders.resource, my_orders.action) as m
        inner join finance.orders as o
            on m.tenant_id = o.tenant_id and m.user_id = o.handler_id
        where m.own_rows
    );
end
$$;

comment on function authz.my_orders(text, text) is
    'Ids of the orders of the user who is signed in, where what they own counts for '
    'resource:action though its unit does not; empty otherwise.';
revoke all on function authz.my_orders(text, text) from public;
grant execute on function authz.my_orders(text, text) to fundwarden_app;
