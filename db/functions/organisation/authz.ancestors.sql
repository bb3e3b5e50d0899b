-- Anyone signed in may know the shape of their own organisation, and of no other.

create or replace function authz.ancestors(unit_id int)
returns setof authz.org_units
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unit authz.org_units := authz_private.unit_in_question(ancestors.unit_id, 'unit_id');
begin
    return query
    select n.*
    from authz.org_units as n
    where n.path = any(
        array(
            select subpath(unit.path, 0, l.level)
            from generate_series(1, unit.level - 1) as l (level)
        )
    )
    order by n.level;
end
$$;

comment on function authz.ancestors(int) is
    'Units above the unit, itself not included, the root first. 22023 if there is no such unit; '
    '28000 if nobody is signed in; 42501 if the caller may not ask.';
revoke all on function authz.ancestors(int) from public;
grant execute on function authz.ancestors(int) to fundwarden_app, fundwarden_operator;
