-- Masks of the user a page is about and of whoever asks: nobody sees more of a column than they
-- may.

create or replace function authz_private.dataset_masks(table_name regclass, user_id bigint)
returns jsonb
language sql stable security invoker parallel restricted
begin atomic
    select coalesce(jsonb_object_agg(m.column_name, m.expression), '{}')
    from authz_private.masked_columns(
        array_remove(array[dataset_masks.user_id, authz.current_user_id()], null),
        dataset_masks.table_name
    ) as m;
end;

comment on function authz_private.dataset_masks(regclass, bigint) is
    'SQL that stands for each masked column, by column; an empty object: none is masked.';
revoke all on function authz_private.dataset_masks(regclass, bigint) from public;
