-- The page table is made once a session: a table a call would bloat the catalog. Only a table the
-- owner owns is used; no one else can put a rule, trigger or default on that one.

create or replace function authz_private.page_table_ready()
returns boolean
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    found_owner oid;
begin
    -- Where temporary tables cannot be made, on a standby or in a read-only transaction, the page
    -- is answered without one.
    if current_setting('transaction_read_only')::boolean then
        return false;
    end if;
    select c.relowner
    into found_owner
    from pg_class as c
    where c.relnamespace = pg_my_temp_schema() and c.relname = 'fundwarden_page';
    if found then
        return found_owner = 'fundwarden_owner'::regrole;
    end if;
    if not has_database_privilege('fundwarden_owner', current_database(), 'temporary')
        -- A planted type of that name would make the creation fail.
        or exists (
            select
            from pg_type as t
            where t.typnamespace = pg_my_temp_schema() and t.typname = 'fundwarden_page'
        )
    then
        return false;
    end if;
    -- Keys only: a column that could be toasted would double what every commit has to empty.
    create temporary table fundwarden_page (
        row_number bigint,
        total_count bigint,
        tenant_id int,
        fund_id bigint
    ) on commit delete rows;
    return true;
end
$$;

comment on function authz_private.page_table_ready() is
    'Whether the session''s page table is there, made if need be, and the owner''s own.';
revoke all on function authz_private.page_table_ready() from public;
