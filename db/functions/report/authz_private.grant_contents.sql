-- One row of the matrix: what a role, policy or permission gives on each resource.

create or replace function authz_private.grant_contents(
    granted_kind authz_private.granted_kind, granted_id int
)
returns jsonb
language sql stable security invoker parallel safe
begin atomic
    select coalesce(jsonb_object_agg(c.resource, c.gives), '{}')
    from (
        select
            e.resource,
            jsonb_agg(
                jsonb_build_object(
                    'effect', e.effect,
                    'actions', e.actions,
                    'scope', e.scope,
                    'conditional', e.is_conditional
                )
                order by e.effect desc, e.scope desc, e.is_conditional
            ) as gives
        from (
            select
                e.resource,
                e.effect,
                e.scope,
                e.conditions is not null as is_conditional,
                array_agg(distinct e.action) as actions
            from authz_private.expanded_permissions_live as e
            where e.granted_kind = grant_contents.granted_kind
                and e.granted_id = grant_contents.granted_id
            group by e.resource, e.effect, e.scope, e.conditions is not null
        ) as e
        group by e.resource
    ) as c;
end;

comment on function authz_private.grant_contents(authz_private.granted_kind, int) is
    'What a role, policy or permission gives: an object with an array of effect, actions, scope '
    'and conditional for each resource.';
revoke all on function authz_private.grant_contents(authz_private.granted_kind, int) from public;
