-- Parameters of the query: 1 user, 2 resource, 3 action, 4 units (null: all), 5 instant, 6 context.
-- The answer is an array of those of the units where it was allowed. A table as
-- it was is the table as it is with every later change undone: where the first change made the
-- row, there was none; else each column is what the first change of it found.

create or replace function authz_private.as_of_query()
returns text
language plpgsql stable security invoker parallel safe
as $$
declare
    part record;
    built text := $q$with since as materialized (
        select l.id, l.table_name, l.row_key, l.action, l.old_values
        from audit.permission_audit_log as l
        where l.logged_at > $5 and l.action in ('CREATE', 'UPDATE', 'DELETE', 'RESET')
    ),
    undone as materialized (
        select k.table_name, k.row_key, k.existed, coalesce(v.old_values, '{}') as old_values
        from (
            select
                s.table_name, s.row_key,
                (array_agg(s.action order by s.id))[1] <> 'CREATE' as existed
            from since as s
            group by s.table_name, s.row_key
        ) as k
        left join (
            select
                s.table_name, s.row_key,
                jsonb_object_agg(e.key, e.value order by s.id desc) as old_values
            from since as s
            cross join jsonb_each(s.old_values) as e
            group by s.table_name, s.row_key
        ) as v on k.table_name = v.table_name and k.row_key = v.row_key
    )$q$;
begin
    for part in
        select
            n.nspname || '.' || c.relname as title,
            c.relname as name,
            string_agg(
                format('t.%1$I = (u.row_key ->> %1$L)::%2$s', a.attname, a.atttypid::regtype),
                ' and '
            ) as matches
        from unnest(authz_private.audited_tables()) as x (title)
        inner join pg_class as c on c.oid = x.title::regclass
        inner join pg_namespace as n on c.relnamespace = n.oid
        inner join pg_index as i on c.oid = i.indrelid and i.indisprimary
        inner join pg_attribute as a on c.oid = a.attrelid and a.attnum = any(i.indkey)
        group by n.nspname, c.relname
    loop
        built := built || format(
            $q$,
    %1$I as not materialized (
        select t.*
        from %2$s as t
        where not exists (select from undone as u where u.table_name = %3$L and %4$s)
        union all
        select r.*
        from undone as u
        left join %2$s as t on %4$s
        cross join lateral jsonb_populate_record(
            null::%2$s, coalesce(to_jsonb(t), '{}') || u.old_values
        ) as r
        where u.table_name = %3$L and u.existed
    )$q$,
            part.name, part.title::regclass, part.title, part.matches
        );
    end loop;
    -- In the order in which they read each other.
    for part in
        select
            c.relname as name,
            authz_private.as_of_body(pg_get_viewdef(c.oid)) as body
        from unnest(array[
            'authz_private.assignments', 'authz_private.grants', 'authz_private.held_permissions'
        ]) with ordinality as v (title, place)
        inner join pg_class as c on c.oid = v.title::regclass
        order by v.place
    loop
        built := built || format(E',\n    %I as not materialized (%s)', part.name, part.body);
    end loop;
    return built || format(
        $q$,
    asked as materialized (
        select n.id as unit_id, n.path
        from org_units as n
        where $4::int [] is null or n.id = any($4)
    ),
    -- The user and, as far as they are not denied it, who delegates it to them.
    whom as materialized (
        select $1 as user_id, true as is_asked, $6 as context, a.unit_id, a.path
        from asked as a
        union
        select d.delegator_id, false, $6 - 'owner_id', a.unit_id, a.path
        from delegations as d
        inner join users as u on d.tenant_id = u.tenant_id and d.delegate_id = u.id
        inner join org_units as n on d.tenant_id = n.tenant_id and d.unit_id = n.id
        inner join resources as r on d.resource @> r.path
        cross join asked as a
        where d.delegate_id = $1
            and d.status = 'active'
            and d.valid_from <= $5
            and d.valid_until > $5
            and d.action in ($3, 'manage')
            and r.code = $2
            and u.is_active
            and n.is_active
            and (d.unit_id = a.unit_id or d.inherit_to_descendants and n.path @> a.path)
    ),
    facts as materialized (
        select
            w.user_id, w.is_asked,
            coalesce(w.context, '{}') || jsonb_build_object(
                'now', $5, 'user_id', u.id, 'username', u.username, 'tenant_id', u.tenant_id,
                'base_unit_id', u.base_unit_id
            ) as facts
        from (select distinct o.user_id, o.is_asked, o.context from whom as o) as w
        inner join users as u on w.user_id = u.id
    ),
    held as materialized (
        select
            l.user_id, l.effect, l.priority, l.scope, n.id as unit_id, l.inherit_to_descendants,
            l.conditions,
            case
                when l.scope in ('region', 'organization') then (
                    select o.path
                    from org_units as o
                    where o.path @> n.path and o.kind = l.scope::text
                    order by o.level desc
                    limit 1
                )
                else n.path
            end as anchor_path
        from held_permissions as l
        inner join org_units as n on l.business_unit_id = n.id and n.is_active
        where l.user_id in (select w.user_id from whom as w)
            and l.action in ($3, 'manage')
            and $2 = any(l.resources)
            and (l.valid_from is null or l.valid_from <= $5)
            and (l.valid_until is null or l.valid_until > $5)
    ),
    winner as materialized (
        select distinct on (w.user_id, w.is_asked, w.unit_id)
            w.user_id, w.is_asked, w.unit_id, h.effect, h.priority
        from whom as w
        inner join held as h on w.user_id = h.user_id
        inner join facts as f on w.user_id = f.user_id and w.is_asked = f.is_asked
        where authz_private.grant_reaches(
                h.scope, h.unit_id, h.anchor_path, h.inherit_to_descendants, w.unit_id, w.path,
                coalesce(w.context ->> 'owner_id' = w.user_id::text, false)
            )
            and (
                h.conditions is null
                or coalesce(
                    authz_private.condition_holds(h.conditions, f.facts), h.effect = 'deny'
                )
            )
        order by w.user_id, w.is_asked, w.unit_id, h.priority desc, h.effect desc
    ),
    verdicts as (
        select
            whom.is_asked,
            whom.unit_id,
            coalesce(w.effect = 'deny' and w.priority >= 0, false) as is_denied,
            case
                when w.effect = 'allow' then true
                when w.priority >= 0 then false
                else %s
            end as is_allowed
        from whom
        left join winner as w
            on whom.user_id = w.user_id
            and whom.is_asked = w.is_asked
            and whom.unit_id = w.unit_id
    ),
    denied as materialized (
        select v.unit_id from verdicts as v where v.is_asked and v.is_denied
    )
    select coalesce(array_agg(distinct v.unit_id order by v.unit_id), '{}')
    from verdicts as v
    where v.is_allowed
        and (
            v.is_asked
            -- Delegations allow at priority 0, where deny wins.
            or v.unit_id not in (select d.unit_id from denied as d)
        )$q$,
        authz_private.as_of_body(
            'authz_private.template_allows(bigint, int, ext.ltree, text)'::regprocedure,
            variadic array[
                'whom.user_id', 'whom.unit_id', 'whom.path', '($2 || ''.'' || $3)'
            ]
        )
    );
end
$$;

comment on function authz_private.as_of_query() is
    'The text that audit.access_as_of() and audit.scope_as_of() execute.';
revoke all on function authz_private.as_of_query() from public;
