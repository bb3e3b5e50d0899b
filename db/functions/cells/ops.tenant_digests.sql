-- Equal in both cells, the tenant arrived whole.

create or replace function ops.tenant_digests(tenant_id int)
returns table (title text, row_count bigint, digest text)
language sql stable security invoker parallel restricted
begin atomic
    select
        r.title,
        count(*),
        md5(string_agg(md5(r.content::text), '' order by md5(r.content::text)))
    from ops.tenant_rows(tenant_digests.tenant_id) as r
    where r.title <> 'authz_private.last_sign_ins'
    group by r.title;
end;

comment on function ops.tenant_digests(int) is
    'How many rows each table has of a tenant, and a digest over them; without the days of the '
    'last sign-ins, which go on while a tenant moves.';
revoke all on function ops.tenant_digests(int) from public;
