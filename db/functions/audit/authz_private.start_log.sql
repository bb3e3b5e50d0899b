-- From here on changes are known; what there was before is what the first rows change.

create or replace function authz_private.start_log()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    seal audit.seals;
begin
    if exists (select from audit.seals) or exists (select from audit.permission_audit_log) then
        return;
    end if;
    perform authz_private.audit_event(
        authz_private.row_context(null), 'START', null,
        jsonb_build_object('rows', authz_private.count_audited_rows()), null
    );
    seal.kind := 'start';
    seal.sealed_at := clock_timestamp();
    seal.sealed_by := pg_current_xact_id();
    seal.snapshot := pg_current_snapshot();
    seal.ids := '{}';
    seal.row_count := 0;
    seal.rows_hash := sha256('');
    perform authz_private.append_seal(seal);
end
$$;

comment on function authz_private.start_log() is
    'Writes the first row of the log and the first seal, unless there are rows or seals.';
revoke all on function authz_private.start_log() from public;

select authz_private.start_log();
