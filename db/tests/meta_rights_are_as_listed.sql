-- Who owns and who may what. A right that is not in the list below is a decision to be made here.
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

create temporary view our_grants as
select
    coalesce(r.rolname, 'PUBLIC') as grantee,
    g.object,
    a.privilege_type as privilege,
    a.is_grantable
from (
    select 'schema ' || n.nspname, n.nspacl, n.nspowner from our_schemas as n
    union all
    select 'function ' || p.oid::regprocedure, coalesce(p.proacl, acldefault('f', p.proowner)),
        p.proowner
    from pg_proc as p
    inner join our_schemas as n on p.pronamespace = n.oid and n.nspname <> 'ext'
    union all
    select 'relation ' || c.oid::regclass, c.relacl, c.relowner
    from pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid
    union all
    select 'column ' || c.oid::regclass || '.' || t.attname, t.attacl, c.relowner
    from pg_attribute as t
    inner join pg_class as c on t.attrelid = c.oid
    inner join our_schemas as n on c.relnamespace = n.oid
    union all
    -- Row and array types have no rights of their own.
    select 'type ' || y.oid::regtype, coalesce(y.typacl, acldefault('T', y.typowner)), y.typowner
    from pg_type as y
    inner join our_schemas as n on y.typnamespace = n.oid and n.nspname <> 'ext'
    where y.typrelid = 0 and y.typelem = 0
) as g (object, acl, owner)
cross join lateral aclexplode(g.acl) as a
left join pg_roles as r on a.grantee = r.oid
where a.grantee <> g.owner;

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
    array['authz', 'authz_private', 'finance', 'audit', 'ops'],
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
    $$select object, privilege from our_grants where grantee = 'PUBLIC'$$,
    'PUBLIC may nothing, and execute no function'
);
select is_empty(
    $$select grantee, object, privilege from our_grants where is_grantable$$,
    'what is granted cannot be passed on'
);

