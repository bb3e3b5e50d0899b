-- Whether somebody may change what they want to change, there and, where it reaches further,
-- everywhere below. Made of the decision and the scope that answer any other question.

create or replace function authz_private.may_act(
    user_id bigint, resource text, action text, unit_id int, is_subtree boolean
)
returns boolean
language plpgsql stable security invoker parallel restricted
as $$
declare
    reach record;
begin
    if not coalesce(
        authz_private.decide(
            may_act.user_id, may_act.resource, may_act.action, may_act.unit_id, '{}'
        ),
        false
    )
    then
        return false;
    elsif not coalesce(is_subtree, true) then
        return true;
    end if;
    select * into reach
    from authz_private.scope_of(may_act.user_id, may_act.resource, may_act.action);
    return not exists (
        select
        from authz.org_units as top
        cross join lateral authz_private.subtree(top.path) as s
        where top.id = may_act.unit_id
            and not (
                reach.every_tenant
                or reach.whole_tenant and top.tenant_id = reach.tenant_id
                or reach.other_tenants and top.tenant_id <> reach.tenant_id
            )
            and s.unit_id not in (select r.id from unnest(reach.unit_ids) as r (id))
    );
end
$$;

comment on function authz_private.may_act(bigint, text, text, int, boolean) is
    'Whether the user may do resource:action in the unit and, with is_subtree, in every unit '
    'below it; false for a unit that does not exist.';
revoke all on function authz_private.may_act(bigint, text, text, int, boolean) from public;
