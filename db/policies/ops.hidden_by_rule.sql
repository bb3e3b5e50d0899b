-- Read through ops.data_permission_effects().

alter table ops.hidden_by_rule enable row level security;
alter table ops.hidden_by_rule force row level security;

create policy owner_does_everything on ops.hidden_by_rule
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on ops.hidden_by_rule is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on ops.hidden_by_rule from public;
