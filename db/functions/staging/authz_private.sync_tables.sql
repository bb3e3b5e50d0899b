-- The order in which kinds are planned and applied: what is referred to comes first.

create or replace function authz_private.sync_tables()
returns table (table_name text, kind text, place int)
language sql immutable security invoker parallel safe
begin atomic
    select t.table_name, t.kind, t.place
    from (
        values
        ('units', 'unit', 1),
        ('roles', 'role', 2),
        ('people', 'person', 3),
        ('memberships', 'membership', 4),
        ('grants', 'grant', 5),
        ('customers', 'customer', 6),
        ('orders', 'order', 7),
        ('funds', 'fund', 8)
    ) as t (table_name, kind, place);
end;

comment on function authz_private.sync_tables() is
    'Staging tables, each with the kind of its objects.';
revoke all on function authz_private.sync_tables() from public;
