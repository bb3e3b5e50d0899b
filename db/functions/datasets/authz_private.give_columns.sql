-- Where the application had been granted columns, not the table.

create or replace function authz_private.give_columns(
    table_name regclass, app_columns jsonb, hidden name []
)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    changed record;
begin
    for changed in
        select
            c.column_name,
            c.column_name <> all(hidden) as is_wanted
        from authz_private.dataset_columns(give_columns.table_name) as c
        where give_columns.app_columns ? c.column_name
            and has_column_privilege(
                'fundwarden_app', give_columns.table_name, c.column_name, 'SELECT'
            ) <> (c.column_name <> all(hidden))
        order by c.place
    loop
        execute format(
            case
                when changed.is_wanted then 'grant select (%I) on %s to fundwarden_app'
                else 'revoke select (%I) on %s from fundwarden_app'
            end,
            changed.column_name, give_columns.table_name
        );
    end loop;
end
$$;

comment on function authz_private.give_columns(regclass, jsonb, name []) is
    'Grants the application the columns it could read before registration, and revokes the hidden '
    'ones among them; writes only what differs.';
revoke all on function authz_private.give_columns(regclass, jsonb, name []) from public;
