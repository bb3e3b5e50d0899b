-- OR REPLACE knows no constraint triggers.
drop trigger if exists _100_refresh_at_end on authz_private.refresh_requests;
create constraint trigger _100_refresh_at_end
after insert on authz_private.refresh_requests
deferrable initially deferred
for each row
execute function authz_private.tg_refresh_at_end();
