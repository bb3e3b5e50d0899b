-- Else the next record made by function would meet a number of the company; one beyond the range
-- of the cell is met by none. Tenants share the sequences: of two feeds the second waits, because
-- setting one back would give out numbers again. Called at the end, so that this lock is the last.

create or replace function authz_private.sync_skip_numbers()
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    record_table record;
    highest bigint;
    sequence regclass;
begin
    for record_table in
        select *
        from (
            values
            ('customer', 'finance.customers'),
            ('order', 'finance.orders'),
            ('fund', 'finance.financial_funds')
        ) as v (kind, title)
    loop
        select max(w.target_id)
        into highest
        from pg_temp.sync_work as w
        inner join pg_sequence as s
            on s.seqrelid = pg_get_serial_sequence(record_table.title, 'id')::regclass
        where w.kind = record_table.kind
            and w.action = 'add'
            and w.target_id <= s.seqmax;
        if highest is not null then
            perform pg_advisory_xact_lock(hashtextextended('sync numbers', 0));
            sequence := pg_get_serial_sequence(record_table.title, 'id')::regclass;
            -- Equal too: a sequence that gave out nothing yet shows its first number.
            execute format(
                'select setval($1, $2) from %s as s where s.last_value <= $2', sequence
            )
            using sequence, highest;
        end if;
    end loop;
end
$$;

comment on function authz_private.sync_skip_numbers() is
    'Lets the sequences of records go on after the numbers of the plan.';
revoke all on function authz_private.sync_skip_numbers() from public;
