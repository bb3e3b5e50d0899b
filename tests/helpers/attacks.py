"""What somebody who can send SQL as the application tries, and what would have to be broken first.

Everything a user may not see is called hidden (or stranger, of another tenant), so that an attack
has succeeded when that word is anywhere in what came back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from waiting import session, value

Connection = psycopg.Connection[Any]

ANN, ROOT, MIA = 2, 1, 9

WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'unit'),
        (3, 1, 'hidden_south', 'unit'), (900, null, 'stranger', 'organization');
    insert into authz.users (id, username, base_unit_id, profile)
    values (1, 'root', 1, '{}'), (2, 'ann', 2, '{}'), (3, 'hidden_bob', 3, '{"pay": "hidden"}'),
        (5, 'cat', 2, '{"pay": "hidden"}'), (9, 'stranger_mia', 900, '{}');
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 'admin', 1), (2, 'supervisor', 2), (3, 'supervisor', 3), (9, 'admin', 900))
        as g (user_id, role, unit_id)
    inner join authz.roles as r on g.role = r.code;
    insert into authz.roles (id, tenant_id, code, rank)
    values (90, 1, 'helper', 5), (91, 900, 'stranger', 5);
    insert into authz.policies (id, tenant_id, name) values (90, 1, 'help'), (91, 900, 'stranger');
    insert into finance.customers (id, manager_id, name)
    values (1, 2, 'plain'), (502, 3, 'hidden customer'), (902, 9, 'stranger customer');
    insert into finance.orders (id, handler_id, customer_id)
    values (1, 2, 1), (503, 3, 502), (903, 9, 902);
    insert into finance.financial_funds (id, handle_by, amount, status)
    select g, 2, g * 10, 'open' from generate_series(1, 5) as g;
    insert into finance.financial_funds (id, handle_by, order_id, customer_id, amount, status)
    select g, 3, 503, 502, 98765432100 + g, 'hidden' from generate_series(501, 512) as g;
    insert into finance.financial_funds (id, handle_by, amount, status)
    select g, 9, 98765432100 + g, 'stranger' from generate_series(901, 907) as g;
    select authz.refresh_user_effective_policies();
    create statistics finance.planted (mcv) on status, currency from finance.financial_funds;
    select lo_from_bytea(4242, 'hidden');
    select setval('finance.financial_funds_id_seq', 4242);
    analyze;
"""


@dataclass(frozen=True)
class Attack:
    """Statements of the application, and the guard without which they bring the loot."""

    steps: tuple[str, ...]
    weak: str
    loot: str = "hidden"
    user: int = ANN
    # What the user before did with the same connection of a pool, in a transaction of their own.
    before: tuple[str, ...] = ()
    # Undoes what the copy of a database does not take with it.
    mend: str = ""


def off(table: str) -> str:
    """Row security taken away."""
    return f"alter table {table} disable row level security"


def opened(table: str) -> str:
    """A policy that lets everybody through."""
    return f"create policy opened on {table} for select to fundwarden_app using (id is not null)"


def written(table: str, verbs: str = "insert, update, delete") -> str:
    """Direct writing granted, and nothing asked of the rows."""
    return f"grant {verbs} on {table} to fundwarden_app; {off(table)}"


@cache
def token(conninfo: str, user: int) -> str:
    with session(conninfo) as admin:
        return str(value(admin, "select authz.issue_token(%s)", user))


def step(connection: Connection, statement: str) -> list[str]:
    """Everything that comes back of a statement, its error included."""
    try:
        with connection.transaction(), connection.cursor() as cursor:
            if re.match(r"copy .* to stdout", statement):
                with cursor.copy(statement.encode()) as copy:
                    return [bytes(part).decode() for part in copy]
            if re.match(r"copy .* from stdin", statement):
                with cursor.copy(statement.encode()) as copy:
                    copy.write("800\t2\n")
                return [cursor.statusmessage or ""]
            cursor.execute(statement.encode())
            found = [str(row) for row in cursor.fetchall()] if cursor.description else []
            return [*found, cursor.statusmessage or ""]
    except psycopg.Error as error:
        told = error.diag
        parts = (told.sqlstate, told.message_primary, told.message_detail, told.message_hint)
        return [part for part in (*parts, told.context) if part]


