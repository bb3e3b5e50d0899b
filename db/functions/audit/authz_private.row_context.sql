-- Once per statement. What the application says about itself is cut to size and never believed
-- as identity.

create or replace function authz_private.row_context(table_name text, reason text default null)
returns authz_private.audit_context
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    said authz_private.audit_context;
begin
    select a.actor_id, a.effective_user_id
    into said.actor_id, said.effective_user_id
    from authz_private.audit_actor() as a;
    said.logged_at := clock_timestamp();
    said.xid := pg_current_xact_id();
    said.session_user_name := session_user;
    said.client_addr := inet_client_addr();
    -- After a transaction-local setting has ended it reads as '', not as null.
    said.user_agent := nullif(left(current_setting('fundwarden.user_agent', true), 500), '');
    said.request_id := nullif(left(current_setting('fundwarden.request_id', true), 200), '');
    said.reason := nullif(
        left(coalesce(row_context.reason, current_setting('fundwarden.reason', true)), 1000), ''
    );
    said.header := authz_private.audit_header(
        said.logged_at, said.xid, said.actor_id, said.effective_user_id, said.session_user_name,
        said.client_addr, said.user_agent, said.request_id, said.reason, table_name
    );
    said.table_name := table_name;
    return said;
end
$$;

comment on function authz_private.row_context(text, text) is
    'What the rows of the log of one statement have in common: who, when, from where and why.';
revoke all on function authz_private.row_context(text, text) from public;
