-- Plain DML of the owner passes here too. Sharing the row of the hierarchy waits for whoever
-- declares a pair or changes a parent; writing the user's turn waits for another grant to the user.

create or replace function authz_private.tg_exclusive_grants()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    receivers bigint [];
    conflict record;
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
    if receivers = '{}' then
        return null;
    end if;
    insert into authz_private.role_turns as t (user_id)
    select r.id
    from unnest(receivers) as r (id)
    order by r.id
    on conflict (user_id) do update set turn = t.turn + 1;

    select * into conflict from authz_private.exclusive_conflict(receivers);
    if found then
        raise exception 'user % cannot hold the roles % and % at the same time',
            conflict.user_id, conflict.role_id, conflict.other_role_id
            using
                errcode = '23514',
                hint = 'They exclude each other, in authz.exclusive_roles: end one first.';
    end if;
    return null;
end
$$;

comment on function authz_private.tg_exclusive_grants() is
    'Trigger, for tables with a user_id, a role_id and the transition table new_rows: refuses both '
    'halves of an exclusive pair for one user with 23514; 40001 retry.';
revoke all on function authz_private.tg_exclusive_grants() from public;
