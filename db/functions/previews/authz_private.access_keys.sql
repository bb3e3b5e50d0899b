-- Who was given the same in the same places reaches the same: a role of 100,000 people at 9,000
-- units is 9,000 questions.

create or replace function authz_private.access_keys(user_ids bigint [])
returns uuid []
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    moment timestamptz := authz.clock();
begin
    return array(
        select
            md5(
                concat_ws(
                    '|', u.tenant_id, u.base_unit_id, u.is_active, g.given, m.units,
                    case when g.is_personal or d.delegate_id is not null then u.id end
                )
            )::uuid
        from unnest(access_keys.user_ids) with ordinality as a (id, place)
        left join authz.users as u on a.id = u.id
        left join (
            select
                h.user_id,
                string_agg(
                    concat_ws(
                        ' ', h.granted_kind, h.granted_id, coalesce(h.unit_id, 0),
                        h.inherit_to_descendants,
                        h.valid_from <= moment, h.valid_until > moment,
                        h.valid_from is null, h.valid_until is null
                    ),
                    ',' order by h.granted_kind, h.granted_id, h.unit_id, h.source_id
                ) as given,
                -- Conditions may ask for the user.
                bool_or(c.granted_id is not null) as is_personal
            from authz_private.direct_grants as h
            left join (
                select distinct
                    e.granted_kind,
                    e.granted_id
                from authz_private.expanded_permissions_live as e
                where e.conditions is not null
            ) as c on h.granted_kind = c.granted_kind and h.granted_id = c.granted_id
            where h.user_id = any(access_keys.user_ids)
            group by h.user_id
        ) as g on u.id = g.user_id
        left join (
            select
                b.user_id,
                string_agg(
                    concat_ws(
                        ' ', b.unit_id, b.valid_from is null, b.valid_from <= moment,
                        b.valid_until is null, b.valid_until > moment
                    ),
                    ',' order by b.unit_id, b.id
                ) as units
            from authz.memberships as b
            where b.user_id = any(access_keys.user_ids)
            group by b.user_id
        ) as m on u.id = m.user_id
        left join (
            select distinct x.delegate_id
            from authz.delegations as x
            where x.status = 'active' and x.delegate_id = any(access_keys.user_ids)
        ) as d on u.id = d.delegate_id
        order by a.place
    );
end
$$;

comment on function authz_private.access_keys(bigint []) is
    'One value per user, in the same order: users with the same value reach the same, whatever '
    'roles, policies, templates and the tree say.';
revoke all on function authz_private.access_keys(bigint []) from public;
