-- Row security everywhere, the owner included, and no policy that means more than it says.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(6);

create temporary view our_tables as
select c.oid, c.oid::regclass::text as title, c.relrowsecurity, c.relforcerowsecurity
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname in ('authz', 'finance', 'audit', 'ops')
    and c.relkind in ('r', 'p')
    and not c.relispartition;

select cmp_ok((select count(*) from our_tables), '>', 15::bigint, 'there are tables to look at');
select is_empty(
    $$select t.title from our_tables as t where not t.relrowsecurity or not t.relforcerowsecurity$$,
    'row security is enabled and forced on every table that is not private'
);
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
select is_empty(
    $$
    select t.title, p.polname
    from our_tables as t
    inner join pg_policy as p on t.oid = p.polrelid
    where 0 = any(p.polroles)
    $$,
    'every policy says to whom'
);
select is_empty(
    $$
    select t.title, p.polname
    from our_tables as t
    inner join pg_policy as p on t.oid = p.polrelid
    where to_regrole('fundwarden_owner') <> all(p.polroles)
        and not (t.title ~ '^audit\.' and p.polroles = array[to_regrole('fundwarden_auditor')::oid])
        and (
            pg_get_expr(p.polqual, p.polrelid) = 'true'
            or pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
        )
    $$,
    'nobody but the owner is let through unasked, and auditors to the log'
);
-- A function of a row's columns would run for every row.
select is_empty(
    $$
    select t.title, p.polname
    from our_tables as t
    inner join pg_policy as p on t.oid = p.polrelid
    where regexp_replace(
            pg_get_expr(p.polqual, p.polrelid), '\( SELECT ([^()]*\([^()]*\))+[^()]*\)', '', 'g'
        ) ~ 'my_|current_user_id'
    $$,
    'who asks is found out once a statement, in sub-selects of their own'
);

select * from finish();
rollback;
