-- What is not passed stays. Effect, priority and being active are what a policy gives.

create or replace function authz.update_policy(
    policy_id int,
    name text default null,
    description text default null,
    effect authz.policy_effect default null,
    priority int default null,
    is_active boolean default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.policies;
begin
    me := authz_private.begin_administration(
        (
            select o.tenant_id
            from authz.policies as o
            where o.id = update_policy.policy_id
        ),
        'policy_id'
    );
    subject := authz_private.administered_policy(me, update_policy.policy_id);
    perform authz_private.check_words('name', update_policy.name, 200);
    begin
        update authz.policies as o
        set name = coalesce(update_policy.name, o.name),
            description = coalesce(update_policy.description, o.description),
            effect = coalesce(update_policy.effect, o.effect),
            priority = coalesce(update_policy.priority, o.priority),
            is_active = coalesce(update_policy.is_active, o.is_active)
        where o.id = subject.id;
    exception
        when unique_violation then
            raise exception 'name: already taken in this organisation'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.update_policy(
    int, text, text, authz.policy_effect, int, boolean
) is
    'Changes the given properties of a policy of the caller''s tenant, for a caller who holds '
    'permissions:update throughout it, does not hold the policy and holds all that is in it. '
    '28000 if nobody is signed in; 42501 if that is not allowed or the object does not exist, '
    'and if the caller holds it; 22023 for a blank name; 23505 if the name is taken in the '
    'tenant.';
revoke all on function authz.update_policy(
    int, text, text, authz.policy_effect, int, boolean
) from public;
grant execute on function authz.update_policy(
    int, text, text, authz.policy_effect, int, boolean
) to fundwarden_app;
