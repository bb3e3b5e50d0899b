"""`runner status` finds what is broken and names the command that mends it, which then does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from index_list import FILE, text
from psycopg import sql
from waiting import outcome, refusal, rows, session, value, wait_for

from runner.connect import SAFE_MINOR, Target, warn_minor
from runner.migrations import migrate, status
from runner.project import root

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

WORLD = """
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'acme'), (10, 1, 'a'), (11, 10, 'b'), (12, 11, 'c'), (13, 1, 'd'),
        (900, null, 'zeta'), (901, 900, 'a');
    insert into authz.users (id, username, base_unit_id, is_active)
    values (1, 'ann', 1, true), (2, 'bob', 12, true), (3, 'eve', 13, false);
    insert into finance.customers (id, manager_id) values (1, 1), (2, 2), (3, 2);
    insert into finance.orders (id, handler_id) values (1, 2), (2, 2);
    insert into finance.financial_funds (id, handle_by, order_id, customer_id, amount)
    values (1, 2, 1, 1, 1), (2, 1, 1, 2, 2);
    update authz.settings set refresh_mode = 'deferred';
    select authz.refresh_user_effective_policies();
"""
AROUND = "set session_replication_role = replica; "

# What the throw-away server gives up for speed, and keeps.
THEIRS = r"(?:alter system set (?:fsync|full_page_writes) .*\nselect pg_reload_conf\(\);\n?)*"

# What is broken; the check that tells; how bad; the command, as a pattern, and as whom.
DEAD_ROWS = "catalogs full of dead rows"
BROKEN: dict[str, tuple[str, str, str, str, str]] = {
    "a unit in a cycle": (
        AROUND + "update authz.org_units set parent_id = 12 where id = 10",
        "hierarchy", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "a unit without its parent": (
        AROUND + "update authz.org_units set parent_id = 555 where id = 11",
        "hierarchy", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "a unit below another tenant": (
        AROUND + "update authz.org_units set parent_id = 13 where id = 901",
        "hierarchy", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "a root that is no tenant": (
        AROUND + "delete from authz.tenants where id = 900",
        "hierarchy", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "a wrong path": (
        AROUND + "update authz.org_units set path = 'zeta.q' where id = 13",
        "paths", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "a wrong level": (
        AROUND + "update authz.org_units set level = 9 where id = 12",
        "paths", "critical", r"select ops\.rebuild_tree\(\);", "fundwarden_owner",
    ),
    "an order in another unit": (
        AROUND + "update finance.orders set handler_unit_id = 13 where id = 2",
        "owner_units", "critical", r"select ops\.repair_owner_units\(\);", "fundwarden_owner",
    ),
    "a customer in another unit": (
        AROUND + "update finance.customers set manager_unit_id = 13 where id = 3",
        "owner_units", "critical", r"select ops\.repair_owner_units\(\);", "fundwarden_owner",
    ),
    "a fund in other units": (
        AROUND + "update finance.financial_funds set handler_unit_id = 13, order_unit_id = 1, "
        "customer_unit_id = 10",
        "owner_units", "critical", r"select ops\.repair_owner_units\(\);", "fundwarden_owner",
    ),
    "row security not forced": (
        "alter table authz.users no force row level security",
        "row_security", "critical", r"alter table authz\.users enable .*\nalter table .* force .*",
        "installer",
    ),
    "a definer without a path": (
        "alter function authz.sign_in(text) reset search_path",
        "row_security", "critical", "runner migrate", "installer",
    ),
    "an owner past row security": (
        "alter role fundwarden_owner bypassrls",
        "row_security", "critical", "alter role fundwarden_owner .* nobypassrls .*", "installer",
    ),
    "a right too many": (
        "grant select on authz.users to fundwarden_auditor",
        "rights", "critical", r"revoke select on table authz\.users from fundwarden_auditor;",
        "fundwarden_owner",
    ),
    "a right on a column that can be passed on": (
        "set role fundwarden_owner; "
        "grant update (rank) on authz.roles to app_login with grant option",
        "rights", "critical",
        r"revoke grant option for update \(rank\) on table authz\.roles from app_login;\n"
        r"revoke update \(rank\) on table authz\.roles from app_login;", "fundwarden_owner",
    ),
    "a function for everybody": (
        "grant execute on function authz.act_as(bigint, text) to public",
        "rights", "critical",
        r"revoke execute on routine authz\.act_as\(bigint,text\) from public;",
        "fundwarden_owner",
    ),
    "a right too few": (
        "revoke execute on function authz.sign_in(text) from fundwarden_app",
        "rights", "warning", r"grant execute on routine authz\.sign_in\(text\) to fundwarden_app;",
        "fundwarden_owner",
    ),
    "a role within another": (
        "grant fundwarden_operator to fundwarden_auditor",
        "rights", "critical", "revoke fundwarden_operator from fundwarden_auditor;", "installer",
    ),
    "temporary tables for everybody": (
        "do $$ begin execute format('grant temporary on database %I to public', "
        "current_database()); end $$",
        "rights_on_database", "critical", r"select ops\.apply_database_rights\(\);", "installer",
    ),
    "a function that was dropped": (
        "drop function authz.next_access_change(bigint)",
        "objects", "critical", "runner migrate", "installer",
    ),
    "a trigger that was dropped": (
        "drop trigger _210_place_on_update on authz.org_units",
        "objects", "critical", "runner migrate", "installer",
    ),
    "a check that was dropped": (
        "drop function ops.check_paths()",
        "paths", "critical", "runner migrate", "installer",
    ),
    "a trigger that is disabled": (
        "alter table finance.orders disable trigger _100_owner_unit_on_insert",
        "triggers", "critical", "runner migrate", "installer",
    ),
    "a foreign key that is not enforced": (
        "do $$ begin execute (select format('alter table finance.orders disable trigger %I', "
        "t.tgname) from pg_trigger as t where t.tgrelid = 'finance.orders'::regclass "
        "and t.tgisinternal order by t.tgname limit 1); end $$",
        "triggers", "critical", r'alter table finance\.orders enable trigger "RI_.*";',
        "installer",
    ),
    "changes that are not marked": (
        "alter table authz.user_roles enable trigger _900_mark_inserted",
        "marking_triggers", "warning", "runner migrate", "installer",
    ),
    "a view that was never filled": (
        "refresh materialized view authz.user_effective_policies with no data",
        "effective_view", "warning", r"select authz\.refresh_user_effective_policies\(\);",
        "fundwarden_operator",
    ),
    "marks that nobody clears": (
        "insert into authz.user_roles (user_id, role_id) select 1, min(r.id) from authz.roles as r "
        "on conflict do nothing; insert into authz_private.policy_marks (user_id) values (1); "
        "update authz_private.policy_marks set marked_at = now() - interval '1 hour'",
        "marks", "warning", r"call authz\.refresh_if_marked\(\);", "fundwarden_operator",
    ),
    "refreshes that fail": (
        "insert into ops.refresh_log (mode, failure) values ('deferred', 'disk full (53100)')",
        "refresh", "warning", r"select authz\.refresh_user_effective_policies\(\);",
        "fundwarden_operator",
    ),
    "changes that are not logged": (
        "drop trigger _950_audit_inserted on authz.users",
        "audit_triggers", "critical", "runner migrate", "installer",
    ),
    "a log that can be changed": (
        "alter table audit.permission_audit_log enable trigger _100_keep_log",
        "audit_triggers", "critical", "runner migrate", "installer",
    ),
    "a month that can be emptied": (
        "do $$ begin execute (select format('drop trigger _200_keep_log_whole on %s', "
        "p.partition_id) from authz_private.log_partitions() as p order by p.month limit 1); "
        "end $$",
        "audit_triggers", "critical", "create or replace trigger .*\nalter table .* enable .*",
        "fundwarden_owner",
    ),
    "rows without a seal": (
        "insert into audit.permission_audit_log "
        "(logged_at, xid, session_user_name, action, row_hash) "
        "values (now() - interval '2 hours', pg_current_xact_id(), 'me', 'EXPORT', '')",
        "audit_seals", "warning", r"select audit\.seal\(\);", "fundwarden_operator",
    ),
    "a month without a partition": (
        "do $$ begin execute (select format('drop table %s', p.partition_id) "
        "from authz_private.log_partitions() as p "
        "where p.month = date_trunc('month', now() at time zone 'UTC') + interval '1 month'); "
        "end $$",
        "audit_partitions", "warning", r"select audit\.make_partitions\(\);",
        "fundwarden_operator",
    ),
    "grants that ended long ago": (
        "insert into authz.user_roles (user_id, role_id, valid_until) "
        "select 2, r.id, now() - interval '60 days' from authz.roles as r; "
        "insert into authz.memberships (user_id, unit_id, valid_until) "
        "values (2, 13, now() - interval '60 days')",
        "expired_grants", "warning", r"call ops\.expire_grants\(\);", "fundwarden_operator",
    ),
    "a delegation of somebody who left": (
        "insert into authz.delegations (tenant_id, delegator_id, delegate_id, resource, action, "
        "unit_id, valid_from, valid_until, reason, requested_by) values (1, 3, 2, 'finance.funds', "
        "'read', 1, now(), now() + interval '1 day', 'leave', 3)",
        "orphans", "warning", r"call ops\.revoke_orphans\(\);", "fundwarden_operator",
    ),
    "a template of nothing": (
        "insert into authz.permission_templates (tenant_id, unit_id, permission_key) "
        "values (1, 1, 'nothing.read')",
        "orphans", "warning", r"call ops\.revoke_orphans\(\);", "fundwarden_operator",
    ),
    "a foreign key that was not validated": (
        "update pg_constraint set convalidated = false "
        "where conname = 'order_customer_is_of_the_same_tenant'",
        "foreign_keys", "critical", r"alter table finance\.orders validate constraint .*;",
        "fundwarden_owner",
    ),
    "an index that was dropped": (
        "drop index finance.funds_by_amount",
        "indexes", "warning", r"CREATE INDEX funds_by_amount ON finance\.financial_funds .*;",
        "fundwarden_owner",
    ),
    "an index on other columns": (
        "drop index finance.orders_handler; "
        "create index orders_handler on finance.orders (handler_id); "
        "alter index finance.orders_handler owner to fundwarden_owner",
        "indexes", "warning", r"drop index finance\.orders_handler;\nCREATE INDEX .*;",
        "fundwarden_owner",
    ),
    "an index that is invalid": (
        "update pg_index set indisvalid = false "
        "where indexrelid = 'finance.funds_by_status'::regclass",
        "indexes", "warning", r"reindex index finance\.funds_by_status;", "fundwarden_owner",
    ),
    DEAD_ROWS: (
        "do $$ begin for n in 1 .. 200 loop "
        "execute (select format('create temporary table t (%s)', "
        "string_agg('c' || i || ' int', ',')) from generate_series(1, 1500) as i); "
        "drop table t; end loop; end $$",
        "catalog_bloat", "warning", r"vacuum \(full, analyze\) pg_catalog\.pg_attribute;",
        "installer",
    ),
    "sessions that begin without triggers": (
        "do $$ begin execute format('alter database %I set session_replication_role = replica', "
        "current_database()); end $$",
        "settings", "critical", rf"{THEIRS}alter database .* reset session_replication_role;",
        "installer",
    ),
    "a login that does not wait for the disk": (
        "alter role app_login set synchronous_commit = off",
        "settings", "warning", rf"{THEIRS}alter role app_login reset synchronous_commit;",
        "installer",
    ),
    "a server that does not vacuum": (
        "alter system set autovacuum = off\nselect pg_reload_conf()",
        "settings", "warning",
        rf'alter system set autovacuum to "on";\nselect pg_reload_conf\(\);\n{THEIRS}',
        "installer",
    ),
    "a slot that nobody reads": (
        "select pg_create_physical_replication_slot('gone', true)",
        "replication", "warning", r"select pg_drop_replication_slot\('gone'\);", "installer",
    ),
}  # fmt: skip

# In which the throw-away servers may differ, by their settings and by their release.
OF_THE_SERVER = {"release", "settings"}


@pytest.fixture(scope="module")
def sound(module_database: str) -> Iterator[str]:
    """Conninfo of an installation with a few units, people and funds."""
    with session(module_database) as admin:
        admin.execute(WORLD)
    yield module_database


def test_a_sound_installation_is_well(sound: str) -> None:
    with session(sound) as admin:
        assert wrong(admin) == {}


def wrong(admin: Connection) -> dict[str, str]:
    """Checks that are not ok, and what they say."""
    told = rows(admin, "select c.name, c.severity, c.detail from ops.health_checks() as c")
    return {
        name: f"{severity}: {detail}"
        for name, severity, detail in told
        if severity != "ok" and not (name in OF_THE_SERVER and of_the_server(detail))
    }


def of_the_server(detail: str) -> bool:
    """Whether this is what all throw-away servers are."""
    return set(detail.split("; ")) <= {"fsync is off", "full_page_writes is off"} or bool(
        re.fullmatch(r"PostgreSQL \d+\.\d+", detail)
    )


def run(conninfo: str, command: str, role: str) -> None:
    """The command as it was printed, as the role that was named."""
    if command == "runner migrate":
        migrate(Target(conninfo), say=lambda line: None)
        return
    with session(conninfo) as admin:
        if role != "installer":
            admin.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for line in re.sub(THEIRS, "", command).splitlines():
            admin.execute(line.encode())


@contextmanager
def without_autovacuum(conninfo: str) -> Iterator[None]:
    """Nothing else mends what a vacuum would."""
    idle = """
        select current_setting('autovacuum') = %s and not exists (
            select from pg_stat_activity as a where a.backend_type = 'autovacuum worker'
        )
    """
    with session(conninfo) as admin:
        admin.execute("alter system set autovacuum = off")
        admin.execute("select pg_reload_conf()")
        wait_for("no autovacuum", lambda: value(admin, idle, "off"))
        yield
        admin.execute("alter system reset autovacuum")
        admin.execute("select pg_reload_conf()")
        wait_for("autovacuum", lambda: value(admin, "show autovacuum") == "on")


# Of each check that can tell of something critical, with each command that mends it, the first.
FIRST = {
    (name, command): what
    for what, (_, name, severity, command, _) in reversed(BROKEN.items())
    if severity == "critical"
}.values()


@pytest.mark.one_server
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(what, marks=[] if what in FIRST else [pytest.mark.long])
        for what in BROKEN
        if what != DEAD_ROWS
    ],
)
@pytest.mark.sampled(2)
def test_status_finds_and_its_command_mends(sound: str, what: str) -> None:
    is_found_and_mended(sound, what)


@pytest.mark.one_server
@pytest.mark.long
def test_status_finds_dead_rows_of_catalogs_and_its_command_mends(sound: str) -> None:
    with without_autovacuum(sound):
        is_found_and_mended(sound, DEAD_ROWS)


@pytest.mark.one_server
def test_dead_rows_that_a_vacuum_will_remove_are_no_finding(sound: str) -> None:
    few = BROKEN[DEAD_ROWS][0].replace("1 .. 200", "1 .. 40")
    with without_autovacuum(sound), session(sound) as admin:
        admin.execute(few)
        assert value(admin, "select (ops.check_catalog_bloat()).severity") == "ok"


@pytest.mark.one_server
def test_what_was_mended_is_well(sound: str) -> None:
    found = status(Target(sound))
    assert (found.exit_code, found.lines()[-1]) == (0, "up to date")
    with session(sound) as admin:
        # What was not read while it was broken is read after the next refresh.
        admin.execute("call authz.refresh_if_marked()")
        assert wrong(admin) == {}


def is_found_and_mended(sound: str, what: str) -> None:
    breaking, name, severity, command, role = BROKEN[what]
    with session(sound) as admin:
        for line in breaking.splitlines():
            admin.execute(line.encode())
        if "pg_reload_conf" in breaking:
            wait_for("the server has read it", lambda: name in wrong(admin))
    found = status(Target(sound))
    lines = found.lines()
    told = {one["name"]: one for one in json.loads(json.dumps(found.as_dict()))["health"]}[name]
    assert (told["severity"], told["run_as"]) == (severity, role)
    assert told["findings"] > 0
    assert re.fullmatch(command, told["repair"]), told["repair"]
    assert f"{severity}: {name}: {told['detail']}" in lines
    assert f"    as {role}:" in lines
    assert all(f"        {line}" in lines for line in told["repair"].splitlines())
    assert found.exit_code in ((1, 3) if severity == "critical" else (0, 3))
    run(sound, told["repair"], role)
    with session(sound) as admin:
        asked = f"select c.severity, c.detail from ops.check_{name}() as c"
        if "pg_reload_conf" in breaking:
            wait_for("the server has read it", lambda: of_the_server(rows(admin, asked)[0][1]))
        severity, detail = rows(admin, asked)[0]
        assert severity == "ok" or (name in OF_THE_SERVER and of_the_server(detail))


def test_a_mended_tree_is_the_one_there_was_as_far_as_it_is_known(database: str) -> None:
    tree = "select id, path::text, level from authz.org_units order by id"
    with session(database) as admin:
        admin.execute(WORLD)
        before = rows(admin, tree)
        admin.execute(AROUND + "update authz.org_units set path = 'x', level = id + 50")
        admin.execute("set role fundwarden_owner")
        assert value(admin, "select ops.rebuild_tree()") == len(before)
        assert rows(admin, tree) == before
        assert value(admin, "select ops.rebuild_tree()") == 0
        admin.execute("reset role")
        # The cycle 10, 11, 12 goes below the root by its first; the code of 901's is taken there.
        admin.execute(AROUND + "update authz.org_units set parent_id = 12 where id = 10")
        admin.execute("update authz.org_units set parent_id = 555 where id = 11")
        admin.execute("update authz.org_units set code = 'd' where id = 11")
        admin.execute("set session_replication_role = origin; set role fundwarden_owner")
        admin.execute("select ops.rebuild_tree()")
        assert rows(admin, "select id, path::text from authz.org_units where id in (10, 11, 12) "
                           "order by id") == [
            (10, "acme.d_11.c.a"), (11, "acme.d_11"), (12, "acme.d_11.c")
        ]  # fmt: skip
        # With its triggers: the next move is placed, and a path cannot be written.
        admin.execute("update authz.org_units set parent_id = 13 where id = 12")
        assert value(admin, "select path::text from authz.org_units where id = 10") == "acme.d.c.a"
        assert refusal(admin, "update authz.org_units set path = 'x'").sqlstate == "23514"


@pytest.mark.parametrize("whole", [False, True])
def test_a_sample_says_that_it_is_one_and_the_whole_finds_one_row(
    database: str, whole: bool
) -> None:
    with session(database) as admin:
        admin.execute(WORLD)
        admin.execute(
            "insert into finance.customers (id, manager_id) "
            "select g, 1 from generate_series(10, 60003) as g"
        )
        told = value(admin, "select (ops.check_owner_units(%s)).detail", whole)
        seen = int(re.findall(r"of (\d+) read", told)[0])
        assert told.endswith("all there are" if whole else "a sample")
        assert seen == 60001 if whole else 2000 < seen < 30000
        admin.execute(AROUND + "update finance.customers set manager_unit_id = 13 where id = 777")
        if whole:
            asked = "select c.findings from ops.health_checks(true) as c where name = 'owner_units'"
            assert value(admin, asked) == 1


def test_an_open_transaction_is_named_by_whom_may_see_it(sound: str) -> None:
    check = "select c.* from ops.check_transactions('0 s') as c"
    with session(sound) as idle, session(sound) as admin:
        idle.execute("begin; select 1")
        pid = idle.info.backend_pid
        told = admin.execute(check).fetchone()
        assert told is not None
        assert (told[2], told[3]) == ("warning", 1)
        assert told[6] == f"select pg_terminate_backend({pid});"
        admin.execute("set role fundwarden_operator")
        hidden = admin.execute(check).fetchone()
        assert hidden is not None
        assert hidden[2:4] == ("ok", 0)
        assert "sessions that you may not look into: " in hidden[4]
        admin.execute("reset role")
        admin.execute(told[6])
        wait_for("the session is gone", lambda: bool(rows(admin, check)[0][2] == "ok"))


def test_nobody_but_operators_and_auditors_may_ask(sound: str) -> None:
    asked = ("select count(*) from ops.health_checks()", "select count(*) from ops.metrics",
             "select count(*) from ops.metrics_text()", "select count(*) from ops.replication",
             "select (ops.check_rights()).name")  # fmt: skip
    for login in ("app_login", "trusted_login"):
        with session(sound, user=login) as app:
            assert {refusal(app, one).sqlstate for one in asked} == {"42501"}
            assert refusal(app, "call ops.maintain()").sqlstate == "42501"
    for role in ("fundwarden_operator", "fundwarden_auditor"):
        with session(sound) as admin:
            admin.execute("call authz.refresh_if_marked()")
            admin.execute(f"set role {role}".encode())
            assert wrong(admin) == {}
            assert value(admin, asked[1]) > 20
            assert outcome(admin, "call ops.maintain()") == (
                "done" if role == "fundwarden_operator" else "42501"
            )


# The grammar of a line of the text format of Prometheus, version 0.0.4.
LABELS = r'\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*")*\}'
SAMPLE = re.compile(rf"([a-zA-Z_:][\w:]*)({LABELS})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
HELP = re.compile(r"# HELP ([a-zA-Z_:][\w:]*) ((?:[^\\\n]|\\[\\n])+)")
TYPE = re.compile(r"# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge)")


def test_metrics_are_valid_exposition_text(sound: str) -> None:
    with session(sound) as admin:
        admin.execute("begin")
        admin.execute('create table authz."a""b\\c\nd" (x int)')
        admin.execute("set local role fundwarden_auditor")
        lines = [line for (line,) in rows(admin, "select * from ops.metrics_text()")]
        shown = rows(admin, "select m.name, m.labels, m.value from ops.metrics as m")
        admin.execute("rollback")
    samples: set[tuple[str, str]] = set()
    current = ""
    for line in lines:
        if helped := HELP.fullmatch(line):
            assert helped[1] not in {name for name, _ in samples}
            current = helped[1]
            typed = False
        elif kind := TYPE.fullmatch(line):
            assert (kind[1], typed) == (current, False)
            assert current.endswith("_total") == (kind[2] == "counter")
            typed = True
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert (sample[1], typed) == (current, True)
            assert (sample[1], sample[2] or "") not in samples
            samples.add((sample[1], sample[2] or ""))
    assert len(samples) == len(shown) > 50
    assert all(value is not None for _, _, value in shown)
    assert ("fundwarden_relation_bytes", '{schema="authz",table="a\\"b\\\\c\\nd"}') in samples


def test_maintenance_removes_what_has_ended_logs_it_and_finds_nothing_the_second_time(
    database: str,
) -> None:
    with session(database) as admin:
        admin.execute(WORLD)
        admin.execute(
            """
            insert into authz.user_roles (user_id, role_id, valid_until)
            select 1, r.id, now() - a.age
            from authz.roles as r, (values (interval '40 days'), ('10 days'), ('-1 day')) as a (age)
            where r.code = 'staff' and a.age <> '10 days' or r.code = 'admin' and a.age = '10 days'
            on conflict do nothing;
            insert into authz.user_permissions (user_id, permission_id, valid_until)
            values (1, 1, now() - interval '40 days'), (2, 1, null);
            insert into authz.user_policies (user_id, policy_id, valid_until)
            select 1, p.id, now() - interval '40 days' from authz.policies as p limit 1;
            insert into authz.memberships (user_id, unit_id, valid_until)
            values (1, 13, now() - interval '40 days'), (2, 13, null);
            insert into authz.grant_requests (tenant_id, user_id, role_id, reason, requested_by,
                expires_at)
            select 1, 2, r.id, 'x', 1, now() + a.age
            from authz.roles as r, (values (interval '-91 days'), ('1 day')) as a (age)
            where r.code = 'staff';
            insert into authz.delegations (tenant_id, delegator_id, delegate_id, resource, action,
                unit_id, valid_from, valid_until, reason, requested_by)
            select 1, 1, 2, 'finance.funds', 'read', 1, now() - interval '1 year',
                now() - a.age, 'x', 1
            from (values (interval '91 days'), ('-1 day')) as a (age)
            """
        )
        left = (
            "select (select count(*) from authz.user_roles where valid_until is not null), "
            "(select count(*) from authz.user_permissions), "
            "(select count(*) from authz.memberships), "
            "(select count(*) from authz.grant_requests), (select count(*) from authz.delegations)"
        )
        logged = (
            "select count(*) from audit.permission_audit_log "
            "where action = 'DELETE' and reason ~ 'ended before'"
        )
        before = rows(admin, left)[0]
        admin.execute("set role fundwarden_operator")
        admin.execute("select set_config('fundwarden.reason', 'mine', false)")
        admin.execute("begin; call ops.maintain()")
        assert value(admin, "select current_setting('fundwarden.reason')") == "mine"
        admin.execute("commit; reset role")
        after = rows(admin, left)[0]
        assert tuple(b - a for a, b in zip(after, before, strict=True)) == (1, 1, 1, 1, 1)
        removed = value(admin, logged)
        assert removed >= 5
        admin.execute("call ops.maintain()")
        assert (rows(admin, left)[0], value(admin, logged)) == (after, removed)
        assert rows(admin, "select * from audit.verify()") == []
        assert list(wrong(admin)) == ["expired_grants"]


@pytest.mark.parametrize("task", ["expire_grants", "archive_requests", "revoke_orphans"])
def test_of_two_who_maintain_at_once_the_second_leaves_it_to_the_first(
    database: str, task: str
) -> None:
    notices: list[str] = []
    deleted = "select count(*) from audit.permission_audit_log where action in ('DELETE', 'UPDATE')"
    with session(database) as first, session(database) as second:
        first.execute(WORLD)
        for what in ("grants that ended long ago", "a delegation of somebody who left"):
            first.execute(BROKEN[what][0].encode())
        second.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
        first.execute("begin")
        first.execute(f"call ops.{task}()".encode())
        counted = value(first, deleted)
        assert outcome(second, f"call ops.{task}()") == "done"
        assert notices == ["another session is at it"]
        first.execute("commit")
        second.execute(f"call ops.{task}()".encode())
        assert value(second, deleted) == counted


@pytest.mark.parametrize("call", ["expire_grants(null)", "archive_requests('-1 day')"])
def test_maintenance_refuses_a_keep_that_is_none(sound: str, call: str) -> None:
    with session(sound) as admin:
        error = refusal(admin, f"call ops.{call}")
        assert (error.sqlstate, bool(error.message_hint)) == ("22023", True)


def test_the_runner_and_the_check_know_the_same_releases(sound: str) -> None:
    with session(sound) as admin:
        body = value(admin, "select prosrc from pg_proc where proname = 'check_release'")
        severity = value(admin, "select (ops.check_release()).severity")
        known = {int(a): int(b) for a, b in re.findall(r"\((\d\d), (\d+)\)", body)}
        assert known == SAFE_MINOR
        assert (severity == "warning") == (warn_minor(admin.info.server_version) is not None)


def test_the_list_of_indexes_is_the_catalogs(module_database: str) -> None:
    with session(module_database) as admin:
        now = text(admin)
    if os.environ.get("FUNDWARDEN_WRITE"):
        FILE.write_text(now, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == now


def test_the_queries_of_the_page_on_operations_run_as_an_operator(sound: str) -> None:
    page = (root() / "docs" / "operations.md").read_text(encoding="utf-8")
    mine = page[page.index("\n## Monitoring") :]
    queries = re.findall(r"```sql\n(.*?)```", mine, re.DOTALL)
    assert len(queries) > 8
    with session(sound) as admin:
        admin.execute("set role fundwarden_operator")
        for query in queries:
            admin.execute(query.encode())


def test_the_page_on_operations_names_every_check(sound: str) -> None:
    page = (root() / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page[page.index("| check | finds | reads |") : page.index("Grant `pg_monitor`")]
    with session(sound) as admin:
        known = {name for (name,) in rows(admin, "select name from ops.health_checks()")}
    named = [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    ]
    assert sorted(named) == sorted(known)
