-- One list for pages and exports whose columns are made for a user.

create or replace function authz_private.fund_columns(masks jsonb)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select string_agg(
        coalesce(fund_columns.masks ->> c.name, 'f.' || c.name), ', ' order by c.place
    )
    from unnest(
        '{id,handle_by,order_id,customer_id,amount,currency,status,created_at}'::text []
    ) with ordinality as c (name, place);
end;

comment on function authz_private.fund_columns(jsonb) is
    'Columns of a page as SQL over finance.financial_funds as f, masked as '
    'authz_private.fund_masks() says.';
revoke all on function authz_private.fund_columns(jsonb) from public;
