-- In firing order.

create or replace trigger _100_exclusive_pair_fits
before insert or update on authz.exclusive_roles
for each row
execute function authz_private.tg_exclusive_pair_fits();

create or replace trigger _200_nobody_holds_both
after insert or update on authz.exclusive_roles
for each row
execute function authz_private.tg_exclusive_hierarchy();

-- Also where session_replication_role is replica: separation of duties has no exception.
alter table authz.exclusive_roles enable always trigger _100_exclusive_pair_fits;
alter table authz.exclusive_roles enable always trigger _200_nobody_holds_both;
