-- PostgreSQL cannot refresh a part of a view. A mark does what is wanted of it: from the commit on
-- every reader computes this user from the tables.

create or replace function authz.refresh_user_permissions(user_id bigint, organization_id int)
returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not exists (
        select
        from authz.users as u
        where u.id = refresh_user_permissions.user_id
            and (
                refresh_user_permissions.organization_id is null
                or u.tenant_id = refresh_user_permissions.organization_id
            )
    )
    then
        raise exception 'user_id % does not exist in organization_id %',
            coalesce(refresh_user_permissions.user_id::text, 'null'),
            coalesce(refresh_user_permissions.organization_id::text, 'null')
            using
                errcode = '22023',
                hint = 'Pass a user and their tenant, or null for whichever tenant it is.';
    end if;
    insert into authz_private.policy_marks (user_id) values (refresh_user_permissions.user_id);
    return authz.policy_version();
end
$$;

comment on function authz.refresh_user_permissions(bigint, int) is
    'Brings one user up to date for every reader, without a refresh: their rights are read from '
    'the tables until the next one. Returns authz.policy_version(). 22023 if there is no such '
    'user there.';
revoke all on function authz.refresh_user_permissions(bigint, int) from public;
grant execute on function authz.refresh_user_permissions(bigint, int) to fundwarden_operator;
