-- Without the month of its event an arrival cannot be compared with it: the note of the retention
-- tells which months are gone.

create or replace function authz_private.verify_arrived_rows(kept_from date)
returns table (row_id bigint, problem text)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
    arrived audit.arrivals;
    here record;
begin
    if exists (
            select l.new_values
            from audit.permission_audit_log as l
            where l.action = 'ARRIVE_LOG'
            except
            select authz_private.arrival_event(a)
            from audit.arrivals as a
        )
        or exists (
            select authz_private.arrival_event(a)
            from audit.arrivals as a
            where kept_from is null or a.arrived_at >= kept_from::timestamptz
            except
            select l.new_values
            from audit.permission_audit_log as l
            where l.action = 'ARRIVE_LOG'
        )
    then
        problem := 'audit.arrivals is not what the log says arrived';
        return next;
        return;
    end if;
    for arrived in
        select a.* from audit.arrivals as a order by a.tenant_id, a.number, a.cell
    loop
        select d.*
        into here
        from authz_private.arrived_digests(arrived.tenant_id, arrived.number) as d
        where d.cell = arrived.cell;
        problem := case
            when here.altered_id is not null
                then format('the row that arrived from the log of cell %s was altered', arrived.cell)
            when (here.row_count, here.rows_hash)
                is distinct from (arrived.row_count, arrived.rows_hash)
                then format(
                    'the rows of tenant %s that arrived from the log of cell %s are not those that '
                    'did: altered, removed or inserted', arrived.tenant_id, arrived.cell
                )
        end;
        if problem is not null then
            row_id := here.altered_id;
            return next;
            return;
        end if;
    end loop;
    select
        min(r.id),
        'the row arrived with no tenant'
    into row_id, problem
    from audit.arrived_rows as r
    where not exists (
        select
        from audit.arrivals as a
        where a.tenant_id = r.tenant_id and a.number = r.arrival and a.cell = r.cell
    )
    having count(*) > 0;
    if found then
        return next;
    end if;
end
$$;

comment on function authz_private.verify_arrived_rows(date) is
    'The first thing that is wrong with the rows that arrived from the logs of other cells; no '
    'row: they are as they arrived. kept_from: months before are dropped from the log of this '
    'cell.';
revoke all on function authz_private.verify_arrived_rows(date) from public;
