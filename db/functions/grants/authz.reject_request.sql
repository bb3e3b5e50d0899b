-- By whoever could approve.

create or replace function authz.reject_request(request_id bigint, reason text)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked authz.grant_requests;
begin
    me := authz_private.begin_administration(
        (
            select g.tenant_id
            from authz.grant_requests as g
            where g.id = request_id
        ),
        'request_id'
    );
    perform authz_private.check_words(
        'reason', coalesce(reason, ''), 2000, 'Say why: 1 to 2000 characters.'
    );
    asked := authz_private.pending_request(me, request_id);
    update authz.grant_requests as g
    set status = 'rejected', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = reject_request.reason
    where g.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.reject_request(bigint, text) is
    'Rejects a pending request. 28000 if nobody is signed in; 42501 if that is not allowed or '
    'the object does not exist, who asked, who is to receive; 22023 without a reason; 23514 if '
    'it is not pending; 40001: retry.';
revoke all on function authz.reject_request(bigint, text) from public;
grant execute on function authz.reject_request(bigint, text) to fundwarden_app;
