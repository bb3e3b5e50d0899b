-- What a fund is made of and what of it is changed are checked alike.

create or replace function authz_private.check_fund_changes(me bigint, tenant_id int, changes jsonb)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    wrong text;
begin
    if changes is null or jsonb_typeof(changes) <> 'object' then
        raise exception 'changes must be a JSON object'
            using errcode = '22023', hint = 'Pass {"amount": ..., "status": ...}.';
    end if;
    select e.key
    into wrong
    from jsonb_each(changes) as e
    where case e.key
            when 'amount' then jsonb_typeof(e.value) <> 'number'
            when 'currency' then coalesce(e.value #>> '{}', '') !~ '^[A-Z]{3}$'
            when 'status' then coalesce(e.value #>> '{}', '') !~ '^[a-z][a-z0-9_]{0,49}$'
            when 'handle_by' then coalesce(e.value #>> '{}', '0') !~ '^[0-9]{1,18}$'
            when 'order_id' then coalesce(e.value #>> '{}', '0') !~ '^[0-9]{1,18}$'
            when 'customer_id' then coalesce(e.value #>> '{}', '0') !~ '^[0-9]{1,18}$'
            else true
        end
    order by e.key
    limit 1;
    if found then
        raise exception 'changes: % is not a column to change, or not with this value',
            quote_literal(left(wrong, 60))
            using
                errcode = '22023',
                hint = 'amount, currency, status, handle_by, order_id, customer_id.';
    end if;
    -- Owners one does not know of are not to be tried out.
    wrong := case
        when not coalesce(
            authz_private.may_refer_to_user(me, (changes ->> 'handle_by')::bigint),
            true
        )
            and (changes ->> 'handle_by')::bigint <> me
            then 'handle_by'
        when changes ->> 'order_id' is not null and not exists (
            select
            from finance.orders as o
            where o.tenant_id = check_fund_changes.tenant_id
                and o.id = (changes ->> 'order_id')::bigint
                and authz_private.may_touch(
                    me, 'orders', 'read', array[o.handler_id], array[o.handler_unit_id], '{}'
                )
                and authz_private.row_is_permitted(me, o)
        )
            then 'order_id'
        when changes ->> 'customer_id' is not null and not exists (
            select
            from finance.customers as c
            where c.tenant_id = check_fund_changes.tenant_id
                and c.id = (changes ->> 'customer_id')::bigint
                and authz_private.may_touch(
                    me, 'customers', 'read', array[c.manager_id], array[c.manager_unit_id], '{}'
                )
                and authz_private.row_is_permitted(me, c)
        )
            then 'customer_id'
    end;
    if wrong is not null then
        perform authz_private.refuse_administration(wrong);
    end if;
end
$$;

comment on function authz_private.check_fund_changes(bigint, int, jsonb) is
    'Refuses changes of a fund: 22023 what is no column or value, 42501 owners the user does not '
    'know of or may not read, hidden and missing objects alike.';
revoke all on function authz_private.check_fund_changes(bigint, int, jsonb) from public;
