-- Anyone signed in may know the shape of their own organisation, and of no other.

create or replace function authz.descendants(unit_id int)
returns setof authz.org_units
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unit authz.org_units := authz_private.unit_in_question(descendants.unit_id, 'unit_id');
begin
    return query
    select n.*
    from authz_private.subtree(unit.path) as s
    inner join authz.org_units as n on s.unit_id = n.id
    where n.id <> unit.id
    order by n.path;
end
$$;

comment on function authz.descendants(int) is
    'Units below the unit, itself not included, in order of path. 22023 if there is no such '
    'unit; 28000 if nobody is signed in; 42501 if the caller may not ask.';
revoke all on function authz.descendants(int) from public;
grant execute on function authz.descendants(int) to fundwarden_app, fundwarden_operator;
