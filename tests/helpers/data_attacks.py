"""What somebody who can send SQL as the application tries against row rules and column masks.

As in attacks.py: what a rule hides is called hidden and what a mask covers veiled, so that an
attack has succeeded when such a word, or the number it names, is anywhere in what came back. The
tree shows ann all of it: nothing but data permissions stands between her and the loot.
"""

from __future__ import annotations

from pathlib import Path

from attacks import FUNDS, Attack, off

DB = Path(__file__).parents[2] / "db"

DAN = 4004
ORDER = 31337

# Ann is bound by the rules, dan in her unit is not; visible are funds 1 to 8 and staff 1 to 7.
WORLD = f"""
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'unit');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'root', 1), (2, 'ann', 2), ({DAN}, 'dan', 2);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 'admin', 1), (2, 'supervisor', 2)) as g (user_id, role, unit_id)
    inner join authz.roles as r on g.role = r.code;
    insert into authz.permissions (resource, action, scope)
    values ('finance.funds', 'export', 'team');
    insert into authz.user_permissions (user_id, permission_id, unit_id)
    select g.user_id, p.id, 2
    from (
        values (2, 'directory.permissions', 'read'), (2, 'finance.funds', 'create'),
            (2, 'finance.funds', 'update'), (2, 'finance.funds', 'delete'),
            (2, 'finance.funds', 'export'), (2, 'finance.orders', 'create'),
            (2, 'finance.orders', 'update'), (2, 'finance.customers', 'create'),
            (2, 'finance.customers', 'update'), ({DAN}, 'finance.funds', 'read')
    ) as g (user_id, resource, action)
    inner join authz.permissions as p
        on g.resource = p.resource::text and g.action = p.action and p.scope = 'team';
    insert into finance.customers (id, manager_id, name) values (60606, {DAN}, 'veiled customer');
    insert into finance.orders (id, handler_id, customer_id) values ({ORDER}, {DAN}, 60606);
    insert into finance.financial_funds
        (id, handle_by, order_id, customer_id, amount, currency, status, created_at)
    select g, {DAN}, {ORDER}, 60606, 4444.44, 'EUR', 'veiled', '2021-07-17 05:06:07Z'
    from generate_series(1, 8) as g;
    insert into finance.financial_funds (id, handle_by, amount, currency, status)
    select g, {DAN}, 98765432100 + g, 'USD', 'hidden' from generate_series(501, 512) as g;
    select setval('finance.financial_funds_id_seq', 700);
    update finance.customers set created_at = '2021-07-17 05:06:07Z';
    update finance.orders set created_at = '2021-07-17 05:06:07Z';
    insert into finance.customers (id, name, manager_id, created_at)
    values (70707, 'b', 2, '2020-01-01'), (80808, 'c', {DAN}, '2020-01-01');
    select authz.register_dataset(t)
    from unnest('{{finance.financial_funds, finance.orders, finance.customers}}'::regclass []) as t;

    create schema own authorization fundwarden_owner;
    grant usage on schema own to fundwarden_app;
    set role fundwarden_owner;
    create table own.staff (
        id int primary key, tenant_id int not null, level int not null, name text unique,
        salary numeric(10, 2), iban text, born date, email text, phone text, note text, grade text
    );
    create table own.staff_left () inherits (own.staff);
    create table own.visits (id int, tenant_id int, region text, what text)
    partition by list (region);
    create table own.visits_north partition of own.visits for values in ('north');
    create table own.visits_south partition of own.visits for values in ('south');
    grant select on own.staff, own.visits to fundwarden_app;
    create statistics own.planted (mcv) on name, level from own.staff;
    reset role;
    insert into own.staff
    select g, 1, case g when 7 then 6 else 3 end, 'veiled_' || g, 77123.45, 'de veiled 1234',
        '1977-07-17', 'veiled@example.org', '+49 veiled', 'veiled note',
        case g when 7 then 'veiled' else 'plain' end
    from generate_series(1, 7) as g;
    insert into own.staff (id, tenant_id, level, name, salary, note)
    select g, 1, 9, 'hidden_' || g, 88123.45, 'hidden note' from generate_series(501, 506) as g;
    insert into own.staff_left (id, tenant_id, level, name) values (507, 1, 9, 'hidden_left');
    insert into own.visits values (1, 1, 'north', 'plain'), (501, 1, 'south', 'hidden visit');
    select authz.register_dataset('own.staff', tenant_column => 'tenant_id');
    select authz.register_dataset(
        'own.visits', tenant_column => 'tenant_id', default_rows => 'none'
    );
    insert into authz.variables (name, type) values ('region', 'text');
    insert into authz.user_variables (user_id, variable, value)
    values (2, 'region', '"north"'), (1, 'region', '"south"');

    insert into authz.row_permissions (dataset, dimension, subject, mode, filter)
    select d.dataset, 'role', r.id::text, 'restrict', d.filter::jsonb
    from (
        values
        ('financial_funds', '{{"field": "currency", "op": "<>", "value": "USD"}}'),
        ('customers', '{{"field": "id", "op": "<", "value": 80000}}'),
        ('staff', '{{"field": "level", "op": "<", "value": 8}}')
    ) as d (dataset, filter)
    inner join authz.roles as r on r.code = 'supervisor';
    insert into authz.row_permissions (dataset, dimension, subject, mode, filter)
    values ('visits', 'variable', 'region', 'permit',
        '{{"field": "region", "op": "=", "value": {{"var": "region"}}}}');
    insert into authz.column_permissions
        (dataset, column_name, dimension, subject, mode, mask, condition)
    select m.dataset, m.column_name, 'role', r.id::text,
        case when m.mask is null then 'disable' else 'mask' end, m.mask::jsonb, m.condition::jsonb
    from (
        values
        ('financial_funds', 'amount', '{{"kind": "round", "digits": -3}}', null),
        ('financial_funds', 'created_at', '{{"kind": "truncate", "unit": "year"}}', null),
        ('financial_funds', 'order_id', '{{"kind": "hash"}}', null),
        ('financial_funds', 'customer_id', null, null),
        ('financial_funds', 'handle_by', '{{"kind": "constant", "value": 0}}', null),
        ('financial_funds', 'status', '{{"kind": "keep_first", "n": 1}}',
            '{{"field": "currency", "op": "=", "value": "EUR"}}'),
        ('financial_funds', 'status', '{{"kind": "keep_last", "n": 1}}',
            '{{"field": "currency", "op": "=", "value": "CHF"}}'),
        ('customers', 'name', '{{"kind": "hash"}}', null),
        ('customers', 'created_at', '{{"kind": "truncate", "unit": "year"}}',
            '{{"field": "manager_id", "op": "=", "value": {DAN}}}'),
        ('orders', 'handler_id', '{{"kind": "hash"}}', null),
        ('orders', 'created_at', '{{"kind": "truncate", "unit": "year"}}',
            '{{"field": "customer_id", "op": "=", "value": 60606}}'),
        ('staff', 'name', '{{"kind": "hash"}}', null),
        ('staff', 'salary', '{{"kind": "round", "digits": -4}}', null),
        ('staff', 'iban', '{{"kind": "keep_last", "n": 4}}', null),
        ('staff', 'born', '{{"kind": "truncate", "unit": "year"}}', null),
        ('staff', 'email', '{{"kind": "null"}}', null),
        ('staff', 'phone', null, null),
        ('staff', 'note', '{{"kind": "constant", "value": "x"}}', null),
        ('staff', 'grade', '{{"kind": "constant", "value": "x"}}',
            '{{"field": "level", "op": ">", "value": 5}}')
    ) as m (dataset, column_name, mask, condition)
    inner join authz.roles as r on r.code = 'supervisor';
    select authz.refresh_user_effective_policies();
    analyze;
"""

