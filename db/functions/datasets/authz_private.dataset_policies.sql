-- What the row permissions of a dataset come to as policies, said once for those who make them and
-- those who check them.

create or replace function authz_private.dataset_policies(dataset text)
returns table (policy_name name, is_permissive boolean, expression text)
language sql stable security invoker parallel safe
begin atomic
    with wanted as (
        select
            d.*,
            s.data_permissions as switch
        from authz.datasets as d
        cross join authz.settings as s
        where d.name = dataset_policies.dataset
    ),

    rules as (
        select
            r.id,
            r.mode,
            authz_private.rule_gate(
                r.id, r.dimension, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
            ) as gate,
            authz_private.bound_predicate(r.predicate, r.filter, null) as predicate,
            w.switch
        from wanted as w
        inner join authz.row_permissions as r on w.name = r.dataset
        where r.is_active and w.switch <> 'off'
    )

    select
        'data_permission_base'::name as policy_name,
        true,
        case
            when w.storage = 'stored' then format(
                '%s = any((select authz.my_tenants(%L, ''read''))::int []) or %s',
                coalesce(quote_ident(w.tenant_column), w.tenant_id || '::int'), w.resource,
                authz_private.stored_owners(
                    w.name, '',
                    format('(select authz.my_dataset_units(%L))::int []', w.name),
                    format('(select authz.my_references(%L, false))::text []', w.name),
                    format('(select authz.my_references(%L, true))::text []', w.name)
                )
            )
            when w.owners is not null then (
                select format(
                    '%1$s = any((select authz.my_tenants(%2$L, ''read''))::int []) '
                    'or %1$s = (select authz.my_tenant()) and (%3$s)',
                    coalesce(quote_ident(w.tenant_column), w.tenant_id || '::int'), w.resource,
                    string_agg(
                        format(
                            '%I = any((select authz.my_row_keys(%L, %s))::%s [])',
                            s.column_name, w.name, s.owner, s.type_name
                        ),
                        ' or ' order by s.owner
                    )
                )
                from authz_private.owner_steps(w.table_name, w.owners) as s
                where s.step = 1
            )
            when w.owner_units = '{}' then '(select authz.current_user_id()) is not null'
            else (
                select string_agg(
                    format(
                        '%I = any((select authz.my_units(%L, ''read''))::int [])',
                        u.name, w.resource
                    ),
                    ' or '
                )
                from unnest(w.owner_units) as u (name)
            )
            || format(
                ' or %I = any((select authz.my_tenants(%L, ''read''))::int [])',
                w.tenant_column, w.resource
            )
        end
        || case
            when w.owners is null and w.owner_units = '{}' and w.tenant_column is not null
                then format(' and %I = (select authz.my_tenant())', w.tenant_column)
            else ''
        end
    from wanted as w
    where w.before -> 'has_policy' = 'false'
    union all
    select
        ('data_permission_' || r.id)::name as policy_name,
        false,
        coalesce('not ' || r.gate || ' or ', '') || r.predicate
        || case
            when r.switch = 'log'
                then format(' or authz.count_hidden_rows(%s, %L)', r.id, dataset_policies.dataset)
            else ''
        end
    from rules as r
    where r.mode = 'restrict'
    union all
    select
        'data_permission_permits'::name as policy_name,
        false,
        case
            when count(r.id) filter (where r.gate is null) > 0 then ''
            else format('(select authz.no_permit_applies(%L)) or ', w.name)
        end
        || coalesce(
            string_agg(
                coalesce(r.gate || ' and ', '') || r.predicate, ' or ' order by r.id
            ),
            'false'
        )
        || case
            when w.switch = 'log' then format(' or authz.count_hidden_rows(0, %L)', w.name)
            else ''
        end
    from wanted as w
    left join rules as r on r.mode = 'permit'
    where w.switch <> 'off'
    group by w.name, w.switch, w.default_rows
    having count(r.id) > 0 or w.default_rows = 'none';
end;

comment on function authz_private.dataset_policies(text) is
    'Policies of a dataset for the application, as its row permissions and the switch want them.';
revoke all on function authz_private.dataset_policies(text) from public;
