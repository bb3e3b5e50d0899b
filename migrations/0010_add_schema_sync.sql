-- runs as: installer
-- In a restored database the owner may not create schemas until its rights are set again.

create schema sync authorization fundwarden_owner;

grant usage on schema sync to fundwarden_app;

comment on schema sync is
    'Feeds of a company: what its files state, what would change, and the change.';
