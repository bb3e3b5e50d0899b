-- The order in which kinds are planned and applied: what is referred to comes first.

create or replace function authz_private.sync_tables()
returns table (table_name text, kind text, place int, code_expression text)
language sql immutable security invoker parallel safe
begin atomic
    select
        t.table_name,
        t.kind,
        t.place,
        t.code_expression
    from (
        values
        ('units', 'unit', 1, 's.external_id'),
        ('roles', 'role', 2, 's.code'),
        ('people', 'person', 3, 's.external_id'),
        (
            'memberships', 'membership', 4,
            'concat_ws(''/'', s.person_external_id, s.unit_external_id)'
        ),
        (
            'grants', 'grant', 5,
            'concat_ws(''/'', s.person_external_id, s.role_code, nullif(s.unit_external_id, ''''))'
        ),
        ('customers', 'customer', 6, 's.id'),
        ('orders', 'order', 7, 's.id'),
        ('funds', 'fund', 8, 's.id')
    ) as t (table_name, kind, place, code_expression);
end;

comment on function authz_private.sync_tables() is
    'Staging tables, each with the kind of its objects and the code of a row s as an expression.';
revoke all on function authz_private.sync_tables() from public;
