-- Whoever lets somebody act, or makes them somebody else, gives what they were given.

create or replace function authz_private.require_to_hold_grants_of(
    actor_id bigint, subject authz.users
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    home ext.ltree;
    place record;
begin
    select n.path into home from authz.org_units as n where n.id = subject.base_unit_id;
    for place in
        select
            n.path,
            g.inherit_to_descendants,
            array_agg(distinct g.permission_id) as permission_ids
        from authz_private.grants as g
        inner join authz.org_units as n on g.business_unit_id = n.id
        where g.user_id = subject.id
            and (g.valid_until is null or g.valid_until > authz.clock())
        group by n.path, g.inherit_to_descendants
    loop
        perform authz_private.require_to_hold(
            actor_id, place.permission_ids, place.path, place.inherit_to_descendants, home, null
        );
    end loop;
end
$$;

comment on function authz_private.require_to_hold_grants_of(bigint, authz.users) is
    'Refuses with 42501 unless the acting user holds everything that the subject was given, '
    'wherever it was given.';
revoke all on function authz_private.require_to_hold_grants_of(bigint, authz.users) from public;
