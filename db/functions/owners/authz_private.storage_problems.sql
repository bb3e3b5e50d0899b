-- Asked before each page, count and plain select: without its checks and keys a stored unit may be
-- wrong. A missing trigger is no danger, because the checks then refuse the row.

create or replace function authz_private.storage_problems(dataset text)
returns table (kind text, table_name regclass, name name)
language sql stable security invoker parallel safe
begin atomic
    select o.kind, o.table_name, o.name
    from authz_private.dataset_objects as o
    where o.dataset = storage_problems.dataset
        and o.kind in ('check', 'foreign key')
        and not exists (
            select
            from pg_constraint as c
            where c.conrelid = o.table_name
                and c.contypid = 0
                and c.conname = o.name
                -- What is not enforced is not validated either.
                and c.convalidated
        );
end;

comment on function authz_private.storage_problems(text) is
    'Checks and keys of a stored dataset that are missing or not validated; no rows: the '
    'stored units are right.';
revoke all on function authz_private.storage_problems(text) from public;
