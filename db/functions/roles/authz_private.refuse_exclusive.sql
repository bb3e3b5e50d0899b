-- Writing the user's turn waits for another grant to the user, and shows it.

create or replace function authz_private.refuse_exclusive(user_ids bigint [])
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    conflict record;
begin
    if user_ids = '{}' then
        return;
    end if;
    insert into authz_private.role_turns as t (user_id)
    select r.id
    from unnest(user_ids) as r (id)
    order by r.id
    on conflict (user_id) do update set turn = t.turn + 1;

    select * into conflict from authz_private.exclusive_conflict(user_ids);
    if found then
        raise exception 'user % cannot hold the roles % and % at the same time',
            conflict.user_id, conflict.role_id, conflict.other_role_id
            using
                errcode = '23514',
                hint = 'They exclude each other, in authz.exclusive_roles: end one first.';
    end if;
end
$$;

comment on function authz_private.refuse_exclusive(bigint []) is
    'Refuses, with 23514, both halves of an exclusive pair held by one of these users; 40001: '
    'retry.';
revoke all on function authz_private.refuse_exclusive(bigint []) from public;
