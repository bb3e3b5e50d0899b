-- Rows of one tenant are seldom sorted by the tenant.

create or replace function authz_private.default_sort(table_name regclass, tenant_column name)
returns name
language sql stable security invoker parallel safe
begin atomic
    select k.name
    from unnest(authz_private.key_columns(default_sort.table_name)) with ordinality
        as k (name, place)
    order by k.name = default_sort.tenant_column, k.place
    limit 1;
end;

comment on function authz_private.default_sort(regclass, name) is
    'Column of the primary key by which pages are sorted unless asked otherwise: the first that is '
    'not the tenant.';
revoke all on function authz_private.default_sort(regclass, name) from public;