VIEW = "secure.financial_funds"
STAFF = "own.staff"
MASKED = "secure.staff"
HIDDEN_OR_VEILED = "hidden|veiled"


def plain(*steps: str, loot: str = HIDDEN_OR_VEILED, weak: str = "", mend: str = "") -> Attack:
    """Without more in weak, what stops it is nothing but the rules."""
    return Attack(steps, weak, loot, mend=mend)


def back_on(table: str) -> str:
    """Row security as before."""
    return f"alter table {table} enable row level security"


# --- rows -------------------------------------------------------------------------------------

ROWS = {
    "the table": plain(f"select f.id from {FUNDS} as f", loot=r"\b501\b"),
    "the view": plain(f"table {VIEW}"),
    "a row by its key": plain(f"select s.* from {MASKED} as s where s.id = 501"),
    "a row by its place": plain(
        f"select f.id from {FUNDS} as f where f.ctid = any(array(select format('(0,%s)', g)::tid "
        "from generate_series(1, 50) as g))",
        loot=r"\b501\b",
    ),
    "a sample": plain(f"select f.id from {FUNDS} as f tablesample system (100)", loot=r"\b501\b"),
    "only the table": plain(f"select s.level from only {STAFF} as s", loot=r"\(9,"),
    "a descendant, by its parent": plain(
        f"select s.tableoid::regclass::text from {STAFF} as s", loot="staff_left"
    ),
    "system columns": plain(
        f"select s.tableoid, s.xmin, s.cmax, s.ctid, s.id from {STAFF} as s",
        f"select s.id, s.xmin from {STAFF} as s",
        f"select s.tableoid, s.id from {STAFF} as s",
        loot=r"50[1-7]\)",
    ),
    "a count": plain(f"select count(*) from {STAFF}", loot=r"\(14,\)"),
    "a difference of counts": plain(
        f"select (select count(*) from {STAFF}) - (select count(*) from {MASKED})",
        f"select (select count(*) from {MASKED}) - 7",
        loot=r"\([1-9]\d*,\)",
    ),
    "an extreme": plain(f"select max(s.id), min(s.level) from {STAFF} as s", loot=r"\b50\d\b"),
    "an array of all": plain(f"select array_agg(f.id) from {FUNDS} as f", loot=r"\b501\b"),
    "a percentile": plain(
        f"select percentile_disc(1) within group (order by s.id) from {STAFF} as s", loot=r"\b507\b"
    ),
    "a window": plain(
        f"select s.id, lead(s.id) over (order by s.id), count(*) over () from {STAFF} as s",
        loot=r", 14\)",
    ),
    "grouping sets": plain(
        f"select s.level, count(*) from {STAFF} as s group by cube (s.level)", loot=r"\(9, "
    ),
    "having": plain(
        f"select s.tenant_id from {STAFF} as s group by s.tenant_id having max(s.level) = 9",
        loot=r"\(1,\)",
    ),
    "distinct": plain(f"select distinct f.currency from {FUNDS} as f", loot="USD"),
    "a left join that finds it": plain(
        f"select g, s.id from generate_series(500, 502) as g left join {STAFF} as s on g = s.id",
        loot=r"\(501, 501\)",
    ),
    "a semi-join": plain(
        f"select g from generate_series(500, 510) as g where exists (select from {VIEW} as v "
        "where v.id = g)",
        loot=r"\(501,\)",
    ),
    "an anti-join": plain(
        f"select count(*) from generate_series(500, 510) as g where g not in (select v.id "
        f"from {VIEW} as v)",
        loot=r"\(1,\)",
    ),
    "a lateral join": plain(
        f"select x.id from {FUNDS} as f cross join lateral (select s.id from {STAFF} as s "
        "where s.id > f.id) as x where f.id = 8",
        loot=r"\b501\b",
    ),
    "set operations": plain(
        f"(select s.id from {STAFF} as s) except (select s.id from {MASKED} as s where s.id < 8) "
        "union select 0",
        loot=r"\b501\b",
    ),
    "a recursive query": plain(
        "with recursive r (id) as (select 500 union all select s.id from r inner join "
        f"{MASKED} as s on s.id = r.id + 1) select * from r",
        loot=r"\b501\b",
    ),
    "a materialized part": plain(
        f"with f as materialized (select f.id, f.currency from {FUNDS} as f) "
        "select * from f where currency = 'USD'",
        loot=r"\b501\b",
    ),
    "a part that is not materialized": plain(
        f"with v as not materialized (select * from {MASKED}) select id from v where level = 9",
        loot=r"\b501\b",
    ),
    "copy of the table": plain(f"copy {FUNDS} (id, currency) to stdout", loot="USD"),
    "copy of the view's query": plain(f"copy (select * from {VIEW}) to stdout"),
    "a cursor": plain(
        f"declare c scroll cursor for select * from {MASKED} order by id desc",
        "fetch first from c",
        "fetch all from c",
    ),
    "a block": plain(
        f"do $$ declare r record; begin for r in select * from {MASKED} loop "
        "raise notice '%', r; end loop; end $$"
    ),
    "the parent of partitions": plain("select v.what from own.visits as v"),
    "only a region": plain("select v.* from secure.visits as v where v.region = 'south'"),
    "a partition": plain(
        "select v.what from own.visits_south as v",
        weak="grant select on own.visits_south to fundwarden_app",
        mend="revoke select on own.visits_south from fundwarden_app",
    ),
    "a descendant": plain(
        "select v.* from own.staff_left as v",
        weak="grant select on own.staff_left to fundwarden_app",
        mend="revoke select on own.staff_left from fundwarden_app",
    ),
    "a page": plain(
        "select p.fund_id from finance.page_authorized_funds(page_size => 10000) as p",
        loot=r"\b501\b",
    ),
    "the last page, and one beyond": plain(
        "select p.fund_id from finance.page_authorized_funds(2, 1, 10, 'fund_id', 'DESC') as p",
        "select p.fund_id from finance.page_authorized_funds(null, 2, 8) as p",
        loot=r"\b5[01]\d\b",
    ),
    "the total": plain("select finance.count_authorized_funds()", loot=r"\(20,\)"),
    "the total of another, whom no rule binds": plain(
        f"select finance.count_authorized_funds({DAN})", loot=r"\(20,\)"
    ),
    "a page of another, whom no rule binds": plain(
        f"select p.* from finance.page_authorized_funds({DAN}) as p"
    ),
    "why a hidden fund is seen": plain(
        "select e.is_visible from finance.explain_fund_access(null, 501) as e", loot=r"\(True,\)"
    ),
    "why another sees a hidden fund": plain(
        f"select e.is_visible from finance.explain_fund_access({DAN}, 501) as e",
        loot=r"\(True,\)",
    ),
    "a hidden fund changed": plain(
        'select finance.update_fund(501, \'{"currency": "EUR"}\')',
        "select v.id from secure.financial_funds as v where v.id = 501",
        loot=r"\b501\b",
    ),
    "a hidden fund changed by nothing": plain(
        "select finance.update_fund(501, '{}')", loot="SELECT 1"
    ),
    "a hidden fund deleted": plain("select finance.delete_fund(501)", loot="SELECT 1"),
    "a key of a hidden customer, by a fund": plain(
        'select finance.create_fund(\'{"amount": 1, "customer_id": 80808}\')', loot="SELECT 1"
    ),
    "a key of a hidden customer, by an order": plain(
        'select finance.create_order(\'{"handler_id": 2, "customer_id": 80808}\')',
        f"select finance.update_order({ORDER}, '{{\"customer_id\": 80808}}')",
        loot="SELECT 1",
    ),
    "a hidden customer changed and deleted": plain(
        "select finance.update_customer(80808, '{}')",
        "select finance.delete_customer(80808)",
        loot="SELECT 1",
    ),
    "an update of the table": plain(
        f"update {FUNDS} set currency = 'EUR' returning id",
        weak=f"grant update on {FUNDS} to fundwarden_app; {off(FUNDS)}",
        mend=f"revoke update on {FUNDS} from fundwarden_app; {back_on(FUNDS)}",
        loot=r"\b501\b",
    ),
    "a unique key as oracle": plain(
        f"insert into {STAFF} (id, tenant_id, level) values (501, 1, 1) on conflict do nothing",
        weak=f"grant insert on {STAFF} to fundwarden_app; {off(STAFF)}",
        mend=f"revoke insert on {STAFF} from fundwarden_app; {back_on(STAFF)}",
        loot="INSERT 0 0",
    ),
    "a lock": plain(
        f"select f.id from {FUNDS} as f for key share",
        weak=f"grant update on {FUNDS} to fundwarden_app; {off(FUNDS)}",
        mend=f"revoke update on {FUNDS} from fundwarden_app; {back_on(FUNDS)}",
        loot=r"\b501\b",
    ),
    "division by zero": plain(
        f"select f.id from {FUNDS} as f where 1 / (f.id - 501) = 0", loot="division by zero"
    ),
    "division by zero in the view": plain(
        f"select s.id from {MASKED} as s where 1 / (s.id - 501) = 0", loot="division by zero"
    ),
    "an error in a cheap predicate": plain(
        f"select s.id from {STAFF} as s where (s.level || case s.level when 9 then 'x' else '' "
        "end)::int > 0 and pg_sleep(0) is not null",
        loot="9x",
    ),
    "an error in a sort": plain(
        f"select s.id from {STAFF} as s order by 1 / (s.level - 9)", loot="division by zero"
    ),
}

