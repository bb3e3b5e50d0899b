-- A delegation of somebody who has left gives nothing while they are inactive, and would again if
-- they came back.

create or replace function ops.check_orphans()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    delegations bigint;
    templates bigint;
begin
    select count(*)
    into delegations
    from authz_private.orphaned_delegations() as d;
    select count(*)
    into templates
    from authz_private.orphaned_templates() as t;

    return ops.finding(
        'orphans',
        'Delegations and templates refer to what is in use',
        'warning',
        delegations + templates,
        format(
            'delegations of or to somebody inactive, or at an inactive unit: %s; templates of a '
            'resource or an action that is not there: %s',
            delegations, templates
        ),
        'The command revokes the delegations and removes the templates; both are logged.',
        'call ops.revoke_orphans();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_orphans() is
    'Delegations in force whose people or unit are inactive, and templates of a resource or action '
    'that no permission has.';
revoke all on function ops.check_orphans() from public;
grant execute on function ops.check_orphans()
to fundwarden_operator, fundwarden_auditor;
