-- What a check of the installation answers, and whose turn it is to maintain it.

create type ops.severity as enum ('ok', 'info', 'warning', 'critical');

comment on type ops.severity is
    'ok; info: worth knowing; warning: slower, at risk, or soon wrong; critical: an answer or the '
    'log may be wrong now.';

create type ops.health_check as (
    name text,
    title text,
    severity ops.severity,
    findings bigint,
    detail text,
    hint text,
    repair text,
    run_as text
);

comment on type ops.health_check is
    'One check: its name and what it makes sure of; how bad what it found is; how many things and '
    'which, by number and never by a name of a person; what to do in words; the command that does '
    'it, SQL or a call of the runner, null where none can; and as which role: installer stands '
    'for the login that installed or a superuser.';

create table authz_private.maintenance_turn (
    task text primary key
);

comment on table authz_private.maintenance_turn is
    'One row a task of maintenance, locked by whoever does it: of two at once the second leaves it '
    'to the first.';

insert into authz_private.maintenance_turn (task)
values ('archive_requests'), ('expire_grants'), ('revoke_orphans');
