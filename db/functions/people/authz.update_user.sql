-- Tokens name a user by username or external_id, and rows of datasets name their owner by
-- external_id: to change either gives what the user holds to somebody else. Conditions may name the
-- username: to change it is to change what counts.

create or replace function authz.update_user(
    user_id bigint,
    username text default null,
    profile jsonb default null,
    external_id text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.users;
    broken text;
begin
    me := authz_private.begin_administration(
        (select u.tenant_id from authz.users as u where u.id = update_user.user_id), 'user_id'
    );
    subject := authz_private.administered_user(me, 'update', update_user.user_id);
    perform authz_private.check_words('username', update_user.username, 200);
    perform authz_private.check_words('external_id', update_user.external_id, 200);
    if jsonb_typeof(profile) <> 'object' then
        raise exception 'profile must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for none.';
    end if;
    if update_user.username <> subject.username
        or update_user.external_id is distinct from subject.external_id
        and update_user.external_id is not null
    then
        perform authz_private.require_to_hold_grants_of(me, subject);
    end if;
    if update_user.username <> subject.username
        and exists (
            select
            from authz_private.grants as g
            where g.user_id = subject.id and g.conditions is not null
        )
    then
        perform authz_private.check_belonging(
            me, subject.id,
            array(
                select g.business_unit_id
                from authz_private.grants as g
                where g.user_id = subject.id
            ),
            true
        );
    end if;
    begin
        update authz.users as u
        set username = coalesce(update_user.username, u.username),
            profile = coalesce(update_user.profile, u.profile),
            external_id = coalesce(update_user.external_id, u.external_id)
        where u.id = subject.id;
    exception
        when unique_violation then
            get stacked diagnostics broken = constraint_name;
            raise exception '%: already taken in this organisation',
                case broken
                    when 'external_ids_differ_within_a_tenant' then 'external_id'
                    else 'username'
                end
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.update_user(bigint, text, jsonb, text) is
    'Changes the given properties. Requires users:update in the base unit; for another username '
    'or external_id, the caller must hold what the user holds. 28000 if nobody is signed in; 42501 '
    'if that is not allowed or the object does not exist, for oneself, above one''s own rank; '
    '22023 for a blank username or external_id, a profile that is not an object; 23505 if the '
    'username or the external_id is taken in the tenant.';
revoke all on function authz.update_user(bigint, text, jsonb, text) from public;
grant execute on function authz.update_user(bigint, text, jsonb, text) to fundwarden_app;
