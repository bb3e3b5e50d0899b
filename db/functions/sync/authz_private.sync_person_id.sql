-- One by one, for an administrator; authz_private.sync_known_people() is for all.

create or replace function authz_private.sync_person_id(tenant_id int, code text)
returns bigint
language sql stable security invoker parallel safe
begin atomic
    select u.id
    from authz.users as u
    where u.tenant_id = sync_person_id.tenant_id
        and (
            u.external_id = sync_person_id.code
            or u.external_id is null and u.username = sync_person_id.code
        )
    order by u.external_id is null
    limit 1;
end;

comment on function authz_private.sync_person_id(int, text) is
    'The user of the tenant with this code; null: none.';
revoke all on function authz_private.sync_person_id(int, text) from public;
