-- Reading a page is one thing, carrying everything away another: a permission of its own, and a
-- line in the log. To be streamed: copy (select * from finance.export_funds()) to stdout.

create or replace function finance.export_funds(
    min_amount numeric default null,
    max_amount numeric default null,
    status text default null,
    created_from timestamptz default null,
    created_to timestamptz default null,
    reason text default null
)
returns table (
    fund_id bigint,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount numeric,
    currency text,
    fund_status text,
    created_at timestamptz
)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
    me constant bigint := authz_private.signed_in_user();
    reach record;
    exported bigint;
    said jsonb;
begin
    perform authz_private.check_fund_filters(
        min_amount, max_amount, status, created_from, created_to
    );
    select r.* into reach from authz_private.scope_of(me, 'funds', 'export') as r;
    if not (
        reach.every_tenant or reach.whole_tenant or reach.other_tenants or reach.own_rows
        or reach.unit_ids <> '{}'
    )
    then
        raise exception 'funds:export is not held'
            using errcode = '42501', hint = 'Ask for funds:export where the funds belong.';
    end if;
    return query
    select
        e.fund_id,
        e.handle_by,
        e.order_id,
        e.customer_id,
        e.amount,
        e.currency,
        e.fund_status,
        e.created_at
    from authz_private.exported_funds(
        me, min_amount, max_amount, status, created_from, created_to
    ) as e;
    get diagnostics exported = row_count;
    said := jsonb_build_object(
        'resource', 'funds', 'user_id', me, 'rows', exported,
        'filter', jsonb_strip_nulls(jsonb_build_object(
            'min_amount', min_amount, 'max_amount', max_amount, 'status', status,
            'created_from', created_from, 'created_to', created_to
        ))
    );
    perform audit.record('EXPORT', said, reason);
    -- A transaction that is rolled back takes its line with it, and has read the rows all the same.
    raise log 'fundwarden export: %', said;
end
$$;

comment on function finance.export_funds(
    numeric, numeric, text, timestamptz, timestamptz, text
) is
    'Every fund that the user who is signed in may export (funds:export) and read, by id, '
    'columns as they see them; filters as for finance.page_authorized_funds. Logged with user, '
    'filters and number of rows as EXPORT in audit.permission_audit_log and, as a rollback '
    'cannot undo it there, in the log of the server. 22023 a bad argument, or a filter by a '
    'masked column; 28000 if nobody is signed in; 42501 funds:export is held nowhere.';
revoke all on function finance.export_funds(
    numeric, numeric, text, timestamptz, timestamptz, text
) from public;
grant execute on function finance.export_funds(
    numeric, numeric, text, timestamptz, timestamptz, text
) to fundwarden_app;
