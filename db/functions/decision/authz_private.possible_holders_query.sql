-- A superset of who may, in the order of user ids and read no further than wanted: one ordered
-- branch for each unit a grant could reach down from, which only literals let the planner merge.

create or replace function authz_private.possible_holders_query(unit_path ext.ltree)
returns text
language plpgsql stable security invoker parallel safe
as $$
declare
    rows_of constant text :=
        '(select v.user_id from authz.user_effective_policies as v '
        'where %s and v.user_id > $1 and v.effect = ''allow'' '
        'and v.actions && array[$3, ''manage''] and $2 = any(v.resources) order by v.user_id)';
begin
    return (
        select
            'select b.user_id from ('
            || string_agg(c.branch, ' union all ')
            || ' order by user_id) as b group by b.user_id order by b.user_id limit $4'
        from (
            select format(rows_of, format('v.business_unit_id = %s', n.id)) as branch
            from authz.org_units as n
            where n.path operator (ext.@>) possible_holders_query.unit_path
            union all
            select format(rows_of, 'v.scope in (''region'', ''organization'', ''system'')')
            union all
            select format(
                '(select d.delegate_id from authz.delegations as d where d.unit_id = %s '
                'and d.status = ''active'' and d.delegate_id > $1 order by d.delegate_id)',
                n.id
            )
            from authz.org_units as n
            where n.path operator (ext.@>) possible_holders_query.unit_path
            union all
            -- Whom the view does not answer for.
            select
                '(select m.user_id from authz_private.policy_marks as m '
                'where m.user_id > $1 order by m.user_id)'
        ) as c
    );
end
$$;

comment on function authz_private.possible_holders_query(ext.ltree) is
    'Query with the parameters after_user_id, resource, action and how many: user ids, ascending, '
    'among whom are all who may act in the unit. Right only while the view answers.';
revoke all on function authz_private.possible_holders_query(ext.ltree) from public;
