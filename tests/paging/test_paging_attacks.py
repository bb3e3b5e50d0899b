"""What an application's login may plant, forge or call changes, shows and breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from waiting import refusal, rows, session, start, value, wait_until_blocked

Connection = psycopg.Connection[Any]

pytestmark = pytest.mark.one_server

# Two tenants; ann reads what is of the branch north, mia what is of the other tenant.
WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'unit'), (3, 1, 'south', 'unit'),
        (900, null, 'zeta', 'organization');
    insert into authz.users (id, username, base_unit_id, is_active)
    values (1, 'root', 1, true), (2, 'ann', 2, true), (3, 'bob', 3, true), (4, 'eve', 3, true),
        (5, 'old', 3, false), (9, 'mia', 900, true);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 'admin', 1), (2, 'supervisor', 2), (3, 'staff', 3), (9, 'admin', 900))
        as g (user_id, role, unit_id)
    inner join authz.roles as r on g.role = r.code;
    insert into finance.customers (id, manager_id) values (1, 2), (2, 3);
    insert into finance.orders (id, handler_id, customer_id) values (1, 2, 1), (2, 3, 2);
    insert into finance.financial_funds (id, handle_by, order_id, customer_id, amount, status)
    select g, case when g <= 5 then 2 else 3 end, null, null, g * 10,
        case when g <= 5 then 'open' else 'secret' end
    from generate_series(1, 12) as g;
    insert into finance.financial_funds (id, handle_by, amount, status)
    values (1, 9, 5, 'secret'), (77, 9, 5, 'secret');
    analyze;
"""

ANNS_FUNDS = [(number, 5, "open") for number in range(1, 6)]
PAGE = "select fund_id, total_count, status from finance.page_authorized_funds(page_size => 60)"
COUNT = "select finance.count_authorized_funds()"


def prepare(conninfo: str) -> str:
    with session(conninfo) as admin:
        admin.execute(WORLD)
        admin.execute("select ops.apply_database_rights()")
    return conninfo


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    return prepare(module_database)


@pytest.fixture(scope="module")
def open_world(server: Any) -> Iterator[str]:
    """A database whose administrator gave rights back: TEMP, and CREATE where others may look."""
    with server.copy() as janitor:
        where = prepare(server.conninfo(janitor.dbname))
        with session(where) as admin:
            admin.execute(
                f"""
                grant temporary, create on database {janitor.dbname} to fundwarden_app;
                grant create, usage on schema public to fundwarden_app;
                create schema first authorization app_login;
                grant all on schema first to public;
                """
            )
        yield where


@pytest.fixture
def own_world(database: str) -> str:
    return prepare(database)


@contextmanager
def signed_in(conninfo: str, user: int = 2) -> Iterator[Connection]:
    """A session of the application whose transaction acts for the user.

    The trusted login signs in and hands over: from then on the session is the application's role.
    """
    with session(conninfo, user="trusted_login") as connection:
        connection.execute("begin")
        connection.execute("select authz.act_as(%s)", [user])
        connection.execute("set local role fundwarden_app")
        yield connection
        connection.execute("rollback")


def check(connection: Connection) -> None:
    """Ann's page, count, scope and explanation are what they are without an attack."""
    assert rows(connection, PAGE) == ANNS_FUNDS
    assert value(connection, COUNT) == 5
    scope = rows(connection, "select * from authz.user_scope(2, 'funds', 'read')")
    assert scope == [([2], False, False)]
    explained = (
        "select is_visible, owner_id, grant_unit_path from finance.explain_fund_access(2, 1)"
    )
    assert rows(connection, explained) == [(True, 2, "acme.north")]
    told = rows(connection, "select user_id, depth from authz.subordinates(2)")
    assert told == []


def test_without_an_attack_the_check_passes(world: str) -> None:
    with signed_in(world) as app:
        check(app)
        check(app)


# --- planted in pg_temp and wherever CREATE was given back -----------------------------------

COLUMNS = "row_number bigint, total_count bigint, tenant_id int, fund_id bigint"

