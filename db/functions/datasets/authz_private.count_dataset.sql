-- Behind paged.<dataset>_count() in joined storage.

create or replace function authz_private.count_dataset(
    dataset text, filter jsonb, supervisor_id bigint
)
returns bigint
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    target regclass;
    subject_id bigint;
    matches record;
    counted bigint;
begin
    select d.table_name into target from authz.datasets as d where d.name = count_dataset.dataset;
    subject_id := authz_private.user_in_question(supervisor_id, 'supervisor_id');
    select q.*
    into matches
    from authz_private.dataset_matches(
        count_dataset.dataset, subject_id, 'read',
        (
            select string_agg(format('d.%I', k.name), ', ' order by k.place)
            from unnest(authz_private.key_columns(target)) with ordinality as k (name, place)
        ),
        authz_private.dataset_condition(
            count_dataset.dataset, subject_id, filter,
            authz_private.dataset_masks(target, subject_id)
        ),
        1
    ) as q;
    execute format('select count(*) from (%s) as m', matches.query)
    into counted
    using matches.tenant_id, matches.unit_ids, subject_id;
    return counted;
end
$$;

comment on function authz_private.count_dataset(text, jsonb, bigint) is
    'Exact number of the rows of a dataset that a user may read; errors as for a page.';
revoke all on function authz_private.count_dataset(text, jsonb, bigint) from public;
