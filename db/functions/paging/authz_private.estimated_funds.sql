-- Of what the user may read and of nothing else: statistics of the planner would tell how often a
-- value occurs in rows the user may not see. The sample is the same at each call.

create or replace function authz_private.estimated_funds(
    tenant_id int,
    unit_ids int [],
    owner_id bigint,
    order_ids bigint [],
    customer_ids bigint [],
    whole_tenant boolean,
    every_tenant boolean,
    passes text,
    ruled text,
    filters text,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns bigint
language plpgsql stable security invoker parallel restricted
as $$
declare
    wanted constant float8 := 10000;
    funds float8;
    share float8;
    sample int [];
    counted bigint;
    besides bigint;
begin
    if whole_tenant or every_tenant then
        -- Blocks of the table, about so many that the wanted number of the tenant's rows lies in
        -- them.
        funds := case
            when every_tenant then (
                select greatest(c.reltuples, pg_relation_size(c.oid) / 150.0, 1)
                from pg_class as c
                where c.oid = 'finance.financial_funds'::regclass
            )
            else authz_private.tenant_rows('finance.financial_funds', 'tenant_id', tenant_id)
        end;
        share := least(wanted / funds, 1);
        execute format(
            'select count(*) from finance.financial_funds as f %s where %s and %s',
            case when share < 0.5 then format('tablesample system (%s) repeatable (0)', share * 100) end,
            case when every_tenant then 'true' else 'f.tenant_id = $1' end, passes
        )
        into counted
        using tenant_id, null, null, null, null,
            min_amount, max_amount, status, created_from, created_to;
        return round(case when share < 0.5 then counted / share else counted end);
    end if;

    share := least(
        wanted / greatest(
            2.5 * cardinality(unit_ids) * authz_private.rows_per_unit('finance.financial_funds'), 1
        ),
        1
    );
    sample := case
        when share < 0.5 then array(
            select u.id
            from unnest(unit_ids) as u (id)
            order by hashint4(u.id), u.id
            limit greatest(ceil(share * cardinality(unit_ids)), 1)
        )
        else unit_ids
    end;
    -- A fund is found at its first owner within the scope, as in the passes of a count.
    execute format(
        'select (select count(*) from authz_private.funds_handled_in($11, %1$s) where true%2$s) '
        '+ (select count(*) from authz_private.funds_ordered_in($11, %1$s) as f where '
        '(f.handler_unit_id = any($2)) is not true%2$s) '
        '+ (select count(*) from authz_private.funds_managed_in($11, %1$s) as f where '
        '(f.handler_unit_id = any($2)) is not true and (f.order_unit_id = any($2)) is not true%2$s)',
        filters, ruled
    )
    into counted
    using tenant_id, unit_ids, owner_id, order_ids, customer_ids,
        min_amount, max_amount, status, created_from, created_to, sample;
    -- What is owned besides is little.
    execute format(
        'select count(*) from authz_private.funds_owned_outside($1, $2, $3, $4, $5, %s) where true%s',
        filters, ruled
    )
    into besides
    using tenant_id, unit_ids, owner_id, order_ids, customer_ids,
        min_amount, max_amount, status, created_from, created_to;
    return besides
        + round(counted * cardinality(unit_ids)::float8 / greatest(cardinality(sample), 1));
end
$$;

comment on function authz_private.estimated_funds(
    int, int [], bigint, bigint [], bigint [], boolean, boolean, text, text, text,
    numeric, numeric, text, timestamptz, timestamptz
) is
    'About how many funds are in a scope: counted in a sample of its units, or of a tenant''s '
    'blocks, of about 10,000 funds. passes, ruled and filters are SQL of '
    'authz_private.find_funds(); scopes and rules of the kinds it counts by hand are not for this.';
revoke all on function authz_private.estimated_funds(
    int, int [], bigint, bigint [], bigint [], boolean, boolean, text, text, text,
    numeric, numeric, text, timestamptz, timestamptz
) from public;