# Runs as whoever touches it: were that the owner, it would leave a mark that only the owner can.
PAYLOAD = """
    create function pg_temp.payload() returns bigint language plpgsql volatile
    as $$
    begin
        if pg_has_role(current_user, 'fundwarden_owner', 'usage') then
            raise exception 'ran as %', current_user using errcode = 'ZZ666';
        end if;
        return 666;
    end
    $$;
    create function pg_temp.fire() returns trigger language plpgsql volatile
    as $$
    begin
        perform pg_temp.payload();
        return new;
    end
    $$;
"""

TABLE = f"create temporary table fundwarden_page ({COLUMNS})"
GRANTED = "; grant all on pg_temp.fundwarden_page to public"

PLANTED = {
    "table": TABLE + GRANTED,
    "table kept over commits": TABLE + " on commit preserve rows" + GRANTED,
    "table with other columns": "create temporary table fundwarden_page (x text)" + GRANTED,
    "table with a default": (
        "create temporary table fundwarden_page (row_number bigint default pg_temp.payload(), "
        "total_count bigint default pg_temp.payload(), tenant_id int, fund_id bigint, "
        "extra bigint default pg_temp.payload())" + GRANTED
    ),
    "table with a check": (
        f"create temporary table fundwarden_page ({COLUMNS}, check (pg_temp.payload() > 0))"
        + GRANTED
    ),
    "table with a trigger": (
        TABLE + GRANTED + "; create trigger t before insert on pg_temp.fundwarden_page "
        "for each row execute function pg_temp.fire()"
    ),
    "table with a statement trigger": (
        TABLE + GRANTED + "; create trigger t after insert or delete or truncate on "
        "pg_temp.fundwarden_page for each statement execute function pg_temp.fire()"
    ),
    "table with a rule": (
        TABLE + GRANTED + "; create rule r as on insert to pg_temp.fundwarden_page do also "
        "select pg_temp.payload()"
    ),
    "table with a rule instead": (
        TABLE + GRANTED + "; create rule r as on insert to pg_temp.fundwarden_page do instead "
        "(select pg_temp.payload(); insert into pg_temp.fundwarden_page values (1, 1, 1, 77))"
    ),
    "table with row security": (
        TABLE + GRANTED + "; alter table pg_temp.fundwarden_page enable row level security; "
        "alter table pg_temp.fundwarden_page force row level security; "
        "create policy p on pg_temp.fundwarden_page using (pg_temp.payload() > 0) "
        "with check (pg_temp.payload() > 0)"
    ),
    "table with an index expression": (
        "create function pg_temp.fixed(bigint) returns bigint language plpgsql immutable as "
        "$$ begin perform pg_temp.payload(); return $1; end $$; "
        + TABLE
        + GRANTED
        + "; create index on pg_temp.fundwarden_page (pg_temp.fixed(fund_id))"
    ),
    "table with a generated column": (
        "create function pg_temp.fixed(bigint) returns bigint language plpgsql immutable as "
        "$$ begin perform pg_temp.payload(); return $1; end $$; "
        f"create temporary table fundwarden_page ({COLUMNS}, "
        "extra bigint generated always as (pg_temp.fixed(fund_id)) stored)" + GRANTED
    ),
    "table of a domain": (
        "create domain pg_temp.checked as bigint check (pg_temp.payload() > 0); "
        "create temporary table fundwarden_page (row_number pg_temp.checked, "
        "total_count pg_temp.checked, tenant_id int, fund_id pg_temp.checked)" + GRANTED
    ),
    "table with an heir": (
        TABLE + GRANTED + "; create temporary table heir () inherits (fundwarden_page); "
        "insert into heir values (1, 1, 1, 77)"
    ),
    "partitioned table": (
        f"create temporary table fundwarden_page ({COLUMNS}) partition by list (tenant_id)"
        + GRANTED
    ),
    "view": (
        "create temporary view fundwarden_page as select 1::bigint as row_number, "
        "1::bigint as total_count, 900 as tenant_id, 77::bigint as fund_id, pg_temp.payload() as x"
        + GRANTED
    ),
    "view with an instead-of trigger": (
        "create temporary view fundwarden_page as select 1::bigint as row_number, "
        "1::bigint as total_count, 900 as tenant_id, 77::bigint as fund_id; "
        "create trigger t instead of insert on pg_temp.fundwarden_page for each row "
        "execute function pg_temp.fire()" + GRANTED
    ),
    "sequence": "create temporary sequence fundwarden_page" + GRANTED,
    "composite type": f"create type pg_temp.fundwarden_page as ({COLUMNS})",
    "domain": "create domain pg_temp.fundwarden_page as bigint check (pg_temp.payload() > 0)",
    "enum": "create type pg_temp.fundwarden_page as enum ('a')",
    "range": "create type pg_temp.fundwarden_page as range (subtype = int)",
    "index of that name": (
        "create temporary table other (x int); create index fundwarden_page on other (x)"
    ),
    "array type of that name": ("create type pg_temp._fundwarden_page as enum ('a')"),
    "tables named like ours": ";".join(
        f"create temporary table {name} (id bigint, tenant_id int, user_id bigint, path text)"
        for name in (
            "financial_funds",
            "users",
            "org_units",
            "user_roles",
            "tenants",
            "orders",
            "customers",
            "roles",
            "role_permissions",
            "permissions",
            "resources",
            "memberships",
            "clock_override",
            "identity_key",
        )
    ),
    "tables named like the catalog's": ";".join(
        f"create temporary table {name} as select * from pg_catalog.{name} limit 0"
        for name in ("pg_class", "pg_type", "pg_roles", "pg_database", "pg_namespace")
    ),
    "views named like the catalog's": (
        "create temporary view pg_roles as select pg_temp.payload() as oid; "
        "create temporary view pg_type as select pg_temp.payload() as oid"
    ),
    "functions": (
        "create function pg_temp.current_setting(text, boolean) returns text language sql "
        "as 'select pg_temp.payload()::text'; "
        "create function pg_temp.count(bigint) returns bigint language sql "
        "as 'select pg_temp.payload()'; "
        "create function pg_temp.format(text, text, text, text, text, text) returns text "
        "language sql as 'select pg_temp.payload()::text'; "
        "create function pg_temp.format(text, boolean) returns text language sql "
        "as 'select pg_temp.payload()::text'; "
        "create function pg_temp.quote_ident(text) returns text language sql "
        "as 'select pg_temp.payload()::text'"
    ),
    "operators": (
        "create function pg_temp.always(int, int []) returns boolean language sql "
        "as 'select pg_temp.payload() > 0'; "
        "create function pg_temp.equal(bigint, bigint) returns boolean language sql "
        "as 'select pg_temp.payload() > 0'; "
        "create operator pg_temp.= (leftarg = bigint, rightarg = bigint, "
        "function = pg_temp.equal); "
        "create operator pg_temp.@> (leftarg = int, rightarg = int [], function = pg_temp.always)"
    ),
    "types named like ours": (
        "create type pg_temp.ltree as enum ('x'); create type pg_temp.permission_scope as "
        "enum ('system'); create domain pg_temp.bigint as text; create domain pg_temp.text as int"
    ),
    "casts": (
        "create type pg_temp.mine as (x bigint); "
        "create function pg_temp.cast_it(pg_temp.mine) returns bigint language sql "
        "as 'select pg_temp.payload()'; "
        "create cast (pg_temp.mine as bigint) with function pg_temp.cast_it(pg_temp.mine) "
        "as implicit"
    ),
    "overloads in public": (
        "create function public.page_authorized_funds(bigint) returns bigint language sql "
        "as 'select pg_temp.payload()'; "
        "create function public.format(text, text, text, text, text, text) returns text "
        "language sql as 'select pg_temp.payload()::text'; "
        "create function public.format(text, boolean) returns text language sql "
        "as 'select pg_temp.payload()::text'; "
        "create function public.unnest(int []) returns setof int language sql "
        "as 'select pg_temp.payload()::int'"
    ),
    "a schema put first": (
        "create table first.financial_funds (id bigint); create table first.pg_class (oid oid); "
        "create table first.fundwarden_page (x int); "
        "create function first.count(bigint) returns bigint language sql "
        "as 'select pg_temp.payload()'; "
        "create function first.clock() returns timestamptz language sql "
        "as 'select pg_temp.payload()::text::timestamptz'"
    ),
}


