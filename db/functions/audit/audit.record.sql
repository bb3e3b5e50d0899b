-- For the functions that do what changes no row of the permission model and yet is to be known, as
-- an impersonation.

create or replace function audit.record(event text, subject jsonb, reason text default null)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    said authz_private.audit_context;
begin
    if event is null
        or event !~ '^[A-Z][A-Z_]{0,29}$'
        or event in ('CREATE', 'UPDATE', 'DELETE', 'RESET', 'TRUNCATE', 'LOAD', 'START')
    then
        raise exception 'event % is not an event', coalesce(quote_literal(left(event, 60)), 'null')
            using errcode = '22023', hint = 'Pass a word in capitals, as in IMPERSONATE.';
    end if;
    said := authz_private.row_context(null, reason);
    perform authz_private.audit_event(
        said, event, null, subject,
        (
            select u.tenant_id
            from authz.users as u
            where u.id = coalesce(said.effective_user_id, said.actor_id)
        )
    );
end
$$;

comment on function audit.record(text, jsonb, text) is
    'Logs an event that is no change of a row, with what it is about; without a reason that of '
    'the transaction. 22023 when the event is no word in capitals or is the name of a change.';
revoke all on function audit.record(text, jsonb, text) from public;
