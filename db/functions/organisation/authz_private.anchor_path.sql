-- A call and no join: most grants are of the scope team, and a plan that carries the search costs
-- them all.

create or replace function authz_private.anchor_path(unit_path ext.ltree, kind text)
returns ext.ltree
language plpgsql stable security invoker parallel safe
as $$
begin
    return (
        select o.path
        from authz.org_units as o
        where o.path operator (ext.@>) anchor_path.unit_path
            and o.kind = anchor_path.kind
        order by o.level desc
        limit 1
    );
end
$$;

comment on function authz_private.anchor_path(ext.ltree, text) is
    'Path of the nearest unit of that kind at or above the path; null: there is none.';
revoke all on function authz_private.anchor_path(ext.ltree, text) from public;
