-- applied with: functions/cells/authz_private.platform_tables.sql
-- The same on every table with rows of the platform. Not where session_replication_role is replica:
-- a restore writes them all.

do $$
declare
    platform record;
begin
    for platform in
        select p.title::regclass as relation, p.guarded_by
        from authz_private.platform_tables() as p
        where p.guarded_by is not null
        order by p.place
    loop
        execute format(
            'create or replace trigger _010_platform_row '
            'before insert or update or delete on %s for each row '
            'execute function authz_private.tg_platform_row(%L)',
            platform.relation, platform.guarded_by
        );
        execute format(
            'create or replace trigger _011_platform_table before truncate on %s '
            'for each statement execute function authz_private.tg_platform_row()',
            platform.relation
        );
    end loop;
end
$$;
