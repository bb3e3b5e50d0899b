-- What the policies say, for one user known beforehand: only the rules about them, hence a plan
-- that can use an index for each.

create or replace function authz_private.row_predicate(user_id bigint, table_name regclass)
returns text
language plpgsql stable security invoker parallel safe
as $$
declare
    dataset authz.datasets;
    restricts text;
    permits text;
begin
    select d.*
    into dataset
    from authz.datasets as d
    cross join authz.settings as s
    where d.table_name = row_predicate.table_name and s.data_permissions = 'on';
    if dataset.name is null then
        return null;
    end if;
    select
        string_agg('(' || r.bound || ')', ' and ' order by r.id)
        filter (where r.mode = 'restrict'),
        '(' || string_agg('(' || r.bound || ')', ' or ' order by r.id)
        filter (where r.mode = 'permit') || ')'
    into restricts, permits
    from (
        select
            f.id,
            f.mode,
            authz_private.bound_predicate(f.predicate, f.filter, row_predicate.user_id) as bound
        from authz_private.row_rules_for(row_predicate.user_id, dataset.name) as f
    ) as r;
    if permits is null and dataset.default_rows = 'none' then
        permits := 'false';
    end if;
    return case
        when restricts is not null and permits is not null then restricts || ' and ' || permits
        else coalesce(restricts, permits)
    end;
end
$$;

comment on function authz_private.row_predicate(bigint, regclass) is
    'The row permissions about a user as one SQL predicate over the columns of the table; null '
    'where nothing is hidden from them.';
revoke all on function authz_private.row_predicate(bigint, regclass) from public;
