-- In the table, that is: the view shows them to whom no rule is about.

create or replace function authz_private.hidden_columns(dataset text)
returns name []
language sql stable security invoker parallel safe
begin atomic
    select array(
        select distinct r.column_name
        from authz.column_permissions as r
        cross join authz.settings as s
        where r.dataset = hidden_columns.dataset
            and r.is_active
            and r.mode <> 'visible'
            and s.data_permissions = 'on'
        order by r.column_name
    );
end;

comment on function authz_private.hidden_columns(text) is
    'Columns of a dataset that somebody sees masked: the application may not read them in the '
    'table.';
revoke all on function authz_private.hidden_columns(text) from public;
