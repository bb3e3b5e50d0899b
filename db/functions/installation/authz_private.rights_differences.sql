-- Each with the statement that ends it.

create or replace function authz_private.rights_differences()
returns table (
    grantee text, object text, privilege text, is_extra boolean, command text,
    needs_installer boolean
)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with differences as (
        select
            a.grantee,
            a.object,
            a.privilege,
            true as is_extra
        from authz_private.actual_rights() as a
        where (a.grantee, a.object, a.privilege) not in (
                select e.grantee, e.object, e.privilege from authz_private.expected_rights() as e
            )
        union all
        select
            e.grantee,
            e.object,
            e.privilege,
            false
        from authz_private.expected_rights() as e
        where (e.grantee, e.object, e.privilege) not in (
                select a.grantee, a.object, a.privilege from authz_private.actual_rights() as a
            )
    ),

    -- What an application reads of a table with masked columns is the data permissions' to say.
    told as (
        select d.*
        from differences as d
        where d.grantee <> 'fundwarden_app' or d.privilege <> 'SELECT'
            or not exists (
                select
                from authz_private.masked_tables() as m (table_name)
                where d.object = 'relation ' || m.table_name
                    or starts_with(d.object, 'column ' || m.table_name || '.')
            )
    ),

    named as (
        select
            d.*,
            split_part(d.object, ' ', 1) as kind,
            substring(d.object from ' (.*)$') as title,
            case d.grantee when 'PUBLIC' then 'public' else quote_ident(d.grantee) end as role
        from told as d
    )

    select
        n.grantee,
        n.object,
        n.privilege,
        n.is_extra,
        case
            when n.kind = 'role' and n.is_extra then format('revoke %s from %s;', n.title, n.role)
            when n.kind = 'role' then format('grant %s to %s;', n.title, n.role)
            else format(
                '%s %s on %s %s %s;',
                case when n.is_extra then 'revoke' else 'grant' end,
                lower(n.privilege) || case
                    when n.kind = 'column'
                        then ' (' || quote_ident(substring(n.title from '[^.]+$')) || ')'
                    else ''
                end,
                case n.kind
                    when 'function' then 'routine'
                    when 'relation' then 'table'
                    when 'column' then 'table'
                    else n.kind
                end || ' ' || case
                    when n.kind = 'column' then regexp_replace(n.title, '[.][^.]+$', '')
                    else n.title
                end,
                case when n.is_extra then 'from' else 'to' end,
                n.role
            )
        end,
        n.kind = 'role' or n.object = 'schema ext'
    from named as n;
end
$$;

comment on function authz_private.rights_differences() is
    'Rights that are not expected, and expected ones that are missing, with the statement that '
    'mends each and whether only who installed may run it.';
revoke all on function authz_private.rights_differences() from public;
