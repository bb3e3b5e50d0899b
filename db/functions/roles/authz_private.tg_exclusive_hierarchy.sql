-- A role that has both halves of a pair could be held by nobody, so it is refused by itself. An
-- older snapshot would not show the grants made since, and no row could tell: hence the one
-- isolation level.

create or replace function authz_private.tg_exclusive_hierarchy()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    conflict record;
    tops int [];
begin
    if tg_table_name = 'exclusive_roles' then
        update authz_private.role_tree as t set version = t.version + 1;
        tops := array[new.role_id, new.other_role_id];
    else
        tops := array[new.id];
    end if;
    if not exists (select from authz.exclusive_roles) then
        return null;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'exclusive roles and the hierarchy above them change at READ COMMITTED only'
            using errcode = '0A000', hint = 'Begin the transaction at READ COMMITTED.';
    end if;

    select b.id as role_id, x.role_id as one, x.other_role_id as other
    into conflict
    from unnest(tops) as t (id)
    cross join lateral authz_private.roles_below(t.id) as b
    inner join authz.exclusive_roles as x
        on x.role_id in (select l.ancestor_id from authz_private.role_lineage(b.id) as l)
        and x.other_role_id in (
            select l.ancestor_id from authz_private.role_lineage(b.id) as l
        )
    limit 1;
    if found then
        raise exception 'role % would have the roles % and %',
            conflict.role_id, conflict.one, conflict.other
            using
                errcode = '23514',
                hint = 'They exclude each other, in authz.exclusive_roles.';
    end if;

    select c.*
    into conflict
    from authz_private.exclusive_conflict(
        array(
            select distinct ur.user_id
            from unnest(tops) as t (id)
            cross join lateral authz_private.roles_below(t.id) as b
            inner join authz.user_roles as ur on b.id = ur.role_id
            union
            select d.delegate_id
            from unnest(tops) as t (id)
            cross join lateral authz_private.roles_below(t.id) as b
            inner join authz.user_roles as ur on b.id = ur.role_id
            inner join authz.delegations as d on ur.user_id = d.delegator_id
            where d.status = 'active'
        )
    ) as c;
    if found then
        raise exception 'user % holds the roles % and % at the same time',
            conflict.user_id, conflict.role_id, conflict.other_role_id
            using errcode = '23514', hint = 'End one of the two grants first.';
    end if;
    return null;
end
$$;

comment on function authz_private.tg_exclusive_hierarchy() is
    'Trigger on authz.roles and authz.exclusive_roles: refuses what would leave a role or a user '
    'with both halves of an exclusive pair, with 23514; 0A000 if the isolation level is above '
    'READ COMMITTED.';
revoke all on function authz_private.tg_exclusive_hierarchy() from public;
