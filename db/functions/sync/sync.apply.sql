-- One transaction: either everything that the plan says, or nothing.

create or replace function sync.apply(
    tenant text,
    under text default null,
    only_kinds text [] default null,
    confirm int default null
)
returns table (
    kind text, external_id text, action text, before jsonb, after jsonb, problem text
)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set client_min_messages = warning
as $$
#variable_conflict use_column
declare
    scope authz_private.sync_scope;
    staging record;
    counted bigint;
    added bigint;
    differing bigint [];
    unlisted bigint [];
    totals jsonb := '{}';
    reason text := current_setting('fundwarden.reason', true);
    was_administered boolean;
begin
    scope.tenant := tenant;
    if tenant is null or authz.current_user_id() is not null
        or not authz_private.session_is_owner()
    then
        scope := authz_private.sync_scope_of(tenant, under, only_kinds);
    end if;
    -- Of two for one tenant the second waits, and reads what the first left.
    if scope.actor_id is null then
        -- Also while the tenant has no row to lock.
        perform pg_advisory_xact_lock(hashtextextended('sync ' || scope.tenant, 0));
        perform
        from authz.tenants as t
        inner join authz.org_units as n on t.id = n.id
        where coalesce(n.external_id, n.code) = scope.tenant
        for no key update of t;
    elsif scope.staged ?| array['units', 'roles', 'people', 'memberships', 'grants'] then
        -- Refuses whoever may change nothing there, before it locks. Customers, orders and funds
        -- are made without the lock, as their functions make them.
        perform authz_private.begin_administration(scope.tenant_id, 'tenant');
    end if;
    scope := authz_private.sync_scope_of(scope.tenant, under, only_kinds);
    if scope.actor_id is null then
        perform from authz.tenants as t where t.id = scope.tenant_id for no key update;
    end if;

    -- A table of the caller's own making would run code here as the owner.
    drop table if exists pg_temp.sync_work;
    create temporary table sync_work (
        number bigint generated always as identity,
        kind text,
        external_id text,
        action text,
        before jsonb,
        after jsonb,
        problem text,
        target_id bigint,
        place text
    ) on commit drop;

    was_administered := authz_private.sync_is_administered(scope.tenant_id);
    perform set_config('fundwarden.reason', 'sync', true);
    if scope.actor_id is not null then
        insert into pg_temp.sync_work (
            kind, external_id, action, before, after, problem, target_id, place
        )
        select
            c.kind,
            c.external_id,
            c.action,
            c.before,
            c.after,
            c.problem,
            c.target_id,
            c.place
        from authz_private.sync_administer(scope, false) as c;
        return query
        select
            w.kind,
            w.external_id,
            w.action,
            w.before,
            w.after,
            w.problem
        from pg_temp.sync_work as w
        order by w.number;
        select jsonb_object_agg(c.kind, c.there)
        into totals
        from (
            select
                w.kind,
                count(*) as there
            from pg_temp.sync_work as w
            group by w.kind
        ) as c;
    else
        for staging in
            select
                t.table_name,
                t.kind,
                (scope.staged ->> t.table_name)::bigint as after_number
            from authz_private.sync_tables() as t
            where scope.staged ? t.table_name
            order by t.place
        loop
            select c.differing, c.unlisted
            into differing, unlisted
            from authz_private.sync_compare(scope, staging.table_name) as c;
            counted := 0;
            if differing is not null then
                return query execute authz_private.sync_unchanged(staging.table_name)
                using scope.actor_id, staging.after_number, differing;
                get diagnostics counted = row_count;
            end if;
            if differing is null or differing <> '{}' or unlisted is not null then
                execute format(
                    'insert into pg_temp.sync_work '
                    '(kind, external_id, action, before, after, problem, target_id, place) '
                    'select c.kind, c.external_id, c.action, c.before, c.after, c.problem, '
                    'c.target_id, c.place '
                    'from authz_private.%I($1, $2, $3) as c',
                    'sync_' || staging.table_name
                )
                using scope, differing, unlisted;
                return query
                select
                    w.kind,
                    w.external_id,
                    w.action,
                    w.before,
                    w.after,
                    w.problem
                from pg_temp.sync_work as w
                where w.kind = staging.kind
                order by w.number;
                get diagnostics added = row_count;
                counted := counted + added;
            end if;
            totals := totals || jsonb_build_object(staging.kind, counted);
        end loop;
    end if;

    perform authz_private.sync_refuse_problems();
    perform authz_private.sync_refuse_surprise(scope, coalesce(totals, '{}'), confirm);
    if scope.actor_id is null then
        scope := authz_private.sync_write(scope);
    end if;
    if was_administered and not authz_private.sync_is_administered(scope.tenant_id) then
        raise exception 'the feed leaves nobody who administers the tenant'
            using
                errcode = '23514',
                hint = 'Keep somebody who may do permissions:create in the root unit. Nothing was '
                    'changed.';
    end if;
    perform authz_private.sync_finish(scope, coalesce(totals, '{}'));
    perform authz_private.sync_skip_numbers();
    drop table pg_temp.sync_work;
    perform set_config('fundwarden.reason', coalesce(reason, ''), true);
end
$$;

comment on function sync.apply(text, text, text [], int) is
    'Does what sync.plan says, in one transaction, and returns the same rows. confirm is how many '
    'objects may be deactivated, moved or removed where that is more than the percentage '
    'authz.settings.sync_limit of a kind; the refusal names the number. Audited as one event SYNC, '
    'and every changed row with the reason sync. 28000 if nobody is signed in; 42501 if that is '
    'not allowed; 22023 for an unknown tenant, unit or kind, for any line with a problem, and '
    'without the confirmation; 23514 a change that a rule of the model refuses; 40001: retry.';
revoke all on function sync.apply(text, text, text [], int) from public;
grant execute on function sync.apply(text, text, text [], int) to fundwarden_app;
