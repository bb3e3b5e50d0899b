-- Each change by the function that a person would call for it.

create or replace function authz_private.sync_administer_one(
    scope authz_private.sync_scope, change authz_private.sync_change
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    stated constant jsonb := change.after;
    unit int := authz_private.sync_unit_id(scope.tenant_id, stated ->> 'unit_external_id');
    parent int := authz_private.sync_unit_id(scope.tenant_id, stated ->> 'parent_external_id');
    person bigint := authz_private.sync_person_id(
        scope.tenant_id,
        coalesce(
            stated ->> 'person_external_id', stated ->> 'manager_external_id',
            stated ->> 'handler_external_id'
        )
    );
    role_id int;
    made authz.change;
    held record;
begin
    if change.kind = 'unit' then
        if change.action = 'add' then
            made := authz.create_unit(
                parent, stated ->> 'code', stated ->> 'name',
                authz_private.sync_kind(stated ->> 'kind'), stated -> 'metadata',
                change.external_id
            );
            if not (stated ->> 'is_active')::boolean then
                perform authz.deactivate_unit(made.id::int);
            end if;
        elsif change.action = 'reactivate' then
            made := authz.activate_unit(change.target_id::int);
        end if;
        if change.action <> 'add' then
            if parent is not null then
                perform authz.move_unit(change.target_id::int, parent);
            end if;
            if stated ?| array['name', 'kind', 'metadata'] then
                made := authz.update_unit(
                    change.target_id::int, null, stated ->> 'name',
                    authz_private.sync_kind(stated ->> 'kind'), stated -> 'metadata'
                );
            end if;
        end if;
        if stated ? 'sort_order' then
            made := authz.update_unit(
                coalesce(change.target_id, made.id)::int,
                sort_order => (stated ->> 'sort_order')::int
            );
        end if;
        if change.action = 'deactivate' then
            made := authz.deactivate_unit(change.target_id::int);
            update authz.org_units as n
            set is_absent = true
            where n.id = change.target_id and change.place is null;
        end if;
    elsif change.kind = 'role' then
        if change.action = 'add' then
            made := authz.create_role(
                change.external_id, stated ->> 'name', (stated ->> 'rank')::int,
                requires_approval => (stated ->> 'requires_approval')::boolean
            );
            update authz.roles as r set source = 'feed' where r.id = made.id;
        end if;
        if change.action <> 'add' and stated ?| array['name', 'rank', 'requires_approval']
            or stated ? 'is_active'
        then
            made := authz.update_role(
                coalesce(change.target_id, made.id)::int, stated ->> 'name',
                (stated ->> 'rank')::int, (stated ->> 'is_active')::boolean,
                (stated ->> 'requires_approval')::boolean
            );
        end if;
        if change.action = 'deactivate' then
            update authz.roles as r
            set is_absent = true
            where r.id = change.target_id and change.place is null;
        end if;
        if stated ? 'parent_code' then
            made := authz.set_role_parent(
                coalesce(change.target_id, made.id)::int,
                authz_private.sync_role_id(scope.tenant_id, stated ->> 'parent_code')
            );
        end if;
    elsif change.kind = 'person' then
        if change.action = 'add' then
            made := authz.create_user(
                stated ->> 'username', unit, coalesce(stated -> 'profile', '{}'), change.external_id
            );
            if not (stated ->> 'is_active')::boolean then
                made := authz.deactivate_user(made.id);
            end if;
            return;
        end if;
        if change.action = 'reactivate' then
            made := authz.activate_user(change.target_id);
        end if;
        if unit is not null then
            made := authz.transfer_user(change.target_id, unit);
        end if;
        if stated ?| array['username', 'profile', 'external_id'] then
            made := authz.update_user(
                change.target_id, stated ->> 'username', stated -> 'profile',
                stated ->> 'external_id'
            );
        end if;
        if change.action = 'deactivate' then
            made := authz.deactivate_user(change.target_id);
            update authz.users as u
            set is_absent = true
            where u.id = change.target_id and change.place is null;
        end if;
    elsif change.kind = 'membership' then
        select m.* into held from authz.memberships as m where m.id = change.target_id;
        if change.action <> 'add' then
            made := authz.remove_membership(change.target_id);
        end if;
        if change.action <> 'remove' then
            made := authz.add_membership(
                coalesce(person, held.user_id), coalesce(unit, held.unit_id),
                coalesce((stated ->> 'valid_from')::timestamptz, held.valid_from),
                (stated ->> 'valid_until')::timestamptz
            );
            update authz.memberships as m set source = 'feed' where m.id = made.id;
        end if;
    elsif change.kind = 'grant' then
        select g.* into held from authz.user_roles as g where g.id = change.target_id;
        role_id := coalesce(
            held.role_id, authz_private.sync_role_id(scope.tenant_id, stated ->> 'role_code')
        );
        if change.action <> 'add' then
            made := authz.revoke_role(change.target_id);
        end if;
        if change.action <> 'remove' then
            if authz_private.role_requires_approval(role_id) then
                raise exception 'the role requires approval by a second person'
                    using errcode = '42501', hint = 'Ask for it with authz.assign_role.';
            end if;
            made := authz.assign_role(
                coalesce(person, held.user_id), role_id, coalesce(unit, held.unit_id),
                (stated ->> 'inherit_to_descendants')::boolean,
                coalesce((stated ->> 'valid_from')::timestamptz, held.valid_from),
                (stated ->> 'valid_until')::timestamptz
            );
            update authz.user_roles as g set source = 'feed' where g.id = made.id;
        end if;
    else
        perform authz_private.sync_administer_record(scope, change, person);
    end if;
end
$$;

comment on function authz_private.sync_administer_one(
    authz_private.sync_scope, authz_private.sync_change
) is
    'One change of the plan of an administrator. Refuses whatever the function for it refuses.';
revoke all on function authz_private.sync_administer_one(
    authz_private.sync_scope, authz_private.sync_change
) from public;
