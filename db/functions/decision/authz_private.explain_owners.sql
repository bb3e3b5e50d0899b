-- The decision for each owner of one row, stated once for funds and for datasets. It uses the same
-- grants as a page.

create or replace function authz_private.explain_owners(
    subject_id bigint,
    resource text,
    owner_names text [],
    owner_ids bigint [],
    unit_ids int [],
    is_permitted boolean
)
returns table (
    is_visible boolean,
    owner_name text,
    owner_id bigint,
    owner_unit_id int,
    owner_unit_path text,
    assignment text,
    grant_id bigint,
    role_code text,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission text,
    grant_unit_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    reason text
)
language sql stable security invoker parallel restricted
begin atomic
    with considered as (
        select
            o.name,
            o.id,
            n.id as unit_id,
            n.path,
            w.*,
            w.counted and w.effect = 'allow' and bool_or(w.decisive and w.effect = 'allow')
                over (partition by o.name) as shows
        from unnest(
            explain_owners.owner_names, explain_owners.owner_ids, explain_owners.unit_ids
        ) as o (name, id, unit_id)
        inner join authz.org_units as n on o.unit_id = n.id
        inner join authz_private.explain_grants(
            explain_owners.subject_id, explain_owners.resource, 'read', o.unit_id,
            jsonb_build_object('owner_id', o.id)
        ) as w on true
        where o.id is not null
    )

    select
        c.shows and explain_owners.is_permitted,
        c.name,
        c.id,
        c.unit_id,
        c.path::text,
        c.assignment_type,
        c.source_id,
        c.role_path,
        c.policy_name,
        c.effect,
        c.priority,
        c.permission,
        c.grant_unit_path,
        c.inherit_to_descendants,
        c.valid_from,
        c.valid_until,
        case
            when c.shows and not explain_owners.is_permitted then 'hidden by row permissions'
            when not c.shows and c.counted and c.effect = 'deny' and c.decisive then 'denied'
            when not c.shows then c.reason
            when c.permission like '%:own' then 'the user owns it'
            when c.permission like '%:system' then 'the grant reaches every tenant'
            else format('%s lies in %s', c.path, c.grant_unit_path)
        end
    from considered as c;
end;

comment on function authz_private.explain_owners(
    bigint, text, text [], bigint [], int [], boolean
) is
    'Why the owners of one row, given by name, id and unit, show it to the user for resource:read: '
    'one row per owner and grant. is_permitted: whether row permissions let the user see the row.';
revoke all on function authz_private.explain_owners(
    bigint, text, text [], bigint [], int [], boolean
) from public;
