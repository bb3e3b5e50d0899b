-- Else the next record made by function would meet a number of the company. A number beyond the
-- range of the cell is met by none.

create or replace function authz_private.sync_skip_numbers()
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    record_table record;
    highest bigint;
    given bigint;
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
        execute format(
            'select s.last_value from %s as s',
            pg_get_serial_sequence(record_table.title, 'id')::regclass
        )
        into given;
        if highest > given then
            perform setval(pg_get_serial_sequence(record_table.title, 'id'), highest);
        end if;
    end loop;
end
$$;

comment on function authz_private.sync_skip_numbers() is
    'Lets the sequences of records go on after the numbers of the plan.';
revoke all on function authz_private.sync_skip_numbers() from public;
