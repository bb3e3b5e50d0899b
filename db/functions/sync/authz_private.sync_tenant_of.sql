-- A feed that names its root unit need not say its tenant again.

create or replace function authz_private.sync_tenant_of(
    scope authz_private.sync_scope, tenant text
)
returns text
language plpgsql stable security invoker parallel restricted
as $$
declare
    found_code text;
begin
    if tenant is not null then
        return tenant;
    end if;
    if scope.actor_id is not null then
        select coalesce(n.external_id, n.code)
        into found_code
        from authz.users as u
        inner join authz.org_units as n on u.tenant_id = n.id
        where u.id = scope.actor_id;
        return found_code;
    end if;
    select min(s.external_id)
    into found_code
    from sync.units as s
    where s.loaded_by is null
        and s.number > (scope.staged ->> 'units')::bigint
        and coalesce(s.parent_external_id, '') = ''
        and s.external_id ~ '\S'
    having count(*) = 1;
    if found_code is null then
        select min(coalesce(n.external_id, n.code))
        into found_code
        from authz.org_units as n
        where n.parent_id is null
        having count(*) = 1;
    end if;
    if found_code is null then
        raise exception 'tenant is null'
            using errcode = '22023', hint = 'Pass the external_id of the tenant''s root unit.';
    end if;
    return found_code;
end
$$;

comment on function authz_private.sync_tenant_of(authz_private.sync_scope, text) is
    'The code of the tenant; for null that of the only staged unit without a parent, else of the '
    'only tenant, for an administrator their own. 22023 if none of these is one.';
revoke all on function authz_private.sync_tenant_of(authz_private.sync_scope, text) from public;
