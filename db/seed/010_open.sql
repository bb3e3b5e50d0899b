-- Opens the one transaction of a seed: who does it, on what, within which limits. Everything a
-- seed needs for itself lives in pg_temp and ends with the session.

do $$
begin
    if pg_catalog.to_regclass('finance.financial_funds') is null
        or pg_catalog.to_regrole('fundwarden_owner') is null
    then
        raise exception 'the database holds no fundwarden schema'
            using errcode = '55000', hint = 'Run "runner migrate" first.';
    end if;
    if not pg_catalog.pg_has_role('fundwarden_owner', 'member') then
        raise exception '% may not act as fundwarden_owner', current_user
            using
                errcode = '42501',
                hint = 'Connect as a superuser, or as a login that was granted fundwarden_owner.';
    end if;
end
$$;

set local role fundwarden_owner;
set local search_path = pg_catalog, ext, pg_temp;
set local client_min_messages = warning;
set local statement_timeout = 0;
set local jit = off;
set local work_mem = '128MB';
set local maintenance_work_mem = '256MB';

create temporary table seed_plan (
    records bigint not null,
    random_seed bigint not null,
    sets_aside boolean not null,
    -- Highest ids before, 0 in an empty database; new ids follow without a gap.
    units int not null default 0,
    users bigint not null default 0,
    memberships bigint not null default 0,
    grants bigint not null default 0,
    customers bigint not null default 0,
    orders bigint not null default 0,
    funds bigint not null default 0
) on commit drop;

create temporary table seed_tables (
    no int primary key,
    name regclass not null
) on commit drop;

-- In the order of their foreign keys.
insert into seed_tables (no, name)
values
(1, 'authz.org_units'),
(2, 'authz.tenants'),
(3, 'authz.users'),
(4, 'authz.memberships'),
(5, 'authz.user_roles'),
(6, 'finance.customers'),
(7, 'finance.orders'),
(8, 'finance.financial_funds');

create temporary table seed_steps (
    no int generated always as identity,
    phase text not null,
    title text not null,
    command text not null,
    row_count bigint not null default 0
) on commit drop;
