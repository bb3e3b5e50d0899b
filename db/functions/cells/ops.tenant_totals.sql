-- Answers, where digests compare rows: the rights of both cells have to agree, too. The seed says
-- which users these are, so that two cells are asked about the same.

create or replace function ops.tenant_totals(tenant_id int, users int, seed text)
returns table (user_id bigint, funds bigint)
language sql stable security invoker parallel restricted
begin atomic
    select
        u.id,
        finance.count_authorized_funds(u.id)
    from (
        select a.id
        from authz.users as a
        where a.tenant_id = tenant_totals.tenant_id and a.is_active
        order by md5(tenant_totals.seed || a.id::text)
        limit tenant_totals.users
    ) as u;
end;

comment on function ops.tenant_totals(int, int, text) is
    'How many funds some users of a tenant may read: as many users as said, chosen by the seed.';
revoke all on function ops.tenant_totals(int, int, text) from public;
