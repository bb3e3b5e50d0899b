-- Counting must not fail a reading: where nothing can be written nothing is counted.

create or replace function authz_private.count_hidden_rows(
    rule_id bigint, dataset text, user_id bigint, hidden bigint
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    if count_hidden_rows.hidden > 0
        and not pg_is_in_recovery()
        and not current_setting('transaction_read_only')::boolean
    then
        insert into ops.hidden_by_rule (rule_id, dataset, user_id, hidden)
        values (
            count_hidden_rows.rule_id, count_hidden_rows.dataset, count_hidden_rows.user_id, count_hidden_rows.hidden
        );
    end if;
end
$$;

comment on function authz_private.count_hidden_rows(bigint, text, bigint, bigint) is
    'Adds to what a rule would have hidden from a user; nothing on a standby and in a read-only '
    'transaction.';
revoke all on function authz_private.count_hidden_rows(bigint, text, bigint, bigint) from public;
