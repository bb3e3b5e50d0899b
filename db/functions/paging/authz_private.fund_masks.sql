-- Sorting or filtering by a column tells its values; of a masked one it is refused.

create or replace function authz_private.fund_masks(
    subject_id bigint,
    sort_by text,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns jsonb
language plpgsql stable security invoker parallel restricted
as $$
declare
    masks jsonb;
    refused text;
begin
    if not exists (
        select
        from authz.datasets as d
        where d.table_name = 'finance.financial_funds'::regclass
    )
    then
        return null;
    end if;
    select jsonb_object_agg(m.column_name, m.expression)
    into masks
    from authz_private.masked_columns(
        array[fund_masks.subject_id, authz.current_user_id()], 'finance.financial_funds'
    ) as m;
    if masks is null then
        return null;
    end if;
    select a.parameter
    into refused
    from (
        values
        ('sort_by ' || fund_masks.sort_by,
            case fund_masks.sort_by when 'fund_id' then 'id' else fund_masks.sort_by end),
        ('min_amount', case when fund_masks.min_amount is not null then 'amount' end),
        ('max_amount', case when fund_masks.max_amount is not null then 'amount' end),
        ('status', case when fund_masks.status is not null then 'status' end),
        ('created_from', case when fund_masks.created_from is not null then 'created_at' end),
        ('created_to', case when fund_masks.created_to is not null then 'created_at' end)
    ) as a (parameter, column_name)
    where masks ? a.column_name
    limit 1;
    if found then
        raise exception '%: the column is masked for this user', refused
            using
                errcode = '22023',
                hint = 'Sort and filter by columns that authz.explain_data_permissions() does not '
                    'show as masked or disabled.';
    end if;
    return masks;
end
$$;

comment on function authz_private.fund_masks(
    bigint, text, numeric, numeric, text, timestamptz, timestamptz
) is
    'SQL of every masked column of finance.financial_funds, by column; null: none. 22023 when the '
    'page is sorted or filtered by one of them.';
revoke all on function authz_private.fund_masks(
    bigint, text, numeric, numeric, text, timestamptz, timestamptz
) from public;
