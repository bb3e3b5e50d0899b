-- What the materialized view is made of. A restore sets row_security off, with which a refresh by
-- the owner of tables that force row security is refused: in here it is on, and the policies of the
-- owner show every row.

create or replace function authz_private.effective_policies_now()
returns setof authz.user_effective_policies_live
language sql stable security invoker parallel safe
set row_security = on
begin atomic
    select l.*
    from authz.user_effective_policies_live as l;
end;

comment on function authz_private.effective_policies_now() is
    'Rows of authz.user_effective_policies_live, whatever row_security is set to.';
revoke all on function authz_private.effective_policies_now() from public;