# --- columns ----------------------------------------------------------------------------------

COLUMNS = {
    "a masked column of the table": plain(f"select f.status from {FUNDS} as f"),
    "a disabled column of the table": plain(f"select s.phone from {STAFF} as s"),
    "a whole row of the table": plain(f"select s from {STAFF} as s"),
    "a whole row of the view": plain(f"select s from {MASKED} as s"),
    "a whole row as text": plain(f"select s::text from {MASKED} as s"),
    "a whole row as JSON": plain(
        f"select row_to_json(s), to_jsonb(s) from {MASKED} as s",
        f"select to_jsonb(s) from {STAFF} as s",
    ),
    "a field of a whole row": plain(
        f"select (s).note from {MASKED} as s", f"select (s).note from {STAFF} as s"
    ),
    "a row compared": plain(
        f"select 'found' from {MASKED} as s where (s.id, s.email) = (1, 'veiled@example.org')",
        f"select 'found' from {STAFF} as s where s = row(0)::own.staff or s is not null",
        loot="found",
    ),
    "a column by another name": plain(
        f"select s.c8 from {MASKED} as s (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)"
    ),
    "a natural join with the table": plain(
        f"select s.* from {MASKED} as s natural inner join {STAFF} as t",
        f"select t.note from {MASKED} as s inner join {STAFF} as t using (id)",
    ),
    "where, in the table": plain(
        f"select 'found' from {STAFF} as s where s.note = 'veiled note'", loot="found"
    ),
    "where, in the view": plain(
        f"select 'found' from {MASKED} as s where s.note = 'veiled note' or s.phone is not null",
        loot="found",
    ),
    "where, by halving": plain(
        f"select 'found' from {MASKED} as s where s.salary between 77123 and 77124", loot="found"
    ),
    "where, by pattern": plain(
        f"select 'found' from {MASKED} as s where s.iban like 'de%' or s.iban ~ '^d'", loot="found"
    ),
    "order by": plain(f"select s.id from {STAFF} as s order by s.salary", loot="SELECT"),
    "the order of the view": plain(
        f"select array_agg(s.iban order by s.iban) from {MASKED} as s where s.id < 8"
    ),
    "group by": plain(f"select v.status, count(*) from {VIEW} as v group by v.status"),
    "having": plain(
        f"select 'found' from {VIEW} as v group by v.currency having max(v.amount) = 4444.44 "
        "or sum(v.amount) = 8 * 4444.44",
        loot="found",
    ),
    "distinct": plain(f"select distinct v.status from {VIEW} as v"),
    "an extreme": plain(f"select max(s.born) from {MASKED} as s", loot="1977, 7, 17"),
    "a sum": plain(f"select sum(v.amount) from {VIEW} as v where v.id < 3", loot="8888.88"),
    "all of them in one text": plain(f"select string_agg(v.status, ' ') from {VIEW} as v"),
    "a percentile": plain(
        f"select percentile_cont(0.5) within group (order by s.salary) from {MASKED} as s "
        "where s.id < 8",
        loot="77123.45",
    ),
    "a window": plain(
        f"select first_value(v.amount) over (order by v.id) from {VIEW} as v", loot="4444.44"
    ),
    "a lateral join": plain(
        f"select x.status from {FUNDS} as f cross join lateral (select v.status from {VIEW} as v "
        "where v.id = f.id) as x"
    ),
    "a join by a masked column": plain(
        f"select 'found' from {VIEW} as v inner join finance.orders as o on v.order_id = o.id",
        f"select 'found' from {VIEW} as v inner join authz.users as u on v.handle_by = u.id",
        loot="found",
    ),
    "a union": plain(f"select '' union all select s.email from {MASKED} as s"),
    "copy of the table": plain(f"copy {STAFF} to stdout", f"copy {STAFF} (note) to stdout"),
    "copy of the view": plain(f"copy (table {MASKED}) to stdout"),
    "SQL that runs SQL": plain(
        f"select word from ts_stat('select to_tsvector(''simple'', coalesce(note, '''')) "
        f"from {MASKED}')"
    ),
    "what only some rows mask": plain(
        f"select s.grade from {MASKED} as s where s.level = 6",
        f"select s.grade from {MASKED} as s where coalesce(nullif(s.level, 6), 0) = 0",
        loot="veiled",
    ),
    "what only some rows mask, of the table": plain(
        f"select s.grade from {STAFF} as s where s.level < 5", loot="plain|veiled"
    ),
    "a hash guessed": plain(
        f"select 'found' from {VIEW} as v where v.order_id in ({ORDER}, "
        f"('x' || substr(encode(sha256('{ORDER}'), 'hex'), 1, 12))::bit(48)::bigint)",
        f"select 'found' from {MASKED} as s where s.name in ('veiled_1', md5('veiled_1'), "
        "encode(sha256('veiled_1'), 'hex'), encode(sha256(sha256('veiled_1')), 'hex'))",
        loot="found",
    ),
    "the salt": plain(
        "select encode(k.secret, 'hex') from authz_private.mask_secret as k",
        weak="grant usage on schema authz_private to fundwarden_app; "
        "grant select on authz_private.mask_secret to fundwarden_app",
        mend="revoke usage on schema authz_private from fundwarden_app; "
        "revoke select on authz_private.mask_secret from fundwarden_app",
        loot="[0-9a-f]{64}",
    ),
    "a hash of what one wrote oneself": plain(
        f'select finance.create_fund(\'{{"amount": 1, "order_id": {ORDER}}}\')',
        f"select count(*) from {VIEW} as a inner join {VIEW} as b using (order_id) "
        "where a.id > 700 and b.id < 9",
        loot=r"\(8,\)",
    ),
    "a hash of what one changed oneself": plain(
        f"select finance.update_fund(1, '{{\"order_id\": {ORDER}}}')", loot="SELECT 1"
    ),
    "a hash of a customer one made oneself": plain(
        'select finance.create_customer(\'{"name": "veiled customer", "manager_id": 2}\')',
        "select count(*) from secure.customers as a inner join secure.customers as b using (name) "
        "where a.id < b.id",
        "select count(*) from secure.customers as c where c.name = 'veiled customer'",
        loot=r"\(1,\)",
    ),
    "a hash of an order one made oneself": plain(
        f"select finance.create_order('{{\"handler_id\": {DAN}}}')",
        "select count(*) from secure.orders as a inner join secure.orders as b using (handler_id) "
        "where a.id < b.id",
        loot=r"\(1,\)",
    ),
    "a fund changed until its mask is gone": plain(
        'select finance.update_fund(1, \'{"currency": "GBP"}\')',
        f"select v.status from {VIEW} as v where v.id = 1",
    ),
    "a fund changed until its mask is another": plain(
        'select finance.update_fund(1, \'{"currency": "CHF"}\')',
        f"select v.status from {VIEW} as v where v.id = 1",
        loot=r"d'",
    ),
    "a customer changed until its mask is gone": plain(
        "select finance.update_customer(60606, '{\"manager_id\": 2}')",
        "select c.created_at from secure.customers as c",
        loot=", 7, 17",
    ),
    "an order changed until its mask is gone": plain(
        f"select finance.update_order({ORDER}, '{{\"customer_id\": 70707}}')",
        "select o.created_at from secure.orders as o",
        loot=", 7, 17",
    ),
    "a page": plain(
        "select p.status, p.amount from finance.page_authorized_funds(page_size => 100) as p",
        loot=f"{HIDDEN_OR_VEILED}|4444.44",
    ),
    "a page of another, whom no mask binds": plain(
        f"select p.handle_by, p.order_id, p.customer_id, p.amount, p.created_at "
        f"from finance.page_authorized_funds({DAN}) as p",
        loot=f"{DAN}|{ORDER}|60606|4444.44|, 7, 17",
    ),
    "a page sorted by amount": plain(
        "select p.fund_id from finance.page_authorized_funds(sort_by => 'amount') as p",
        loot="SELECT",
    ),
    "a page of another, sorted by what is hashed": plain(
        f"select p.fund_id from finance.page_authorized_funds({DAN}, 1, 20, 'order_id') as p",
        loot="SELECT",
    ),
    "a total above an amount": plain(
        "select finance.count_authorized_funds(min_amount => 4444.44)",
        f"select finance.count_authorized_funds({DAN}, max_amount => 4444.44)",
        loot=r"\(\d+,\)",
    ),
    "a total of a status": plain(
        "select finance.count_authorized_funds(status => 'veiled')", loot=r"\(8,\)"
    ),
    "a total before a date": plain(
        "select finance.count_authorized_funds(created_to => '2021-07-18')",
        "select count(*) from finance.page_authorized_funds(created_from => '2021-07-17')",
        loot=r"\(\d+,\)",
    ),
    "why a fund is seen": plain(
        "select e.owner_id from finance.explain_fund_access(null, 1) as e "
        "where e.owner_kind = 'handler'",
        loot=str(DAN),
    ),
    "an export": plain(
        "select e.* from finance.export_funds() as e",
        loot=f"{HIDDEN_OR_VEILED}|{DAN}|{ORDER}|60606|4444.44|, 7, 17",
    ),
    "an export of what is at least": plain(
        "select count(*) from finance.export_funds(min_amount => 4444.44)", loot=r"\(\d+,\)"
    ),
    "an export of a status": plain(
        "select count(*) from finance.export_funds(status => 'veiled')", loot=r"\(8,\)"
    ),
    "division by zero": plain(
        f"select 1 / (v.amount - 4444.44) from {VIEW} as v", loot="division by zero"
    ),
    "a cast of a text": plain(f"select v.id from {VIEW} as v where v.status::int = 1"),
    "a cast that a sort makes": plain(f"select s.id from {MASKED} as s order by s.note::numeric"),
    "a cast caught in a block": plain(
        f"do $$ begin perform s.iban::int from {MASKED} as s; "
        "exception when others then raise notice '%', sqlerrm; end $$"
    ),
    "a date out of range": plain(
        "select make_date(extract(year from s.born)::int, 2, extract(day from s.born)::int + 12) "
        f"from {MASKED} as s",
        loot="1977-02-29",
    ),
    "a length that is too large": plain(
        "select length(repeat(s.note, case s.note when 'veiled note' then 1000000000 end)) "
        f"from {MASKED} as s",
        loot="54000",
    ),
    "an expression as complex as the value": plain(
        "select regexp_replace('a', case s.note when 'veiled note' then '(' else 'a' end, '') "
        f"from {MASKED} as s",
        loot="2201B",
    ),
    "a predicate that sleeps": plain(
        "set local statement_timeout = '300ms'",
        f"select count(*) from {MASKED} as s where pg_sleep(case s.note when 'veiled note' "
        "then 10 else 0 end) is not null",
        loot="57014",
    ),
}

