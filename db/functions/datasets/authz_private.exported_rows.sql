-- STABLE: both scopes, the rules, the masks and the rows are of one snapshot. A row is exported
-- only if the user may both read and export it.

create or replace function authz_private.exported_rows(
    dataset text, user_id bigint, filter jsonb
)
returns setof record
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    target regclass;
    masks jsonb;
    key_columns text;
    condition text;
    readable record;
    exportable record;
begin
    select d.table_name into target from authz.datasets as d where d.name = exported_rows.dataset;
    masks := authz_private.dataset_masks(target, exported_rows.user_id);
    condition := authz_private.dataset_condition(
        exported_rows.dataset, exported_rows.user_id, filter, masks
    );
    key_columns := (
        select string_agg(format('d.%I', k.name), ', ' order by k.place)
        from unnest(authz_private.key_columns(target)) with ordinality as k (name, place)
    );
    select q.*
    into readable
    from authz_private.dataset_matches(
        exported_rows.dataset, exported_rows.user_id, 'read', key_columns, condition, 1
    ) as q;
    select q.*
    into exportable
    from authz_private.dataset_matches(
        exported_rows.dataset, exported_rows.user_id, 'export', key_columns, condition, 4
    ) as q;
    return query execute format(
        'select %s from %s as d where (%s) in (%s) and (%s) in (%s) order by %s',
        authz_private.dataset_columns_as_seen(target, masks), target,
        key_columns, readable.query, key_columns, exportable.query, key_columns
    )
    using readable.tenant_id, readable.unit_ids, exported_rows.user_id,
        exportable.tenant_id, exportable.unit_ids, exported_rows.user_id;
end
$$;

comment on function authz_private.exported_rows(text, bigint, jsonb) is
    'Rows of a dataset that the user may both read and export, as they see them, by primary key.';
revoke all on function authz_private.exported_rows(text, bigint, jsonb) from public;
