-- Who asked has to be entitled still: a request outlives no demotion.

create or replace function authz.approve_request(request_id bigint, reason text default null)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked authz.grant_requests;
    new_id bigint;
begin
    me := authz_private.begin_administration(
        (
            select g.tenant_id
            from authz.grant_requests as g
            where g.id = request_id
        ),
        'request_id'
    );
    asked := authz_private.pending_request(me, request_id);
    begin
        perform authz_private.check_role_assignment(
            asked.requested_by, asked.user_id, asked.role_id, asked.unit_id,
            asked.inherit_to_descendants, asked.valid_until
        );
    exception
        when insufficient_privilege then
            raise exception 'request_id: who asked may no longer give the role'
                using errcode = '42501', hint = 'Reject it, and ask anew.';
    end;
    begin
        insert into authz.user_roles as g (
            tenant_id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until
        )
        values (
            asked.tenant_id, asked.user_id, asked.role_id, asked.unit_id,
            asked.inherit_to_descendants, asked.valid_from, asked.valid_until
        )
        returning g.id into new_id;
    exception
        when unique_violation or exclusion_violation then
            perform authz_private.refuse_overlap('request_id');
    end;
    update authz.grant_requests as g
    set status = 'approved', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = approve_request.reason
    where g.id = asked.id;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.approve_request(bigint, text) is
    'Gives the role that was asked for, for a second person who could give it themselves, while '
    'who asked still could; id is that of the grant. 28000 if nobody is signed in; 42501 if that '
    'is not allowed or the object does not exist, who asked, who is to receive; 23514 if it is '
    'not pending, an exclusive role; 23P01 if the user has it there already for a part of that '
    'time; 40001: retry.';
revoke all on function authz.approve_request(bigint, text) from public;
grant execute on function authz.approve_request(bigint, text) to fundwarden_app;
