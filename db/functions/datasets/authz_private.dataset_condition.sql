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
    viewer_id constant bigint := authz.current_user_id();
    wrong record;
    refused text;
    parts text [] := '{}';
begin
    select d.table_name into target from authz.datasets as d where d.name = dataset_condition.dataset;
    if filter is not null then
        select * into wrong from authz_private.condition_problems(filter, '$') limit 1;
        if found then
            raise exception 'filter: % %', wrong.found_at, wrong.problem
                using
                    errcode = '22023',
                    hint = 'authz.condition_problems() lists everything that is wrong.';
        end if;
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
        begin
            parts := parts || authz_private.bound_predicate(
                authz_private.compile_filter(
                    target, filter, '$', authz_private.filter_variables(filter)
                ),
                filter, dataset_condition.user_id
            );
        exception
            when statement_too_complex or program_limit_exceeded then
                raise exception 'filter: $ is too much for one question'
                    using errcode = '22023', hint = 'Ask twice.';
        end;
    end if;
    parts := parts || array(
        select p.predicate
        from unnest(array[dataset_condition.user_id, nullif(viewer_id, dataset_condition.user_id)])
            as u (id)
        cross join authz_private.row_predicate(u.id, target) as p (predicate)
        where u.id is not null and p.predicate is not null
    );
    return nullif(array_to_string(parts, ' and '), '');
end
$$;

comment on function authz_private.dataset_condition(text, bigint, jsonb, jsonb) is
    'The filter and the row rules about the user and about whoever asks, as SQL over the columns '
    'of the dataset; null: none. 22023 for a filter that does not fit the table, or that names a '
    'column of masks.';
revoke all on function authz_private.dataset_condition(text, bigint, jsonb, jsonb) from public;
