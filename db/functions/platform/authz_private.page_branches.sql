-- What is asked of each cell: how many there are, and the rows up to the end of the page. Both are
-- made there: postgres_fdw passes on the count, the order and the limit.

create or replace function authz_private.page_branches(
    page int, page_size int, sort_by text, sort_order text, filter text
)
returns text []
language sql stable security invoker parallel safe
begin atomic
    select array[
        'select count(*) as n from %1$s_funds as d where ' || f.condition,
        format(
            '(select %%2$L::text as cell, d.tenant_id, d.id, d.handle_by, d.order_id, '
            'd.customer_id, d.amount, d.currency, d.status, d.created_at '
            'from %%1$s_funds as d where %s order by %s limit %s)'::text,
            f.condition,
            authz_private.page_order(page_branches.sort_by, page_branches.sort_order),
            page_branches.page::bigint * page_branches.page_size
        )
    ]
    from (
        -- It becomes part of a format. As a case it is expected to hold for half of the rows: the
        -- planner, which knows no number of them, passes a limit on only where it expects more.
        select concat(
                'd.tenant_id <> all(%3$L::int[])',
                ' and case when '
                || replace(page_branches.filter, '%', '%%')
                || ' then true else false end'
            ) as condition
    ) as f;
end;

comment on function authz_private.page_branches(int, int, text, text, text) is
    'Branches of the question of authz_private.page_question(); filter as of '
    'authz_private.fund_filter().';
revoke all on function authz_private.page_branches(int, int, text, text, text) from public;
