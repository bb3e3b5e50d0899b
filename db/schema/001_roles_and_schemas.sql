-- runs as: installer
-- Roles are of the cluster, so a second database finds them there; everything else is owned by
-- fundwarden_owner, never by the login that happens to install.

do $$
declare
    wanted text;
begin
    foreach wanted in array array[
        'fundwarden_owner', 'fundwarden_app', 'fundwarden_trusted',
        'fundwarden_auditor', 'fundwarden_operator', 'fundwarden_platform'
    ]
    loop
        if not exists (select from pg_catalog.pg_roles as r where r.rolname = wanted) then
            execute pg_catalog.format('create role %I nologin', wanted);
        end if;
    end loop;
    -- From 16 on, who creates a role is given the admin option and nothing else.
    if not pg_catalog.pg_has_role('fundwarden_owner', 'usage') then
        execute pg_catalog.format('grant fundwarden_owner to %I', current_user);
    end if;
    if not pg_catalog.pg_has_role('fundwarden_trusted', 'fundwarden_app', 'member') then
        grant fundwarden_app to fundwarden_trusted;
    end if;
end
$$;

do $$
begin
    execute pg_catalog.format(
        'revoke create, temporary on database %I from public', pg_catalog.current_database()
    );
    -- REFRESH MATERIALIZED VIEW CONCURRENTLY and the page table need TEMP.
    execute pg_catalog.format(
        'grant create, temporary on database %I to fundwarden_owner', pg_catalog.current_database()
    );
end
$$;

create schema ext;
create schema authz authorization fundwarden_owner;
create schema authz_private authorization fundwarden_owner;
create schema finance authorization fundwarden_owner;
create schema audit authorization fundwarden_owner;
create schema ops authorization fundwarden_owner;
create schema secure authorization fundwarden_owner;
create schema paged authorization fundwarden_owner;
create schema sync authorization fundwarden_owner;
create schema platform authorization fundwarden_owner;

create extension ltree with schema ext;

grant usage on schema ext to
    fundwarden_owner, fundwarden_app, fundwarden_auditor, fundwarden_operator;
grant usage on schema authz, finance to fundwarden_app, fundwarden_operator;
grant usage on schema secure to fundwarden_app;
grant usage on schema paged to fundwarden_app, fundwarden_operator;
grant usage on schema sync to fundwarden_app;
grant usage on schema platform to
    fundwarden_app, fundwarden_operator, fundwarden_auditor, fundwarden_platform;
grant usage on schema audit, ops to fundwarden_operator;
grant usage on schema audit, ops to fundwarden_auditor;
grant usage on schema authz to fundwarden_auditor;

-- Without IN SCHEMA, which would only add to the default and take nothing from PUBLIC.
alter default privileges for role fundwarden_owner revoke execute on functions from public;
alter default privileges for role fundwarden_owner revoke usage on types from public;

comment on schema ext is 'Extensions fundwarden needs: ltree.';
comment on schema authz is 'Who may do what where: units, users, roles, grants and the checks.';
comment on schema authz_private is 'Helpers and secrets that only the owner may use.';
comment on schema finance is 'Customers, orders, funds and the paging of authorised funds.';
comment on schema audit is 'The log of every change of access, and its seals.';
comment on schema ops is 'Health, rights and maintenance of the installation.';
comment on schema secure is
    'Datasets as the application reads them: one view each, made from the data permissions.';
comment on schema paged is
    'Functions of datasets with owners: a page, a count, an export and the reason for a row.';
comment on schema sync is
    'Feeds of a company: what its files state, what would change, and the change.';
comment on schema platform is
    'Questions over all cells, and what each cell shows the platform for their answers.';
