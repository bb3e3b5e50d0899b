-- How the columns of a stored dataset are called, written once.

create or replace function authz_private.storage_steps(
    table_name regclass, dataset text, owners jsonb
)
returns table (
    owner int,
    owner_name text,
    step int,
    depth int,
    is_last boolean,
    key text,
    from_table regclass,
    column_name name,
    next_table regclass,
    next_column name,
    person text,
    unit text,
    code text,
    next_code text
)
language sql stable security invoker parallel safe
begin atomic
    select
        s.owner,
        s.owner_name,
        s.step,
        max(s.step) over (partition by s.owner),
        s.next_table is null,
        max(case s.person_code when 'u.id' then 'id' else 'external_id' end)
        filter (where s.next_table is null) over (partition by s.owner),
        s.from_table,
        s.column_name,
        s.next_table,
        s.next_column,
        p.prefix || 'person',
        p.prefix || 'unit',
        p.prefix || 'code_' || s.step,
        p.prefix || 'code_' || (s.step + 1)
    from authz_private.owner_steps(storage_steps.table_name, storage_steps.owners) as s
    cross join lateral authz_private.storage_prefix(
        storage_steps.dataset, s.owner_name
    ) as p (prefix);
end;

comment on function authz_private.storage_steps(regclass, text, jsonb) is
    'authz_private.owner_steps() with the number of steps of each owner, the key of authz.users '
    'that its last column holds, and the names of the columns that storing it adds.';
revoke all on function authz_private.storage_steps(regclass, text, jsonb) from public;
