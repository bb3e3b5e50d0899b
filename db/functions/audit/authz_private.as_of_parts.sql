-- What audit.access_as_of() is made of. Whatever else these read or call would be read as it is.

create or replace function authz_private.as_of_parts()
returns table (oid oid, proname name, is_function boolean)
language sql stable security invoker parallel safe
begin atomic
    select
        p.oid,
        p.proname,
        true
    from pg_proc as p
    where p.pronamespace = 'authz_private'::regnamespace
        and p.proname in (
            'role_lineage', 'role_contents', 'policy_contents', 'role_units', 'template_at',
            'template_allows'
        )
    union all
    select
        c.oid,
        c.relname,
        false
    from pg_class as c
    where c.oid in (
        'authz_private.assignments'::regclass,
        'authz_private.grants'::regclass,
        'authz_private.held_permissions'::regclass
    );
end;

comment on function authz_private.as_of_parts() is
    'Views and functions whose text audit.access_as_of() evaluates over the tables as they were.';
revoke all on function authz_private.as_of_parts() from public;
