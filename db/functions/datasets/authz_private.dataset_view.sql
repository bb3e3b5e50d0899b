-- The view of a dataset as text. Not a security_invoker view: its columns are what the application
-- must not read in the table. So the policies of the table, which do not hold for the owner of the
-- view, are repeated in it as the catalog has them.

create or replace function authz_private.dataset_view(dataset text)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    switch text;
    columns text;
    permits text;
    restricts text;
begin
    select d.* into wanted from authz.datasets as d where d.name = dataset_view.dataset;
    select s.data_permissions into switch from authz.settings as s;
    select
        string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' or ' order by p.polname)
        filter (where p.polpermissive),
        string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' and ' order by p.polname)
        filter (where not p.polpermissive)
    into permits, restricts
    from pg_policy as p
    where p.polrelid = wanted.table_name
        and p.polcmd in ('r', '*')
        and exists (
            select
            from unnest(p.polroles) as r (id)
            where r.id in (0, 'fundwarden_app'::regrole)
        );
    select
        string_agg(
            case
                when m.cases is null then format('d.%I', c.column_name)
                else format('case %s else d.%I end as %I', m.cases, c.column_name, c.column_name)
            end,
            ', ' order by c.place
        )
    into columns
    from authz_private.dataset_columns(wanted.table_name) as c
    left join (
        select
            r.column_name,
            string_agg(
                format(
                    'when %s%s then %s',
                    coalesce(
                        authz_private.rule_gate(
                            r.id, r.dimension, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
                        ),
                        'true'
                    ),
                    ' and ('
                    || authz_private.bound_predicate(r.predicate, r.condition, null)
                    || ') is not false',
                    case switch
                        when 'on' then format(
                            authz_private.compile_mask(
                                wanted.table_name, r.column_name, r.mode, r.mask
                            ),
                            null, 'authz.my_tenant()'
                        )
                        else format(
                            'case when (select authz.count_hidden_rows(%s, %L)) then d.%I else d.%I end',
                            r.id, wanted.name, r.column_name, r.column_name
                        )
                    end
                ),
                ' ' order by r.strictness desc, r.id
            ) as cases
        from authz.column_permissions as r
        where r.dataset = wanted.name and r.is_active and r.mode <> 'visible' and switch <> 'off'
        group by r.column_name
    ) as m on c.column_name = m.column_name;
    return format(
        'create or replace view secure.%I with (security_barrier) as select %s from %s as d '
        'where (%s)%s',
        wanted.name, columns, wanted.table_name, coalesce(permits, 'false'), ' and ' || restricts
    );
end
$$;

comment on function authz_private.dataset_view(text) is
    'CREATE VIEW of a dataset, as its policies, column permissions and the switch want it.';
revoke all on function authz_private.dataset_view(text) from public;
