-- The same on every table that gives a user something: memberships and the three tables of grants.
-- A user has at most one open window of a grant, and a change marks the user, so that nobody
-- believes the effective view about them. Marks are also made where session_replication_role is
-- replica.

do $$
declare
    granting regclass;
    attached record;
begin
    foreach granting in array array[
        'authz.memberships', 'authz.user_roles', 'authz.user_policies', 'authz.user_permissions'
    ]::regclass [] loop
        for attached in
            select *
            from (
                values
                (
                    '_800_one_open_window_on_insert', 'insert', 'new', 'tg_one_open_window',
                    false
                ),
                (
                    '_810_one_open_window_on_update', 'update', 'new', 'tg_one_open_window',
                    false
                ),
                ('_900_mark_inserted', 'insert', 'new', 'tg_mark_users', true),
                ('_910_mark_updated', 'update', 'old, new', 'tg_mark_users', true),
                ('_920_mark_deleted', 'delete', 'old', 'tg_mark_users', true),
                ('_930_mark_truncated', 'truncate', '', 'tg_mark_everyone', true)
            ) as v (title, event, transition_tables, function_name, is_always)
        loop
            execute format(
                'create or replace trigger %I after %s on %s %s for each statement '
                'execute function authz_private.%I()',
                attached.title, attached.event, granting,
                case attached.transition_tables
                    when 'old, new' then 'referencing old table as old_rows new table as new_rows'
                    when 'new' then 'referencing new table as new_rows'
                    when 'old' then 'referencing old table as old_rows'
                end,
                attached.function_name
            );
            if attached.is_always then
                execute format('alter table %s enable always trigger %I', granting, attached.title);
            end if;
        end loop;
    end loop;
end
$$;
