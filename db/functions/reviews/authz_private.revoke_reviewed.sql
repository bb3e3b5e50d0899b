-- By the functions that anybody would call, as whoever closes the review. Each in a subtransaction:
-- what one may not revoke does not keep the others.

create or replace function authz_private.revoke_reviewed(
    item authz.access_review_items, out outcome text, out detail text
)
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    is_there boolean;
begin
    for attempt in 1 .. 2 loop
        is_there := case item.kind
            when 'role' then exists (select from authz.user_roles as g where g.id = item.source_id)
            when 'policy' then exists (
                select from authz.user_policies as g where g.id = item.source_id
            )
            when 'permission' then exists (
                select from authz.user_permissions as g where g.id = item.source_id
            )
            when 'membership' then exists (
                select from authz.memberships as g where g.id = item.source_id
            )
            when 'template' then exists (
                select from authz.permission_templates as g where g.id = item.source_id
            )
            else exists (
                select
                from authz.delegations as g
                where g.id = item.source_id and g.status in ('active', 'pending')
            )
        end;
        if not is_there then
            outcome := 'gone';
            detail := null;
            return;
        end if;
        -- Refused a second time though it is there: it is refused.
        exit when attempt = 2;
        begin
            case item.kind
                when 'role' then perform authz.revoke_role(item.source_id);
                when 'policy' then perform authz.revoke_policy(item.source_id);
                when 'permission' then perform authz.revoke_permission(item.source_id);
                when 'membership' then perform authz.remove_membership(item.source_id);
                when 'delegation' then perform authz.revoke_delegation(item.source_id, item.note);
                when 'template' then
                    perform authz.reset_permission_template(t.unit_id, t.permission_key)
                    from authz.permission_templates as t
                    where t.id = item.source_id;
            end case;
            outcome := 'revoked';
            return;
        exception
            when insufficient_privilege or integrity_constraint_violation then
                outcome := 'refused';
                detail := sqlerrm;
        end;
    end loop;
end
$$;

comment on function authz_private.revoke_reviewed(authz.access_review_items) is
    'Revokes what an item of a review is about: revoked; gone, if it was no longer there; refused, '
    'with the reason, if the caller may not.';
revoke all on function authz_private.revoke_reviewed(authz.access_review_items) from public;
