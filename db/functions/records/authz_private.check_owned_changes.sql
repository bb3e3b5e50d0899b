-- What a customer or an order is made of and what of it is changed are checked alike.

create or replace function authz_private.check_owned_changes(
    me bigint, tenant_id int, changes jsonb, kinds jsonb
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    wrong text;
    owner_column text;
begin
    if changes is null or jsonb_typeof(changes) <> 'object' then
        raise exception 'changes must be a JSON object'
            using errcode = '22023', hint = format('Pass some of %s.', kinds);
    end if;
    select e.key
    into wrong
    from jsonb_each(changes) as e
    where case kinds ->> e.key
            when 'text' then jsonb_typeof(e.value) <> 'string' or length(e.value #>> '{}') > 1000
            when 'owner' then coalesce(e.value #>> '{}', '') !~ '^[0-9]{1,18}$'
            when 'customer' then coalesce(e.value #>> '{}', '0') !~ '^[0-9]{1,18}$'
            else true
        end
    order by e.key
    limit 1;
    if found then
        raise exception 'changes: % is not a column to change, or not with this value',
            quote_literal(left(wrong, 60))
            using errcode = '22023', hint = format('Pass some of %s.', kinds);
    end if;
    -- Owners one does not know of are not to be tried out.
    select k.key into owner_column from jsonb_each_text(kinds) as k where k.value = 'owner';
    if changes ? owner_column
        and (changes ->> owner_column)::bigint <> me
        and not authz_private.may_refer_to_user(me, (changes ->> owner_column)::bigint)
    then
        perform authz_private.refuse_administration(owner_column);
    end if;
    if changes ->> 'customer_id' is not null and not exists (
        select
        from finance.customers as c
        where c.tenant_id = check_owned_changes.tenant_id
            and c.id = (changes ->> 'customer_id')::bigint
            and authz_private.may_touch(
                me, 'customers', 'read', array[c.manager_id], array[c.manager_unit_id], '{}'
            )
            and authz_private.row_is_permitted(me, c)
    )
    then
        perform authz_private.refuse_administration('customer_id');
    end if;
end
$$;

comment on function authz_private.check_owned_changes(bigint, int, jsonb, jsonb) is
    'Refuses changes of a customer or order: 22023 what is no column or value, kinds naming each '
    'as text, owner or customer; 42501 an owner the user does not know of or a customer they may '
    'not read.';
revoke all on function authz_private.check_owned_changes(bigint, int, jsonb, jsonb) from public;
