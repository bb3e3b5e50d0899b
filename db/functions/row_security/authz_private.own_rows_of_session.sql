-- What the policies ask of the user signed in beside units, read in one place. Most users are done
-- with authz_private.exceeds_units, which costs less than the whole scope.

create or replace function authz_private.own_rows_of_session(
    resource text,
    action text,
    out user_id bigint,
    out tenant_id int,
    out own_rows boolean,
    out own_denied boolean
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
begin
    user_id := authz.current_user_id();
    if user_id is not null
        and (
            select r.maybe_own
            from authz_private.exceeds_units(user_id, own_rows_of_session.resource, own_rows_of_session.action) as r
        )
    then
        select
            s.tenant_id,
            s.own_rows,
            s.own_denied
        into tenant_id, own_rows, own_denied
        from authz_private.scope_of(user_id, own_rows_of_session.resource, own_rows_of_session.action) as s;
    end if;
end
$$;

comment on function authz_private.own_rows_of_session(text, text) is
    'The user signed in, and of authz_private.scope_of whether what they own counts though its '
    'unit does not, or does not though its unit does; null, which is as good as false, where '
    'neither can be.';
revoke all on function authz_private.own_rows_of_session(text, text) from public;
