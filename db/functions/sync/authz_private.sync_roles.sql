-- Roles are of the whole tenant: none is missing from a feed of a part of it.

create or replace function authz_private.sync_roles(
    scope authz_private.sync_scope, differing bigint [], unlisted bigint []
)
returns setof authz_private.sync_change
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
set enable_mergejoin = off
set work_mem = '128MB'
as $$
#variable_conflict use_column
begin
    return query
    with recursive staged as materialized (
        select
            s.number,
            authz_private.sync_place('roles', s.file, s.line, s.number) as place,
            s.code,
            nullif(s.name, '') as name,
            nullif(s.rank, '') as rank_said,
            case when s.rank ~ '^\s*[+-]?\d{1,9}\s*$' then s.rank::int end as rank,
            nullif(s.parent_code, '') as parent_code,
            nullif(s.is_active, '') as active_said,
            authz_private.sync_switch(s.is_active) as active_stated,
            nullif(s.requires_approval, '') as approval_said,
            authz_private.sync_switch(s.requires_approval) as approval_stated,
            row_number() over (partition by s.code order by s.number) as turn
        from sync.roles as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'roles')::bigint
    ),

    existing as (
        select
            r.id,
            r.tenant_id,
            r.code,
            r.name,
            r.rank,
            r.is_active,
            r.is_absent,
            r.requires_approval,
            r.source,
            up.code as parent_code,
            case when up.tenant_id is not null then up.code end as own_parent_code
        from authz.roles as r
        left join authz.roles as up on r.parent_role_id = up.id
        where r.tenant_id = scope.tenant_id or r.tenant_id is null
    ),

    -- Parents as they will be: what a line does not state stays. Roles of the platform have none of
    -- the tenant.
    links as (
        select
            s.code,
            coalesce(s.parent_code, e.own_parent_code) as parent_code
        from staged as s
        left join existing as e on s.code = e.code and e.tenant_id is not null
        where s.turn = 1
        union all
        select
            e.code,
            e.own_parent_code
        from existing as e
        where e.tenant_id is not null
            and not exists (select from staged as s where s.code = e.code)
    ),

    above (code, parent_code, is_cycle) as (
        select
            l.code,
            l.parent_code,
            l.code = l.parent_code
        from links as l
        where l.parent_code is not null
        union
        select
            a.code,
            l.parent_code,
            a.code = l.parent_code
        from above as a
        inner join links as l on a.parent_code = l.code
        where l.parent_code is not null and not a.is_cycle
    ),

    judged as (
        select
            s.*,
            e.id,
            e.name as name_now,
            e.rank as rank_now,
            e.parent_code as parent_now,
            e.is_active,
            e.requires_approval,
            s.name is not null and s.name is distinct from e.name as is_renamed,
            s.rank is not null and s.rank is distinct from e.rank as is_reranked,
            s.parent_code is not null and s.parent_code is distinct from e.parent_code as is_rehung,
            s.approval_stated <> e.requires_approval as is_regulated,
            not e.is_active and coalesce(s.active_stated, e.is_absent) as is_back,
            e.is_active and not s.active_stated as is_leaving,
            case
                when coalesce(s.code, '') !~ '^[a-z][a-z0-9_]{0,49}$'
                    then format(
                        'column code: %s is not a plain word; use a to z, 0 to 9 and _, at most 50 '
                        'characters',
                        quote_literal(left(coalesce(s.code, ''), 60))
                    )
                when s.turn > 1
                    then format(
                        'column code: %s is in the feed already; remove one of the lines',
                        quote_literal(s.code)
                    )
                when exists (
                    select from existing as p where p.code = s.code and p.tenant_id is null
                ) and e.id is null
                    then format(
                        'column code: %s is a role of the platform; choose another code',
                        quote_literal(s.code)
                    )
                when s.rank_said is not null and s.rank is null
                    then format(
                        'column rank: %s is not a whole number; correct it',
                        quote_literal(left(s.rank_said, 60))
                    )
                when s.active_said is not null and s.active_stated is null
                    then format(
                        'column is_active: %s is neither true nor false; correct it',
                        quote_literal(left(s.active_said, 60))
                    )
                when s.approval_said is not null and s.approval_stated is null
                    then format(
                        'column requires_approval: %s is neither true nor false; correct it',
                        quote_literal(left(s.approval_said, 60))
                    )
                when s.parent_code is not null
                    and not exists (select from existing as p where p.code = s.parent_code)
                    and not exists (select from staged as p where p.code = s.parent_code)
                    then format(
                        'column parent_code: role %s is not known; add it or correct the code',
                        quote_literal(left(s.parent_code, 60))
                    )
                when exists (select from above as a where a.code = s.code and a.is_cycle)
                    then format(
                        'column parent_code: role %s is in a cycle; correct its parents',
                        quote_literal(s.code)
                    )
            end as problem
        from staged as s
        left join existing as e on s.code = e.code and e.tenant_id is not null
    )

    select
        'role',
        j.code,
        case
            when j.id is null then 'add'
            when j.is_leaving then 'deactivate'
            when j.is_back then 'reactivate'
            when j.is_renamed then 'rename'
            when j.is_reranked or j.is_rehung or j.is_regulated then 'change'
            else 'unchanged'
        end,
        case
            when j.id is not null
                and (
                    j.is_back or j.is_leaving or j.is_renamed or j.is_reranked or j.is_rehung
                    or j.is_regulated
                )
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'name', case when j.is_renamed then j.name_now end,
                        'rank', case when j.is_reranked then j.rank_now end,
                        'parent_code', case when j.is_rehung then j.parent_now end,
                        'requires_approval', case when j.is_regulated then j.requires_approval end,
                        'is_active', case when j.is_back or j.is_leaving then j.is_active end
                    )
                )
        end,
        case
            when j.id is null or j.is_back or j.is_leaving or j.is_renamed or j.is_reranked
                or j.is_rehung or j.is_regulated
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'name', case when j.is_renamed then j.name end,
                        'rank', case when j.is_reranked then j.rank end,
                        'parent_code', case when j.is_rehung then j.parent_code end,
                        'requires_approval', case
                            when j.is_regulated or j.id is null and j.approval_stated
                                then j.approval_stated
                        end,
                        'is_active', case
                            when j.is_back or j.is_leaving then j.is_back
                            when j.id is null and not j.active_stated then false
                        end
                    )
                )
        end,
        j.place || ', ' || j.problem,
        j.id::bigint,
        j.place
    from judged as j
    union all
    select
        'role',
        e.code,
        'deactivate',
        '{"is_active": true}',
        '{"is_active": false}',
        null,
        e.id::bigint,
        null
    from existing as e
    where e.tenant_id is not null
        and e.source = 'feed'
        and e.is_active
        and scope.top_id = scope.tenant_id
        and not exists (select from staged as s where s.code = e.code);
end
$$;

comment on function authz_private.sync_roles(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for roles of the tenant.';
revoke all on function authz_private.sync_roles(
    authz_private.sync_scope, bigint [], bigint []
) from public;