create temporary table expected (grantee text, object text, privilege text);
insert into expected (grantee, object, privilege)
select g.grantee, w.object, w.privilege
from (
    values
    ('fundwarden_app', 'schema authz', 'USAGE'),
    ('fundwarden_app', 'schema ext', 'USAGE'),
    ('fundwarden_app', 'schema finance', 'USAGE'),
    ('fundwarden_app', 'function authz.ancestors(integer)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.current_user_id()', 'EXECUTE'),
    ('fundwarden_app', 'function authz.descendants(integer)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.real_user_id()', 'EXECUTE'),
    ('fundwarden_app', 'function authz.sign_in(text)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.subordinates(bigint)', 'EXECUTE'),
    (
        'fundwarden_app',
        'function authz.check_user_permission(bigint,text,text,integer,jsonb)',
        'EXECUTE'
    ),
    ('fundwarden_app', 'function authz.check_user_permissions(bigint,jsonb)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.condition_problems(jsonb)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.effective_policies(bigint,integer)', 'EXECUTE'),
    (
        'fundwarden_app',
        'function authz.explain_user_permission(bigint,text,text,integer,jsonb)',
        'EXECUTE'
    ),
    ('fundwarden_app', 'function authz.next_access_change(bigint)', 'EXECUTE'),
    ('fundwarden_app', 'function authz.policy_version()', 'EXECUTE'),
    ('fundwarden_app', 'function authz.user_has_org_permission(bigint,integer,text)', 'EXECUTE'),
    (
        'fundwarden_app',
        'function authz.users_with_permission(text,text,integer,bigint,integer)',
        'EXECUTE'
    ),
    ('fundwarden_operator', 'function authz.refresh_if_marked()', 'EXECUTE'),
    ('fundwarden_operator', 'function authz.refresh_user_effective_policies()', 'EXECUTE'),
    ('fundwarden_operator', 'function authz.refresh_user_permissions(bigint,integer)', 'EXECUTE'),
    ('fundwarden_operator', 'function authz.verify_effective_policies()', 'EXECUTE'),
    ('fundwarden_auditor', 'function authz.verify_effective_policies()', 'EXECUTE'),
    ('fundwarden_app', 'function authz.user_scope(bigint,text,text)', 'EXECUTE'),
    (
        'fundwarden_app',
        'function finance.count_authorized_funds(bigint,numeric,numeric,text,'
        'timestamp with time zone,timestamp with time zone)',
        'EXECUTE'
    ),
    ('fundwarden_app', 'function finance.explain_fund_access(bigint,bigint)', 'EXECUTE'),
    (
        'fundwarden_app',
        'function finance.page_authorized_funds(bigint,integer,integer,text,text,numeric,numeric,'
        'text,timestamp with time zone,timestamp with time zone)',
        'EXECUTE'
    ),
    ('fundwarden_trusted', 'function authz.act_as(bigint,text)', 'EXECUTE'),
    ('fundwarden_auditor', 'relation audit.permission_audit_log', 'SELECT'),
    ('fundwarden_auditor', 'relation audit.seals', 'SELECT'),
    (
        'fundwarden_auditor',
        'function audit.access_as_of(bigint,text,text,integer,timestamp with time zone,jsonb)',
        'EXECUTE'
    ),
    ('fundwarden_auditor', 'function audit.verify()', 'EXECUTE'),
    ('fundwarden_auditor', 'function audit.verify(text)', 'EXECUTE'),
    ('fundwarden_auditor', 'function audit.verify_tables()', 'EXECUTE'),
    ('fundwarden_operator', 'function audit.verify()', 'EXECUTE'),
    ('fundwarden_operator', 'function audit.verify(text)', 'EXECUTE'),
    ('fundwarden_operator', 'function audit.verify_tables()', 'EXECUTE'),
    ('fundwarden_operator', 'function audit.make_partitions(integer)', 'EXECUTE'),
    ('fundwarden_operator', 'function audit.seal()', 'EXECUTE'),
    ('fundwarden_operator', 'schema audit', 'USAGE'),
    ('fundwarden_operator', 'schema ops', 'USAGE'),
    ('fundwarden_operator', 'function ops.check_database_rights()', 'EXECUTE'),
    ('fundwarden_operator', 'function ops.effective_view_health()', 'EXECUTE'),
    ('fundwarden_operator', 'function ops.rls_lint()', 'EXECUTE'),
    ('fundwarden_operator', 'relation ops.replication_lag', 'SELECT'),
    ('fundwarden_auditor', 'schema audit', 'USAGE'),
    ('fundwarden_auditor', 'schema ext', 'USAGE'),
    ('fundwarden_auditor', 'schema ops', 'USAGE'),
    ('fundwarden_auditor', 'function ops.check_database_rights()', 'EXECUTE'),
    ('fundwarden_auditor', 'function ops.effective_view_health()', 'EXECUTE'),
    ('fundwarden_auditor', 'function ops.rls_lint()', 'EXECUTE'),
    ('fundwarden_auditor', 'relation ops.replication_lag', 'SELECT'),
    ('fundwarden_owner', 'schema ext', 'USAGE')
) as w (grantee, object, privilege)
-- What an application may ask, an operator may ask about anybody.
cross join lateral (
    values (w.grantee), (case w.grantee when 'fundwarden_app' then 'fundwarden_operator' end)
) as g (grantee)
where g.grantee is not null;

-- What policies show of tables, and the functions they ask.
insert into expected (grantee, object, privilege)
values
('fundwarden_app', 'relation finance.customers', 'SELECT'),
('fundwarden_app', 'relation finance.orders', 'SELECT'),
('fundwarden_app', 'relation finance.financial_funds', 'SELECT'),
('fundwarden_app', 'relation authz.org_units', 'SELECT'),
('fundwarden_app', 'column authz.users.id', 'SELECT'),
('fundwarden_app', 'column authz.users.tenant_id', 'SELECT'),
('fundwarden_app', 'column authz.users.username', 'SELECT'),
('fundwarden_app', 'column authz.users.base_unit_id', 'SELECT'),
('fundwarden_app', 'column authz.users.is_active', 'SELECT'),
('fundwarden_app', 'function authz.my_tenant()', 'EXECUTE'),
('fundwarden_app', 'function authz.my_units(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_tenants(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_owner_id(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_orders(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_customers(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_denied_id(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_denied_orders(text,text)', 'EXECUTE'),
('fundwarden_app', 'function authz.my_denied_customers(text,text)', 'EXECUTE');

