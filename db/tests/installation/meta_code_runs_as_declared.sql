-- Asks the catalog about every function of ours, also of those not written yet; for what else is
-- asked of them, meta_rights_are_as_listed.sql asks ops.rls_lint().
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(10);

create temporary view our_functions as
select
    p.oid,
    p.oid::regprocedure::text as function,
    n.nspname as schema,
    l.lanname as language,
    p.prosecdef,
    p.provolatile,
    p.prosrc,
    p.prosqlbody,
    p.prorettype,
    p.proowner,
    p.proacl,
    coalesce(p.proconfig, '{}') as settings
from pg_proc as p
inner join pg_namespace as n on p.pronamespace = n.oid
inner join pg_language as l on p.prolang = l.oid
where n.nspowner = to_regrole('fundwarden_owner');

select cmp_ok(
    (select count(*) from our_functions), '>', 40::bigint, 'the questions below find functions'
);
select cmp_ok(
    (select count(*) from our_functions where prosecdef), '>', 10::bigint, 'and definers'
);

select is_empty(
    $$
    select function
    from our_functions
    where language = 'plpgsql'
        and schema <> 'authz_private'
        and not settings @> '{"search_path=pg_catalog, ext, pg_temp"}'
        and function::text <> 'ops.object_changes()'
    $$,
    'every PL/pgSQL function outside authz_private pins its search_path'
);
select is_empty(
    $$
    select function, setting
    from our_functions
    cross join lateral unnest(settings) as s (setting)
    where setting like 'search_path=%'
        and setting <> 'search_path=pg_catalog, ext, pg_temp'
        -- They name objects, so ext must not be on their path.
        and not (
            function::text in ('ops.installed_objects(boolean)', 'ops.object_changes()')
            and setting = 'search_path=pg_catalog, pg_temp'
        )
    $$,
    'there is one search_path, in every function that pins any'
);
-- What lacks a path runs with its caller's, so only functions that pin one may be the caller.
select is_empty(
    $$
    select f.function
    from our_functions as f
    cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
    where f.prosqlbody is null
        and not f.settings::text like '%search_path=%'
        and (a.grantee <> f.proowner or f.prorettype = 'trigger'::regtype)
    $$,
    'what pins no search_path is called by functions of the owner alone'
);
select is_empty(
    $$
    select function
    from our_functions
    where language not in ('sql', 'plpgsql')
        or language = 'sql'
        and prosqlbody is null
        -- These read the materialized view, which a bound body would keep from being made again.
        and function::text !~ '^authz_private\.(view_answers|stored_grants)\('
        -- A bound body would list the columns of the catalogs, which differ between major versions.
        and function::text <> 'ops.installed_objects(boolean)'
    $$,
    'functions are PL/pgSQL, or SQL with a body bound to its names at creation'
);

-- A parsed body names what it calls and reads by number.
select is_empty(
    $$
    select f.function, m.called[1]::oid::regprocedure
    from our_functions as f
    cross join lateral regexp_matches(
        f.prosqlbody::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g'
    ) as m (called)
    inner join pg_proc as p on m.called[1]::oid = p.oid
    where f.provolatile = 'i' and p.provolatile <> 'i'
    $$,
    'no immutable SQL function calls what is not immutable'
);
select is_empty(
    $$
    select function
    from our_functions
    where provolatile = 'i'
        and (
            prosqlbody::text ~ ':relid [1-9]|\{SQLVALUEFUNCTION|\{NEXTVALUEEXPR'
            or prosqlbody is null and prosrc ~* concat(
                '\m(select|from|perform|execute|insert|update|delete|now|random|clock_timestamp',
                '|statement_timestamp|transaction_timestamp|current_\w+|session_user|localtime\w*',
                '|authz|authz_private|finance|audit|ops)\M'
            )
        )
    $$,
    'no immutable function reads a table, a setting or the time'
);
select is_empty(
    $$
    select function
    from our_functions
    where provolatile = 'i'
        and function ~ '(current_user_id|may_ask_about_anyone|_in_question|unit_of_check|grants_of|scope|clock|signature)'
    $$,
    'who asks, what they may and when is never immutable'
);

-- Up to PostgreSQL 17 a node that is switched off counts as dear, and dear plans are compiled: a
-- statement of a millisecond then takes seconds.
select is_empty(
    $$
    select function
    from our_functions
    where settings::text ~ 'enable_\w+=off' and not settings @> '{jit=off}'
    $$,
    'a function that switches plan nodes off has no plan compiled'
);

select * from finish();
rollback;