def loot(conninfo: str, attack: Attack) -> str:
    """What came back of the attack, all of it."""
    with (
        session(conninfo, user="app_login") as app,
        session(conninfo, user="trusted_login"),
        session(conninfo) as admin,
    ):
        admin.execute("select 'words of an administrator'")
        return told(app, conninfo, attack)


def told(app: Connection, conninfo: str, attack: Attack) -> str:
    """The same by a connection of the application that others share."""
    found: list[str] = []

    def heard(notice: psycopg.errors.Diagnostic) -> None:
        found.append(notice.message_primary or "")

    if attack.before:
        app.execute("begin")
        app.execute("select authz.sign_in(%s)", [token(conninfo, ROOT)])
        for statement in attack.before:
            app.execute(statement.encode())
        app.execute("commit")
    app.add_notice_handler(heard)
    app.execute("begin")
    app.execute("select authz.sign_in(%s)", [token(conninfo, attack.user)])
    for statement in attack.steps:
        found += step(app, statement)
    app.execute("rollback")
    app.remove_notice_handler(heard)
    return "\n".join(found)


FUNDS = "finance.financial_funds"
EVERY_UNIT = """
    create or replace function authz.my_units(resource text, action text)
    returns int [] language sql stable security definer
    set search_path = pg_catalog, ext, pg_temp
    begin atomic select array(select n.id from authz.org_units as n); end
"""
EVERY_REVIEW = """
    create or replace function authz_private.may_see_every_review()
    returns boolean language sql stable security invoker parallel safe
    begin atomic select true; end
"""
READ_BACK = f"select f.status from {FUNDS} as f"

# --- rows that are hidden, asked for in every way ----------------------------------------------

