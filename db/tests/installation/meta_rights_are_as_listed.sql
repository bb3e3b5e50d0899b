-- Who owns and who may what. A right that is new is a decision to be made in the list,
-- authz_private.expected_rights().
begin;
set local search_path = tap, public, ext, pg_catalog;
-- Rights on the database itself are not copied from a template, nor restored from a plain dump.
select ops.apply_database_rights();
set local role fundwarden_owner;
select plan(16);

create temporary view our_schemas as
select n.oid, n.nspname, n.nspacl, n.nspowner
from pg_namespace as n
where n.nspowner = to_regrole('fundwarden_owner') or n.nspname in ('ext', 'fundwarden');

-- Owners.
select is_empty(
    $$
    select c.oid::regclass::text, c.relowner::regrole
    from pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid and n.nspname <> 'ext'
    where c.relowner <> to_regrole('fundwarden_owner')
    union all
    select p.oid::regprocedure::text, p.proowner::regrole
    from pg_proc as p
    inner join our_schemas as n on p.pronamespace = n.oid and n.nspname <> 'ext'
    where p.proowner <> to_regrole('fundwarden_owner')
    union all
    select y.oid::regtype::text, y.typowner::regrole
    from pg_type as y
    inner join our_schemas as n on y.typnamespace = n.oid and n.nspname <> 'ext'
    where y.typowner <> to_regrole('fundwarden_owner')
    $$,
    'everything is owned by fundwarden_owner'
);
select set_eq(
    $$select nspname::text from our_schemas where nspowner = to_regrole('fundwarden_owner')
    and nspname <> 'fundwarden'$$,
    array[
        'authz', 'authz_private', 'finance', 'audit', 'ops', 'secure', 'paged', 'sync', 'platform'
    ],
    'the owner owns these schemas and no other'
);
select bag_eq(
    $$
    select member::regrole::text, roleid::regrole::text
    from pg_auth_members
    where member::regrole::text like 'fundwarden\_%'
    $$,
    $$values ('fundwarden_trusted', 'fundwarden_app')$$,
    'the trusted role is the application role and more; no other role of ours is in any'
);

-- Rights.
select is_empty(
    $$select object, privilege from authz_private.actual_rights() where grantee = 'PUBLIC'$$,
    'PUBLIC may nothing, and execute no function'
);
select is_empty(
    $$
    select grantee, object, privilege
    from authz_private.actual_rights()
    where privilege like 'GRANT OPTION%'
    $$,
    'what is granted cannot be passed on'
);

select bag_eq(
    'select grantee, object, privilege from authz_private.actual_rights()',
    'select grantee, object, privilege from authz_private.expected_rights()',
    'what is granted is what is listed, no more and no less'
);
select bag_eq(
    $$
    select d.defaclobjtype::text, a.grantee::regrole::text, a.privilege_type
    from pg_default_acl as d
    cross join lateral aclexplode(d.defaclacl) as a
    where d.defaclrole = to_regrole('fundwarden_owner')
    $$,
    $$values ('f', 'fundwarden_owner', 'EXECUTE'), ('T', 'fundwarden_owner', 'USAGE')$$,
    'functions and types made later are nobody''s either'
);

-- What these rights come to, whatever way they were given.
create temporary view callers as
select r.rolname
from pg_roles as r
where r.rolname in (
    'fundwarden_app', 'fundwarden_trusted', 'fundwarden_auditor', 'fundwarden_operator',
    'fundwarden_platform'
);
select is_empty(
    $$
    select r.rolname, c.oid::regclass
    from callers as r
    cross join pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid and n.nspname <> 'sync'
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and (
            has_table_privilege(
                r.rolname, c.oid,
                'insert, update, delete, truncate, references, trigger'
            )
            or has_any_column_privilege(r.rolname, c.oid, 'insert, update, references')
        )
    $$,
    'no caller may write to any table or view but those that feeds are loaded into'
);
select bag_eq(
    $$
    select r.rolname::text, c.oid::regclass::text
    from callers as r
    cross join pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid and n.nspname <> 'sync'
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and (
            has_table_privilege(r.rolname, c.oid, 'select')
            or has_any_column_privilege(r.rolname, c.oid, 'select')
        )
    $$,
    $$
    select r.grantee, t.title
    from (values ('fundwarden_app'), ('fundwarden_trusted')) as r (grantee)
    cross join (
        values ('authz.org_units'), ('authz.users'), ('finance.customers'), ('finance.orders'),
        ('finance.financial_funds')
    ) as t (title)
    union all
    values
    ('fundwarden_auditor', 'audit.permission_audit_log'), ('fundwarden_auditor', 'audit.seals'),
    ('fundwarden_auditor', 'audit.arrivals'), ('fundwarden_auditor', 'audit.arrived_rows'),
    ('fundwarden_auditor', 'ops.metrics'), ('fundwarden_operator', 'ops.metrics'),
    ('fundwarden_auditor', 'ops.replication'), ('fundwarden_operator', 'ops.replication'),
    ('fundwarden_platform', 'platform.cell_state'), ('fundwarden_platform', 'platform.cell_funds'),
    ('fundwarden_platform', 'platform.cell_counts'),
    ('fundwarden_platform', 'platform.cell_health'), ('fundwarden_platform', 'platform.cell_log')
    $$,
    'applications read what policies show them, auditors the log, both auditors and operators '
    'the state of the installation, the platform what the cell shows it, and nobody anything else'
);
select is_empty(
    $$
    select r.rolname, c.oid::regclass
    from callers as r
    cross join pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid
    where c.relkind = 'S' and has_sequence_privilege(r.rolname, c.oid, 'usage, select, update')
    $$,
    'nor on any sequence'
);
select is_empty(
    $$
    select r.rolname, n.nspname
    from callers as r
    cross join pg_namespace as n
    where n.nspname !~ '^pg_(toast_)?temp_' and has_schema_privilege(r.rolname, n.oid, 'create')
    $$,
    'nor may create in any schema'
);
select is_empty(
    $$
    select r.rolname, n.nspname
    from callers as r
    cross join pg_namespace as n
    where n.nspname in ('authz_private', 'fundwarden')
        and has_schema_privilege(r.rolname, n.oid, 'usage')
    $$,
    'nor look into the private schemas'
);
select is_empty(
    $$
    select r.rolname, p.privilege
    from callers as r
    cross join (values ('create'), ('temporary')) as p (privilege)
    where has_database_privilege(r.rolname, current_database(), p.privilege)
    $$,
    'nor create schemas or temporary tables'
);
select ok(
    has_database_privilege('fundwarden_owner', current_database(), 'temporary'),
    'the owner makes temporary tables: the page table is one'
);
select is_empty(
    'select l.rule, l.object from ops.rls_lint() as l', 'the product''s own rules are kept'
);
select is_empty(
    $$
    select r.rolname
    from callers as r
    where pg_has_role(r.rolname, 'fundwarden_owner', 'member')
    $$,
    'no caller can become the owner'
);

select * from finish();
rollback;
