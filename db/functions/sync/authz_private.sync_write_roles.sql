-- Roles first, their parents after: a parent may be new, too. Called only where a role changes: a
-- statement on roles marks everybody, also one that changes no row.

create or replace function authz_private.sync_write_roles(scope authz_private.sync_scope)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    insert into authz.roles (
        tenant_id, code, name, rank, requires_approval, is_active, source
    )
    select
        scope.tenant_id,
        w.external_id,
        coalesce(w.after ->> 'name', ''),
        coalesce((w.after ->> 'rank')::int, 0),
        coalesce((w.after ->> 'requires_approval')::boolean, false),
        coalesce((w.after ->> 'is_active')::boolean, true),
        'feed'
    from pg_temp.sync_work as w
    where w.kind = 'role' and w.action = 'add'
    order by w.number;

    update authz.roles as r
    set name = coalesce(w.after ->> 'name', r.name),
        rank = coalesce((w.after ->> 'rank')::int, r.rank),
        requires_approval = coalesce(
            (w.after ->> 'requires_approval')::boolean, r.requires_approval
        ),
        is_active = coalesce((w.after ->> 'is_active')::boolean, r.is_active),
        is_absent = w.action = 'deactivate' and w.place is null
    from pg_temp.sync_work as w
    where w.kind = 'role'
        and w.action in ('rename', 'change', 'deactivate', 'reactivate')
        and r.id = w.target_id;

    update authz.roles as r
    set parent_role_id = authz_private.sync_role_id(scope.tenant_id, w.after ->> 'parent_code')
    from pg_temp.sync_work as w
    where w.kind = 'role'
        and w.after ? 'parent_code'
        and r.tenant_id = scope.tenant_id
        and r.code = w.external_id;
end
$$;

comment on function authz_private.sync_write_roles(authz_private.sync_scope) is
    'Applies the plan for roles.';
revoke all on function authz_private.sync_write_roles(authz_private.sync_scope) from public;
