-- The rows that were applied are marked, those before them are deleted, and the event is logged.

create or replace function authz_private.sync_finish(scope authz_private.sync_scope, totals jsonb)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    staging record;
    counts jsonb;
    files jsonb;
begin
    for staging in
        select
            t.table_name,
            (scope.staged ->> t.table_name)::bigint as after_number
        from authz_private.sync_tables() as t
        where scope.staged ? t.table_name
    loop
        if staging.after_number > 0 then
            execute format(
                'delete from sync.%I as s '
                'where s.loaded_by is not distinct from $1 and s.number <= $2',
                staging.table_name
            )
            using scope.actor_id, staging.after_number;
        end if;
        execute format(
            'insert into authz_private.sync_marks as m '
            '(loaded_by, kind, number, fingerprint, top_id) '
            'select coalesce($1, 0), %L, coalesce(max(s.number), 0), %s, $2 '
            'from sync.%I as s '
            'where s.loaded_by is not distinct from $1 '
            'on conflict (loaded_by, kind) do update set number = excluded.number, '
            'fingerprint = excluded.fingerprint, top_id = excluded.top_id '
            'where (m.fingerprint, m.top_id) <> (excluded.fingerprint, excluded.top_id)',
            staging.table_name, authz_private.sync_fingerprint(), staging.table_name
        )
        using scope.actor_id, coalesce(scope.top_id, scope.tenant_id);
    end loop;

    select jsonb_object_agg(c.kind, c.actions)
    into counts
    from (
        select
            a.kind,
            jsonb_object_agg(a.action, a.counted) as actions
        from (
            select
                w.kind,
                w.action,
                count(*) as counted
            from pg_temp.sync_work as w
            where w.action <> 'unchanged'
            group by w.kind, w.action
            union all
            select
                t.kind,
                'unchanged',
                (totals ->> t.kind)::bigint
                - (
                    select count(*)
                    from pg_temp.sync_work as w
                    where w.kind = t.kind and w.action <> 'unchanged'
                )
            from authz_private.sync_tables() as t
            where totals ? t.kind
        ) as a
        where a.counted > 0
        group by a.kind
    ) as c;
    with applied as (
        delete from sync.files as f
        where f.loaded_by is not distinct from scope.actor_id
            and (f.table_name is null or scope.staged ? f.table_name)
        returning f.file, f.sha256
    )

    select jsonb_object_agg(a.file, a.sha256)
    into files
    from applied as a
    where a.file is not null;
    perform authz_private.audit_event(
        authz_private.row_context(null, 'sync'), 'SYNC', null,
        jsonb_build_object(
            'tenant', scope.tenant, 'under', scope.top_code, 'changes', coalesce(counts, '{}'),
            'files', coalesce(files, '{}')
        ),
        scope.tenant_id
    );
end
$$;

comment on function authz_private.sync_finish(authz_private.sync_scope, jsonb) is
    'Ends an applied plan.';
revoke all on function authz_private.sync_finish(authz_private.sync_scope, jsonb) from public;
