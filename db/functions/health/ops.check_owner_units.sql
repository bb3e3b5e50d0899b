-- The whole would be a scan of every fund: unless asked for it reads some 100 pages of each table,
-- at random, which meets what has gone wrong in one row of a hundred for certain, a single row not.

create or replace function ops.check_owner_units(whole boolean default false)
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    pages constant int := 100;
    share_of real [];
    seen bigint;
    wrong bigint;
    of_datasets record;
begin
    share_of := array(
        select
            case
                when whole then 100
                else least(100, 100.0 * pages / greatest(1, pg_relation_size(t.id) / 8192))
            end
        from unnest(
            array['finance.customers', 'finance.orders', 'finance.financial_funds']::regclass []
        ) with ordinality as t (id, place)
        order by t.place
    );
    with read as (
        select c.manager_unit_id is distinct from u.base_unit_id as is_wrong
        from finance.customers as c tablesample system (share_of[1])
        left join authz.users as u on c.tenant_id = u.tenant_id and c.manager_id = u.id
        union all
        select o.handler_unit_id is distinct from u.base_unit_id
        from finance.orders as o tablesample system (share_of[2])
        left join authz.users as u on o.tenant_id = u.tenant_id and o.handler_id = u.id
        union all
        select
            f.handler_unit_id is distinct from u.base_unit_id
            or f.order_unit_id is distinct from o.handler_unit_id
            or f.customer_unit_id is distinct from c.manager_unit_id
        from finance.financial_funds as f tablesample system (share_of[3])
        left join authz.users as u on f.tenant_id = u.tenant_id and f.handle_by = u.id
        left join finance.orders as o on f.tenant_id = o.tenant_id and f.order_id = o.id
        left join finance.customers as c on f.tenant_id = c.tenant_id and f.customer_id = c.id
    )

    select
        count(*),
        count(*) filter (where r.is_wrong)
    into seen, wrong
    from read as r;
    -- What cannot be read, ops.dataset_problems() tells.
    select coalesce(sum(w.seen), 0) as seen, coalesce(sum(w.wrong), 0) as wrong
    into of_datasets
    from authz.datasets as d
    cross join lateral authz_private.wrong_stored_owners(d.name, whole) as w
    where d.storage = 'stored'
        and not exists (select from ops.dataset_problems() as p where p.dataset = d.name);
    seen := seen + of_datasets.seen;
    wrong := wrong + of_datasets.wrong;

    return ops.finding(
        'owner_units',
        'Funds, their owners and stored datasets carry the units of their owners',
        'critical',
        wrong,
        format(
            'rows with another unit than their owner: %s of %s read%s', wrong, seen,
            case when 100 > any(share_of) then ', a sample' else ', all there are' end
        ),
        'Somebody has gone around the foreign keys. The command reads and corrects every row.',
        'select ops.repair_owner_units();',
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_owner_units(boolean) is
    'Rows whose owner units are not those of their owners, of funds and of datasets in storage '
    'stored. Reads a sample of some 100 pages a table, or with whole everything: minutes at ten '
    'million funds.';
revoke all on function ops.check_owner_units(boolean) from public;
grant execute on function ops.check_owner_units(boolean)
to fundwarden_operator, fundwarden_auditor;
