-- Who may act at all, said once for signing in and for every later look at who is signed in.

create or replace view authz_private.active_users
with (security_invoker = true)
as
select
    u.id,
    u.tenant_id
from authz.users as u
inner join authz.org_units as t on u.tenant_id = t.id and t.is_active
where u.is_active and u.id > 0;

comment on view authz_private.active_users is
    'Active users of active tenants: nobody else can be who a transaction acts for.';
revoke all on authz_private.active_users from public;
