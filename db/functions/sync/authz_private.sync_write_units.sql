-- New units first, those above before those below; then everything that changes, moves included,
-- in one statement.

create or replace function authz_private.sync_write_units(scope authz_private.sync_scope)
returns authz_private.sync_scope
language plpgsql volatile security invoker parallel unsafe
as $$
#variable_conflict use_column
declare
    ids constant regclass := pg_get_serial_sequence('authz.org_units', 'id');
begin
    perform authz_private.sync_name_kinds();
    begin
        insert into authz.org_units (
            id, parent_id, code, name, kind, sort_order, metadata, is_active, external_id
        )
        with fresh as materialized (
            select
                nextval(ids)::int as id,
                w.number,
                w.external_id,
                w.after
            from pg_temp.sync_work as w
            where w.kind = 'unit' and w.action = 'add'
        ),

        known as (
            select
                f.external_id as code,
                f.id
            from fresh as f
            union all
            select
                k.code,
                k.unit_id
            from authz_private.sync_known_units(scope.tenant_id) as k
        )

        select
            f.id,
            k.id,
            f.after ->> 'code',
            coalesce(f.after ->> 'name', ''),
            coalesce(authz_private.sync_kind(f.after ->> 'kind'), 'unit'),
            coalesce((f.after ->> 'sort_order')::int, 0),
            coalesce(f.after -> 'metadata', '{}'),
            coalesce((f.after ->> 'is_active')::boolean, true),
            f.external_id
        from fresh as f
        left join known as k on f.after ->> 'parent_external_id' = k.code
        order by f.number;
    exception
        when unique_violation then
            if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
                raise exception 'another feed has made a unit meanwhile'
                    using errcode = '40001', hint = 'Retry the transaction.';
            end if;
            raise;
    end;
    if scope.tenant_id is null then
        select n.id
        into scope.tenant_id
        from authz.org_units as n
        where n.parent_id is null and n.external_id = scope.tenant;
    end if;

    update authz.org_units as n
    set parent_id = coalesce(k.unit_id, n.parent_id),
        name = coalesce(w.after ->> 'name', n.name),
        kind = coalesce(authz_private.sync_kind(w.after ->> 'kind'), n.kind),
        sort_order = coalesce((w.after ->> 'sort_order')::int, n.sort_order),
        metadata = coalesce(w.after -> 'metadata', n.metadata),
        is_active = coalesce((w.after ->> 'is_active')::boolean, n.is_active),
        is_absent = w.action = 'deactivate' and w.place is null,
        updated_at = now()
    from pg_temp.sync_work as w
    left join authz_private.sync_known_units(scope.tenant_id) as k
        on w.after ->> 'parent_external_id' = k.code
    where w.kind = 'unit'
        and w.action in ('move', 'rename', 'change', 'deactivate', 'reactivate')
        and n.id = w.target_id;
    return scope;
end
$$;

comment on function authz_private.sync_write_units(authz_private.sync_scope) is
    'Applies the plan for units; returns the scope with its tenant. 40001: retry.';
revoke all on function authz_private.sync_write_units(authz_private.sync_scope) from public;
