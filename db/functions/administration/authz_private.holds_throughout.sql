-- What somebody may pass on: held by a grant, everywhere the new one would reach, for as long, and
-- under no condition the new one is not under. Only the four kinds of grants count: what is held by
-- rank, by delegation or by anything to come is not for passing on.

create or replace function authz_private.holds_throughout(
    user_id bigint,
    resource ext.ltree,
    action text,
    conditions jsonb,
    place ext.ltree,
    is_subtree boolean,
    until timestamptz
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    with held as (
        select
            g.effect,
            g.priority,
            g.resource,
            g.action,
            g.scope,
            g.conditions,
            g.assignment_type,
            g.valid_from,
            g.valid_until,
            case
                when g.scope = 'system' then ''::ext.ltree
                when g.scope in ('region', 'organization')
                    then authz_private.anchor_path(n.path, g.scope::text)
                else n.path
            end as place,
            g.scope <> 'team' or g.inherit_to_descendants as is_subtree
        from authz_private.grants as g
        inner join authz.org_units as n on g.business_unit_id = n.id and n.is_active
        where g.user_id = holds_throughout.user_id
            and g.refusal is null
            and (g.valid_until is null or g.valid_until > authz.clock())
    )

    select exists (
        select
        from held as a
        where a.effect = 'allow'
            and a.scope <> 'own'
            and a.assignment_type in (
                'role_permission', 'role_policy', 'user_policy', 'user_permission'
            )
            and a.resource operator (ext.@>) holds_throughout.resource
            and a.action in (holds_throughout.action, 'manage')
            and (a.conditions is null or a.conditions = holds_throughout.conditions)
            and (a.valid_from is null or a.valid_from <= authz.clock())
            and (a.valid_until is null or a.valid_until >= holds_throughout.until)
            and (
                a.is_subtree and a.place operator (ext.@>) holds_throughout.place
                or not holds_throughout.is_subtree
                and a.place operator (ext.=) holds_throughout.place
            )
            and not exists (
                select
                from held as d
                where d.effect = 'deny'
                    and d.priority >= a.priority
                    and (
                        d.resource operator (ext.@>) holds_throughout.resource
                        or holds_throughout.resource operator (ext.@>) d.resource
                    )
                    and (
                        d.action in (holds_throughout.action, 'manage')
                        or holds_throughout.action = 'manage'
                    )
                    and (
                        d.scope = 'own'
                        or d.is_subtree and d.place operator (ext.@>) holds_throughout.place
                        or holds_throughout.is_subtree
                        and holds_throughout.place operator (ext.@>) d.place
                        or d.place operator (ext.=) holds_throughout.place
                    )
            )
    );
end;

comment on function authz_private.holds_throughout(
    bigint, ext.ltree, text, jsonb, ext.ltree, boolean, timestamptz
) is
    'Whether one allow the user was given covers the resource and action throughout the place '
    '(the empty path: every tenant), until then (null: for ever), with no condition or the '
    'same, and no deny of the user that meets it is of the same priority or a higher one.';
revoke all on function authz_private.holds_throughout(
    bigint, ext.ltree, text, jsonb, ext.ltree, boolean, timestamptz
) from public;
