-- runs as: installer
-- In a restored database the owner may not create schemas until its rights are set again.

create schema paged authorization fundwarden_owner;

grant usage on schema paged to fundwarden_app, fundwarden_operator;

comment on schema paged is
    'Functions of datasets with owners: a page, a count, an export and the reason for a row.';
