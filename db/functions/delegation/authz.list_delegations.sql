-- Nothing is written when a window ends: it is said here.

create or replace function authz.list_delegations(only_open boolean default true)
returns table (
    delegation_id bigint,
    delegator_id bigint,
    delegate_id bigint,
    resource text,
    action text,
    unit_id int,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    status text,
    reason text,
    requested_by bigint,
    decided_by bigint,
    decided_at timestamptz,
    decision_reason text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
begin
    return query
    select
        d.id,
        d.delegator_id,
        d.delegate_id,
        r.code,
        d.action,
        d.unit_id,
        d.inherit_to_descendants,
        d.valid_from,
        d.valid_until,
        case
            when d.status in ('active', 'pending') and d.valid_until <= authz.clock() then 'over'
            else d.status
        end,
        d.reason,
        d.requested_by,
        d.decided_by,
        d.decided_at,
        d.decision_reason
    from authz.delegations as d
    inner join authz.users as u on d.tenant_id = u.tenant_id and u.id = me
    inner join authz.resources as r on d.resource operator (ext.=) r.path
    where (
            only_open is false
            or d.status in ('active', 'pending') and d.valid_until > authz.clock()
        )
        and (
            me in (d.delegator_id, d.delegate_id, d.requested_by)
            or authz_private.decide(me, 'permissions', 'read', d.unit_id, '{}')
        )
    order by d.id desc;
end
$$;

comment on function authz.list_delegations(boolean) is
    'Delegations from, to or asked for by the user who is signed in, and those at units where '
    'they hold permissions:read, newest first; status over: its window has ended. 28000 if '
    'nobody is signed in.';
revoke all on function authz.list_delegations(boolean) from public;
grant execute on function authz.list_delegations(boolean) to fundwarden_app;