READING = {
    "the table": Attack((f"table {FUNDS}",), off(FUNDS)),
    "a row by its key": Attack(
        (f"select f.status from {FUNDS} as f where f.id = 501",), off(FUNDS)
    ),
    "a row by its place": Attack(
        (
            f"select f.status from {FUNDS} as f where f.ctid = any(array(select format("
            "'(0,%s)', g)::tid from generate_series(1, 50) as g))",
        ),
        opened(FUNDS),
    ),
    "only the table": Attack((f"select f.* from only {FUNDS} as f",), opened(FUNDS)),
    "a sample": Attack((f"select f.* from {FUNDS} as f tablesample system (100)",), EVERY_UNIT),
    "a join": Attack(
        (
            "select c.name, f.status from finance.orders as o inner join finance.customers as c "
            f"using (tenant_id) full join {FUNDS} as f using (tenant_id)",
        ),
        off("finance.customers"),
    ),
    "a lateral join": Attack(
        (
            "select u.username, x.status from authz.users as u cross join lateral "
            f"(select f.status from {FUNDS} as f where f.handle_by <> u.id) as x",
        ),
        opened(FUNDS),
    ),
    "a window": Attack(
        (f"select f.id, lead(f.status) over w from {FUNDS} as f window w as (order by f.id)",),
        EVERY_UNIT,
    ),
    "an aggregate": Attack((f"select string_agg(f.status, ' ') from {FUNDS} as f",), off(FUNDS)),
    "an extreme": Attack((f"select max(f.amount) from {FUNDS} as f",), off(FUNDS), "987654"),
    "a count": Attack((f"select count(*) from {FUNDS} as f",), off(FUNDS), r"\(24,\)"),
    "grouping sets": Attack(
        (f"select f.status, count(*) from {FUNDS} as f group by cube (f.status, f.currency)",),
        EVERY_UNIT,
    ),
    "a whole row": Attack((f"select f::text, row_to_json(f) from {FUNDS} as f",), opened(FUNDS)),
    "a row compared": Attack(
        (
            f"select f.status from {FUNDS} as f where f > row(0)::record",
            f"select f.status from {FUNDS} as f where to_jsonb(f) ->> 'id' > '5'",
        ),
        opened(FUNDS),
    ),
    "set operations": Attack(
        (f"(select f.status from {FUNDS} as f) except (select 'open')",), off(FUNDS)
    ),
    "a recursive query": Attack(
        (
            "with recursive r (id, status) as (select 500::bigint, '' union all "
            f"select f.id, f.status from r inner join {FUNDS} as f on f.id = r.id + 1) "
            "select * from r",
        ),
        off(FUNDS),
    ),
    "a materialized part": Attack(
        (f"with f as materialized (select * from {FUNDS}) select * from f",), EVERY_UNIT
    ),
    "copy of the table": Attack((f"copy {FUNDS} to stdout",), off(FUNDS)),
    "copy of a query": Attack((f"copy (select * from {FUNDS}) to stdout",), opened(FUNDS)),
    "a cursor": Attack(
        (
            f"declare c scroll cursor for select * from {FUNDS} order by id desc",
            "fetch all from c",
            "fetch first from c",
        ),
        off(FUNDS),
    ),
    "SQL that runs SQL": Attack(
        (f"select word from ts_stat('select to_tsvector(''simple'', status) from {FUNDS}')",),
        opened(FUNDS),
    ),
    "a block": Attack(
        (
            f"do $$ declare r record; begin for r in select * from {FUNDS} loop "
            "raise notice '%', r; end loop; end $$",
        ),
        off(FUNDS),
    ),
    "people": Attack(("select u.username from authz.users as u",), off("authz.users")),
    "people, every column": Attack(
        (
            "select u.* from authz.users as u",
            "select u from authz.users as u",
            "select u.profile from authz.users as u",
            "select to_jsonb(u) from authz.users as u",
        ),
        "grant select on authz.users to fundwarden_app",
    ),
    "units": Attack(("select n.path::text from authz.org_units as n",), off("authz.org_units")),
    "orders and customers": Attack(
        ("select c.name from finance.customers as c where c.id = 502",), off("finance.customers")
    ),
    "the report of everybody": Attack(
        (
            "select authz.organisation_report(1)",
            "select authz.organisation_report(3)",
            "select authz.organisation_report()",
        ),
        EVERY_REVIEW,
    ),
    "the report of another tenant, by an administrator": Attack(
        ("select authz.organisation_report(900)",), EVERY_REVIEW, "stranger", ROOT
    ),
    "the health of the installation, by its report": Attack(
        ("select authz.organisation_report(1) -> 'health'",),
        "grant execute on function ops.health_checks(boolean) to fundwarden_app",
        "marking_triggers",
        ROOT,
    ),
    "the log, by the report": Attack(
        ("select authz.organisation_report(1) -> 'changes'",),
        "grant select on audit.permission_audit_log to fundwarden_app",
        "gave user role",
        ROOT,
    ),
    "another tenant's funds, by its administrator": Attack(
        (f"select f.status from {FUNDS} as f where f.tenant_id = 900",),
        off(FUNDS),
        "stranger",
        ROOT,
    ),
    "another tenant's people, by its administrator": Attack(
        ("select u.username from authz.users as u",), opened("authz.users"), "stranger", ROOT
    ),
    "another tenant's units, by its administrator": Attack(
        ("select n.code from authz.org_units as n",), opened("authz.org_units"), "stranger", ROOT
    ),
    "a table that is not read": Attack(
        ("select r.* from authz.user_roles as r",),
        "grant select on authz.user_roles to fundwarden_app; " + off("authz.user_roles"),
        r", 900, 9, 1, 900,",
    ),
    "a table granted by mistake": Attack(
        ("select count(*) from authz.user_roles as r",),
        "grant select on authz.user_roles to fundwarden_app; " + off("authz.user_roles"),
        r"\(4,\)",
    ),
    "the materialized view": Attack(
        ("select e.* from authz.user_effective_policies as e",),
        "grant select on authz.user_effective_policies to fundwarden_app",
        "SELECT [1-9]",
    ),
    "a view": Attack(
        ("select v.* from authz_private.active_users as v",),
        "grant usage on schema authz_private to fundwarden_app; "
        "grant select on authz_private.active_users to fundwarden_app; "
        "alter view authz_private.active_users reset (security_invoker)",
        r"\(9,",
    ),
    "keys": Attack(
        ("select encode(k.secret, 'hex') from authz_private.token_keys as k",),
        "grant usage on schema authz_private to fundwarden_app; "
        "grant select on authz_private.token_keys to fundwarden_app",
        "[0-9a-f]{64}",
    ),
}

