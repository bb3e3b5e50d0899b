-- A write can read: a hash of a value chosen is the hash of whoever else has it, and a row changed
-- until the condition of its mask fails shows what the mask covered.

create or replace function authz_private.refuse_disclosure(
    user_id bigint, old anyelement, made anyelement
)
returns void
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    is_new constant boolean := old is null;
    hashed name [];
    asked text;
    wrong name;
begin
    select
        array_agg(r.column_name) filter (where r.mask ->> 'kind' = 'hash'),
        string_agg(
            format(
                '(%L::name, %s, %s, (select (%s) is not false from (select ($1).*) as d), '
                '(select (%s) is not false from (select ($2).*) as d))',
                r.column_name, r.id, r.strictness, p.predicate, p.predicate
            ),
            ', '
        )
    into hashed, asked
    from pg_type as t
    inner join authz.datasets as d on t.typrelid = d.table_name
    cross join authz.settings as s
    cross join lateral authz_private.column_rules_for(refuse_disclosure.user_id, d.name) as r
    cross join lateral (
        select
            coalesce(
                authz_private.bound_predicate(r.predicate, r.condition, refuse_disclosure.user_id),
                'true'
            ) as predicate
    ) as p
    where t.oid = pg_typeof(made) and s.data_permissions = 'on' and r.mode <> 'visible';
    if asked is null then
        return;
    end if;

    select h.name
    into wrong
    from unnest(hashed) as h (name)
    -- The key of a new row is nobody else's.
    where h.name not in ('tenant_id', 'id')
        and to_jsonb(made) ->> h.name is distinct from to_jsonb(old) ->> h.name
    order by h.name
    limit 1;
    if wrong is null and not is_new then
        execute format(
            'select r.column_name '
            'from (values %s) as r (column_name, id, strictness, of_old, of_made) '
            'group by r.column_name '
            'having (array_agg(r.id order by r.strictness desc, r.id) filter (where of_old))[1] '
            'is distinct from '
            '(array_agg(r.id order by r.strictness desc, r.id) filter (where of_made))[1] '
            'and coalesce(max(r.strictness) filter (where of_made), -1) '
            '<= max(r.strictness) filter (where of_old) '
            'order by r.column_name limit 1',
            asked
        )
        into wrong
        using old, made;
    end if;
    if wrong is not null then
        raise exception 'changes: they would tell what % is masked for', wrong
            using
                errcode = '42501',
                hint = 'A column that is hashed for this user is not theirs to write, nor one that '
                    'decides how another is masked.';
    end if;
end
$$;

comment on function authz_private.refuse_disclosure(bigint, anyelement, anyelement) is
    'Refuses a row that is new (old is null) or changed by the user, 42501, when it holds a hash '
    'of a value they chose or a column that was masked more strictly, or otherwise, before.';
revoke all on function authz_private.refuse_disclosure(bigint, anyelement, anyelement) from public;
