-- For operators: which cell answers here, whatever name they connected to.

create or replace function ops.this_cell()
returns table (
    number int,
    name text,
    tenants text [],
    unit_ids int8range,
    user_ids int8range,
    platform_version text,
    platform_taken_at timestamptz
)
language sql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        c.number,
        c.name,
        array(
            select u.code
            from authz.tenants as t
            inner join authz.org_units as u on t.id = u.id
            where not exists (
                select
                from ops.moved_tenants as m
                where m.tenant_id = t.id and m.state <> 'here'
            )
            order by u.code
        ),
        int8range(units.first_id, units.last_id, '[]'),
        int8range(users.first_id, users.last_id, '[]'),
        c.platform_version,
        c.platform_taken_at
    from ops.cell as c
    cross join authz_private.cell_range(c.number, true) as units
    cross join authz_private.cell_range(c.number, false) as users;
end;

comment on function ops.this_cell() is
    'The cell that this database is, with the codes of its tenants, the ids that it draws and the '
    'platform rows that it took last; no row where the installation stands alone.';
revoke all on function ops.this_cell() from public;
grant execute on function ops.this_cell() to fundwarden_operator, fundwarden_auditor;
