-- Asked first of every cell: who it is, which tenants it holds, and whether rules hide funds there.
-- With the rights of the owner, because the platform reads no table of a cell.

create or replace view platform.cell_state
with (security_invoker = false) as
select
    c.number,
    c.name,
    exists (
        select
        from authz.datasets as d
        cross join authz.settings as s
        where d.table_name = 'finance.financial_funds'::regclass
            and s.data_permissions = 'on'
            and (
                d.default_rows = 'none'
                or exists (
                    select
                    from authz.row_permissions as r
                    where r.dataset = d.name and r.is_active
                )
                or exists (
                    select
                    from authz.column_permissions as r
                    where r.dataset = d.name and r.is_active and r.mode <> 'visible'
                )
            )
    ) as has_rules_of_funds,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'id', coalesce(t.id, m.tenant_id),
                        'code', u.code,
                        'state', coalesce(m.state, 'here'),
                        'moved_at', m.moved_at
                    ) order by coalesce(t.id, m.tenant_id)
                ),
                '[]'
            )
        from authz.tenants as t
        inner join authz.org_units as u on t.id = u.id
        full join ops.moved_tenants as m on t.id = m.tenant_id
    ) as tenants
from ops.cell as c;

comment on view platform.cell_state is
    'What the platform asks of a cell before anything else; no row where the installation stands '
    'alone. Reads with the rights of its owner, and only fundwarden_platform may read it.';
comment on column platform.cell_state.has_rules_of_funds is
    'Whether row or column permissions of funds are in force here for anybody.';
comment on column platform.cell_state.tenants is
    'An array of objects: id, code, state as in ops.moved_tenants and here for all others, and '
    'moved_at.';
revoke all on platform.cell_state from public;
grant select on platform.cell_state to fundwarden_platform;
