-- Said once for what each cell sorts and for what is merged. Nulls are last ascending and first
-- descending, as PostgreSQL has it and as postgres_fdw passes it on.

create or replace function authz_private.page_order(sort_by text, sort_order text)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        'd.%I %s, d.id, d.tenant_id'::text,
        case page_order.sort_by when 'fund_id' then 'id' else page_order.sort_by end,
        case upper(page_order.sort_order) when 'DESC' then 'desc' else 'asc' end
    );
end;

comment on function authz_private.page_order(text, text) is
    'The order of a page over cells as SQL over funds as d; ties by id and tenant, which no two '
    'funds have both.';
revoke all on function authz_private.page_order(text, text) from public;
