-- Behind every paged.<dataset>_explain(): the decision for each owner of one row, from the same
-- grants as a page.

create or replace function authz_private.explain_row(dataset text, user_id bigint, key jsonb)
returns table (
    is_visible boolean,
    owner_name text,
    owner_id bigint,
    owner_unit_id int,
    owner_unit_path text,
    assignment text,
    grant_id bigint,
    role_code text,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission text,
    grant_unit_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    reason text
)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    wanted authz.datasets;
    subject_id constant bigint := authz_private.user_in_question(explain_row.user_id, 'user_id');
    is_free constant boolean := authz_private.may_ask_about_anyone();
    key_condition text;
    rules text;
    row_tenant int;
    is_permitted boolean;
    owners_query text;
    scope record;
    is_wide boolean;
    masks jsonb;
    tenant text;
begin
    select d.* into wanted from authz.datasets as d where d.name = explain_row.dataset;
    masks := authz_private.dataset_masks(wanted.table_name, subject_id);
    tenant := coalesce('d.' || quote_ident(wanted.tenant_column), wanted.tenant_id || '::int');
    key_condition := (
        select string_agg(format('d.%I = %s', k.name, v.literal), ' and ' order by k.place)
        from unnest(authz_private.key_columns(wanted.table_name)) with ordinality as k (name, place)
        inner join unnest(authz_private.row_key('key', wanted.table_name, explain_row.key))
            with ordinality as v (literal, place)
            on k.place = v.place
    );
    rules := authz_private.page_rules(subject_id, wanted.table_name);
    execute format(
        'select %s, (%s) is true from %s as d where %s',
        tenant,
        coalesce(rules, 'true'), wanted.table_name, key_condition
    )
    into row_tenant, is_permitted;
    if is_permitted is null and is_free then
        raise exception 'key: there is no such row in %', wanted.table_name
            using errcode = '22023', hint = 'Pass the primary key of a row.';
    end if;
    select s.* into scope from authz_private.scope_of(subject_id, wanted.resource, 'read') as s;
    is_wide := is_permitted is not null and coalesce(
        row_tenant = any(
            authz_private.tenants_reached(
                scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
            )
        ), false
    );
    owners_query := (
        select string_agg(o.query, ' union all ' order by o.owner)
        from (
            select
                s.owner,
                format(
                    'select %L::text, %s, u.base_unit_id, u.id from %s as d %s '
                    'inner join authz.users as u on u.tenant_id = %s and %s = %s where %s',
                    min(s.owner_name),
                    case
                        when bool_or(s.step = 1 and masks ? s.column_name::text)
                            then 'null::bigint'
                        else 'u.id'
                    end,
                    wanted.table_name,
                    string_agg(
                        case
                            when s.next_table is not null then format(
                                'inner join %s as s%s on s%s.%I = %s.%I',
                                s.next_table, s.step + 1, s.step + 1, s.next_column,
                                case s.step when 1 then 'd' else 's' || s.step end, s.column_name
                            )
                        end,
                        ' ' order by s.step
                    ),
                    tenant,
                    max(s.person_code),
                    max(
                        case
                            when s.next_table is null then format(
                                '%s.%I', case s.step when 1 then 'd' else 's' || s.step end,
                                s.column_name
                            )
                        end
                    ),
                    key_condition
                ) as query
            from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
            group by s.owner
        ) as o
    );

    return query execute format(
        $q$
        with owners (owner_name, owner_id, unit_id, person_id) as (%s),

        considered as (
            select
                o.owner_name,
                o.owner_id,
                n.id as owner_unit_id,
                n.path,
                w.*,
                w.counted and w.effect = 'allow' and bool_or(w.decisive and w.effect = 'allow')
                    over (partition by o.owner_name) as shows
            from owners as o
            inner join authz.org_units as n on o.unit_id = n.id
            inner join authz_private.explain_grants(
                $1, $2, 'read', o.unit_id, jsonb_build_object('owner_id', o.person_id)
            ) as w on true
        ),

        answered as (
            select
                c.shows and $3 as is_visible,
                c.owner_name,
                c.owner_id,
                c.owner_unit_id,
                c.path::text,
                c.assignment_type,
                c.source_id,
                c.role_path,
                c.policy_name,
                c.effect,
                c.priority,
                c.permission,
                c.grant_unit_path,
                c.inherit_to_descendants,
                c.valid_from,
                c.valid_until,
                case
                    when c.shows and not $3 then 'hidden by row permissions'
                    when not c.shows and c.counted and c.effect = 'deny' and c.decisive
                        then 'denied'
                    when not c.shows then c.reason
                    when c.permission like '%%:own' then 'the user owns it'
                    when c.permission like '%%:system' then 'the grant reaches every tenant'
                    else format('%%s lies in %%s', c.path, c.grant_unit_path)
                end as reason
            from considered as c
            union all
            -- A row that nobody owns is for whoever reads the whole tenant.
            select
                $3, null, null, null, null, null, null, null, null, null, null, null, null, null,
                null, null,
                case
                    when $3 then 'nobody owns the row, and the user reads the whole tenant'
                    else 'hidden by row permissions'
                end
            where $4 and not exists (select from considered as c where c.shows)
        )

        select a.*
        from answered as a
        -- Who may not see the row may not learn whose it is either.
        where $5 or exists (select from answered as v where v.is_visible)
        order by not a.is_visible, a.owner_name, a.source_id, a.permission
        $q$,
        owners_query
    )
    using subject_id, wanted.resource, is_permitted is true, is_wide, is_free;
    if not found and not is_free then
        raise exception 'key: not allowed to see this row'
            using
                errcode = '42501',
                hint = 'No row of that key is in the user''s scope, whether or not it exists.';
    end if;
end
$$;

comment on function authz_private.explain_row(text, bigint, jsonb) is
    'Why a user may see a row of a dataset: one row per owner and grant, those that show it first. '
    'Only who may ask about anybody learns why a row is hidden. 22023 if there is no such user or '
    'row; 28000 if nobody is signed in; 42501 if the row is hidden or does not exist.';
revoke all on function authz_private.explain_row(text, bigint, jsonb) from public;