# --- what planner, statistics, errors and time tell ---------------------------------------------

# Planted where the administrator has let the application plant something.
LEAKY = """
    grant temporary on database {database} to fundwarden_app;
    create schema planted authorization app_login;
    grant all on schema planted to public;
"""

TELLING = {
    "row security switched off": Attack(
        ("set local row_security = off", READ_BACK),
        "alter role app_login bypassrls",
        mend="alter role app_login nobypassrls",
    ),
    "pg_stats": Attack(
        ("select s.most_common_vals from pg_stats as s where s.tablename = 'financial_funds'",),
        off(FUNDS),
    ),
    "pg_stats_ext": Attack(
        ("select s.most_common_vals from pg_stats_ext as s",),
        "grant fundwarden_owner to app_login; " + off(FUNDS),
        mend="revoke fundwarden_owner from app_login",
    ),
    "pg_statistic": Attack(
        (f"select s.stavalues1 from pg_statistic as s where s.starelid = '{FUNDS}'::regclass",),
        "grant select on pg_statistic to app_login",
    ),
    "pg_statistic_ext_data": Attack(
        (
            "select i.* from pg_statistic_ext_data as s cross join lateral "
            "pg_mcv_list_items(s.stxdmcv) as i",
        ),
        "grant select on pg_statistic_ext_data to app_login",
    ),
    "estimates": Attack(
        (f"explain (verbose) select f.* from {FUNDS} as f where f.amount > 0",),
        "grant select on pg_statistic to app_login; create or replace function authz.my_units("
        "resource text, action text) returns int [] language sql immutable as "
        "'select array[1, 2, 3, 900]'",
        "900",
    ),
    "division by zero": Attack(
        (f"select f.* from {FUNDS} as f where 1 / (f.id - 501) = 0",),
        off(FUNDS),
        "division by zero",
    ),
    "a cast of a text": Attack(
        (f"select f.* from {FUNDS} as f where replace(f.status, 'open', '1')::int = 1",),
        off(FUNDS),
    ),
    "a cast of a number": Attack(
        (f"select f.* from {FUNDS} as f where f.amount::int > 0",), opened(FUNDS), "out of range"
    ),
    "a cast of a field": Attack(
        ("select u.id from authz.users as u where (u.profile ->> 'pay')::int > 0",),
        "grant select on authz.users to fundwarden_app",
    ),
    "an overflow": Attack(
        (f"select f.* from {FUNDS} as f where (10::float8 ^ (f.amount::float8 / 1000000)) > 0",),
        EVERY_UNIT,
        "out of range|overflow",
    ),
    "an error in a sort": Attack(
        (f"select f.* from {FUNDS} as f order by replace(f.status, 'open', '1')::int",),
        opened(FUNDS),
    ),
    "an error in a join": Attack(
        (
            f"select f.* from {FUNDS} as f inner join generate_series(1, 3) as g "
            "on replace(f.status, 'open', '1')::int = g",
        ),
        off(FUNDS),
    ),
    "an error caught in a block": Attack(
        (
            "do $$ begin perform replace(f.status, 'open', '1')::int from finance.financial_funds "
            "as f; exception when others then raise notice '%', sqlerrm; end $$",
        ),
        off(FUNDS),
    ),
    "a predicate that sleeps": Attack(
        (
            "set local statement_timeout = '2s'",
            f"select count(*) from {FUNDS} as f "
            "where pg_sleep(case when f.id > 500 then 10 else 0 end) is not null",
        ),
        off(FUNDS),
        "57014",
    ),
    "a leaky function of one's own": Attack(
        (
            "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0001 as "
            "$$ begin raise notice '%', $1; return true; end $$",
            f"select f.id from {FUNDS} as f where pg_temp.leak(f.status)",
        ),
        "grant temporary on database {database} to fundwarden_app; " + off(FUNDS),
    ),
    "a leaky operator of one's own": Attack(
        (
            "create function public.leak(text, text) returns boolean language plpgsql cost 0.001 "
            "as $$ begin raise notice '%', $1; return true; end $$",
            "create operator public.~=~ (leftarg = text, rightarg = text, function = public.leak)",
            f"select f.id from {FUNDS} as f where f.status operator(public.~=~) ''",
        ),
        "grant create, usage on schema public to fundwarden_app; " + off(FUNDS),
    ),
    "what others ask": Attack(
        ("select a.query from pg_stat_activity as a",),
        "grant pg_read_all_stats to app_login",
        "words of an administrator",
        mend="revoke pg_read_all_stats from app_login",
    ),
    "information_schema": Attack(
        (
            "select t.table_name from information_schema.tables as t "
            "where t.table_schema = 'authz_private'",
        ),
        "grant select on authz_private.token_keys to fundwarden_app",
        "token_keys",
    ),
    "columns in information_schema": Attack(
        (
            "select c.column_name from information_schema.columns as c "
            "where c.table_schema = 'authz' and c.table_name = 'users'",
        ),
        "grant select on authz.users to fundwarden_app",
        "profile",
    ),
    "the next number of a sequence": Attack(
        ("select nextval('finance.financial_funds_id_seq')",),
        "grant usage on sequence finance.financial_funds_id_seq to fundwarden_app",
        "4243",
    ),
    "the last number of a sequence": Attack(
        (
            "select s.last_value from finance.financial_funds_id_seq as s",
            "select pg_sequence_last_value('finance.financial_funds_id_seq')",
            "select s.last_value from pg_sequences as s where s.schemaname = 'finance'",
            "select currval('finance.financial_funds_id_seq')",
            "select lastval()",
        ),
        "grant select on sequence finance.financial_funds_id_seq to fundwarden_app",
        "4242",
    ),
    "a sequence set back": Attack(
        ("select setval('finance.financial_funds_id_seq', 1)",),
        "grant update on sequence finance.financial_funds_id_seq to fundwarden_app",
        "SELECT 1",
    ),
    "a large object": Attack(
        ("select convert_from(lo_get(4242), 'UTF8')",),
        "grant select on large object 4242 to fundwarden_app",
    ),
    "large objects in the catalog": Attack(
        ("select convert_from(l.data, 'UTF8') from pg_largeobject as l",),
        "grant select on pg_largeobject to app_login",
    ),
    "a file of the server": Attack(
        (
            "select pg_read_file('PG_VERSION')",
            "copy (select 1) to '/tmp/not-to-be-written'",
            "select lo_import('PG_VERSION')",
            "select pg_ls_dir('.')",
        ),
        "grant execute on function pg_read_file(text) to app_login",
        r"'1[5-9]\\n'",
    ),
}

