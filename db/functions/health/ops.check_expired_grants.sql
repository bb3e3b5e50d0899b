-- They give nothing, whether removed or not: a matter of order and of the size of tables.

create or replace function ops.check_expired_grants()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    expired bigint;
    kept bigint;
begin
    select
        count(*),
        count(*) filter (where g.valid_until < authz.clock() - interval '37 days')
    into expired, kept
    from (
        select r.valid_until from authz.user_roles as r where r.valid_until <= authz.clock()
        union all
        select p.valid_until from authz.user_policies as p where p.valid_until <= authz.clock()
        union all
        select p.valid_until from authz.user_permissions as p where p.valid_until <= authz.clock()
        union all
        select m.valid_until from authz.memberships as m where m.valid_until <= authz.clock()
    ) as g;

    return ops.finding(
        'expired_grants',
        'Grants that have ended are removed after a month',
        case when kept > 0 then 'warning' else 'info' end::ops.severity,
        expired,
        format('grants and memberships that have ended: %s; over 37 days ago: %s', expired, kept),
        'They give nothing. The command removes those that ended 30 days ago or earlier; the log '
        'keeps them.',
        'call ops.expire_grants();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_expired_grants() is
    'Grants and memberships whose window has ended; a warning when some ended over 37 days ago. '
    'Reads the tables of grants.';
revoke all on function ops.check_expired_grants() from public;
grant execute on function ops.check_expired_grants()
to fundwarden_operator, fundwarden_auditor;
