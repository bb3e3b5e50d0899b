-- Whoever may read very many rows need not have them counted.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(17);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
select v.id, v.parent_id, v.code
from (values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9001, 'south'))
as v (id, parent_id, code);
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9003), (9104, 'admin', 9001);
insert into authz.user_roles (user_id, role_id, unit_id)
select g.user_id, r.id, g.unit_id
from (values (9101, 'supervisor', 9002), (9102, 'staff', null), (9104, 'supervisor', 9001))
as g (user_id, code, unit_id)
inner join authz.roles as r on g.code = r.code and r.tenant_id is null;
insert into finance.financial_funds (id, handle_by, amount, status)
select
    9400 + n,
    case when n <= 25 then 9102 else 9103 end,
    n,
    case when n <= 5 then 'held' else 'open' end
from generate_series(1, 40) as n;
analyze finance.financial_funds, authz.org_units;

create function pg_temp.told(asked bigint, page int, total text)
returns table (total_count bigint, found_rows bigint, first_id bigint)
language sql
as $$
    select p.total_count, count(*) over (), min(p.fund_id) over ()
    from finance.page_authorized_funds(asked, page, 10, total => told.total) as p
    limit 1
$$;

select results_eq(
    format('select * from pg_temp.told(%s, 2, %L)', u.id, t.total),
    format('select %s::bigint, 10::bigint, 9411::bigint', coalesce(t.expected::text, 'null')),
    u.name || ', total ' || t.total
)
from (values (9101, 'of a unit'), (9104, 'of the tenant')) as u (id, name)
cross join lateral (
    values
    ('exact', case u.id when 9101 then 25 else 40 end),
    ('none', null),
    ('estimate', case u.id when 9101 then 25 else 40 end)
) as t (total, expected);
select results_eq(
    $$select * from pg_temp.told(9101, 3, 'none')$$,
    'select null::bigint, 5::bigint, 9421::bigint',
    'the last page without a total'
);
select is_empty(
    format('select * from pg_temp.told(9101, 4, %L)', t.total),
    'no page beyond the last: ' || t.total
)
from unnest('{exact,none,estimate}'::text []) as t (total);
select is(
    finance.estimate_authorized_funds(u.id, status => 'held'),
    finance.count_authorized_funds(u.id, status => 'held'),
    'an estimate of few is exact: ' || u.name
)
from (values (9101, 'of a unit'), (9102, 'of own rows'), (9104, 'of the tenant')) as u (id, name);

select throws_ok(
    'select * from finance.page_authorized_funds(9101, total => ' || v.value || ')', '22023',
    'total ' || v.value || ' is not a way to count', 'refused: total ' || v.value
)
from (values ('null'), ('''EXACT'''), ('''''')) as v (value);

set local role fundwarden_app;
select throws_ok(
    'select finance.estimate_authorized_funds()', '28000', null, 'nobody signed in is told nothing'
);
set local role fundwarden_owner;

select * from finish();
rollback;
