-- That each check finds what it is about is in tests/health/test_health.py.
begin;
set local search_path = tap, public, ext, pg_catalog;
select ops.apply_database_rights();
set local role fundwarden_owner;
select plan(12);

create temporary view listed as
select c.name, c.title, c.severity, c.findings, c.detail, c.hint, c.repair, c.run_as
from ops.health_checks() as c;

select set_eq(
    $$select 'check_' || name from listed$$,
    $$
    select p.proname::text
    from pg_proc as p
    where p.pronamespace = 'ops'::regnamespace
        and p.prorettype = 'ops.health_check'::regtype
        and not p.proretset
        and p.proname <> 'finding'
    $$,
    'every check is in the list'
);
select cmp_ok((select count(*) from listed), '>', 20::bigint, 'and there are many');
select is_empty(
    $$
    select p.proname, p.provolatile
    from pg_proc as p
    where p.pronamespace = 'ops'::regnamespace
        and p.prorettype = 'ops.health_check'::regtype
        and p.provolatile = 'v'
    $$,
    'no check writes'
);

select authz.refresh_user_effective_policies();
-- A database may be older than the time within which its log is to be sealed.
select audit.seal();
-- A throw-away server may do without fsync, and its release is that of the machine.
select is_empty(
    $$
    select name, severity, detail
    from listed
    where severity <> 'ok' and name not in ('settings', 'release')
    $$,
    'a sound installation is ok'
);
select is_empty(
    $$select name from listed where title = '' or title is null or detail is null$$,
    'every check says what it makes sure of and what it found'
);
select is_empty(
    $$select name from listed where severity = 'ok' and (hint is not null or repair is not null)$$,
    'where all is well there is nothing to do'
);
select is_empty(
    $$
    select name
    from listed
    where severity <> 'ok' and hint is null or (repair is null) <> (run_as is null)
    $$,
    'where it is not there is a hint, and a command says as whom'
);

-- What a check is made of.
select is(
    row(f.*)::text,
    '(x,"X is so",warning,2,"two things","do it","select 1;",fundwarden_owner)',
    'a finding is told with what to do'
)
from ops.finding(
    'x', 'X is so', 'warning', 2, 'two things', 'do it', 'select 1;', 'fundwarden_owner'
) as f;
select is(
    row(f.*)::text,
    '(x,"X is so",ok,0,none,,,)',
    'without findings it is ok and there is nothing to do'
)
from ops.finding(
    'x', 'X is so', 'critical', 0, 'none', 'do it', 'select 1;', 'fundwarden_owner'
) as f;

-- A check that cannot be made is a finding, and the others are made.
create temporary table before as
select count(*) as checks from listed;
drop view listed;
drop function ops.check_marks();
select results_eq(
    $$select name, severity::text, repair from ops.health_checks() where name = 'marks'$$,
    $$values ('marks', 'critical', 'runner migrate')$$,
    'a check that was dropped is missed'
);
select is(
    (select count(*) from ops.health_checks()), (select checks from before), 'and all others asked'
);
select is_empty(
    $$
    select m.name
    from ops.metrics as m
    group by m.name
    having count(distinct m.type) <> 1 or count(distinct m.help) <> 1
        or count(*) <> count(distinct m.labels)
    $$,
    'a metric has one type, one help and one value for its labels'
);

select * from finish();
rollback;