@pytest.mark.parametrize(
    ("name", "table_is_there"),
    [
        # Of those beside a table that is there, every fourth.
        pytest.param(
            name,
            is_there,
            marks=[pytest.mark.long] if is_there and place % 4 else [],
            id=f"{name}-{'table there' if is_there else 'no table yet'}",
        )
        for place, name in enumerate(PLANTED)
        for is_there in (True, False)
    ],
)
@pytest.mark.sampled(2)
def test_planted(open_world: str, name: str, table_is_there: bool) -> None:
    with signed_in(open_world) as app:
        if table_is_there:
            check(app)
        app.execute("savepoint here")
        try:
            app.execute(PAYLOAD + PLANTED[name])
        except psycopg.Error as error:
            # What cannot be planted beside the table that is there is no attack.
            assert table_is_there or error.sqlstate == "0A000", error
            app.execute("rollback to here")
        for path in ("public", "pg_temp, first, public, pg_catalog", "first, pg_catalog", ""):
            app.execute("select set_config('search_path', %s, true)", [path])
            check(app)
            check(app)
        app.execute("set local transaction_read_only = on")
        check(app)


def test_a_table_planted_in_an_earlier_transaction_gets_no_rows(open_world: str) -> None:
    with session(open_world, user="trusted_login") as connection:
        connection.execute(TABLE + GRANTED)
        for _ in range(2):
            connection.execute("begin; select authz.act_as(2); set local role fundwarden_app")
            check(connection)
            connection.execute("reset role")
            assert value(connection, "select count(*) from pg_temp.fundwarden_page") == 0
            connection.execute("commit")
        connection.execute("drop table pg_temp.fundwarden_page")
        connection.execute("begin; select authz.act_as(2); set local role fundwarden_app")
        check(connection)
        assert refusal(connection, "table pg_temp.fundwarden_page").sqlstate == "42501"
        connection.execute("rollback")


