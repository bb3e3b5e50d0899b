-- Two at most: by external_id and by id.

create or replace function authz_private.references_of(user_id bigint)
returns text []
language sql stable security invoker parallel safe
begin atomic
    select array(
        select r.reference
        from authz_private.owner_references as r
        inner join authz.users as u on r.tenant_id = u.tenant_id and r.user_id = u.id
        where u.id = references_of.user_id
    );
end;

comment on function authz_private.references_of(bigint) is
    'How rows of stored datasets name a user.';
revoke all on function authz_private.references_of(bigint) from public;
