-- The same on every table with a window that may be open at either end: a bound at infinity becomes
-- null. Also where session_replication_role is replica, because readers rely on finite bounds.

do $$
declare
    windowed regclass;
begin
    foreach windowed in array array[
        'authz.memberships', 'authz.user_roles', 'authz.user_policies', 'authz.user_permissions',
        'authz.grant_requests', 'authz.row_permissions', 'authz.column_permissions',
        'authz.identity_provider_keys'
    ]::regclass [] loop
        execute format(
            'create or replace trigger _050_finite_window '
            'before insert or update of valid_from, valid_until on %s for each row '
            'when (not isfinite(new.valid_from) or not isfinite(new.valid_until)) '
            'execute function authz_private.tg_finite_window()',
            windowed
        );
        execute format('alter table %s enable always trigger _050_finite_window', windowed);
    end loop;
end
$$;
