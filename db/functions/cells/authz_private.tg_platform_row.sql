-- A change here would be undone by the next taking, or keep it from being one. The row of ops.cell
-- says which transaction takes: unlike a setting, nobody else can write it.

create or replace function authz_private.tg_platform_row()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    changed jsonb;
    is_of_platform boolean;
begin
    if not exists (
        select
        from ops.cell as c
        where c.number > 0
            -- Before its first write a transaction has no id.
            and (c.taking is null or c.taking is distinct from pg_current_xact_id_if_assigned())
    )
    then
        if tg_op = 'DELETE' then
            return old;
        end if;
        return new;
    end if;
    if tg_op <> 'TRUNCATE' then
        changed := to_jsonb(case when tg_op = 'INSERT' then new else old end);
        is_of_platform := case tg_argv[0]
            when 'always' then true
            when 'tenant_id' then changed -> 'tenant_id' = 'null'
            -- One that is made here is of nobody, and drawn from the range of the cell.
            when 'id' then tg_op <> 'INSERT' and (changed ->> 'id')::int <= (
                select r.last_id from authz_private.cell_range(0, true) as r
            )
            when 'role_id' then exists (
                select
                from authz.roles as r
                where r.id = (changed ->> 'role_id')::int and r.tenant_id is null
            )
            when 'policy_id' then exists (
                select
                from authz.policies as p
                where p.id = (changed ->> 'policy_id')::int and p.tenant_id is null
            )
            when 'provider_id' then exists (
                select
                from authz.identity_providers as i
                where i.id = (changed ->> 'provider_id')::int and i.tenant_id is null
            )
        end;
        if not is_of_platform then
            if tg_op = 'DELETE' then
                return old;
            end if;
            return new;
        end if;
    end if;
    raise exception 'rows of the platform in %.% are written in cell 0',
        tg_table_schema, tg_table_name
        using errcode = '55000', hint = 'Change them there; runner cells sync brings them here.';
end
$$;

comment on function authz_private.tg_platform_row() is
    'Trigger: refuses to write rows of the platform in a cell that takes them from cell 0. '
    'Argument: what tells that a row is one, as authz_private.platform_tables() says. 55000.';
revoke all on function authz_private.tg_platform_row() from public;
