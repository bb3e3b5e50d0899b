-- An estimate, to choose a plan by; never part of an answer.

create or replace function authz_private.rows_per_unit(table_name regclass)
returns float8
language sql stable security invoker parallel safe
begin atomic
    select authz_private.table_rows(rows_per_unit.table_name)
        / greatest(authz_private.table_rows('authz.org_units'), 1);
end;

comment on function authz_private.rows_per_unit(regclass) is
    'About how many rows of a table there are for each unit, by the statistics of the last '
    'ANALYZE.';
revoke all on function authz_private.rows_per_unit(regclass) from public;
