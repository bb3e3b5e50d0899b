-- As pg_catalog has them, in the words of authz_private.expected_rights(). A right that can be
-- passed on is told a second time as such: none of ours can.

create or replace function authz_private.actual_rights()
returns table (grantee text, object text, privilege text, kind text)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with schemas as (
        select
            n.oid,
            n.nspname,
            n.nspacl,
            n.nspowner
        from pg_namespace as n
        where n.nspname in (
                'authz', 'authz_private', 'finance', 'audit', 'ops', 'secure', 'paged', 'sync',
                'platform', 'ext', 'fundwarden'
            )
    ),

    objects (kind, object, acl, owner) as (
        select
            'schema',
            n.nspname::text,
            n.nspacl,
            n.nspowner
        from schemas as n
        union all
        select
            'function',
            p.oid::regprocedure::text,
            coalesce(p.proacl, acldefault('f', p.proowner)),
            p.proowner
        from pg_proc as p
        inner join schemas as n
            on p.pronamespace = n.oid and n.nspname not in ('ext', 'paged')
        union all
        select
            case c.relkind when 'S' then 'sequence' else 'relation' end,
            c.oid::regclass::text,
            c.relacl,
            c.relowner
        from pg_class as c
        -- The views of datasets are looked after by ops.dataset_problems().
        inner join schemas as n on c.relnamespace = n.oid and n.nspname <> 'secure'
        union all
        select
            'column',
            c.oid::regclass || '.' || t.attname,
            t.attacl,
            c.relowner
        from pg_attribute as t
        inner join pg_class as c on t.attrelid = c.oid
        inner join schemas as n on c.relnamespace = n.oid and n.nspname <> 'secure'
        where t.attacl is not null
        union all
        -- Row and array types have no rights of their own.
        select
            'type',
            y.oid::regtype::text,
            coalesce(y.typacl, acldefault('T', y.typowner)),
            y.typowner
        from pg_type as y
        inner join schemas as n
            on y.typnamespace = n.oid and n.nspname not in ('ext', 'secure')
        where y.typrelid = 0 and y.typelem = 0 and y.typtype <> 'm'
    ),

    granted as (
        select
            coalesce(r.rolname::text, 'PUBLIC') as grantee,
            o.kind,
            o.kind || ' ' || o.object as object,
            a.privilege_type as privilege,
            a.is_grantable
        from objects as o
        cross join lateral aclexplode(o.acl) as a
        left join pg_roles as r on a.grantee = r.oid
        where a.grantee <> o.owner
    )

    select
        g.grantee,
        g.object,
        g.privilege,
        g.kind
    from granted as g
    union all
    select
        g.grantee,
        g.object,
        'GRANT OPTION FOR ' || g.privilege,
        g.kind
    from granted as g
    where g.is_grantable
    union all
    -- By name, for a role may be of another installation on the server.
    select
        m.member::regrole::text,
        'role ' || m.roleid::regrole::text,
        'MEMBER',
        'role'
    from pg_auth_members as m
    inner join pg_roles as r on m.member = r.oid
    where r.rolname in (
            'fundwarden_owner', 'fundwarden_app', 'fundwarden_trusted', 'fundwarden_auditor',
            'fundwarden_operator', 'fundwarden_platform'
        );
end
$$;

comment on function authz_private.actual_rights() is
    'Every right on an object of fundwarden that is anybody''s but its owner''s, and every '
    'membership of its roles; kind is the first word of object.';
revoke all on function authz_private.actual_rights() from public;
