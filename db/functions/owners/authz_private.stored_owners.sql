-- One text for queries and policies: what a scope means for the stored owners of a row.

create or replace function authz_private.stored_owners(
    dataset text, row_name text, units text, owned text, denied text
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select string_agg(
        concat(
            c.unit, ' = any(', stored_owners.units, ')',
            ' and ' || c.person || ' <> all(' || stored_owners.denied || ')',
            ' or ' || c.person || ' = any(' || stored_owners.owned || ')'
        ),
        ' or ' order by o.place
    )
    from authz.datasets as d
    cross join lateral jsonb_array_elements(d.owners) with ordinality as o (owner, place)
    cross join lateral authz_private.storage_prefix(d.name, o.owner ->> 'name') as p (prefix)
    cross join lateral (
        select
            stored_owners.row_name || p.prefix || 'unit' as unit,
            stored_owners.row_name || p.prefix || 'person' as person
    ) as c
    where d.name = stored_owners.dataset and d.storage = 'stored';
end;

comment on function authz_private.stored_owners(text, text, text, text, text) is
    'SQL condition that holds for a row of a stored dataset if one of its owners belongs to '
    'units and is not in denied, or is in owned. row_name: prefix of its columns, such as d. '
    'with the dot. units, owned and denied are SQL of arrays; null leaves that part out.';
revoke all on function authz_private.stored_owners(text, text, text, text, text) from public;
