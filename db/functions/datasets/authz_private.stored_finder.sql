-- A page over the columns that a dataset in storage stored has beside its own.

create or replace function authz_private.stored_finder(dataset text)
returns text
language sql stable security invoker parallel safe
begin atomic
    select authz_private.compile_finder(
        d.table_name,
        d.resource,
        coalesce('d.' || quote_ident(d.tenant_column), d.tenant_id || '::int'),
        d.tenant_column,
        authz_private.key_columns(d.table_name),
        array(
            select c.name
            from authz_private.sort_columns(d.table_name, d.tenant_column) as c
            order by c.place
        ),
        array_agg(o.owner ->> 'name' order by o.place),
        array_agg('d.' || p.prefix || 'unit' order by o.place),
        array_agg('d.' || p.prefix || 'person = any({owned_1})' order by o.place),
        'text'::text,
        array['authz_private.references_of(subject_id)'::text],
        format(
            '    if scope.unit_ids <> ''{}'' or scope.own_rows then%s'
            '        perform authz_private.check_stored_units(%L);%s    end if;',
            e'\n', d.name, e'\n'
        ),
        null,
        null
    )
    from authz.datasets as d
    cross join lateral jsonb_array_elements(d.owners) with ordinality as o (owner, place)
    cross join lateral authz_private.storage_prefix(d.name, o.owner ->> 'name') as p (prefix)
    where d.name = stored_finder.dataset
    group by d.name;
end;

comment on function authz_private.stored_finder(text) is
    'Body of paged.<dataset>_find() of a dataset in storage stored: the keys of a page and the '
    'total, in PL/pgSQL.';
revoke all on function authz_private.stored_finder(text) from public;