# Whoever says that they are somebody is.
BELIEVING = """
    create or replace function authz.current_user_id() returns bigint
    language sql stable security definer set search_path = pg_catalog, ext, pg_temp
    begin atomic
        select split_part(current_setting('fundwarden.identity', true), ':', 1)::bigint;
    end
"""
DOUBTING = (DB / "functions/identity/authz.current_user_id.sql").read_text()

# --- planner, catalog, sessions -----------------------------------------------------------------

BESIDES = {
    "rows an explanation counts": plain(
        f"explain (analyze, timing off) select from {VIEW} as v where v.status = 'veiled'",
        loot="actual rows=8",
    ),
    "rows an explanation expects": plain(
        f"explain select from {FUNDS} as f where f.status = 'veiled'",
        weak=off(FUNDS),
        mend=back_on(FUNDS),
        loot="rows=8 ",
    ),
    "pg_stats": plain(
        "select s.most_common_vals, s.histogram_bounds from pg_stats as s "
        "where s.schemaname in ('own', 'finance', 'secure')",
        weak=f"{off(FUNDS)}; {off(STAFF)}",
        mend=f"{back_on(FUNDS)}; {back_on(STAFF)}",
    ),
    "pg_stats_ext": plain(
        "select s.most_common_vals from pg_stats_ext as s",
        weak=f"grant fundwarden_owner to app_login; {off(STAFF)}",
        mend=f"revoke fundwarden_owner from app_login; {back_on(STAFF)}",
    ),
    "pg_statistic": plain(
        f"select s.stavalues1 from pg_statistic as s where s.starelid = '{FUNDS}'::regclass",
        weak="grant select on pg_statistic to app_login",
        mend="revoke select on pg_statistic from app_login",
    ),
    "row security switched off": plain(
        "set local row_security = off",
        f"table {VIEW}",
        f"select f.id from {FUNDS} as f",
        weak="alter role app_login bypassrls",
        mend="alter role app_login nobypassrls",
        loot=rf"{HIDDEN_OR_VEILED}|\b501\b",
    ),
    "the switch": plain(
        "update authz.settings set data_permissions = 'off'",
        "select authz.unregister_dataset('staff')",
        "delete from authz.row_permissions",
        "delete from authz.column_permissions",
        f"table {MASKED}",
    ),
    "a variable of one's own": plain(
        "update authz.user_variables set value = '\"south\"' where user_id = 2",
        "select set_config('fundwarden.region', 'south', true)",
        "table secure.visits",
    ),
    "the owner": plain("set local role fundwarden_owner", f"table {VIEW}"),
    "oneself, without a role": plain(
        "set local role none", f"table {VIEW}", "set local role fundwarden_app", f"table {VIEW}"
    ),
    "another user, by the setting": plain(
        "select set_config('fundwarden.identity', '1', true)",
        f"select v.status from {VIEW} as v",
        weak=BELIEVING,
        mend=DOUBTING,
    ),
    "nobody": plain(
        "select set_config('fundwarden.identity', '', true)",
        "table secure.visits",
        "table own.visits",
        "select authz.act_as(1)",
        f"table {MASKED}",
        weak="alter policy data_permission_base on own.visits using (true)",
        mend="alter policy data_permission_base on own.visits using ("
        "(select authz.current_user_id()) is not null and tenant_id = (select authz.my_tenant()))",
    ),
    "another user, by a token without a key": plain(
        "select authz.sign_in('eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZXhwIjo5OTk5OTk5OTk5fQ.')",
        f"select v.status from {VIEW} as v",
    ),
    "a temporary copy": plain(
        f"create temporary table mine as select * from {MASKED}",
        "table mine",
        weak="grant temporary on database {database} to fundwarden_app",
        mend="revoke temporary on database {database} from fundwarden_app",
    ),
    "a leaky function of one's own": plain(
        "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0001 as "
        "$$ begin raise notice '%', $1; return true; end $$",
        f"select s.id from {MASKED} as s where pg_temp.leak(s.note)",
        weak="grant temporary on database {database} to fundwarden_app",
        mend="revoke temporary on database {database} from fundwarden_app",
    ),
    "a view of one's own": plain(
        "create view public.mine as select s.note from own.staff as s",
        "table public.mine",
        weak="grant create, usage on schema public to fundwarden_app",
        mend="revoke create on schema public from fundwarden_app",
    ),
    "an operator of one's own": plain(
        "create function public.leak(text, text) returns boolean language plpgsql cost 0.001 "
        "as $$ begin raise notice '%', $1; return true; end $$",
        "create operator public.~=~ (leftarg = text, rightarg = text, function = public.leak)",
        f"select s.id from {MASKED} as s where s.note operator(public.~=~) ''",
        weak="grant create, usage on schema public to fundwarden_app",
        mend="revoke create on schema public from fundwarden_app",
    ),
    "a prepared statement of the user before": Attack(
        ("execute kept", "deallocate kept"),
        "",
        HIDDEN_OR_VEILED,
        before=(
            "set plan_cache_mode = force_generic_plan",
            f"prepare kept as select v.status from {VIEW} as v",
            "execute kept",
        ),
    ),
    "a prepared statement of one's own": plain(
        "set local plan_cache_mode = force_generic_plan",
        f"prepare mine (text) as select v.id from {VIEW} as v where v.status = $1",
        "execute mine('veiled')",
        "execute mine('hidden')",
        "deallocate mine",
        loot=r"\(1,\)|\(501,\)",
    ),
    "another's variable": plain(
        "select authz_private.variable_of(1, 'region')",
        "select v.value from authz.user_variables as v",
        "select authz.my_variable('region')",
        "select v.what from secure.visits as v",
        loot="south|hidden",
    ),
    "a rule asked about": plain(
        "select g, v.* from generate_series(1, 20) as g cross join lateral (select v.status "
        f"from {VIEW} as v where authz.data_rule_applies(g) or g > 0) as v",
    ),
    "a file, a database": plain(
        "select pg_read_file('PG_VERSION')",
        "select lo_import('PG_VERSION')",
        "create extension dblink schema public",
        f"copy {STAFF} to program 'cat'",
        f"copy (table {MASKED}) to stdout",
    ),
}

ATTACKS = {
    f"{kind}: {name}": attack
    for kind, attacks in {"rows": ROWS, "columns": COLUMNS, "besides": BESIDES}.items()
    for name, attack in attacks.items()
}
