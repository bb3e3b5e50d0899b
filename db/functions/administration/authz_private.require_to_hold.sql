-- Nobody grants what they do not hold.

create or replace function authz_private.require_to_hold(
    actor_id bigint,
    permission_ids int [],
    unit_path ext.ltree,
    inherit_to_descendants boolean,
    home_path ext.ltree,
    until timestamptz
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    missing text;
begin
    select concat_ws(':', p.resource, p.action, p.scope)
    into missing
    from authz.permissions as p
    cross join lateral (
        select
            case
                when p.scope = 'system' then ''::ext.ltree
                when p.scope = 'own' then home_path
                when p.scope = 'team' then unit_path
                -- Where there is none yet, one may come anywhere above.
                else coalesce(
                    authz_private.anchor_path(unit_path, p.scope::text),
                    ext.subpath(unit_path, 0, 1)
                )
            end as place,
            case
                -- Where nobody in particular receives it, the root stands for everywhere.
                when p.scope = 'own' then ext.nlevel(home_path) = 1
                else p.scope <> 'team' or inherit_to_descendants
            end as is_subtree
    ) as reach
    where p.id = any(permission_ids)
        and not authz_private.holds_throughout(
            actor_id, p.resource, p.action, p.conditions, reach.place, reach.is_subtree, until
        )
    order by p.id
    limit 1;
    if found then
        raise exception 'permission %: not held there by whoever gives it', missing
            using
                errcode = '42501',
                hint = 'Give what you hold yourself: as far, as long and as unconditionally.';
    end if;
end
$$;

comment on function authz_private.require_to_hold(
    bigint, int [], ext.ltree, boolean, ext.ltree, timestamptz
) is
    'Refuses with 42501, naming it, a permission that the acting user does not hold wherever it'
    ' would reach from the unit at the path. home_path is where what the receiver owns lies, '
    'for the scope own.';
revoke all on function authz_private.require_to_hold(
    bigint, int [], ext.ltree, boolean, ext.ltree, timestamptz
) from public;
