-- A truncated file must not lock a company out. A few grants end every night, in a small company,
-- too.

create or replace function authz_private.sync_refuse_surprise(
    scope authz_private.sync_scope, totals jsonb, confirm int
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    most numeric := (select s.sync_limit from authz.settings as s);
    risky record;
    told text := '';
    needed bigint := 0;
    all_changes bigint := 0;
    all_but_removed bigint := 0;
begin
    for risky in
        select
            t.table_name,
            w.leaving + case when w.removed > 10 then w.removed else 0 end as counted,
            w.leaving,
            w.removed,
            case t.table_name
                when 'customers' then (
                    select count(*)
                    from finance.customers as c
                    where c.tenant_id = scope.tenant_id
                )
                when 'orders' then (
                    select count(*)
                    from finance.orders as o
                    where o.tenant_id = scope.tenant_id
                )
                when 'funds' then (
                    select count(*)
                    from finance.financial_funds as f
                    where f.tenant_id = scope.tenant_id
                )
                else (totals ->> t.kind)::bigint - w.new
            end as there
        from (
            select
                w.kind,
                count(*) filter (where w.action in ('deactivate', 'move')) as leaving,
                count(*) filter (where w.action = 'remove') as removed,
                count(*) filter (where w.action in ('add', 'reactivate')) as new
            from pg_temp.sync_work as w
            group by w.kind
        ) as w
        inner join authz_private.sync_tables() as t on w.kind = t.kind
        order by t.place
    loop
        all_changes := all_changes + risky.leaving + risky.removed;
        all_but_removed := all_but_removed + risky.leaving;
        if risky.counted * 100 > most * risky.there then
            needed := needed + risky.counted;
            told := concat_ws(
                ', ', nullif(told, ''),
                format('%s of %s %s', risky.counted, risky.there, risky.table_name)
            );
        end if;
    end loop;
    if needed > 0
        and (confirm is null or confirm not in (needed, all_changes, all_but_removed))
    then
        raise exception 'confirm: the plan deactivates, moves or removes %', told
            using
                errcode = '22023',
                detail = format('That is more than %s %% of a kind.', most),
                hint = format(
                    'If that is meant, pass confirm => %s, or --confirm %s. Nothing was changed.',
                    needed, needed
                );
    end if;
end
$$;

comment on function authz_private.sync_refuse_surprise(authz_private.sync_scope, jsonb, int) is
    'Refuses with 22023 a plan that deactivates, moves or removes more than '
    'authz.settings.sync_limit percent of a kind, unless that number is confirmed, or the number '
    'of all these changes of the plan. Up to ten removals of a kind do not count.';
revoke all on function authz_private.sync_refuse_surprise(authz_private.sync_scope, jsonb, int)
from public;
