-- authz_private.scope_of with the units spelled out.

create or replace function authz_private.reached_units(
    user_id bigint,
    resource text,
    action text,
    out unit_ids int [],
    out own_rows boolean,
    out own_denied boolean
)
returns record
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    scope record;
begin
    select * into scope
    from authz_private.scope_of(
        reached_units.user_id, reached_units.resource, reached_units.action
    );
    own_rows := scope.own_rows;
    own_denied := scope.own_denied;
    unit_ids := case
        when scope.every_tenant then array(select u.id from authz.org_units as u order by u.id)
        when scope.other_tenants then array(
            select u.id
            from authz.org_units as u
            where u.tenant_id <> scope.tenant_id or u.id = any(scope.unit_ids)
            order by u.id
        )
        when scope.whole_tenant then array(
            select u.id
            from authz.org_units as u
            where u.tenant_id = scope.tenant_id
            order by u.id
        )
        else array(select i.id from unnest(scope.unit_ids) as i (id) order by i.id)
    end;
end
$$;

comment on function authz_private.reached_units(bigint, text, text) is
    'The units in which the user may do action on resource, ascending; own_rows, whether rows they '
    'own count besides; own_denied, whether rows they own do not though their unit does.';
revoke all on function authz_private.reached_units(bigint, text, text) from public;
