-- The rows of whoever asks, the tenant and the unit they are about, and whether that may be.

create or replace function authz_private.sync_scope_of(
    tenant text, under text, only_kinds text []
)
returns authz_private.sync_scope
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    scope authz_private.sync_scope;
    staging record;
    last_number bigint;
    fingerprint text;
    is_applied boolean;
    stale jsonb := '{}';
    tops jsonb := '{}';
    elsewhere text [];
begin
    scope.actor_id := authz.current_user_id();
    if scope.actor_id is null and not authz_private.session_is_owner() then
        scope.actor_id := authz_private.signed_in_user();
    end if;

    perform authz_private.sync_require_kinds(only_kinds);

    -- Rows that were applied give way to newer ones of their kind.
    scope.staged := '{}';
    for staging in
        select
            t.table_name,
            coalesce(m.number, 0) as applied,
            m.fingerprint,
            m.top_id,
            t.kind = any(only_kinds) or t.table_name = any(only_kinds) as is_named
        from authz_private.sync_tables() as t
        left join authz_private.sync_marks as m
            on t.table_name = m.kind and m.loaded_by = coalesce(scope.actor_id, 0)
        order by t.place
    loop
        execute format(
            'select max(s.number), %s from sync.%I as s '
            'where s.loaded_by is not distinct from $1',
            authz_private.sync_fingerprint(), staging.table_name
        )
        into last_number, fingerprint
        using scope.actor_id;
        -- After a dump and restore the table has another oid, and each row another transaction.
        is_applied := fingerprint = staging.fingerprint
            or split_part(fingerprint, '/', 1) <> split_part(staging.fingerprint, '/', 1)
            and split_part(fingerprint, '/', 2) = split_part(staging.fingerprint, '/', 2)
            and split_part(fingerprint, '/', 3) = split_part(staging.fingerprint, '/', 3);
        if last_number is not null
            and is_applied is not true
            and coalesce(staging.is_named, true)
        then
            scope.staged := scope.staged || jsonb_build_object(
                staging.table_name,
                case when last_number > staging.applied then staging.applied else 0 end
            );
        elsif staging.is_named then
            scope.staged := scope.staged || jsonb_build_object(staging.table_name, 0);
        elsif last_number is not null and only_kinds is null then
            stale := stale || jsonb_build_object(staging.table_name, 0);
        end if;
        if last_number is not null and is_applied then
            tops := tops || jsonb_build_object(staging.table_name, staging.top_id);
        end if;
    end loop;
    if scope.staged = '{}' then
        scope.staged := stale;
    end if;

    scope.tenant := authz_private.sync_tenant_of(scope, tenant);
    select n.id
    into scope.tenant_id
    from authz.org_units as n
    where n.parent_id is null
        and (
            n.external_id = scope.tenant
            or n.external_id is null
            and n.code = scope.tenant
            and not exists (
                select
                from authz.org_units as c
                where c.parent_id is null and c.external_id = scope.tenant
            )
        );
    if scope.tenant_id is null then
        if scope.actor_id is not null then
            perform authz_private.refuse_administration('tenant');
        end if;
        if not exists (
            select
            from sync.units as s
            where s.loaded_by is null
                and s.number > (scope.staged ->> 'units')::bigint
                and s.external_id = scope.tenant
        )
        then
            raise exception 'tenant: no unit has the code %', quote_literal(left(scope.tenant, 200))
                using
                    errcode = '22023',
                    hint = 'Pass the external_id of a root unit, or load one into sync.units.';
        end if;
        if under is not null and under <> scope.tenant then
            raise exception 'under: the tenant is new and has no unit %',
                quote_literal(left(under, 200))
                using errcode = '22023', hint = 'Load the whole tenant first.';
        end if;
        scope.top_code := scope.tenant;
        return scope;
    end if;

    scope.top_id := case
        when under is null then scope.tenant_id
        else authz_private.sync_unit_id(scope.tenant_id, under)
    end;
    select
        n.path,
        coalesce(n.external_id, n.path::text)
    into scope.top_path, scope.top_code
    from authz.org_units as n
    where n.id = scope.top_id;
    if scope.actor_id is not null and (
        scope.top_id is null
        or exists (
            select
            from jsonb_object_keys(scope.staged) as t (table_name)
            where not authz_private.may_act(
                scope.actor_id,
                case t.table_name
                    when 'units' then 'units'
                    when 'people' then 'users'
                    when 'memberships' then 'users'
                    when 'roles' then 'permissions'
                    when 'grants' then 'permissions'
                    else t.table_name
                end,
                'read', scope.top_id, true
            )
        )
        or not authz_private.may_act(scope.actor_id, 'users', 'read', scope.top_id, true)
        or not authz_private.may_act(scope.actor_id, 'units', 'read', scope.top_id, true)
    )
    then
        perform authz_private.refuse_administration('under');
    end if;
    if scope.top_id is null then
        raise exception 'under: no unit of the tenant has the code %',
            quote_literal(left(under, 200))
            using errcode = '22023', hint = 'Pass the external_id of a unit of the tenant.';
    end if;

    -- What one scope was told is no statement about another.
    elsewhere := array(
        select t.table_name
        from authz_private.sync_tables() as t
        where scope.staged ? t.table_name and (tops ->> t.table_name)::int <> scope.top_id
        order by t.place
    );
    if only_kinds is not null and elsewhere <> '{}' then
        raise exception 'only_kinds: the rows of % were applied to another scope', elsewhere[1]
            using
                errcode = '22023',
                hint = 'Load rows for this scope, or call sync.clear first if it has none.';
    end if;
    scope.staged := scope.staged - elsewhere;
    return scope;
end
$$;

comment on function authz_private.sync_scope_of(text, text, text []) is
    'The scope of a plan. 28000 if nobody is signed in and the session is not the owner''s; 42501 '
    'for an administrator who may not read everything below the unit; 22023 for an unknown tenant, '
    'unit or kind, and for a kind that is named and whose rows were applied to another scope.';
revoke all on function authz_private.sync_scope_of(text, text, text []) from public;
