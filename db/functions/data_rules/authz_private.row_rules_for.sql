-- The rules in force for a user, read once; also for those who explain them.

create or replace function authz_private.row_rules_for(user_id bigint, dataset text)
returns setof authz.row_permissions
language sql stable security invoker parallel safe
begin atomic
    select r.*
    from authz.row_permissions as r
    where r.dataset = row_rules_for.dataset
        and r.is_active
        and authz_private.rule_applies(
            row_rules_for.user_id,
            (select u.tenant_id from authz.users as u where u.id = row_rules_for.user_id),
            (select authz_private.roles_now(row_rules_for.user_id)),
            r.role_id, r.user_id, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
        );
end;

comment on function authz_private.row_rules_for(bigint, text) is
    'Row permissions of the dataset that are about the user now.';
revoke all on function authz_private.row_rules_for(bigint, text) from public;
