-- Opens the one transaction of a seed or a load: who does it, on what, within which limits. What
-- the other files of this folder make lives in pg_temp and ends with the session.

do $$
begin
    if pg_catalog.to_regclass('finance.financial_funds') is null
        or pg_catalog.to_regrole('fundwarden_owner') is null
    then
        raise exception 'the database holds no fundwarden schema'
            using errcode = '55000', hint = 'Run "runner migrate" first.';
    end if;
    if not pg_catalog.pg_has_role('fundwarden_owner', 'member') then
        raise exception '% may not act as fundwarden_owner', current_user
            using
                errcode = '42501',
                hint = 'Connect as a superuser, or as a login that was granted fundwarden_owner.';
    end if;
    -- Every page of every index is logged whole: compressing them all trebles the time.
    if pg_catalog.has_parameter_privilege('wal_compression', 'set') then
        set local wal_compression = off;
    end if;
end
$$;

set local role fundwarden_owner;
set local search_path = pg_catalog, ext, pg_temp;
set local client_min_messages = warning;
set local statement_timeout = 0;
set local jit = off;
set local work_mem = '128MB';
set local maintenance_work_mem = '256MB';
