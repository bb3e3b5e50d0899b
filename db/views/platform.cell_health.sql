-- With the rights of the owner, as the other views that the platform reads.

create or replace view platform.cell_health
with (security_invoker = false) as
select
    h.name,
    h.title,
    h.severity::text as severity,
    h.findings,
    h.detail,
    h.hint,
    h.repair,
    h.run_as
from platform.cell_findings() as h;

comment on view platform.cell_health is
    'What the health checks of this cell find now, by its owner. Only fundwarden_platform may '
    'read it.';
revoke all on platform.cell_health from public;
grant select on platform.cell_health to fundwarden_platform;
