-- The rules in force for a user, read once; also for those who explain them.

create or replace function authz_private.column_rules_for(user_id bigint, dataset text)
returns setof authz.column_permissions
language sql stable security invoker parallel safe
begin atomic
    select r.*
    from authz.column_permissions as r
    where r.dataset = column_rules_for.dataset
        and r.is_active
        and authz_private.rule_applies(
            column_rules_for.user_id,
            (select u.tenant_id from authz.users as u where u.id = column_rules_for.user_id),
            (select authz_private.roles_now(column_rules_for.user_id)),
            r.role_id, r.user_id, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
        );
end;

comment on function authz_private.column_rules_for(bigint, text) is
    'Column permissions of the dataset that are about the user now.';
revoke all on function authz_private.column_rules_for(bigint, text) from public;
