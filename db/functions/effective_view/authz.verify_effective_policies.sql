-- Everything a reader would take from the view, against the tables, in one snapshot.

create or replace function authz.verify_effective_policies()
returns table (user_id bigint, grant_key text, difference text)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
begin
    if not authz_private.view_answers_for(null) then
        -- Nobody reads the view then.
        return;
    end if;
    return query
    with stored as (
        select v.*
        from authz.user_effective_policies as v
        where v.user_id is not null
            and not exists (
                select from authz_private.policy_marks as m where m.user_id = v.user_id
                and not authz_private.view_answers_for(v.user_id)
            )
    ),

    live as (
        select l.*
        from authz.user_effective_policies_live as l
        where not exists (
                select from authz_private.policy_marks as m where m.user_id = l.user_id
                and not authz_private.view_answers_for(l.user_id)
            )
    )

    select
        coalesce(s.user_id, l.user_id),
        coalesce(s.grant_key, l.grant_key),
        case
            when l.user_id is null then 'in the view, not in the tables'
            when s.user_id is null then 'in the tables, not in the view'
            else 'differs'
        end
    from stored as s
    full join live as l on s.user_id = l.user_id and s.grant_key = l.grant_key
    where s.user_id is null
        or l.user_id is null
        or row(
            s.organization_id, s.business_unit_id, s.policy_id, s.policy_name, s.effect,
            s.priority, s.resources, s.actions, s.scope, s.permission_ids, s.assignment_type,
            s.source_id, s.role_id, s.membership_id, s.inherit_to_descendants,
            s.valid_from, s.valid_until
        ) is distinct from row(
            l.organization_id, l.business_unit_id, l.policy_id, l.policy_name, l.effect,
            l.priority, l.resources, l.actions, l.scope, l.permission_ids, l.assignment_type,
            l.source_id, l.role_id, l.membership_id, l.inherit_to_descendants,
            l.valid_from, l.valid_until
        );
end
$$;

comment on function authz.verify_effective_policies() is
    'Every difference between what readers take from authz.user_effective_policies and what the '
    'tables say, in one snapshot: no rows, unless something has gone around the triggers.';
revoke all on function authz.verify_effective_policies() from public;
grant execute on function authz.verify_effective_policies()
to fundwarden_operator, fundwarden_auditor;
