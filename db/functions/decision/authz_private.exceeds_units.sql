-- What tells most users apart from those whose scope is more than units, at the cost of reading
-- their grants: the policies ask it before they ask for the whole scope.

create or replace function authz_private.exceeds_units(
    user_id bigint,
    resource text,
    action text,
    out maybe_tenants boolean,
    out maybe_own boolean
)
returns record
language plpgsql stable security invoker parallel safe
as $$
begin
    select
        coalesce(
            bool_or(g.scope = 'system' or g.scope <> 'own' and ext.nlevel(g.anchor_path) = 1),
            false
        ),
        -- Where units show the base unit and nothing is denied, they show what is owned as well.
        coalesce(
            bool_or(g.effect = 'deny')
            or bool_or(g.scope = 'own')
            and not bool_or(
                authz_private.grant_reaches(
                    g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                    b.id, b.path, false
                )
                and g.conditions is null
            ),
            false
        )
    into maybe_tenants, maybe_own
    from authz.users as u
    inner join authz.org_units as b on u.base_unit_id = b.id
    cross join lateral authz_private.held_grants(
        exceeds_units.user_id, exceeds_units.resource, exceeds_units.action
    ) as g
    where u.id = exceeds_units.user_id;
end
$$;

comment on function authz_private.exceeds_units(bigint, text, text) is
    'Whether authz_private.scope_of could be more than units: whole tenants, or what the user '
    'owns. False is certain, true is not.';
revoke all on function authz_private.exceeds_units(bigint, text, text) from public;
