-- While the switch is at log: how many funds each rule would have taken from this total.

create or replace function authz_private.count_hidden_funds(
    supervisor_id bigint,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    subject_id bigint;
    total bigint;
    rule record;
begin
    if not exists (
        select
        from authz.settings as s
        cross join authz.datasets as d
        where s.data_permissions = 'log' and d.table_name = 'finance.financial_funds'::regclass
    )
    then
        return;
    end if;
    subject_id := authz_private.user_in_question(count_hidden_funds.supervisor_id, 'supervisor_id');
    select f.total
    into total
    from authz_private.find_funds(
        subject_id, 'read', null, null, 'id', false, null, null, null, 'exact',
        count_hidden_funds.min_amount, count_hidden_funds.max_amount, count_hidden_funds.status,
        count_hidden_funds.created_from, count_hidden_funds.created_to
    ) as f;
    for rule in
        select
            d.name,
            r.id,
            r.predicate
        from authz.datasets as d
        cross join lateral (
            select
                r.id,
                '(' || authz_private.bound_predicate(r.predicate, r.filter, subject_id) || ')'
                as predicate
            from authz_private.row_rules_for(subject_id, d.name) as r
            where r.mode = 'restrict'
            union all
            select
                0,
                coalesce(
                    string_agg(
                        '(' || authz_private.bound_predicate(r.predicate, r.filter, subject_id)
                        || ')',
                        ' or '
                    ),
                    'false'
                )
            from authz_private.row_rules_for(subject_id, d.name) as r
            where r.mode = 'permit'
            having count(*) > 0 or d.default_rows = 'none'
        ) as r
        where d.table_name = 'finance.financial_funds'::regclass
    loop
        perform authz_private.count_hidden_rows(
            rule.id, rule.name, subject_id,
            total - (
                select f.total
                from authz_private.find_funds(
                    subject_id, 'read', null, null, 'id', false, '(' || rule.predicate || ')',
                    null, null, 'exact',
                    count_hidden_funds.min_amount, count_hidden_funds.max_amount,
                    count_hidden_funds.status, count_hidden_funds.created_from,
                    count_hidden_funds.created_to
                ) as f
            )
        );
    end loop;
end
$$;

comment on function authz_private.count_hidden_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) is
    'Counts, by rule, the funds that a user would not see among those a question is about, where '
    'authz.settings.data_permissions is log.';
revoke all on function authz_private.count_hidden_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) from public;
