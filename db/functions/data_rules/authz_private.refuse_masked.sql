-- What one does not see one cannot mean to change.

create or replace function authz_private.refuse_masked(
    user_id bigint, table_name regclass, changes jsonb
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    wrong text;
begin
    select m.column_name
    into wrong
    from authz_private.masked_columns(array[refuse_masked.user_id], refuse_masked.table_name) as m
    where refuse_masked.changes ? m.column_name::text
    order by m.column_name
    limit 1;
    if found then
        raise exception 'changes: % is masked for this user', wrong
            using
                errcode = '42501',
                hint = 'Change columns that authz.explain_data_permissions() does not show as '
                    'masked or disabled.';
    end if;
end
$$;

comment on function authz_private.refuse_masked(bigint, regclass, jsonb) is
    'Refuses changes of columns that are masked or disabled for the user, in some rows or all: '
    '42501.';
revoke all on function authz_private.refuse_masked(bigint, regclass, jsonb) from public;
