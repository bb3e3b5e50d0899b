-- Behind every paged.<dataset>_export(). An export is recorded in the audit log, and in the log of
-- the server, because a rollback removes the row of the audit log.

create or replace function authz_private.export_dataset(dataset text, filter jsonb)
returns setof record
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz_private.signed_in_user();
    wanted authz.datasets;
    reach record;
    exported bigint;
    said jsonb;
begin
    select d.* into wanted from authz.datasets as d where d.name = export_dataset.dataset;
    select r.* into reach from authz_private.scope_of(me, wanted.resource, 'export') as r;
    if not (
        reach.every_tenant or reach.whole_tenant or reach.other_tenants or reach.own_rows
        or reach.unit_ids <> '{}'
    )
    then
        raise exception '%:export is not held', wanted.resource
            using
                errcode = '42501',
                hint = format('Ask for %s:export where the rows belong.', wanted.resource);
    end if;
    return query execute format(
        'select r.* from authz_private.exported_rows($1, $2, $3) as r (%s)',
        authz_private.typed_columns(wanted.table_name)
    )
    using wanted.name, me, filter;
    get diagnostics exported = row_count;
    said := jsonb_build_object(
        'resource', wanted.resource, 'dataset', wanted.name, 'user_id', me, 'rows', exported,
        'filter', filter
    );
    perform audit.record('EXPORT', said);
    raise log 'fundwarden export: %', said;
end
$$;

comment on function authz_private.export_dataset(text, jsonb) is
    'Every row of a dataset that the user who is signed in may export and read, as they see it, by '
    'primary key; recorded as EXPORT. 22023 for an invalid filter; 28000 if nobody is signed in; '
    '42501 if resource:export is held nowhere.';
revoke all on function authz_private.export_dataset(text, jsonb) from public;