# --- writing ------------------------------------------------------------------------------------

WRITING = {
    "insert": Attack(
        (f"insert into {FUNDS} (id, handle_by, amount) values (800, 3, 1)",),
        written(FUNDS),
        "INSERT 0 1",
    ),
    "update": Attack((f"update {FUNDS} set amount = 0 returning status",), written(FUNDS)),
    "delete": Attack((f"delete from {FUNDS} returning status",), written(FUNDS)),
    "truncate": Attack((f"truncate {FUNDS}",), written(FUNDS, "truncate"), "TRUNCATE"),
    "merge": Attack(
        (
            f"merge into {FUNDS} as f using (values (501)) as v (id) on f.id = v.id "
            "when matched then delete",
        ),
        written(FUNDS),
        "MERGE 1",
    ),
    "copy in": Attack(
        ("copy finance.orders (id, handler_id) from stdin",),
        written("finance.orders"),
        "COPY",
    ),
    "a row one could not see afterwards": Attack(
        ("insert into finance.customers (id, manager_id) values (800, 3)",),
        "grant insert on finance.customers to fundwarden_app; "
        "create policy p on finance.customers for insert to fundwarden_app with check (id > 0)",
        "INSERT 0 1",
    ),
    "a row moved out of sight": Attack(
        ("update finance.orders set handler_id = 3, handler_unit_id = 3 where id = 1",),
        written("finance.orders"),
        "UPDATE 1",
    ),
    "on conflict do nothing": Attack(
        (
            "insert into finance.orders (tenant_id, id, handler_id) values (1, 503, 2) "
            "on conflict do nothing",
        ),
        written("finance.orders"),
        "INSERT 0 0",
    ),
    "on conflict do update": Attack(
        (
            "insert into finance.customers (tenant_id, id, manager_id) values (1, 502, 2) "
            "on conflict (tenant_id, id) do update set manager_id = 2 returning name",
        ),
        written("finance.customers"),
    ),
    "a unique key as oracle": Attack(
        ("insert into authz.users (username, base_unit_id) values ('hid' || 'den_bob', 2)",),
        written("authz.users"),
        "23505",
    ),
    "a foreign key as oracle": Attack(
        ("insert into finance.orders (id, handler_id, customer_id) values (800, 2, 502)",),
        written("finance.orders"),
        "INSERT 0 1",
    ),
    "a lock for update": Attack((f"select f.status from {FUNDS} as f for update",), written(FUNDS)),
    "a lock for share": Attack(
        (f"select f.status from {FUNDS} as f for key share",), written(FUNDS)
    ),
    "a lock on the table": Attack(
        (f"lock table {FUNDS} in share mode",), written(FUNDS), "LOCK TABLE"
    ),
    "a role given to oneself": Attack(
        (
            "insert into authz.user_roles (tenant_id, user_id, role_id, unit_id) "
            "values (1, 2, 1, 1)",
            READ_BACK,
        ),
        written("authz.user_roles"),
    ),
    "a permission given to oneself": Attack(
        (
            "do $$ begin for g in 1 .. 200 loop begin insert into authz.user_permissions "
            "(tenant_id, user_id, permission_id, unit_id) values (1, 2, g, 1); "
            "exception when check_violation then null; end; end loop; end $$",
            READ_BACK,
        ),
        written("authz.user_permissions"),
    ),
    "a policy given to oneself": Attack(
        (
            "insert into authz.user_policies (tenant_id, user_id, policy_id, unit_id) "
            "values (1, 2, 1, 1)",
            READ_BACK,
        ),
        written("authz.user_policies") + "; insert into authz.policies (id, name) "
        "values (1, 'all'); insert into authz.policy_permissions (policy_id, permission_id) "
        "select 1, p.id from authz.permissions as p where p.scope = 'team'",
    ),
    "a role that gains": Attack(
        (
            "insert into authz.role_permissions (role_id, permission_id) "
            "select 2, g from generate_series(1, 200) as g on conflict do nothing",
            READ_BACK,
        ),
        written("authz.role_permissions"),
    ),
    "a role that inherits": Attack(
        ("update authz.roles set parent_role_id = 1 where id = 2", READ_BACK),
        written("authz.roles") + "; grant select on authz.roles to fundwarden_app",
    ),
    "a grant that moves": Attack(
        ("update authz.user_roles set unit_id = 1 where user_id = 2", READ_BACK),
        written("authz.user_roles") + "; grant select on authz.user_roles to fundwarden_app",
    ),
    "a template": Attack(
        (
            "insert into authz.permission_templates (tenant_id, unit_id, permission_key) "
            "values (1, 1, 'funds.read')",
            READ_BACK,
        ),
        written("authz.permission_templates") + "; insert into authz.user_roles (user_id, role_id, "
        "unit_id) select 2, r.id, 1 from authz.roles as r where r.code = 'staff'",
    ),
    "a unit below one's own": Attack(
        ("update authz.org_units set parent_id = 2 where id = 3", READ_BACK),
        written("authz.org_units"),
    ),
    "people moved into one's unit": Attack(
        ("update authz.users set base_unit_id = 2 where id = 3", READ_BACK),
        written("authz.users"),
    ),
    "the clock": Attack(
        ("insert into authz_private.clock_override (instant) values ('infinity')",),
        "grant usage on schema authz_private to fundwarden_app; "
        "grant insert on authz_private.clock_override to fundwarden_app",
        "INSERT 0 1",
    ),
}

