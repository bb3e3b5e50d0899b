-- Rights that nothing of ours gave are not taken away by applying a file again, so they are told
-- with the command that does.

create or replace function ops.check_rights()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    extra bigint;
    missing bigint;
    commands text;
    needs_installer boolean;
begin
    select
        count(*) filter (where d.is_extra),
        count(*) filter (where not d.is_extra),
        string_agg(d.command, E'\n' order by d.command),
        bool_or(d.needs_installer)
    into extra, missing, commands, needs_installer
    from authz_private.rights_differences() as d;

    return ops.finding(
        'rights',
        'Roles hold the rights that fundwarden gives them',
        case when extra > 0 then 'critical' else 'warning' end::ops.severity,
        extra + missing,
        format('rights that were not meant: %s; rights that are missing: %s', extra, missing),
        'Give an application rights by granting its login fundwarden_app, and nothing of ours '
        'besides.',
        commands,
        case when needs_installer then 'installer' else 'fundwarden_owner' end
    );
end
$$;

comment on function ops.check_rights() is
    'Rights on our objects, and memberships of our roles, that differ from '
    'authz_private.expected_rights(). For rights on the database see '
    'ops.check_rights_on_database().';
revoke all on function ops.check_rights() from public;
grant execute on function ops.check_rights()
to fundwarden_operator, fundwarden_auditor;
