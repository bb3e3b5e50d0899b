-- Rights on the database itself are not in a plain dump, so a restore loses them silently.

create or replace function ops.check_database_rights()
returns table (what text, expected text, actual text)
language sql stable security invoker parallel safe
begin atomic
    select
        w.what,
        w.expected::text,
        w.actual::text
    from (
        values
        (
            'PUBLIC may make temporary tables', false,
            exists (
                select
                from pg_database as d
                cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
                where d.datname = current_database()
                    and a.grantee = 0
                    and a.privilege_type = 'TEMPORARY'
            )
        ),
        (
            'PUBLIC may create schemas', false,
            exists (
                select
                from pg_database as d
                cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
                where d.datname = current_database()
                    and a.grantee = 0
                    and a.privilege_type = 'CREATE'
            )
        ),
        (
            'fundwarden_owner may make temporary tables', true,
            has_database_privilege('fundwarden_owner', current_database(), 'TEMPORARY')
        )
    ) as w (what, expected, actual)
    where w.expected <> w.actual
    union all
    select
        format('%s may %s on the database', r.rolname, p.privilege) as what,
        'false' as expected,
        'true' as actual
    from pg_roles as r
    cross join unnest(array['CREATE', 'TEMPORARY']) as p (privilege)
    where r.rolname ~ '^fundwarden_(app|trusted|auditor|operator|platform)$'
        and has_database_privilege(r.rolname, current_database(), p.privilege)
    union all
    -- What they could plant there, functions of the owner would find.
    select
        format('%s may CREATE in schema %s', r.rolname, n.nspname) as what,
        'false' as expected,
        'true' as actual
    from pg_namespace as n
    cross join pg_roles as r
    where (n.nspname ~ '^(ext|public)$' or pg_get_userbyid(n.nspowner) = 'fundwarden_owner')
        and r.rolname ~ '^fundwarden_(app|trusted|auditor|operator|platform)$'
        and has_schema_privilege(r.rolname, n.oid, 'CREATE');
end;

comment on function ops.check_database_rights() is
    'Rights on the database and its schemas that differ from what fundwarden needs; no rows mean '
    'that all are right.';
revoke all on function ops.check_database_rights() from public;
grant execute on function ops.check_database_rights() to fundwarden_operator, fundwarden_auditor;
