-- What every check ends with: nothing found needs no repair.

create or replace function ops.finding(
    name text,
    title text,
    severity ops.severity,
    findings bigint,
    detail text,
    hint text default null,
    repair text default null,
    run_as text default null
)
returns ops.health_check
language sql immutable security invoker parallel safe
begin atomic
    select
        finding.name,
        finding.title,
        case when f.found then finding.severity else 'ok' end,
        finding.findings,
        finding.detail,
        case when f.found then finding.hint end,
        case when f.found then finding.repair end,
        case when f.found and finding.repair is not null then finding.run_as end
    from (select coalesce(finding.findings, 0) > 0 and finding.severity <> 'ok') as f (found);
end;

comment on function ops.finding(
    text, text, ops.severity, bigint, text, text, text, text
) is 'The answer of a check: ok, without hint and repair, when there were no findings.';
revoke all on function ops.finding(
    text, text, ops.severity, bigint, text, text, text, text
) from public;
grant execute on function ops.finding(
    text, text, ops.severity, bigint, text, text, text, text
) to fundwarden_operator, fundwarden_auditor;