# --- becoming somebody, making something --------------------------------------------------------

BECOMING = {
    "the owner": Attack(
        ("set role fundwarden_owner", READ_BACK),
        "grant fundwarden_owner to app_login",
        mend="revoke fundwarden_owner from app_login",
    ),
    "a trusted login": Attack(
        ("set role fundwarden_trusted", "select authz.act_as(3)", READ_BACK),
        "grant fundwarden_trusted to app_login",
        mend="revoke fundwarden_trusted from app_login",
    ),
    "another session's login": Attack(
        ("set local session authorization trusted_login", "select authz.act_as(3)", READ_BACK),
        "alter role app_login superuser",
        mend="alter role app_login nosuperuser",
    ),
    "oneself, without a role": Attack(
        ("set local role none", READ_BACK, "set local role fundwarden_app", READ_BACK), EVERY_UNIT
    ),
    "another user, by act_as": Attack(
        ("select authz.act_as(3)", READ_BACK),
        "grant execute on function authz.act_as(bigint, text) to fundwarden_app",
    ),
    "another user, by a token of one's own": Attack(
        (
            "do $$ begin perform authz.sign_in(authz.issue_token(3, '1 hour', null)); end $$",
            READ_BACK,
        ),
        "grant execute on function authz.issue_token(bigint, interval, text) to fundwarden_app; "
        "alter function authz.issue_token(bigint, interval, text) security definer",
    ),
    "another user, by a key of one's own": Attack(
        ("select authz.add_token_key('mine', sha256('x'), null)",),
        "grant execute on function authz.add_token_key(text, bytea, text) to fundwarden_app; "
        "alter function authz.add_token_key(text, bytea, text) security definer",
        "SELECT 1",
    ),
    "another user, by the private function": Attack(
        ("select authz_private.set_identity(3, 3)", READ_BACK),
        "grant usage on schema authz_private to fundwarden_app; "
        "grant execute on function authz_private.set_identity(bigint, bigint) to fundwarden_app; "
        "alter function authz_private.set_identity(bigint, bigint) security definer",
    ),
    "another user, by name in a call": Attack(
        ("select p.status from finance.page_authorized_funds(3) as p",),
        "create or replace function authz_private.may_ask_about_anyone() returns boolean "
        "language sql stable begin atomic select true; end",
    ),
    "the user before, by a plan": Attack(
        ("execute kept",),
        "alter function authz.my_tenants(text, text) immutable",
        before=(
            "set plan_cache_mode = force_generic_plan",
            f"prepare kept as select f.status from {FUNDS} as f order by f.id desc",
            "execute kept",
        ),
    ),
    "the user before, by the setting": Attack(
        (READ_BACK,),
        """
        create or replace function authz.current_user_id() returns bigint
        language sql stable security definer set search_path = pg_catalog, ext, pg_temp
        begin atomic
            select split_part(current_setting('fundwarden.kept', true), ':', 1)::bigint;
        end
        """,
        before=(
            "select set_config('fundwarden.kept', current_setting('fundwarden.identity'), false)",
        ),
    ),
    "an extension": Attack(
        ("create extension dblink schema public", "create extension citext schema public"),
        "grant create on database {database} to fundwarden_app; "
        "grant create on schema public to fundwarden_app",
        "CREATE EXTENSION",
    ),
    "a schema": Attack(
        ("create schema mine",),
        "grant create on database {database} to fundwarden_app",
        "CREATE SCHEMA",
    ),
    "a table in public": Attack(
        ("create table public.mine (x int)",),
        "grant create on schema public to fundwarden_app",
        "CREATE TABLE",
    ),
    "a temporary table": Attack(
        ("create temporary table mine (x int)",),
        "grant temporary on database {database} to fundwarden_app",
        "CREATE TABLE",
    ),
    "a function found first": Attack(
        (
            "set local search_path = planted, pg_catalog",
            "create function planted.format(text, boolean) returns text language plpgsql as "
            "$$ begin raise exception 'as %', current_user; end $$",
            "select finance.count_authorized_funds()",
        ),
        LEAKY + "alter function finance.count_authorized_funds reset search_path",
        "as fundwarden_owner",
    ),
    "our trigger on a table of one's own": Attack(
        (
            "create temporary table mine (x int)",
            "create trigger t after insert on pg_temp.mine "
            "for each statement execute function authz_private.tg_mark_everyone()",
        ),
        "grant temporary on database {database} to fundwarden_app; "
        "grant usage on schema authz_private to fundwarden_app; "
        "grant execute on function authz_private.tg_mark_everyone() to fundwarden_app",
        "CREATE TRIGGER",
    ),
    "a trigger of one's own on our table": Attack(
        (
            "create function pg_temp.fire() returns trigger language plpgsql as "
            "$$ begin return null; end $$",
            f"create trigger t before insert on {FUNDS} for each row "
            "execute function pg_temp.fire()",
        ),
        f"grant trigger on {FUNDS} to fundwarden_app; "
        "grant temporary on database {database} to fundwarden_app",
        "CREATE TRIGGER",
    ),
    "a policy of one's own": Attack(
        (f"create policy mine on {FUNDS} using (true)", READ_BACK),
        "grant fundwarden_owner to app_login",
        mend="revoke fundwarden_owner from app_login",
    ),
    "a setting for everybody": Attack(
        ("set session_replication_role = replica",),
        "grant set on parameter session_replication_role to app_login",
        "SET",
        mend="revoke set on parameter session_replication_role from app_login",
    ),
    "somebody else's connection": Attack(
        (
            "select 'ended ' || pg_terminate_backend(a.pid) from pg_stat_activity as a "
            "where a.usename = 'trusted_login'",
        ),
        "grant pg_signal_backend to app_login",
        "ended true",
        mend="revoke pg_signal_backend from app_login",
    ),
    "a refresh": Attack(
        ("select authz.refresh_user_effective_policies()",),
        "grant execute on function authz.refresh_user_effective_policies() to fundwarden_app",
        "SELECT 1",
    ),
}

ATTACKS = {
    f"{kind}: {name}": attack
    for kind, attacks in {
        "reading": READING,
        "telling": TELLING,
        "writing": WRITING,
        "becoming": BECOMING,
    }.items()
    for name, attack in attacks.items()
}
