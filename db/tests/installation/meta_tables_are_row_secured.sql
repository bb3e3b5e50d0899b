-- What ops.rls_lint() cannot ask: forced row security holds for the owner, too.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(2);

create temporary view our_tables as
select
    c.oid,
    c.oid::regclass::text as title
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname in ('authz', 'finance', 'audit', 'ops')
    and c.relkind in ('r', 'p')
    and not c.relispartition;

select cmp_ok((select count(*) from our_tables), '>', 15::bigint, 'there are tables to look at');
select is_empty(
    $$
    select t.title
    from our_tables as t
    where not exists (
        select
        from pg_policy as p
        where p.polrelid = t.oid
            and p.polcmd = '*'
            and p.polroles = array[to_regrole('fundwarden_owner')::oid]
            and pg_get_expr(p.polqual, p.polrelid) = 'true'
            and pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
    )
    $$,
    'the owner sees every row: forced row security would empty the view of effective policies'
);

select * from finish();
rollback;
