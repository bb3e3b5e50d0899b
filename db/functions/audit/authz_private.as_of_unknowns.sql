-- A table that is not audited, or a function that is not written out, would be read as it is now:
-- then no answer is better than that one.

create or replace function authz_private.as_of_unknowns()
returns text
language plpgsql stable security invoker parallel safe
as $$
begin
    return (
        select string_agg(distinct s.title, ', ')
        from (
            select coalesce(f.oid::regprocedure::text, n.nspname || '.' || r.relname) as title
            from authz_private.as_of_parts() as p
            left join pg_rewrite as w on not p.is_function and w.ev_class = p.oid
            inner join pg_depend as d
                on d.objid = coalesce(w.oid, p.oid)
                and d.classid = case
                    when p.is_function then 'pg_proc'::regclass else 'pg_rewrite'::regclass
                end
            left join pg_class as r
                on d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
            left join pg_proc as f
                on d.refclassid = 'pg_proc'::regclass and d.refobjid = f.oid
            inner join pg_namespace as n on n.oid = coalesce(r.relnamespace, f.pronamespace)
            where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
                and coalesce(r.oid, f.oid) not in (
                    select x.oid from authz_private.as_of_parts() as x
                )
                and (r.oid is null or n.nspname || '.' || r.relname <> all(
                    authz_private.audited_tables()
                ))
                and (f.oid is null or f.proname <> 'clock')
        ) as s
    );
end
$$;

comment on function authz_private.as_of_unknowns() is
    'What the parts of audit.access_as_of() read or call that it cannot read as it was; null: '
    'nothing.';
revoke all on function authz_private.as_of_unknowns() from public;
