-- One for every table of the permission model. Arguments: the columns of the primary key; the
-- column that leads to the tenant (tenant_id, id, role_id, policy_id or nothing); columns whose
-- values are secret. Lists are separated by commas. No nested loop: its plans are kept, and made
-- when the first statement changed a row or two.

create or replace function authz_private.tg_audit()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set jit = off
set enable_nestloop = off
as $$
declare
    table_title constant text := tg_table_schema || '.' || tg_table_name;
    key_columns constant text [] := string_to_array(tg_argv[0], ',');
    key_1 constant text := key_columns[1];
    key_2 constant text := key_columns[2];
    tenant_by constant text := coalesce(tg_argv[1], '');
    secrets constant text [] := coalesce(string_to_array(tg_argv[2], ','), '{}');
    removal text := 'DELETE';
    columns text [];
    said authz_private.audit_context;
    -- Read once per row: a field of a record takes longer.
    logged_at timestamptz;
    xid xid8;
    actor_id bigint;
    effective_user_id bigint;
    session_user_name text;
    client_addr inet;
    user_agent text;
    request_id text;
    reason text;
    header text;
    counted bigint;
begin
    -- Cascades fire for every row they follow, mostly for nothing.
    if tg_op = 'INSERT' then
        if not exists (select from new_rows) then
            return null;
        end if;
    elsif tg_op <> 'TRUNCATE' then
        if not exists (select from old_rows) then
            return null;
        end if;
    end if;
    if table_title <> all(authz_private.audited_tables()) then
        raise exception '% is no table of the permission model', table_title
            using errcode = '42501', hint = 'This trigger is for those it was made for.';
    end if;
    if table_title = 'authz.permission_templates' then
        removal := 'RESET';
    end if;
    said := authz_private.row_context(table_title);
    logged_at := said.logged_at;
    xid := said.xid;
    actor_id := said.actor_id;
    effective_user_id := said.effective_user_id;
    session_user_name := said.session_user_name;
    client_addr := said.client_addr;
    user_agent := said.user_agent;
    request_id := said.request_id;
    reason := said.reason;
    header := said.header;

    if tg_op = 'INSERT' then
        insert into audit.permission_audit_log (
            id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_name, row_key, action, new_values, tenant_id,
            row_hash
        )
        select
            r.id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_title, r.row_key, 'CREATE', r.new_values, r.tenant_id,
            authz_private.audit_row_hash(
                header, r.id, 'CREATE', r.row_key, null, r.new_values, null, r.tenant_id
            )
        from (
            select
                nextval('audit.permission_audit_log_id') as id,
                case
                    when key_2 is null then jsonb_build_object(key_1, n.j -> key_1)
                    else jsonb_build_object(key_1, n.j -> key_1, key_2, n.j -> key_2)
                end as row_key,
                n.j - secrets as new_values,
                case
                    when tenant_by in ('tenant_id', 'id') then (n.j ->> tenant_by)::int
                    when tenant_by <> ''
                        then authz_private.audit_tenant(tenant_by, (n.j ->> tenant_by)::int)
                end as tenant_id
            from (select to_jsonb(n) as j from new_rows as n offset 0) as n
            offset 0
        ) as r;
    elsif tg_op = 'DELETE' then
        insert into audit.permission_audit_log (
            id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_name, row_key, action, old_values, tenant_id,
            row_hash
        )
        select
            r.id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_title, r.row_key, removal, r.old_values, r.tenant_id,
            authz_private.audit_row_hash(
                header, r.id, removal, r.row_key, r.old_values, null, null, r.tenant_id
            )
        from (
            select
                nextval('audit.permission_audit_log_id') as id,
                case
                    when key_2 is null then jsonb_build_object(key_1, o.j -> key_1)
                    else jsonb_build_object(key_1, o.j -> key_1, key_2, o.j -> key_2)
                end as row_key,
                o.j - secrets as old_values,
                case
                    when tenant_by in ('tenant_id', 'id') then (o.j ->> tenant_by)::int
                    when tenant_by <> ''
                        then authz_private.audit_tenant(tenant_by, (o.j ->> tenant_by)::int)
                end as tenant_id
            from (select to_jsonb(o) as j from old_rows as o offset 0) as o
            offset 0
        ) as r;
    elsif tg_op = 'UPDATE' then
        columns := array(
            select jsonb_object_keys((select to_jsonb(n) from new_rows as n limit 1))
        );
        insert into audit.permission_audit_log (
            id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_name, row_key, action, old_values, new_values,
            changed_columns, tenant_id, row_hash
        )
        with pairs as materialized (
            -- The rows of an update come in pairs, in one order; a pair whose keys differ is told
            -- as two rows, which is the truth also if it were no pair.
            select
                o.j as old_row,
                n.j as new_row,
                o.j -> key_1 = n.j -> key_1
                and (key_2 is null or o.j -> key_2 = n.j -> key_2) as is_same_row
            from (
                select row_number() over () as place, to_jsonb(o) as j from old_rows as o
            ) as o
            inner join (
                select row_number() over () as place, to_jsonb(n) as j from new_rows as n
            ) as n on o.place = n.place
            where o.j <> n.j
        ),

        -- In this order: an id that another row of the statement gives up is taken after that.
        changes as (
            select
                removal as action,
                p.old_row as row_then,
                p.old_row - secrets as old_values,
                null::jsonb as new_values,
                null::text [] as changed_columns
            from pairs as p
            where not p.is_same_row
            union all
            select
                'UPDATE',
                d.new_row,
                d.old_row - d.same_columns - secrets,
                d.new_row - d.same_columns - secrets,
                array(select jsonb_object_keys(d.new_row - d.same_columns))
            from (
                select
                    p.old_row,
                    p.new_row,
                    array(
                        select c
                        from unnest(columns) as c
                        where p.old_row -> c = p.new_row -> c
                    ) as same_columns
                from pairs as p
                where p.is_same_row
                offset 0
            ) as d
            union all
            select 'CREATE', p.new_row, null, p.new_row - secrets, null
            from pairs as p
            where not p.is_same_row
        )

        select
            r.id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
            user_agent, request_id, reason, table_title, r.row_key, r.action, r.old_values, r.new_values,
            r.changed_columns, r.tenant_id,
            authz_private.audit_row_hash(
                header, r.id, r.action, r.row_key, r.old_values, r.new_values,
                r.changed_columns, r.tenant_id
            )
        from (
            select
                nextval('audit.permission_audit_log_id') as id,
                c.action,
                case
                    when key_2 is null then jsonb_build_object(key_1, c.row_then -> key_1)
                    else jsonb_build_object(
                        key_1, c.row_then -> key_1, key_2, c.row_then -> key_2
                    )
                end as row_key,
                c.old_values,
                c.new_values,
                c.changed_columns,
                case
                    when tenant_by in ('tenant_id', 'id') then (c.row_then ->> tenant_by)::int
                    when tenant_by <> '' then
                        authz_private.audit_tenant(tenant_by, (c.row_then ->> tenant_by)::int)
                end as tenant_id
            from changes as c
            offset 0
        ) as r;
    else
        execute format('select count(*) from %I.%I', tg_table_schema, tg_table_name) into counted;
        perform authz_private.audit_event(
            said, 'TRUNCATE', null, jsonb_build_object('rows', counted), null
        );
    end if;
    return null;
end
$$;

comment on function authz_private.tg_audit() is
    'Trigger, for statements on the tables of the permission model with the transition tables '
    'old_rows and new_rows, and before TRUNCATE: logs every changed row. 42501 on any other table.';
revoke all on function authz_private.tg_audit() from public;
