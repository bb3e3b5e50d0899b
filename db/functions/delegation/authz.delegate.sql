-- By who holds it.

create or replace function authz.delegate(
    delegate_id bigint,
    resource text,
    action text,
    unit_id int,
    valid_until timestamptz,
    reason text,
    valid_from timestamptz default null,
    inherit_to_descendants boolean default true
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    begins timestamptz := coalesce(delegate.valid_from, authz.clock());
    wanted ext.ltree;
    new_status text;
    new_id bigint;
begin
    perform authz_private.check_delegation(
        me, delegate.delegate_id, delegate.resource, delegate.action, delegate.unit_id,
        begins, delegate.valid_until, delegate.reason
    );
    if authz_private.may_refer_to_user(me, delegate.delegate_id) is not true then
        perform authz_private.refuse_administration('delegate_id');
    end if;
    select r.path into wanted from authz.resources as r where r.code = delegate.resource;
    -- What takes two to grant takes two to delegate.
    new_status := case
        when exists (
            select
            from authz_private.delegated_roles(me, wanted, delegate.action) as d
            inner join authz.roles as r on d.role_id = r.id
            where r.requires_approval
        )
            then 'pending'
        else 'active'
    end;
    insert into authz.delegations as d (
        tenant_id, delegator_id, delegate_id, resource, action, unit_id, inherit_to_descendants,
        valid_from, valid_until, status, reason, requested_by
    )
    select
        u.tenant_id,
        me,
        delegate.delegate_id,
        wanted,
        delegate.action,
        delegate.unit_id,
        coalesce(delegate.inherit_to_descendants, true),
        begins,
        delegate.valid_until,
        new_status,
        delegate.reason,
        me
    from authz.users as u
    where u.id = me
    returning d.id into new_id;
    return row(
        new_id, case new_status when 'active' then 'done' else new_status end,
        authz.policy_version()
    )::authz.change;
end
$$;

comment on function authz.delegate(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) is
    'Lets somebody do resource:action in the unit, and below it when inherited, for the user who '
    'is signed in until valid_until: as far as that user may do it at each instant, by what they '
    'hold themselves. At most authz.settings.longest_delegation long. Through a role that '
    'requires approval it is pending until a third person approves. 28000 if nobody is signed '
    'in; 42501 not held, or a delegate one does not know of; 22023 a window without end, over or '
    'too long, no reason, oneself; 23514 for an exclusive role; 40001: retry.';
revoke all on function authz.delegate(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) from public;
grant execute on function authz.delegate(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) to fundwarden_app;
