-- For whoever compares the rights on tables with what the files state.

create or replace function authz_private.masked_tables()
returns setof regclass
language sql stable security invoker parallel safe
begin atomic
    select d.table_name
    from authz.datasets as d
    where authz_private.hidden_columns(d.name) <> '{}'
        and (d.before -> 'app_select' = 'true' or d.before -> 'app_columns' <> '[]');
end;

comment on function authz_private.masked_tables() is
    'Tables whose columns the application may read only in part, as data permissions want it.';
revoke all on function authz_private.masked_tables() from public;
