-- The one place an impersonation passes on its way to the record.

create or replace function authz_private.note_impersonation(
    real_id bigint, effective_id bigint, reason text
)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if current_setting('transaction_read_only')::boolean then
        -- A standby and a read-only transaction can write no row; the server's log they can.
        raise log 'fundwarden: impersonation %', json_build_object(
            'session_user', session_user,
            'real_user_id', real_id,
            'effective_user_id', effective_id,
            'reason', reason
        );
    elsif real_id is not null
        or reason is not null
        or (select s.record_act_as from authz.settings as s)
    then
        perform audit.record(
            'IMPERSONATE',
            jsonb_build_object('real_user_id', real_id, 'effective_user_id', effective_id),
            reason
        );
    end if;
end
$$;

comment on function authz_private.note_impersonation(bigint, bigint, text) is
    'Records that real_id, null for a login without a token, begins to act for effective_id, but '
    'for a login without either token or reason where authz.settings.record_act_as is off.';
revoke all on function authz_private.note_impersonation(bigint, bigint, text) from public;