# The guard of page_table_ready, broken in two ways.
ANY_TABLE_WILL_DO = """
    create or replace function authz_private.page_table_ready()
    returns boolean language plpgsql volatile
    as $$
    begin
        create temporary table if not exists fundwarden_page (
            row_number bigint, total_count bigint, tenant_id int, fund_id bigint
        ) on commit delete rows;
        return true;
    end
    $$;
"""


@pytest.mark.parametrize(
    "name", ["table with a trigger", "table with a default", "table with a check"]
)
def test_without_the_guard_a_planted_table_runs_code_as_the_owner(
    own_world: str, name: str
) -> None:
    with session(own_world) as admin:
        admin.execute(f"grant temporary on database {admin.info.dbname} to fundwarden_app")
        admin.execute(ANY_TABLE_WILL_DO)
    with signed_in(own_world) as app:
        app.execute(PAYLOAD + PLANTED[name])
        assert refusal(app, PAGE).sqlstate == "ZZ666"


def test_without_the_guard_a_planted_table_shows_the_page_of_another(own_world: str) -> None:
    with session(own_world) as admin:
        admin.execute(f"grant temporary on database {admin.info.dbname} to fundwarden_app")
        admin.execute(ANY_TABLE_WILL_DO)
    with signed_in(own_world) as app:
        app.execute(TABLE + GRANTED)
        app.execute(PAGE)
        assert value(app, "select count(*) from pg_temp.fundwarden_page") == 5


TAKE_OVER = """
    create function {}.concat(text, text) returns text language plpgsql
    as $$
    begin
        raise exception 'ran as %', current_user using errcode = 'ZZ666';
    end
    $$
"""


def test_without_its_search_path_a_function_runs_what_the_caller_planted(own_world: str) -> None:
    with session(own_world) as admin:
        admin.execute("alter function finance.count_authorized_funds reset search_path")
        admin.execute("create schema first authorization app_login")
        admin.execute("grant usage on schema first to public")
    with session(own_world, user="app_login") as app:
        app.execute(TAKE_OVER.format("first"))
    with signed_in(own_world) as app:
        app.execute("set local search_path = first, pg_catalog, ext")
        assert refusal(app, COUNT).sqlstate == "ZZ666"


