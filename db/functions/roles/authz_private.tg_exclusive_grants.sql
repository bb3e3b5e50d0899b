-- Plain DML of the owner passes here too. Sharing the row of the hierarchy waits for whoever
-- declares a pair or changes a parent.

create or replace function authz_private.tg_exclusive_grants()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    receivers bigint [];
begin
    perform from authz_private.role_tree as t for share;
    if not exists (select from authz.exclusive_roles) then
        return null;
    end if;
    receivers := array(
        select distinct n.user_id
        from new_rows as n
        where exists (
            select
            from authz_private.role_lineage(n.role_id) as l
            inner join authz.exclusive_roles as x on l.ancestor_id in (x.role_id, x.other_role_id)
        )
    );
    -- To whom the receivers delegate is given as much.
    perform authz_private.refuse_exclusive(
        array(
            select r.id
            from unnest(receivers) as r (id)
            union
            select d.delegate_id
            from authz.delegations as d
            where d.delegator_id = any(receivers)
                and d.status = 'active'
                and d.valid_until > authz.clock()
        )
    );
    return null;
end
$$;

comment on function authz_private.tg_exclusive_grants() is
    'Trigger, for tables with a user_id, a role_id and the transition table new_rows: refuses '
    'both halves of an exclusive pair for one user with 23514; 40001: retry.';
revoke all on function authz_private.tg_exclusive_grants() from public;
