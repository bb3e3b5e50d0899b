-- Current.

create or replace view ops.metrics
with (security_invoker = true) as
select
    m.name,
    m.type,
    m.help,
    m.labels,
    m.value
from ops.metric_values() as m;

comment on view ops.metrics is
    'Numbers to watch, one row each, as a Prometheus exporter for SQL reads them; '
    'ops.metrics_text() has them as text. Reads only, and no check.';
comment on column ops.metrics.name is 'Rows of one name have one type and help.';
comment on column ops.metrics.type is 'gauge or counter.';
comment on column ops.metrics.help is 'One sentence.';
comment on column ops.metrics.labels is 'An object of strings; {} without labels.';
revoke all on ops.metrics from public;
grant select on ops.metrics to fundwarden_operator, fundwarden_auditor;
