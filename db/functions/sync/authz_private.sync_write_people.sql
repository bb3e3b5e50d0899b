-- Whoever gives up a username that another takes is renamed twice: a constraint compares row by
-- row.

create or replace function authz_private.sync_write_people(scope authz_private.sync_scope)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    changing constant bigint [] := array(
        select w.target_id
        from pg_temp.sync_work as w
        where w.kind = 'person' and w.action <> 'add' and w.after is not null
        order by w.number
    );
    step int := greatest(cardinality(changing), 1);
begin
    update authz.users as u
    set username = 'sync:' || u.id || ':' || gen_random_uuid()
    from pg_temp.sync_work as w
    inner join pg_temp.sync_work as taker
        on taker.kind = 'person' and taker.after ->> 'username' = w.before ->> 'username'
    where w.kind = 'person' and w.before ? 'username' and u.id = w.target_id;

    loop
        begin
            for beginning in 1..cardinality(changing) by step loop
                update authz.users as u
                set username = coalesce(w.after ->> 'username', u.username),
                    external_id = coalesce(w.after ->> 'external_id', u.external_id),
                    base_unit_id = coalesce(k.unit_id, u.base_unit_id),
                    profile = coalesce(w.after -> 'profile', u.profile),
                    is_active = coalesce((w.after ->> 'is_active')::boolean, u.is_active),
                    is_absent = w.action = 'deactivate' and w.place is null
                from pg_temp.sync_work as w
                left join authz_private.sync_known_units(scope.tenant_id) as k
                    on w.after ->> 'unit_external_id' = k.code
                where w.kind = 'person'
                    and w.action in ('move', 'rename', 'change', 'deactivate', 'reactivate')
                    and w.target_id = any(changing[beginning:beginning + step - 1])
                    and u.id = w.target_id;
            end loop;
            exit;
        exception
            when foreign_key_violation then
                if step = 1 then
                    raise;
                end if;
                -- Funds that this very transaction wrote are checked before all of their owners
                -- have come along, if several move in one statement.
                step := 1;
        end;
    end loop;

    insert into authz.users (tenant_id, username, base_unit_id, profile, is_active, external_id)
    select
        scope.tenant_id,
        w.after ->> 'username',
        k.unit_id,
        coalesce(w.after -> 'profile', '{}'),
        coalesce((w.after ->> 'is_active')::boolean, true),
        w.external_id
    from pg_temp.sync_work as w
    inner join authz_private.sync_known_units(scope.tenant_id) as k
        on w.after ->> 'unit_external_id' = k.code
    where w.kind = 'person' and w.action = 'add'
    order by w.number;
end
$$;

comment on function authz_private.sync_write_people(authz_private.sync_scope) is
    'Applies the plan for people.';
revoke all on function authz_private.sync_write_people(authz_private.sync_scope) from public;
