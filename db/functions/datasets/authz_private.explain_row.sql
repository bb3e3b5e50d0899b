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
    hidden_owners text [];
    owner_names text [];
    owner_ids bigint [];
    owner_units int [];
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
                    'select %L::text, u.id, u.base_unit_id from %s as d %s '
                    'inner join authz.users as u on u.tenant_id = %s and %s = %s where %s',
                    min(s.owner_name),
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

    hidden_owners := array(
        select s.owner_name
        from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
        where s.step = 1 and masks ? s.column_name::text
    );
    execute format(
        'select array_agg(o.name), array_agg(o.id), array_agg(o.unit_id) '
        'from (%s) as o (name, id, unit_id)', owners_query
    )
    into owner_names, owner_ids, owner_units;

    return query
    with explained as (
        select e.*
        from authz_private.explain_owners(
            subject_id, wanted.resource, owner_names, owner_ids, owner_units, is_permitted is true
        ) as e
    ),

    answered as (
        select e.*
        from explained as e
        union all
        -- A row that nobody owns is for whoever reads the whole tenant.
        select
            is_permitted, null, null, null, null, null, null, null, null, null, null, null, null,
            null, null, null,
            case
                when is_permitted then 'nobody owns the row, and the user reads the whole tenant'
                else 'hidden by row permissions'
            end
        where is_wide and not exists (
            select from explained as e where e.is_visible or e.reason = 'hidden by row permissions'
        )
    )

    select
        a.is_visible,
        a.owner_name,
        case when a.owner_name <> all(hidden_owners) then a.owner_id end,
        a.owner_unit_id,
        a.owner_unit_path,
        a.assignment,
        a.grant_id,
        a.role_code,
        a.policy_name,
        a.effect,
        a.priority,
        a.permission,
        a.grant_unit_path,
        a.inherit_to_descendants,
        a.valid_from,
        a.valid_until,
        a.reason
    from answered as a
    -- Who may not see the row may not learn whose it is either.
    where is_free or exists (select from answered as v where v.is_visible)
    order by not a.is_visible, a.owner_name, a.grant_id, a.permission;
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