@pytest.mark.parametrize("schema", ["ext", "authz", "authz_private", "finance", "public"])
@pytest.mark.parametrize("to", ["public", "fundwarden_app"])
def test_a_right_to_plant_where_our_functions_look_is_reported(
    world: str, schema: str, to: str
) -> None:
    reported = "select count(*) from ops.check_database_rights()"
    with session(world) as admin:
        admin.execute("begin")
        assert value(admin, reported) == 0
        admin.execute(f"grant create on schema {schema} to {to}")
        assert value(admin, reported) > 0
        admin.execute("rollback")


# --- forged identities ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forge",
    [
        "set fundwarden.identity = '{}'",
        "set local fundwarden.identity = '{}'",
        "select set_config('fundwarden.identity', '{}', true)",
        "select set_config('fundwarden.identity', '{}', false)",
        "alter role current_user set fundwarden.identity = '{}'",
        "do $$ begin perform set_config('fundwarden.identity', '{}', true); end $$",
        "do $$ begin set local fundwarden.identity = '{}'; end $$",
    ],
)
def test_a_forged_identity_is_nobodys(world: str, forge: str) -> None:
    with signed_in(world, 1) as root:
        stolen = value(root, "select current_setting('fundwarden.identity')")
        with session(world, user="app_login") as app:
            for text in (stolen, "1:" + "0" * 64, "1", stolen.replace("1:", "2:", 1)):
                app.execute("begin")
                app.execute("savepoint here")
                try:
                    app.execute(forge.format(text))
                except psycopg.errors.InsufficientPrivilege:
                    app.execute("rollback to here")
                assert refusal(app, PAGE).sqlstate == "28000"
                app.execute("rollback")
                assert refusal(app, COUNT).sqlstate == "28000"
                app.execute("reset fundwarden.identity")


def test_what_the_application_kept_of_one_user_is_nobodys_in_the_next_transaction(
    world: str,
) -> None:
    with session(world, user="trusted_login") as connection:
        connection.execute("begin; select authz.act_as(1); set local role fundwarden_app")
        kept = value(connection, "select current_setting('fundwarden.identity')")
        connection.execute("select set_config('fundwarden.identity', %s, false)", [kept])
        assert value(connection, COUNT) == 12
        connection.execute("commit")
        connection.execute("begin; set local role fundwarden_app")
        assert refusal(connection, COUNT).sqlstate == "28000"
        connection.execute("rollback")


@pytest.mark.parametrize(
    "statement",
    [
        "set role fundwarden_owner",
        "set role fundwarden_trusted",
        "set role fundwarden_operator",
        "set role postgres",
        "set local role fundwarden_owner",
        "set session authorization fundwarden_owner",
        "set session authorization trusted_login",
        "select set_config('role', 'fundwarden_owner', false)",
        "select set_config('session_authorization', 'trusted_login', false)",
        "grant fundwarden_owner to app_login",
        "alter role app_login superuser",
        "create role mine in role fundwarden_owner",
        "alter function finance.count_authorized_funds reset search_path",
        "create or replace function finance.fake() returns int language sql as 'select 1'",
        "create function authz.act_as(int) returns void language sql as 'select'",
        "select authz.act_as(1)",
        "select authz.clock()",
        "insert into authz_private.clock_override (instant) values ('infinity')",
        "set session_replication_role = replica",
        "alter table finance.financial_funds disable trigger all",
        "load 'auto_explain'",
        "copy (select 1) to program 'true'",
    ],
)
def test_the_application_cannot_become_or_change(world: str, statement: str) -> None:
    with session(world, user="app_login") as app:
        assert refusal(app, statement).sqlstate == "42501"
        assert refusal(app, PAGE).sqlstate == "28000"


def test_naming_the_role_none_or_itself_gives_nothing(world: str) -> None:
    with session(world, user="app_login") as app:
        for role in ("none", "app_login", "fundwarden_app"):
            app.execute(f"set role {role}")
            assert refusal(app, "select finance.count_authorized_funds(1)").sqlstate == "28000"


def test_a_definer_function_of_another_owner_lends_no_rights(own_world: str) -> None:
    with session(own_world) as admin:
        admin.execute(
            "create function public.lent() returns bigint language sql security definer "
            "as 'select finance.count_authorized_funds(1)'; "
            "grant execute on function public.lent() to public"
        )
    with session(own_world, user="app_login") as app:
        assert refusal(app, "select public.lent()").sqlstate == "28000"


