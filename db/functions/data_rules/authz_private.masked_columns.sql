-- What the views say, for users known beforehand: the one a question is about and the one who asks,
-- whose rules both hold.

create or replace function authz_private.masked_columns(user_ids bigint [], table_name regclass)
returns table (column_name name, expression text)
language plpgsql stable security invoker parallel safe
as $$
#variable_conflict use_column
begin
    return query
    select
        m.column_name,
        'case '
        || string_agg(
            format(
                'when %s then %s',
                coalesce(
                    '(' || authz_private.bound_predicate(m.predicate, m.condition, m.of_user)
                    || ') is not false',
                    'true'
                ),
                format(m.masked, null, m.tenant_id)
            ),
            ' ' order by m.strictness desc, m.id
        )
        || ' else ' || quote_ident(m.column_name) || ' end'
    from (
        select
            r.id,
            r.column_name,
            r.predicate,
            r.condition,
            r.strictness,
            u.id as of_user,
            u.tenant_id,
            authz_private.compile_mask(d.table_name, r.column_name, r.mode, r.mask) as masked
        from authz.datasets as d
        cross join authz.settings as s
        cross join (select distinct i.id from unnest(masked_columns.user_ids) as i (id)) as i
        inner join authz.users as u on i.id = u.id
        cross join lateral authz_private.column_rules_for(u.id, d.name) as r
        where d.table_name = masked_columns.table_name
            and s.data_permissions = 'on'
            and r.mode <> 'visible'
    ) as m
    group by m.column_name;
end
$$;

comment on function authz_private.masked_columns(bigint [], regclass) is
    'Columns of the table that are masked or disabled for any of the users, each with the SQL '
    'that stands for it; none where nothing is.';
revoke all on function authz_private.masked_columns(bigint [], regclass) from public;
