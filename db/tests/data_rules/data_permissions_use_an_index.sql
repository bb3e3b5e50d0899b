-- A rule about everybody stands alone in its policy, so that an index on the column answers it.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(3);

insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme');
insert into authz.users (id, username, base_unit_id) values (9101, 'ann', 9001);
set local role none;
create schema shop;
grant usage on schema shop to fundwarden_owner, fundwarden_app;
grant create on schema shop to fundwarden_owner;
set local role fundwarden_owner;
create table shop.sales (id int primary key, region text, price int);
insert into shop.sales
select i, 'region ' || i % 1000, i
from generate_series(1, 20000) as i;
create index sales_region on shop.sales (region);
analyze shop.sales;
grant select on shop.sales to fundwarden_app;
select authz.register_dataset('shop.sales');
insert into authz.variables (name, type, default_value) values ('region', 'text', '"region 7"');
insert into authz.row_permissions (dataset, dimension, subject, mode, filter)
values (
    'sales', 'variable', 'region', 'restrict',
    '{"field": "region", "op": "=", "value": {"var": "region"}}'
);

create function pg_temp.plan_of(query text) returns text language plpgsql as $$
declare
    line text;
    lines text := '';
begin
    for line in execute 'explain (costs off) ' || query loop
        lines := lines || line || E'\n';
    end loop;
    return lines;
end
$$;
grant execute on all functions in schema pg_temp to public;
set local role fundwarden_trusted;
select authz.act_as(9101);
set local role fundwarden_app;
select is((select count(*) from shop.sales), 20::bigint, 'the rule is in force');
select matches(
    pg_temp.plan_of('select * from shop.sales'),
    'sales_region(.|\n)*Index Cond: \(region = ',
    'the table is read by the index on the column of the rule'
);
select matches(
    pg_temp.plan_of('select * from secure.sales'),
    'sales_region(.|\n)*Index Cond: \(region = ',
    'and so is its view'
);

select * from finish();
rollback;
