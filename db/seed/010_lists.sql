-- What a seed knows of itself.

create temporary table seed_plan (
    records bigint not null,
    random_seed bigint not null,
    sets_aside boolean not null,
    -- Highest ids before, 0 in an empty database; new ids follow without a gap.
    units int not null default 0,
    users bigint not null default 0,
    memberships bigint not null default 0,
    grants bigint not null default 0,
    templates bigint not null default 0,
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
(8, 'finance.financial_funds'),
(9, 'authz.permission_templates');

create temporary table seed_steps (
    no int generated always as identity,
    phase text not null,
    title text not null,
    command text not null,
    row_count bigint not null default 0
) on commit drop;
