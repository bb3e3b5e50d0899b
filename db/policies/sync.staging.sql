-- Staging tables: whoever loads sees and changes their own rows. Row security is not forced: COPY
-- refuses a table whose row security holds for the role that runs it, and the owner loads by COPY.

do $$
declare
    staging regclass;
begin
    foreach staging in array array[
        'sync.units', 'sync.people', 'sync.memberships', 'sync.roles', 'sync.grants',
        'sync.customers', 'sync.orders', 'sync.funds', 'sync.files'
    ]::regclass [] loop
        execute format('alter table %s enable row level security', staging);
        execute format('drop policy if exists owner_does_everything on %s', staging);
        execute format(
            'create policy owner_does_everything on %s to fundwarden_owner '
            'using (true) with check (true)',
            staging
        );
        execute format(
            'comment on policy owner_does_everything on %s is %L',
            staging, 'Functions of the package run as the owner.'
        );
        execute format('drop policy if exists administrators_load_their_rows on %s', staging);
        execute format(
            'create policy administrators_load_their_rows on %s to fundwarden_app '
            'using (loaded_by = (select authz.current_user_id())) '
            'with check (loaded_by = (select authz.current_user_id()))',
            staging
        );
        execute format(
            'comment on policy administrators_load_their_rows on %s is %L',
            staging, 'Rows that the user who is signed in loaded.'
        );
        execute format('revoke all on %s from public', staging);
        execute format('grant select, insert, delete on %s to fundwarden_app', staging);
    end loop;
end
$$;
