-- From the catalog: a table that is added later has its range, too. Sequences that count instead of
-- naming rows are left alone, and so is the bookkeeping that never leaves its database.

create or replace function authz_private.cell_sequences()
returns table (
    relation regclass, sequence regclass, is_identity boolean, is_small boolean, has_tenant boolean
)
language sql stable security invoker parallel safe
begin atomic
    select
        r.relation,
        r.sequence,
        r.is_identity,
        s.seqtypid <> 'bigint'::regtype,
        exists (
            select
            from pg_catalog.pg_attribute as t
            where t.attrelid = r.relation and t.attname = 'tenant_id' and not t.attisdropped
        )
    from (
        select
            c.oid::regclass as relation,
            pg_get_serial_sequence(c.oid::regclass::text, a.attname)::regclass as sequence,
            true as is_identity
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid
        where c.relnamespace in ('authz'::regnamespace, 'finance'::regnamespace)
            and c.relkind in ('r', 'p')
            and not c.relispartition
            and a.attidentity <> ''
            and not a.attisdropped
        union all
        select
            v.relation::regclass,
            v.sequence::regclass,
            false
        from (
            values
            ('authz.row_permissions', 'authz.data_permission_id'),
            ('authz.column_permissions', 'authz.data_permission_id'),
            ('audit.permission_audit_log', 'audit.permission_audit_log_id')
        ) as v (relation, sequence)
    ) as r
    inner join pg_catalog.pg_sequence as s on r.sequence = s.seqrelid;
end;

comment on function authz_private.cell_sequences() is
    'Tables whose column id is drawn from the range of the cell, with their sequences; whether the '
    'sequence is that of an identity column; whether the column is an int; and whether rows name '
    'their tenant.';
revoke all on function authz_private.cell_sequences() from public;
