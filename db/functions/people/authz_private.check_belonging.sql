-- Where a user belongs is where their grants without a unit hold, and some conditions are about who
-- one is: to change either is to give and to take those.

create or replace function authz_private.check_belonging(
    actor_id bigint, user_id bigint, unit_ids int [], with_conditions boolean
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    place record;
begin
    for place in
        select n.id, n.path
        from authz.org_units as n
        where n.id = any(unit_ids)
    loop
        perform authz_private.require_to_hold(
            actor_id,
            array(
                select distinct g.permission_id
                from authz_private.grants as g
                inner join authz_private.assignments as a
                    on g.assignment_type = a.assignment_type
                    and g.source_id = a.source_id
                    and a.user_id = check_belonging.user_id
                where g.user_id = check_belonging.user_id
                    and (g.valid_until is null or g.valid_until > authz.clock())
                    and (a.unit_id is null or with_conditions and g.conditions is not null)
            ),
            place.path, true, place.path, null
        );
        if not authz_private.outranks(
            actor_id, authz_private.highest_rank(check_belonging.user_id), place.path, false
        )
        then
            raise exception 'user_id: holds a role above your rank'
                using errcode = '42501', hint = 'Ask somebody of at least their rank.';
        end if;
    end loop;
end
$$;

comment on function authz_private.check_belonging(bigint, bigint, int [], boolean) is
    'Refuses with 42501 unless the acting user holds, throughout these units, everything the '
    'user was given without a unit and, with_conditions, everything they were given under a '
    'condition.';
revoke all on function authz_private.check_belonging(bigint, bigint, int [], boolean) from public;
