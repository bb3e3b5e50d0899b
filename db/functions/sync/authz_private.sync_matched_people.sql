-- Which person a line means: by the company's code; else somebody without a code by their username.

create or replace function authz_private.sync_matched_people(
    scope authz_private.sync_scope, numbers bigint [] default null, codes text [] default null
)
returns table (
    number bigint,
    file text,
    line int,
    external_id text,
    username text,
    unit_external_id text,
    display_name text,
    is_active text,
    profile text,
    target_id bigint
)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    return query
    with staged as materialized (
        select
            l.number,
            l.file,
            l.line,
            l.external_id,
            nullif(l.username, '') as username,
            nullif(l.unit_external_id, '') as unit_external_id,
            nullif(l.display_name, '') as display_name,
            nullif(l.is_active, '') as is_active,
            nullif(l.profile, '') as profile
        from sync.people as l
        where l.loaded_by is not distinct from scope.actor_id
            and l.number > (scope.staged ->> 'people')::bigint
            and (numbers is null or l.number = any(numbers))
            and (codes is null or l.external_id = any(codes))
    ),

    known as materialized (
        select
            u.id,
            u.external_id,
            u.username
        from authz.users as u
        where u.tenant_id = scope.tenant_id
            and (
                u.external_id = any(array(select l.external_id from staged as l))
                or u.external_id is null
                and u.username = any(
                    array(
                        select l.external_id from staged as l
                        union all
                        select l.username from staged as l
                    )
                )
            )
            -- An administrator learns nothing about other parts of the tenant.
            and (
                scope.actor_id is null
                or u.base_unit_id in (
                    select t.unit_id from authz_private.subtree(scope.top_path) as t
                )
            )
    )

    select
        s.number,
        s.file,
        s.line,
        s.external_id,
        s.username,
        s.unit_external_id,
        s.display_name,
        s.is_active,
        s.profile,
        coalesce(coded.id, named.id, adopted.id)
    from staged as s
    left join known as coded on s.external_id = coded.external_id
    left join known as named
        on s.external_id = named.username and named.external_id is null and coded.id is null
    left join known as adopted
        on s.username = adopted.username
        and adopted.external_id is null
        and coded.id is null
        and named.id is null
        and not exists (
            select
            from sync.people as o
            where o.external_id = s.username
                and o.loaded_by is not distinct from scope.actor_id
                and o.number > (scope.staged ->> 'people')::bigint
        );
end
$$;

comment on function authz_private.sync_matched_people(
    authz_private.sync_scope, bigint [], text []
) is
    'Staged lines of people, or those with these numbers or codes, each with the person it means; '
    'null: a new one.';
revoke all on function authz_private.sync_matched_people(
    authz_private.sync_scope, bigint [], text []
) from public;
