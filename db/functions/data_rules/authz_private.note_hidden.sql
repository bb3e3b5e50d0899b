-- Counting must not fail a reading: where nothing can be written nothing is counted.

create or replace function authz_private.note_hidden(
    rule_id bigint, dataset text, user_id bigint, hidden bigint
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    if note_hidden.hidden > 0
        and not pg_is_in_recovery()
        and not current_setting('transaction_read_only')::boolean
    then
        insert into ops.hidden_by_rule (rule_id, dataset, user_id, hidden)
        values (
            note_hidden.rule_id, note_hidden.dataset, note_hidden.user_id, note_hidden.hidden
        );
    end if;
end
$$;

comment on function authz_private.note_hidden(bigint, text, bigint, bigint) is
    'Adds to what a rule would have hidden from a user; nothing on a standby and in a read-only '
    'transaction.';
revoke all on function authz_private.note_hidden(bigint, text, bigint, bigint) from public;
