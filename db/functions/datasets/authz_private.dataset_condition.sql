-- What hides rows beside the tree: the filter of the caller, and the row rules of the user a page
-- is about and of whoever asks.

create or replace function authz_private.dataset_condition(
    dataset text, user_id bigint, filter jsonb, masks jsonb
)
returns text
language plpgsql stable security invoker parallel restricted
as $$
declare
    target regclass;
    refused text;
    filtered text;
begin
    select d.table_name into target from authz.datasets as d where d.name = dataset_condition.dataset;
    if filter is not null then
        filtered := authz_private.bound_predicate(
            authz_private.check_filter('filter', dataset_condition.dataset, filter, null, null),
            filter, dataset_condition.user_id
        );
        select f.name #>> '{}'
        into refused
        from jsonb_path_query(filter, 'strict $.**.field') as f (name)
        where masks ? (f.name #>> '{}')
        limit 1;
        if found then
            raise exception 'filter: column % is masked for this user', quote_literal(refused)
                using
                    errcode = '22023',
                    hint = 'Filter by columns that authz.explain_data_permissions() does not show '
                        'as masked or disabled.';
        end if;
    end if;
    return nullif(
        concat_ws(' and ', filtered, authz_private.page_rules(dataset_condition.user_id, target)), ''
    );
end
$$;

comment on function authz_private.dataset_condition(text, bigint, jsonb, jsonb) is
    'The filter and the row rules about the user and about whoever asks, as SQL over the columns '
    'of the dataset; null: none. 22023 for a filter that does not fit the table, or that names a '
    'column of masks.';
revoke all on function authz_private.dataset_condition(text, bigint, jsonb, jsonb) from public;
