-- Decisions read the table only while its triggers are in place. A difference is then a wrong
-- answer.

create or replace function ops.check_expanded_permissions()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    is_current boolean;
    wrong bigint;
begin
    select c.is_current into is_current from authz_private.expansion_is_current() as c;
    with stored as (
        select
            e.granted_kind,
            e.granted_id,
            e.resource,
            e.action,
            e.scope,
            e.effect,
            e.priority,
            e.conditions,
            e.tenant_id,
            e.role_id,
            e.policy_id,
            e.permission_id
        from authz_private.expanded_permissions as e
    ),

    live as (
        select
            e.granted_kind,
            e.granted_id,
            e.resource,
            e.action,
            e.scope,
            e.effect,
            e.priority,
            e.conditions,
            e.tenant_id,
            e.role_id,
            e.policy_id,
            e.permission_id
        from authz_private.expanded_permissions_live as e
    )

    select count(*)
    into wrong
    from (
        (select s.* from stored as s except all select l.* from live as l)
        union all
        (select l.* from live as l except all select s.* from stored as s)
    ) as d;

    return ops.finding(
        'expanded_permissions',
        'What roles, policies and permissions give is written out as it is',
        case when is_current and wrong > 0 then 'critical' else 'warning' end::ops.severity,
        wrong + (is_current is not true)::int,
        case
            when is_current and wrong > 0 then
                format('rows that differ and are read by decisions: %s', wrong)
            when is_current then 'every row agrees'
            else format(
                'not read, because a trigger that keeps it was dropped, disabled or made again; '
                'rows that differ: %s', wrong
            )
        end,
        'Somebody has gone around the triggers. Where the rows are not read, decisions are exact '
        'and slower. If the command does not help, see the check triggers.',
        'select ops.rebuild_expanded_permissions();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_expanded_permissions() is
    'Rows of authz_private.expanded_permissions that differ from what they are made of, and '
    'whether decisions read the table at all.';
revoke all on function ops.check_expanded_permissions() from public;
grant execute on function ops.check_expanded_permissions()
to fundwarden_operator, fundwarden_auditor;
