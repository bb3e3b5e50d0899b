-- People are read as the user signed in; changed by functions.

alter table authz.users enable row level security;
alter table authz.users force row level security;

create policy owner_does_everything on authz.users
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.users is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.users from public;

create policy readers_see_their_people on authz.users
for select
to fundwarden_app
using (
    id = (select authz.my_owner_id('users', 'read'))
    or tenant_id = (select authz.my_tenant())
    and base_unit_id = any((select authz.my_units('users', 'read'))::int [])
    -- The range holds of every row: it keeps the planner, which does not know yet who asks, from
    -- expecting a whole tenant.
    or tenant_id = any((select authz.my_tenants('users', 'read'))::int [])
    and id >= (select '-9223372036854775808'::bigint)
    and id <= (select '9223372036854775807'::bigint)
);

comment on policy readers_see_their_people on authz.users is
    'users:read where they belong; of the scope own it shows oneself.';

create policy denied_what_is_their_own on authz.users
as restrictive
for select
to fundwarden_app
using (id is distinct from (select authz.my_denied_id('users', 'read')));

comment on policy denied_what_is_their_own on authz.users is
    'A deny of the scope own, stronger than what the unit allows.';
grant select (id, tenant_id, username, base_unit_id, is_active) on authz.users to fundwarden_app;
