-- The public face of the decision: unit ids spelled out.

create or replace function authz.user_scope(user_id bigint, resource text, action text)
returns table (unit_ids int [], own_rows boolean, own_denied boolean)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := authz_private.user_in_question(user_scope.user_id, 'user_id');
    scope record;
begin
    perform authz_private.check_question(resource, action, '{}');
    select * into scope from authz_private.scope_of(subject_id, resource, action);
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
    return next;
end
$$;

comment on function authz.user_scope(bigint, text, text) is
    'One row: the units in which the user may do action on resource, ascending; own_rows, '
    'whether rows they own count besides; own_denied, whether rows they own do not though their '
    'unit does. A null user_id means the user who is signed in. 22023 unknown resource or '
    'action; 28000 if nobody is signed in; 42501 if the caller may not ask.';
revoke all on function authz.user_scope(bigint, text, text) from public;
grant execute on function authz.user_scope(bigint, text, text)
to fundwarden_app, fundwarden_operator;
