-- applied with: functions/audit/authz_private.audited_tables.sql
-- Audit triggers, the same on every table of authz_private.audited_tables(). Each passes
-- authz_private.tg_audit() the columns of the primary key, and the column that leads to the tenant.
-- They also fire where session_replication_role is replica, so that every change is recorded.

do $$
declare
    audited regclass;
    arguments text;
    attached record;
begin
    foreach audited in array authz_private.audited_tables()::regclass [] loop
        select concat_ws(', ', quote_literal(p.key), quote_literal(t.tenant_column))
        into arguments
        from array_to_string(authz_private.key_columns(audited), ',') as p (key)
        left join lateral (
            select a.attname as tenant_column
            from pg_attribute as a
            inner join (
                values
                ('tenant_id', 1), ('role_id', 2), ('policy_id', 3), ('id', 4)
            ) as wanted (name, preference) on a.attname = wanted.name
            where a.attrelid = audited
                and (a.attname <> 'id' or audited = 'authz.tenants'::regclass)
            order by wanted.preference
            limit 1
        ) as t on true;
        for attached in
            select *
            from (
                values
                ('_950_audit_inserted', 'after insert', 'referencing new table as new_rows'),
                (
                    '_960_audit_updated', 'after update',
                    'referencing old table as old_rows new table as new_rows'
                ),
                ('_970_audit_deleted', 'after delete', 'referencing old table as old_rows'),
                ('_980_audit_truncated', 'before truncate', '')
            ) as v (title, event, transition_tables)
        loop
            execute format(
                'create or replace trigger %I %s on %s %s for each statement '
                'execute function authz_private.tg_audit(%s)',
                attached.title, attached.event, audited, attached.transition_tables, arguments
            );
            execute format('alter table %s enable always trigger %I', audited, attached.title);
        end loop;
    end loop;
end
$$;
