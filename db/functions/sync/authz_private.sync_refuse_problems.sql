-- Nothing is applied while any line has a problem.

create or replace function authz_private.sync_refuse_problems()
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    first_problem text;
    others text;
    counted bigint;
begin
    select
        count(*),
        min(p.problem) filter (where p.turn = 1),
        string_agg(p.problem, e'\n' order by p.turn) filter (where p.turn <= 20)
    into counted, first_problem, others
    from (
        select
            w.problem,
            row_number() over (order by t.place, length(w.place), w.place, w.problem) as turn
        from pg_temp.sync_work as w
        inner join authz_private.sync_tables() as t on w.kind = t.kind
        where w.problem is not null
    ) as p;
    if counted > 0 then
        raise exception '%', first_problem
            || case when counted > 1 then format(' (and %s more problems)', counted - 1) else '' end
            using
                errcode = '22023',
                detail = others,
                hint = 'Correct the files and load them again. sync.plan() lists every problem. '
                    'Nothing was changed.';
    end if;
end
$$;

comment on function authz_private.sync_refuse_problems() is
    'Refuses with 22023 a plan in which any line has a problem; the detail lists the first 20.';
revoke all on function authz_private.sync_refuse_problems() from public;
