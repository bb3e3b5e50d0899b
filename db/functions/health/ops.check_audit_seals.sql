-- Reads the rows since the last seal, not the log.

create or replace function ops.check_audit_seals()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unsealed bigint;
    oldest interval;
begin
    if not exists (select from audit.seals) then
        return ops.finding(
            'audit_seals', 'The log is sealed within the hour', 'critical', 1,
            'the chain of seals has no beginning', 'See audit.verify().'
        );
    end if;
    select u.unsealed, u.oldest
    into unsealed, oldest
    from authz_private.unsealed_rows() as u;

    return ops.finding(
        'audit_seals',
        'The log is sealed within the hour',
        case
            when unsealed = 0 or oldest < interval '1 hour' then 'ok'
            when oldest < interval '1 day' then 'warning'
            else 'critical'
        end::ops.severity,
        unsealed,
        format(
            'rows that no seal covers: %s; the oldest for %s s', unsealed,
            coalesce(round(extract(epoch from oldest)), 0)
        ),
        'Until it is sealed a row can be removed without trace. Seal every minute, and keep what '
        'the call returns outside the database.',
        'select audit.seal();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_audit_seals() is
    'Rows of the log that no seal covers, and the age of the oldest: a warning after an hour, '
    'critical after a day.';
revoke all on function ops.check_audit_seals() from public;
grant execute on function ops.check_audit_seals()
to fundwarden_operator, fundwarden_auditor;