# --- what is out of reach ---------------------------------------------------------------------


def test_private_functions_and_tables_that_are_not_read_are_out_of_reach(world: str) -> None:
    with session(world) as admin:
        functions = rows(
            admin,
            "select p.oid::regprocedure::text, p.proname, p.pronargs from pg_proc as p "
            "where p.pronamespace = 'authz_private'::regnamespace",
        )
        tables = rows(
            admin,
            "select c.oid::regclass::text, "
            "has_any_column_privilege('fundwarden_app', c.oid, 'select') from pg_class as c "
            "where c.relnamespace in ('authz'::regnamespace, 'authz_private'::regnamespace, "
            "'finance'::regnamespace, 'audit'::regnamespace) and c.relkind in ('r', 'm', 'p')",
        )
    assert len(functions) > 20
    assert sum(not is_read for _, is_read in tables) > 10
    with signed_in(world, 1) as app:
        for text, name, count in functions:
            app.execute("savepoint here")
            nulls = ", ".join(["null"] * count)
            error = refusal(app, f"select authz_private.{name}({nulls})")
            assert error.sqlstate == "42501", text
            app.execute("rollback to here")
        for table, is_read in tables:
            # What policies show of five tables is for test_row_security.py and test_attacks.py.
            reading = (
                f"select * from {table}",
                f"select count(*) from {table}",
                f"select 1 from {table} limit 1",
                f"lock table {table} in access share mode",
                f"copy {table} to stdout",
            )
            for statement in (f"delete from {table}", *(() if is_read else reading)):
                if statement.startswith("lock") and table == "authz.user_effective_policies":
                    # Not a table, to LOCK: 42809 before any right is looked at.
                    continue
                app.execute("savepoint here")
                assert refusal(app, statement).sqlstate == "42501", statement
                app.execute("rollback to here")


# --- asking about others ----------------------------------------------------------------------

QUESTIONS = [
    "select * from finance.page_authorized_funds({})",
    "select finance.count_authorized_funds({})",
    "select * from authz.user_scope({}, 'funds', 'read')",
    "select * from authz.subordinates({})",
    "select * from finance.explain_fund_access({}, 1)",
    "select authz.check_user_permission({}, 'funds', 'read', 1)",
    'select * from authz.check_user_permissions({}, \'[{{"resource": "funds", '
    '"action": "read", "unit_id": 1}}]\')',
    "select * from authz.explain_user_permission({}, 'funds', 'read', 1)",
    "select * from authz.effective_policies({})",
    "select authz.next_access_change({})",
    "select authz.user_has_org_permission({}, 1, 'events.read')",
]

# Of the same tenant, a subordinate's unit, another tenant, inactive, absent.
OTHERS = [1, 3, 4, 5, 9, 6, 0, -1, 9223372036854775807]


@pytest.mark.parametrize("question", QUESTIONS)
def test_asking_about_another_is_refused_alike_whoever_it_is(world: str, question: str) -> None:
    told = set()
    with signed_in(world) as app:
        for turn, other in enumerate((1, *OTHERS)):
            app.execute("savepoint here")
            error = refusal(app, question.format(other))
            app.execute("rollback to here")
            # The context of the first call of a session tells that its plan was just made.
            if turn == 0:
                continue
            told.add(
                (
                    error.sqlstate,
                    error.message_primary,
                    error.message_detail,
                    error.message_hint,
                    error.context,
                )
            )
        check(app)
    assert len(told) == 1
    ((state, message, detail, hint, _),) = told
    assert (state, detail) == ("42501", None)
    assert "not allowed" in (message or "")
    assert hint


@pytest.mark.parametrize("question", QUESTIONS)
def test_nobody_is_told_that_nobody_is_signed_in(world: str, question: str) -> None:
    with session(world, user="app_login") as app:
        for other in ("null", *map(str, OTHERS)):
            error = refusal(app, question.format(other))
            assert (error.sqlstate, error.message_primary) == ("28000", "nobody is signed in")


