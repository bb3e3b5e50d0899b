-- Also by somebody who could no longer make it.

create or replace function authz.withdraw_request(request_id bigint, reason text default null)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked authz.grant_requests;
begin
    me := authz_private.signed_in_user();
    select g.*
    into asked
    from authz.grant_requests as g
    where g.id = request_id and g.requested_by = me
    for no key update;
    if asked.id is null then
        perform authz_private.refuse_administration('request_id');
    end if;
    if asked.status <> 'pending' then
        raise exception 'request % is not pending', asked.id
            using errcode = '23514', hint = 'It was decided or withdrawn.';
    end if;
    update authz.grant_requests as g
    set status = 'withdrawn', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = withdraw_request.reason
    where g.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.withdraw_request(bigint, text) is
    'Withdraws a pending request, for who made it. 28000 if nobody is signed in; 42501 for '
    'anybody else, and if it does not exist; 23514 if it is not pending; 40001: retry.';
revoke all on function authz.withdraw_request(bigint, text) from public;
grant execute on function authz.withdraw_request(bigint, text) to fundwarden_app;
