-- Nothing is written when a request expires: it is said here.

create or replace function authz.list_requests(only_pending boolean default true)
returns table (
    request_id bigint,
    user_id bigint,
    role_id int,
    unit_id int,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    reason text,
    status text,
    requested_by bigint,
    requested_at timestamptz,
    expires_at timestamptz,
    decided_by bigint,
    decided_at timestamptz,
    decision_reason text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    mine int;
begin
    select u.tenant_id into mine from authz.users as u where u.id = me;
    return query
    select
        g.id,
        g.user_id,
        g.role_id,
        g.unit_id,
        g.inherit_to_descendants,
        g.valid_from,
        g.valid_until,
        g.reason,
        e.status,
        g.requested_by,
        g.requested_at,
        g.expires_at,
        g.decided_by,
        g.decided_at,
        g.decision_reason
    from authz.grant_requests as g
    inner join authz.users as u on g.tenant_id = u.tenant_id and g.user_id = u.id
    cross join lateral (
        select
            case
                when g.status = 'pending' and g.expires_at <= authz.clock() then 'expired'
                else g.status
            end as status
    ) as e
    where g.tenant_id = mine
        and (e.status = 'pending' or only_pending is false)
        and (
            me in (g.requested_by, g.user_id)
            or authz_private.decide(
                me, 'permissions', 'read', coalesce(g.unit_id, u.base_unit_id), '{}'
            )
        )
    order by g.id desc;
end
$$;

comment on function authz.list_requests(boolean) is
    'Requests the user who is signed in made, is to benefit from, or may see by permissions:read '
    'at the unit, newest first; status is pending, approved, rejected, withdrawn or expired. '
    '28000 if nobody is signed in.';
revoke all on function authz.list_requests(boolean) from public;
grant execute on function authz.list_requests(boolean) to fundwarden_app;