-- What an application may write, it may write for the user signed in: nobody else signs in.
insert into expected (grantee, object, privilege)
select 'fundwarden_app', 'function ' || w.function, 'EXECUTE'
from (
    values
    ('authz.activate_unit(integer)'),
    ('authz.activate_user(bigint)'),
    ('authz.add_membership(bigint,integer,timestamp with time zone,timestamp with time zone)'),
    ('authz.add_permission_to_policy(integer,integer)'),
    ('authz.add_policy_to_role(integer,integer)'),
    ('authz.approve_delegation(bigint,text)'),
    (
        'authz.delegate(bigint,text,text,integer,timestamp with time zone,text,'
        'timestamp with time zone,boolean)'
    ),
    ('authz.list_delegations(boolean)'),
    ('authz.reject_delegation(bigint,text)'),
    (
        'authz.request_delegation(bigint,text,text,integer,timestamp with time zone,text,'
        'timestamp with time zone,boolean)'
    ),
    ('authz.revoke_delegation(bigint,text)'),
    ('authz.withdraw_delegation(bigint,text)'),
    ('authz.approve_request(bigint,text)'),
    (
        'authz.assign_policy(bigint,integer,integer,boolean,timestamp with time zone,'
        'timestamp with time zone)'
    ),
    (
        'authz.assign_role(bigint,integer,integer,boolean,timestamp with time zone,'
        'timestamp with time zone,text)'
    ),
    ('authz.create_permission(text,text,authz.permission_scope,jsonb)'),
    ('authz.create_policy(text,text,authz.policy_effect,integer)'),
    ('authz.create_role(text,text,integer,integer,boolean)'),
    ('authz.create_unit(integer,text,text,text,jsonb)'),
    ('authz.create_user(text,integer,jsonb)'),
    ('authz.deactivate_unit(integer)'),
    ('authz.deactivate_user(bigint)'),
    ('authz.declare_exclusive_roles(integer,integer,text)'),
    (
        'authz.grant_permission(bigint,integer,integer,boolean,timestamp with time zone,'
        'timestamp with time zone)'
    ),
    ('authz.grant_permission_to_role(integer,integer)'),
    ('authz.list_requests(boolean)'),
    ('authz.move_unit(integer,integer)'),
    ('authz.reject_request(bigint,text)'),
    ('authz.remove_membership(bigint)'),
    ('authz.remove_permission_from_policy(integer,integer)'),
    ('authz.remove_policy_from_role(integer,integer)'),
    ('authz.reset_permission_template(integer,text)'),
    ('authz.revoke_permission(bigint)'),
    ('authz.revoke_permission_from_role(integer,integer)'),
    ('authz.revoke_policy(bigint)'),
    ('authz.revoke_role(bigint)'),
    ('authz.set_permission_template(integer,text,integer,boolean,boolean)'),
    ('authz.set_role_parent(integer,integer)'),
    ('authz.transfer_user(bigint,integer)'),
    ('authz.update_policy(integer,text,text,authz.policy_effect,integer,boolean)'),
    ('authz.update_role(integer,text,integer,boolean,boolean)'),
    ('authz.update_unit(integer,text,text,text,jsonb,integer)'),
    ('authz.update_user(bigint,text,jsonb)'),
    ('authz.withdraw_exclusive_roles(bigint)'),
    ('authz.withdraw_request(bigint,text)'),
    ('finance.create_fund(jsonb)'),
    ('finance.update_fund(bigint,jsonb)'),
    ('finance.delete_fund(bigint)'),
    ('finance.create_customer(jsonb)'),
    ('finance.update_customer(bigint,jsonb)'),
    ('finance.delete_customer(bigint)'),
    ('finance.create_order(jsonb)'),
    ('finance.update_order(bigint,jsonb)'),
    ('finance.delete_order(bigint)')
) as w (function);

select bag_eq(
    'select grantee::text, object, privilege from our_grants',
    'select grantee, object, privilege from expected',
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
    'fundwarden_app', 'fundwarden_trusted', 'fundwarden_auditor', 'fundwarden_operator'
);
select is_empty(
    $$
    select r.rolname, c.oid::regclass
    from callers as r
    cross join pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and (
            has_table_privilege(
                r.rolname, c.oid,
                'insert, update, delete, truncate, references, trigger'
            )
            or has_any_column_privilege(r.rolname, c.oid, 'insert, update, references')
        )
    $$,
    'no caller may write to any table or view'
);
select bag_eq(
    $$
    select r.rolname::text, c.oid::regclass::text
    from callers as r
    cross join pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid
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
    values ('fundwarden_auditor', 'audit.permission_audit_log'),
    ('fundwarden_auditor', 'audit.seals'), ('fundwarden_auditor', 'ops.replication_lag'),
    ('fundwarden_operator', 'ops.replication_lag')
    $$,
    'applications read what policies show them, auditors the log, and nobody anything else'
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
