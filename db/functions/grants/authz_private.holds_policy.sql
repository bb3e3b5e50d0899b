-- As authz_private.holds_role, of policies.

create or replace function authz_private.holds_policy(user_id bigint, policy_id int)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from authz.user_policies as up
        where up.user_id = holds_policy.user_id
            and up.policy_id = holds_policy.policy_id
            and (up.valid_until is null or up.valid_until > authz.clock())
    )
    or exists (
        select
        from authz_private.held_roles(holds_policy.user_id) as h
        inner join authz.role_policies as rp on h.role_id = rp.role_id
        where rp.policy_id = holds_policy.policy_id
    );
end;

comment on function authz_private.holds_policy(bigint, int) is
    'Whether the user holds, or will hold, the policy, directly or through a role.';
revoke all on function authz_private.holds_policy(bigint, int) from public;
