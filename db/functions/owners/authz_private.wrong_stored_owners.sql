-- Checks hold of each row by itself. What a key carries can be wrong where somebody went around the
-- keys, as with session_replication_role = replica.

create or replace function authz_private.wrong_stored_owners(
    dataset text, whole boolean, out seen bigint, out wrong bigint
)
returns record
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    compared text;
begin
    select d.* into wanted from authz.datasets as d where d.name = wrong_stored_owners.dataset;
    select string_agg(
        format(
            'select (r.reference, d.%1$I) is distinct from (d.%2$I, coalesce(u.base_unit_id, 0))%3$s '
            'as is_wrong from %4$s as d tablesample system (%5$s) '
            'left join authz_private.owner_references as r on d.%2$I = r.reference '
            'left join authz.users as u on r.tenant_id = u.tenant_id and %6$s%7$s '
            'where d.%2$I is not null',
            s.unit, s.person,
            case
                when s.next_table is null then ''
                else format(
                    ' or d.%I is distinct from n.%I', s.code, s.next_code
                )
            end,
            wanted.table_name,
            case
                when whole then 100
                -- Some 100 pages.
                else least(100, 1000000.0 / greatest(1, authz_private.table_rows(wanted.table_name)))
            end,
            case s.key when 'id' then 'r.code = u.id::text' else 'r.code = u.external_id' end,
            case
                when s.next_table is null then ''
                else format(
                    ' left join %s as n on d.%I = n.%I', s.next_table, s.column_name, s.next_column
                )
            end
        ),
        ' union all '
    )
    into compared
    from authz_private.storage_steps(wanted.table_name, wanted.name, wanted.owners) as s
    where s.step = 1;
    execute format(
        'select count(*), count(*) filter (where c.is_wrong) from (%s) as c', compared
    )
    into seen, wrong;
end
$$;

comment on function authz_private.wrong_stored_owners(text, boolean) is
    'seen: stored owners that were read, in a sample of the rows, or in all rows with whole. '
    'wrong: those of them that are not the person whom the row names, or have another unit. '
    'Codes on tables between the first and the last of a path are not read.';
revoke all on function authz_private.wrong_stored_owners(text, boolean) from public;
