-- Never an empty page where the question was wrong: 22023, a message that begins with the name of
-- the argument, and the same from the count.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(38);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme');
insert into authz.users (id, username, base_unit_id) values (9101, 'ann', 9001);

set local role fundwarden_trusted;
set local timezone = 'UTC';
set local datestyle = 'ISO';
select throws_ok(
    format('select * from finance.page_authorized_funds(9101, %s)', w.argument),
    '22023', w.message, 'refused: ' || w.argument
)
from (
    values
    ('page => 0', 'page 0 is not a page'),
    ('page => -1', 'page -1 is not a page'),
    ('page => null', 'page null is not a page'),
    ('page_size => 0', 'page_size 0 is out of range'),
    ('page_size => -5', 'page_size -5 is out of range'),
    ('page_size => 10001', 'page_size 10001 is out of range'),
    ('page_size => null', 'page_size null is out of range'),
    ('sort_by => $a$amout$a$', 'sort_by ''amout'' is not a column funds are sorted by'),
    ('sort_by => $a$FUND_ID$a$', 'sort_by ''FUND_ID'' is not a column funds are sorted by'),
    ('sort_by => $a$$a$', 'sort_by '''' is not a column funds are sorted by'),
    ('sort_by => null', 'sort_by null is not a column funds are sorted by'),
    (
        'sort_by => $a$id; drop table authz.users$a$',
        'sort_by ''id; drop table authz.users'' is not a column funds are sorted by'
    ),
    ('sort_by => $a$tenant_id$a$', 'sort_by ''tenant_id'' is not a column funds are sorted by'),
    ('sort_order => $a$UP$a$', 'sort_order ''UP'' is not an order'),
    ('sort_order => $a$asc nulls first$a$', 'sort_order ''asc nulls first'' is not an order'),
    ('sort_order => null', 'sort_order null is not an order')
) as w (argument, message);

-- What the count is asked too.
select throws_ok(
    format('select * from finance.%s(9101, %s)', f.name, w.argument),
    '22023', w.message, format('refused by %s: %s', f.name, w.argument)
)
from (
    values
    ('min_amount => 2, max_amount => 1', 'min_amount 2 is above max_amount 1'),
    ('min_amount => $a$NaN$a$', 'min_amount must be a number'),
    ('max_amount => $a$NaN$a$', 'max_amount must be a number'),
    ('status => $a$$a$', 'status must be a word of 1 to 50 characters'),
    ('status => repeat($a$x$a$, 51)', 'status must be a word of 1 to 50 characters'),
    (
        'created_from => $a$2030-01-02$a$, created_to => $a$2030-01-01$a$',
        'created_from 2030-01-02 00:00:00+00 is after created_to 2030-01-01 00:00:00+00'
    )
) as w (argument, message)
cross join (values ('page_authorized_funds'), ('count_authorized_funds')) as f (name);

select throws_ok(
    format('select * from finance.%s(%s)', f.name, i.id),
    '22023', format('supervisor_id %s does not exist', i.id),
    format('refused by %s: %s', f.name, i.id)
)
from (values ('424242'), ('0'), ('-1')) as i (id)
cross join (values ('page_authorized_funds'), ('count_authorized_funds')) as f (name);

select throws_ok(
    'select * from finance.explain_fund_access(424242, 1)', '22023',
    'user_id 424242 does not exist', 'an unknown user is named by the explanation'
);
select throws_ok(
    'select * from finance.explain_fund_access(9101, null)', '22023',
    'fund_id null does not exist', 'and a fund that is not given'
);

-- Odd, but meant.
select is_empty(
    $$
    select * from finance.page_authorized_funds(
        9101, 2147483647, 10000, 'amount', 'desc', 1, 1, 'no such status',
        '2030-01-01', '2030-01-01'
    )
    $$,
    'equal bounds, an unused status and a page far away are no errors'
);
select is(
    finance.count_authorized_funds(9101, '-Infinity', 'Infinity', null, '-infinity', 'infinity'),
    0::bigint, 'nor are infinite bounds'
);
set local role fundwarden_owner;

select * from finish();
rollback;