def test_an_administrator_asks_about_the_own_tenant_only(world: str) -> None:
    with signed_in(world, 1) as app:
        for other, total in ((2, 5), (3, 7), (4, 0), (5, 0), (1, 12)):
            assert value(app, "select finance.count_authorized_funds(%s)", other) == total
        for other in (9, 6, 0):
            app.execute("savepoint here")
            error = refusal(app, "select finance.count_authorized_funds(%s)", other)
            assert error.sqlstate == "42501"
            app.execute("rollback to here")


@pytest.mark.parametrize("user", [2, 3, 4])
def test_a_hidden_fund_and_an_absent_one_are_explained_alike(world: str, user: int) -> None:
    told = set()
    hidden = {2: [6, 7, 12, 77], 3: [1, 2, 5, 77], 4: [1, 6, 12, 77]}[user]
    with signed_in(world, user) as app:
        for turn, fund in enumerate((500, *hidden, 500, 0, -1, 9223372036854775807, None)):
            app.execute("savepoint here")
            error = refusal(app, "select * from finance.explain_fund_access(null, %s)", fund)
            app.execute("rollback to here")
            if turn == 0:
                continue
            told.add(
                (
                    error.sqlstate,
                    error.message_primary,
                    error.message_detail,
                    error.message_hint,
                    error.context,
                )
            )
    assert len(told) == 1
    assert next(iter(told))[0] == "42501"


def test_a_fund_of_equal_id_in_another_tenant_is_not_explained(world: str) -> None:
    # Fund 1 is ann's in one tenant and mia's in the other.
    explain = (
        "select owner_id, owner_unit_path, is_visible from finance.explain_fund_access(null, 1)"
    )
    with signed_in(world, 2) as app:
        assert rows(app, explain) == [(2, "acme.north", True)]
    with signed_in(world, 9) as app:
        assert rows(app, explain) == [(9, "zeta", True)]


def test_units_of_another_tenant_and_absent_ones_are_refused_alike(world: str) -> None:
    for function in ("descendants", "ancestors"):
        told = set()
        with signed_in(world) as app:
            for unit in (900, 5000, 0, None):
                app.execute("savepoint here")
                error = refusal(app, f"select * from authz.{function}(%s)", unit)
                told.add((error.sqlstate, error.message_primary, error.message_hint))
                app.execute("rollback to here")
        assert len(told) == 1
        assert next(iter(told))[0] == "42501"


def test_a_leaky_function_of_the_callers_sees_authorised_rows_only(open_world: str) -> None:
    with signed_in(open_world) as app:
        app.execute(
            "create function pg_temp.leak(bigint) returns bigint language plpgsql cost 0.0001 as "
            "$$ begin if $1 > 5 then raise exception 'leaked %', $1; end if; return $1; end $$"
        )
        found = rows(
            app,
            "select p.fund_id from finance.page_authorized_funds(page_size => 100) as p "
            "where pg_temp.leak(p.fund_id) > 0 and pg_temp.leak(p.handle_by) > 0",
        )
        assert found == [(number,) for number in range(1, 6)]


def test_a_plan_shows_no_row_of_the_tables(world: str) -> None:
    with signed_in(world) as app:
        plan = "\n".join(
            row[0] for row in rows(app, "explain (analyze, verbose, costs off) " + PAGE)
        )
        assert "financial_funds" not in plan
        assert "secret" not in plan


def test_a_caller_who_locks_what_it_may_blocks_no_other(world: str) -> None:
    with session(world, user="app_login") as app, signed_in(world) as other:
        app.execute("begin; select pg_advisory_xact_lock(n) from generate_series(0, 100) as n")
        other.execute("set local lock_timeout = '2s'")
        check(other)
        app.execute("rollback")


def test_errors_about_hidden_values_carry_no_detail(world: str) -> None:
    with session(world) as admin, session(world) as locker, signed_in(world) as app:
        locker.execute("begin; lock table finance.financial_funds in access exclusive mode")
        page = start(app, PAGE)
        wait_until_blocked(admin, page)
        admin.execute("select pg_cancel_backend(%s)", [page.pid])
        assert page.outcome() == "57014"
        locker.execute("rollback")
        app.execute("rollback")
