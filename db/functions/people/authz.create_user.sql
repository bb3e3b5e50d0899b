-- Somebody new holds nothing: what they may is granted afterwards.

create or replace function authz.create_user(
    username text, base_unit_id int, profile jsonb default '{}', external_id text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit authz.org_units;
    new_id bigint;
    broken text;
begin
    me := authz_private.begin_administration(
        (
            select n.tenant_id
            from authz.org_units as n
            where n.id = create_user.base_unit_id
        ),
        'base_unit_id'
    );
    unit := authz_private.administered_unit(
        me, 'users', 'create', create_user.base_unit_id, false, 'base_unit_id'
    );
    if create_user.username is null then
        raise exception 'username is null'
            using errcode = '22023', hint = 'Pass 1 to 200 characters.';
    end if;
    perform authz_private.check_words('username', create_user.username, 200);
    perform authz_private.check_words('external_id', create_user.external_id, 200);
    if jsonb_typeof(profile) <> 'object' then
        raise exception 'profile must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for none.';
    end if;
    begin
        insert into authz.users as u (username, base_unit_id, profile, external_id)
        values (
            create_user.username, unit.id, coalesce(create_user.profile, '{}'),
            create_user.external_id
        )
        returning u.id into new_id;
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
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_user(text, int, jsonb, text) is
    'Creates a user of the unit. Requires users:create there. 28000 if nobody is signed in; '
    '42501 if that is not allowed or the object does not exist; 22023 for a blank username or '
    'external_id, a profile that is not an object; 23505 if the username or the external_id is '
    'taken in the tenant.';
revoke all on function authz.create_user(text, int, jsonb, text) from public;
grant execute on function authz.create_user(text, int, jsonb, text) to fundwarden_app;
