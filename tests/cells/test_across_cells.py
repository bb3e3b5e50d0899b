"""Questions over all cells: merged pages, exact totals, and no cell that is left out unnamed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from servers import APP_LOGIN, TRUSTED_LOGIN, Server
from typer.testing import CliRunner, Result
from waiting import outcome, refusal, rows, session, start, value, wait_for

from runner import cli
from runner.cells import moving
from runner.cells.everywhere import unconnected
from runner.cells.file import Cell, write
from runner.cells.moving import move
from runner.errors import USAGE, RunnerError

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]

READER = "cells_reader"
NAMES = {"home": ("acme", "asia"), "north": ("boreal", "baltic"), "south": ("coral", "cape")}
SORTS = ("fund_id", "amount", "created_at", "status", "handle_by", "order_id", "customer_id")
DIRECTIONS = ("asc", "desc")
FUNDS_OF_A_TENANT = {"acme": 90, "asia": 7, "boreal": 60, "baltic": 0, "coral": 45, "cape": 1}
# Locales sort the underscore differently; code points do not.
STATUSES = ("open", "o_pen", "o9pen", "settled", "settled_1", "settled1")
COLUMNS = (
    "id", "tenant_id", "handle_by", "order_id", "customer_id", "amount", "currency", "status",
    "created_at",
)  # fmt: skip
PEOPLE = """
    insert into authz.org_units (code) select c from unnest(%s::text []) as c;
    insert into authz.users (username, base_unit_id)
    select n || ' of ' || u.code, u.id
    from authz.org_units as u cross join unnest(array['ann', 'bob']) as n;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, u.base_unit_id
    from authz.users as u inner join authz.roles as r on r.code = 'staff';
    insert into finance.customers (manager_id) select u.id from authz.users as u;
    insert into finance.orders (handler_id)
    select u.id from authz.users as u order by u.id desc;
"""
# Of the platform: who reads everything, who is denied a thing, and who reads a tenant.
CHIEFS = """
    insert into authz.permissions (resource, action, scope)
    values ('finance.funds', 'read', 'system'), ('finance.funds', 'read', 'organization'),
        ('finance.funds', 'read', 'team')
        on conflict do nothing;
    insert into authz.users (username, base_unit_id)
    select n, u.id from authz.org_units as u
    cross join unnest(array['chief', 'denied', 'plain']) as n where u.code = 'acme';
    insert into authz.roles (code) values ('reads_everything'), ('reads_a_tenant');
    insert into authz.role_permissions (role_id, permission_id)
    select r.id, p.id from authz.roles as r
    inner join authz.permissions as p
        on p.resource::text = 'finance.funds' and p.action = 'read' and p.conditions is null
        and p.scope::text
        = case r.code when 'reads_everything' then 'system' when 'reads_a_tenant' then
            'organization' end;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, u.base_unit_id from authz.users as u
    inner join authz.roles as r
        on r.code = case when u.username in ('chief', 'denied') then 'reads_everything'
            when u.username = 'plain' then 'reads_a_tenant' end;
    insert into authz.policies (name, effect) values ('not that', 'deny');
    insert into authz.policy_permissions (policy_id, permission_id)
    select y.id, p.id from authz.policies as y inner join authz.permissions as p
        on p.resource::text = 'finance.funds' and p.action = 'read' and p.scope = 'team'
        and p.conditions is null
    where y.name = 'not that';
    insert into authz.user_policies (user_id, policy_id, unit_id)
    select u.id, y.id, u.base_unit_id from authz.users as u, authz.policies as y
    where u.username = 'denied' and y.name = 'not that';
"""
PAGE = (
    "select p.fund_id, p.tenant_id, p.handle_by, p.order_id, p.customer_id, p.amount, p.currency, "
    "p.status, p.created_at, p.row_number, p.total_count, p.counted, p.missing, p.cell, p.tenant "
    "from platform.page_funds({}) as p"
)


def fill(owner: Connection, tenants: tuple[str, ...], dice: random.Random) -> None:
    """Funds with ties in every column, nulls in all that may be null, and ids of the company."""
    psycopg.ClientCursor(owner).execute(PEOPLE, [list(tenants)])
    for tenant in tenants:
        tenant_id = value(owner, "select id from authz.org_units where code = %s", tenant)
        users, orders, customers = (
            [row[0] for row in rows(owner, f"select id from {of} where tenant_id = %s", tenant_id)]
            for of in ("authz.users", "finance.orders", "finance.customers")
        )
        for number in range(FUNDS_OF_A_TENANT[tenant]):
            owners: list[Any] = [None, None, None]
            while not any(owners):
                owners = [dice.choice([None, *of]) for of in (users, orders, customers)]
            owner.execute(
                "insert into finance.financial_funds (id, tenant_id, handle_by, order_id, "
                "customer_id, amount, currency, status, created_at) overriding system value "
                "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [number + 1, tenant_id, *owners,
                 dice.choice([Decimal("0"), Decimal("-3.50"), Decimal("10.00"),
                              Decimal(dice.randrange(10**12)) / 10**dice.randrange(9)]),
                 dice.choice(["EUR", "USD"]), dice.choice(STATUSES),
                 datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=dice.randrange(20))],
            )  # fmt: skip


@dataclass
class Platform:
    """Three cells, connected."""

    cells: list[Cell]
    file: Path
    chief: int

    @property
    def home(self) -> str:
        return self.cells[0].dsn

    def rows(self, columns: str = ", ".join(COLUMNS)) -> list[Row]:
        """All funds of all cells, each with the cell and the tenant, by no function of ours."""
        found = []
        for cell in self.cells:
            with session(cell.dsn) as admin:
                found += [
                    (*row, cell.name)
                    for row in rows(
                        admin,
                        f"select {columns}, (select u.code from authz.org_units as u "
                        "where u.id = f.tenant_id) from finance.financial_funds as f",
                    )
                ]
        return found

    @contextmanager
    def signed_in(self, user: int | None = None) -> Iterator[Connection]:
        """A transaction of a trusted login for the user, the chief by default."""
        with session(self.home, user=TRUSTED_LOGIN) as caller:
            caller.execute("begin")
            caller.execute("select authz.act_as(%s)", [user or self.chief])
            yield caller
            caller.execute("rollback")

    @contextmanager
    def acting(self, role: str) -> Iterator[Connection]:
        """A session of the platform in a role."""
        with session(self.home) as admin:
            admin.execute(f"set role {role}".encode())
            yield admin

    def person(self, name: str) -> int:
        with session(self.home) as admin:
            return int(value(admin, "select id from authz.users where username = %s", name))


def runner(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(one) for one in arguments])


def error(result: Result) -> RunnerError:
    assert isinstance(result.exception, RunnerError), result.output
    return result.exception


def connected(file: Path) -> None:
    done = runner("cells", "connect", "--user", READER, "--no-password", "--file", file)
    assert done.exit_code == 0, (done.output, done.exception)


@contextmanager
def built(server: Server, folder: Path) -> Iterator[Platform]:
    """Three cells, not connected yet."""
    with ExitStack() as stack:
        dice = random.Random(20261128)
        cells = []
        for number, (name, tenants) in enumerate(NAMES.items()):
            janitor = stack.enter_context(server.copy())
            conninfo = server.conninfo(janitor.dbname)
            with psycopg.connect(conninfo) as owner:
                owner.execute("select ops.apply_database_rights()")
                owner.execute("select ops.set_cell(%s, %s)", [number, name])
                fill(owner, tenants, dice)
                if not number:
                    owner.execute(CHIEFS)
            cells.append(Cell(name, number, conninfo, tenants))
        file = folder / "cells.toml"
        write(file, cells)
        platform = Platform(cells, file, 0)
        platform.chief = platform.person("chief")
        yield platform


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[str]:
    with session(server.conninfo("postgres")) as admin:
        admin.execute(f"create role {READER} login in role fundwarden_platform")
    yield READER
    with session(server.conninfo("postgres")) as admin:
        admin.execute(f"drop role {READER}")


@pytest.fixture(scope="module")
def made(
    server: Server, reader: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    with built(server, tmp_path_factory.mktemp("cells")) as platform:
        yield platform


@pytest.fixture
def platform(made: Platform) -> Platform:
    """The same for every test, connected anew."""
    connected(made.file)
    return made


def in_order(found: list[Row], sort: str, direction: str) -> list[Row]:
    """As the page is to be: nulls last ascending and first descending; ties by id and tenant."""
    place = COLUMNS.index("id" if sort == "fund_id" else sort)
    ties = sorted(found, key=lambda row: (row[0], row[1]))

    def key(row: Row) -> tuple[bool, Any]:
        is_null = row[place] is None
        # Texts by code points, which is what Python does.
        return (is_null, 0 if is_null else row[place])

    return sorted(ties, key=key, reverse=direction == "desc")


def call(page: int, size: int, sort: str, direction: str, **filters: str) -> str:
    extra = "".join(f", {name} => {text}" for name, text in filters.items())
    return PAGE.format(
        f"page => {page}, page_size => {size}, sort_by => '{sort}', sort_order => '{direction}'"
        + extra
    )


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.sampled(3)
def test_a_page_is_the_merge_of_the_rows_of_all_cells(
    platform: Platform, sort: str, direction: str
) -> None:
    wanted = in_order(platform.rows(), sort, direction)
    total = len(wanted)
    assert total == sum(FUNDS_OF_A_TENANT.values())
    with platform.signed_in() as caller:
        for size in (1, 13, 50, 1000):
            pages = -(-total // size)
            for page in {1, 2, pages // 2 + 1, pages, pages + 1, 90}:
                found = rows(caller, call(page, size, sort, direction))
                begin = (page - 1) * size
                part = wanted[begin : begin + size]
                assert [row[:9] for row in found] == [row[:9] for row in part]
                assert [row[9] for row in found] == list(range(begin + 1, begin + len(part) + 1))
                assert all(row[10:13] == (total, total, []) for row in found)
                assert [row[13:] for row in found] == [(row[10], row[9]) for row in part]


def test_filters_leave_what_they_leave_in_every_cell(platform: Platform) -> None:
    everything = platform.rows()
    late = datetime(2026, 1, 1, 0, 0, 0, 9, tzinfo=UTC)
    cases: list[tuple[dict[str, str], Callable[[Row], bool]]] = [
        ({"min_amount": "0.000001", "max_amount": "10"}, lambda r: 0 < r[5] <= 10),
        ({"status": "'o_pen'"}, lambda r: bool(r[7] == "o_pen")),
        ({"created_from": f"'{late}'"}, lambda r: bool(r[8] >= late)),
        ({"created_to": f"'{late}'", "status": "'open'"}, lambda r: r[8] < late and r[7] == "open"),
        # What becomes part of texts that are formatted twice, and sent to other servers.
        ({"status": "'%1$s%%s'"}, lambda r: False),
        ({"status": "$$o'; select 'x\\$$"}, lambda r: False),
        ({"status": "'é☃'"}, lambda r: False),
        ({"min_amount": "1e130000"}, lambda r: False),
    ]
    with platform.signed_in() as caller:
        for filters, holds in cases:
            wanted = in_order([row for row in everything if holds(row)], "amount", "desc")
            found = rows(caller, call(1, 1000, "amount", "desc", **filters))
            assert [row[:9] for row in found] == [row[:9] for row in wanted], filters
            assert all(row[10] == len(wanted) for row in found)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.sampled(3)
def test_each_cell_counts_sorts_and_cuts_its_own_rows_and_all_are_read_at_once(
    platform: Platform, sort: str, direction: str
) -> None:
    with platform.acting("fundwarden_owner") as owner:
        question = value(
            owner,
            """
            select authz_private.question_over_cells(
                authz_private.page_question(3, 20, %(sort)s, %(direction)s),
                authz_private.page_branches(
                    3, 20, %(sort)s, %(direction)s,
                    authz_private.fund_filter(1, 2, 'open', '-infinity', now())
                ),
                r.cells
            )
            from authz_private.reach_cells() as r
            """
            .replace("%(sort)s", f"'{sort}'")
            .replace("%(direction)s", f"'{direction}'"),
        )  # fmt: skip
        owner.execute("set enable_sort = off")
        plan = [row[0] for row in rows(owner, "explain (verbose, costs off) " + question)]
    sent = [line for line in plan if "Remote SQL: " in line]
    column = "id" if sort == "fund_id" else sort
    order = f" ORDER BY {column} {'DESC NULLS FIRST' if direction == 'desc' else 'ASC NULLS LAST'}"
    assert len(sent) == 4
    assert sum("SELECT count(*) FROM platform.cell_funds WHERE " in line for line in sent) == 2
    assert sum(order in line and " LIMIT 60" in line for line in sent) == 2
    # No row is left to be sorted out here.
    assert all(
        "amount >= 1" in line and "status = 'open'" in line and "created_at >= " in line
        for line in sent
    )
    assert sum("Async Foreign Scan" in line for line in plan) == 4


def test_counts_are_those_of_every_tenant(platform: Platform) -> None:
    wanted = []
    for cell in platform.cells:
        with session(cell.dsn) as admin:
            wanted += [
                (cell.name, code, tenant_id, None, *(
                    sum(value(admin, f"select count(*) from {table} where tenant_id = {tenant_id}")
                        for table in tables)
                    for tables in (
                        ["authz.org_units"], ["authz.users"],
                        ["authz.user_roles", "authz.user_policies", "authz.user_permissions"],
                        ["finance.customers"], ["finance.orders"], ["finance.financial_funds"],
                    )
                ))
                for code, tenant_id in rows(
                    admin, "select code, id from authz.org_units where parent_id is null"
                )
            ]  # fmt: skip
    for role in ("fundwarden_operator", "fundwarden_auditor"):
        with platform.acting(role) as caller:
            assert rows(caller, "select * from platform.counts()") == sorted(wanted)


def test_health_is_that_of_every_cell(platform: Platform) -> None:
    with platform.acting("fundwarden_operator") as caller:
        found = rows(caller, "select h.cell, h.name from platform.health() as h")
        checks = {row[0] for row in rows(caller, "select h.name from ops.health_checks() as h")}
    assert set(found) == {(cell.name, check) for cell in platform.cells for check in checks}
    assert len(found) == len(platform.cells) * len(checks)


def test_the_logs_of_all_cells_are_searched_as_one(platform: Platform) -> None:
    columns = "l.id, l.logged_at, l.table_name, l.action, l.row_key, l.new_values, l.tenant_id"
    everything = []
    for cell in platform.cells:
        with session(cell.dsn) as admin:
            everything += [
                (cell.name, *row)
                for row in rows(admin, f"select {columns} from audit.permission_audit_log as l")
            ]
    newest = sorted(sorted(everything, key=lambda row: row[0]),
                    key=lambda row: (row[2], row[1]), reverse=True)  # fmt: skip
    query = f"select l.cell, {columns} from platform.search_log({{}}) as l"
    with platform.acting("fundwarden_auditor") as caller:
        assert rows(caller, query.format("max_rows => 10000")) == newest
        assert rows(caller, query.format("max_rows => 7")) == newest[:7]
        middle = newest[len(newest) // 2][2]
        assert (
            rows(caller, query.format(f"until => '{middle}'"))
            == [row for row in newest if row[2] < middle][:100]
        )
        assert rows(caller, query.format(f"since => '{middle}', max_rows => 10000")) == [
            row for row in newest if row[2] >= middle
        ]
        tenant = newest[-1][7] or next(row[7] for row in newest if row[7])
        assert rows(
            caller,
            query.format(f"of_tenant => {tenant}, of_table => 'authz.users', "
                         "with_action => 'CREATE', max_rows => 10000"),
        ) == [row for row in newest
              if (row[7], row[3], row[4]) == (tenant, "authz.users", "CREATE")]  # fmt: skip
        for nothing in ("of_request => '%1$s'", "with_action => $$'%$$", "by_user => 77"):
            assert rows(caller, query.format(nothing)) == []
        for wrong in ("max_rows => 0", "max_rows => null", "max_rows => 10001",
                      "since => '2027-01-01', until => '2026-01-01'"):  # fmt: skip
            assert refusal(caller, query.format(wrong)).sqlstate == "22023"


def test_the_log_is_searched_by_who_acted(platform: Platform) -> None:
    with session(platform.cells[1].dsn) as admin:
        someone = value(admin, "select min(id) from authz.users")
        with session(platform.cells[1].dsn, user=TRUSTED_LOGIN) as caller:
            caller.execute("begin")
            caller.execute("select set_config('fundwarden.request_id', 'r-1', true)")
            caller.execute("select authz.act_as(%s, 'to look')", [someone])
            caller.execute("commit")
    with platform.acting("fundwarden_auditor") as caller:
        found = rows(
            caller,
            "select l.cell, l.action, l.request_id, l.reason from platform.search_log("
            f"by_user => {someone}, of_request => 'r-1') as l",
        )
    assert found == [("north", "IMPERSONATE", "r-1", "to look")]


# A cell that does not answer.


@contextmanager
def unreachable(platform: Platform) -> Iterator[None]:
    """South is at a port where nobody listens."""
    with session(platform.home) as admin:
        admin.execute("alter server fundwarden_cell_2 options (set port '1')")
        yield
        port = conninfo_to_dict(platform.cells[2].dsn)["port"]
        admin.execute(f"alter server fundwarden_cell_2 options (set port '{port}')".encode())


@contextmanager
def renamed(platform: Platform) -> Iterator[None]:
    """The database of south has another name, and the connections to it have ended."""
    name = conninfo_to_dict(platform.cells[2].dsn)["dbname"]
    with session(make_conninfo(platform.home, dbname="postgres")) as admin:
        end_sessions(admin, platform.cells[2])
        admin.execute(f"alter database {name} rename to elsewhere".encode())
        yield
        admin.execute(f"alter database elsewhere rename to {name}".encode())


def end_sessions(admin: Connection, cell: Cell) -> None:
    """Ends the sessions of the platform in a cell, and waits for their end."""
    name = conninfo_to_dict(cell.dsn)["dbname"]
    there = f"from pg_stat_activity where datname = '{name}' and usename = '{READER}'"
    admin.execute(f"select pg_terminate_backend(pid) {there}".encode())
    wait_for("the end of the sessions", lambda: value(admin, f"select count(*) {there}") == 0)


@pytest.mark.parametrize("how", [unreachable, renamed])
def test_a_cell_that_is_down_is_named_in_every_answer(
    platform: Platform, how: Callable[[Platform], Any]
) -> None:
    others = [row for row in platform.rows() if row[-1] != "south"]
    wanted = in_order(others, "amount", "desc")
    with (
        platform.signed_in() as caller,
        platform.acting("fundwarden_auditor") as auditor,
        how(platform),
    ):
        caller.execute("savepoint s")
        refused = refusal(caller, call(1, 20, "amount", "desc"))
        assert (refused.sqlstate, refused.message_primary) == (
            "FW102", "the answer would lack cell south",
        )  # fmt: skip
        assert refused.message_hint
        caller.execute("rollback to s")
        found = rows(caller, call(1, 20, "amount", "desc", partial="true"))
        assert [row[:9] for row in found] == [row[:9] for row in wanted[:20]]
        # There is no total of all cells, and the answer has none.
        assert {(row[10], row[11], tuple(row[12])) for row in found} == {
            (None, len(others), ("cell south",))
        }
        beyond = rows(caller, call(99, 20, "amount", "desc", partial="true"))
        assert beyond == [(*[None] * 11, len(others), ["cell south"], None, None)]
        caller.execute("commit")

        counted = rows(auditor, "select c.cell, c.tenant, c.problem, c.funds "
                       "from platform.counts() as c")  # fmt: skip
        assert (counted[0][0], counted[0][1], counted[0][3]) == ("south", None, None)
        assert counted[0][2].startswith("does not answer: ")
        assert sum(row[3] for row in counted[1:]) == len(others)
        assert {row[0] for row in counted[1:]} == {"home", "north"}
        health = rows(auditor, "select h.cell, h.name, h.severity::text, h.detail "
                      "from platform.health() as h")  # fmt: skip
        assert health[0][:3] == ("south", "answers", "critical")
        assert health[0][3].startswith("does not answer: ")
        assert {row[0] for row in health[1:]} == {"home", "north"}
        log = rows(auditor, "select l.cell, l.problem, l.id from platform.search_log("
                   "max_rows => 3) as l")  # fmt: skip
        assert log[0][0] == "south" and log[0][1].startswith("does not answer: ")
        assert len(log) == 4 and {row[0] for row in log[1:]} <= {"home", "north"}
    with platform.signed_in() as caller:
        assert rows(caller, call(1, 1, "amount", "desc"))[0][10] == len(platform.rows())


def test_a_connection_that_ended_between_two_transactions_is_made_again(
    platform: Platform,
) -> None:
    total = len(platform.rows())
    with session(platform.home) as admin, platform.signed_in() as caller:
        for cell in platform.cells[1:]:
            assert rows(caller, call(1, 1, "amount", "asc"))[0][10] == total
            caller.execute("commit")
            end_sessions(admin, cell)
            caller.execute("begin")
            caller.execute("select authz.act_as(%s)", [platform.chief])
            assert rows(caller, call(1, 1, "amount", "asc"))[0][10] == total


@contextmanager
def read_while_locked(
    platform: Platform, cell: Cell, caller: Connection, query: str
) -> Iterator[Any]:
    """The query under way, waiting in the cell for a lock that ends with the block."""
    name = conninfo_to_dict(cell.dsn)["dbname"]
    waits = (
        f"select count(*) > 0 from pg_stat_activity where datname = '{name}' "
        f"and usename = '{READER}' and wait_event_type = 'Lock'"
    )
    with session(cell.dsn) as there, session(cell.dsn) as observer:
        there.execute("begin")
        there.execute("lock table finance.financial_funds in access exclusive mode")
        running = start(caller, query)
        wait_for("the cell is being read", lambda: value(observer, waits), running.done)
        assert not running.done.is_set(), running.outcome()
        yield running
        there.execute("rollback")


def test_a_cell_that_is_lost_in_the_middle_is_named_and_the_transaction_ends(
    platform: Platform,
) -> None:
    south = platform.cells[2]
    query = call(1, 20, "amount", "asc", partial="true")
    total = len(platform.rows())
    with session(platform.home) as admin:
        # In the middle of its answer.
        with platform.signed_in() as caller:
            with read_while_locked(platform, south, caller, query) as running:
                end_sessions(admin, south)
                with pytest.raises(psycopg.Error) as lost:
                    running.rows()
            assert lost.value.sqlstate == "08006"
            assert lost.value.diag.message_primary == (
                "cell south was lost while this transaction read it"
            )
            assert "Roll back" in str(lost.value.diag.message_hint)
        # Between two answers of one transaction, where also the other functions say so.
        with platform.acting("fundwarden_auditor") as auditor:
            for asked in ("counts()", "health()", "search_log()"):
                auditor.execute("begin")
                assert rows(auditor, f"select * from platform.{asked}")
                end_sessions(admin, south)
                lost_diag = refusal(auditor, f"select * from platform.{asked}")
                assert lost_diag.sqlstate == "08006"
                assert "cell south was lost" in str(lost_diag.message_primary)
                auditor.execute("rollback")
        # Asked again, it has everything.
        with platform.signed_in() as caller:
            assert rows(caller, query)[0][10] == total


def test_a_statement_that_is_cancelled_ends_and_no_other_error_is_taken_for_a_lost_cell(
    platform: Platform,
) -> None:
    south = platform.cells[2]
    query = call(1, 20, "amount", "asc", partial="true")
    with (
        session(platform.home) as admin,
        platform.signed_in() as caller,
        read_while_locked(platform, south, caller, query) as running,
    ):
        admin.execute("select pg_cancel_backend(%s)", [running.pid])
        assert running.outcome() == "57014"
    with session(south.dsn) as there, platform.signed_in() as caller:
        there.execute("revoke select on platform.cell_funds from fundwarden_platform")
        try:
            assert outcome(caller, query) == "42501"
        finally:
            there.execute("grant select on platform.cell_funds to fundwarden_platform")


def test_a_cell_without_foreign_tables_is_named(platform: Platform) -> None:
    with session(platform.home) as admin, platform.signed_in() as caller:
        admin.execute("drop foreign table authz_private.cell_2_state")
        found = rows(caller, call(1, 1, "amount", "asc", partial="true"))
        assert found[0][10] is None and found[0][12] == ["cell south"]
    with platform.acting("fundwarden_operator") as operator:
        problem = rows(operator, "select c.cell, c.problem from platform.counts() as c")[0]
        assert problem[0] == "south" and "runner cells connect" in problem[1]


def test_a_connection_to_another_cell_than_it_says_is_an_error(platform: Platform) -> None:
    names = [conninfo_to_dict(cell.dsn)["dbname"] for cell in platform.cells]
    with session(platform.home) as admin, platform.signed_in() as caller:
        for wrong, said in ((names[1], "cell north (1)"), ("fundwarden_template", "no cell")):
            admin.execute(f"alter server fundwarden_cell_2 options (set dbname '{wrong}')".encode())
            caller.execute("savepoint s")
            refused = refusal(caller, call(1, 1, "amount", "asc", partial="true"))
            assert refused.sqlstate == "55000"
            assert refused.message_primary == f"the database connected as cell south is {said}"
            caller.execute("rollback")
            caller.execute("begin")
            caller.execute("select authz.act_as(%s)", [platform.chief])


# Snapshots, and tenants that move.


def test_page_and_total_of_a_cell_are_of_one_snapshot_for_the_whole_transaction(
    platform: Platform,
) -> None:
    before = len(platform.rows())
    with session(platform.cells[1].dsn) as north, platform.signed_in() as caller:
        assert rows(caller, call(1, 1, "fund_id", "desc"))[0][10] == before
        fund = value(
            north,
            "insert into finance.financial_funds (id, handle_by, amount) "
            "select 4711, min(u.id), 1 from authz.users as u returning id",
        )
        try:
            found = rows(caller, call(1, 1000, "fund_id", "desc"))
            assert (len(found), found[0][10]) == (before, before)
            assert fund not in {row[0] for row in found}
            caller.execute("commit")
            caller.execute("begin")
            caller.execute("select authz.act_as(%s)", [platform.chief])
            found = rows(caller, call(1, 1000, "fund_id", "desc"))
            assert (len(found), found[0][0]) == (before + 1, fund)
        finally:
            north.execute("delete from finance.financial_funds where id = 4711")


@pytest.mark.parametrize("state", ["arriving", "departed"])
def test_a_tenant_that_no_cell_holds_is_named_and_not_counted(
    platform: Platform, state: str
) -> None:
    everything = platform.rows()
    rest = [row for row in everything if row[-2] != "coral"]
    with session(platform.cells[2].dsn) as south:
        tenant = value(south, "select id from authz.org_units where code = 'coral'")
        south.execute(
            "insert into ops.moved_tenants (tenant_id, from_cell, to_cell, state) "
            "values (%s, 1, %s, %s)",
            [tenant, 0 if state == "departed" else None, state],
        )
        try:
            with platform.signed_in() as caller:
                caller.execute("savepoint s")
                refused = refusal(caller, call(1, 1000, "amount", "asc"))
                assert refused.sqlstate == "FW102"
                assert refused.message_primary == "the answer would lack tenant coral"
                caller.execute("rollback to s")
                found = rows(caller, call(1, 1000, "amount", "asc", partial="true"))
                assert [row[0:2] for row in found] == [
                    row[0:2] for row in in_order(rest, "amount", "asc")
                ]
                assert {tuple(row[12]) for row in found} == {("tenant coral",)}
            with platform.acting("fundwarden_auditor") as auditor:
                counted = rows(auditor, "select c.cell, c.tenant, c.tenant_id, c.problem, c.funds "
                               "from platform.counts() as c")  # fmt: skip
                assert counted[0][:3] == ("south", "coral", tenant)
                assert "is being moved" in counted[0][3] and counted[0][4] is None
                assert sum(row[4] for row in counted[1:]) == len(rest)
                health = rows(auditor, "select h.cell, h.severity::text, h.detail "
                              "from platform.health() as h where h.name = 'answers'")  # fmt: skip
                assert [row[:2] for row in health] == [("south", "warning")]
                assert health[0][2].startswith("coral is being moved")
                assert not rows(auditor, "select from platform.search_log() as l "
                                "where l.problem is not null")  # fmt: skip
        finally:
            south.execute("delete from ops.moved_tenants")


def test_a_tenant_of_the_platform_that_is_moved_closes_no_door(platform: Platform) -> None:
    rest = [row for row in platform.rows() if row[-2] != "asia"]
    with session(platform.home) as home:
        home.execute(
            "insert into ops.moved_tenants (tenant_id, from_cell, to_cell, state) "
            "select u.id, 0, 1, 'departed' from authz.org_units as u where u.code = 'asia'"
        )
        try:
            with platform.signed_in() as caller:
                found = rows(caller, call(1, 1000, "amount", "asc", partial="true"))
            assert len(found) == found[0][11] == len(rest)
            assert found[0][12] == ["tenant asia"]
        finally:
            home.execute("delete from ops.moved_tenants")


def test_a_tenant_that_arrives_while_its_cell_holds_it_still_is_counted_there(
    platform: Platform,
) -> None:
    """The copy is committed before the old cell lets go."""
    total = len(platform.rows())
    with session(platform.cells[1].dsn) as north, session(platform.cells[2].dsn) as south:
        tenant = value(north, "select id from authz.org_units where code = 'boreal'")
        south.execute(
            "insert into ops.moved_tenants (tenant_id, from_cell) values (%s, 1)", [tenant]
        )
        try:
            with platform.signed_in() as caller:
                found = rows(caller, call(1, 1000, "amount", "asc"))
                assert (len(found), found[0][10], found[0][12]) == (total, total, [])
        finally:
            south.execute("delete from ops.moved_tenants")


def test_a_tenant_that_moves_while_the_cells_are_read_is_counted_once(
    server: Server, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PATIENCE", 1)
    with built(server, tmp_path) as platform:
        connected(platform.file)
        wanted = [row[:9] for row in in_order(platform.rows(), "amount", "asc")]
        holder = (
            "select distinct p.cell from platform.page_funds(page_size => 1000) as p "
            "where p.tenant = 'boreal'"
        )
        counted = "select c.cell from platform.counts() as c where c.tenant = 'boreal'"
        with session(platform.home) as caller:
            caller.execute("begin isolation level read committed")
            caller.execute("set local role fundwarden_owner")
            # From here on north is read as it is now.
            assert value(caller, "select name from authz_private.cell_1_state") == "north"
            # All but its last step, which waits for whoever reads.
            with pytest.raises(RunnerError, match="somebody reads a table"):
                move(platform.cells, platform.file, "boreal", "south", say=lambda line: None)
            caller.execute("reset role")
            caller.execute("select authz.act_as(%s)", [platform.chief])
            found = rows(caller, call(1, 1000, "amount", "asc"))
            assert [row[:9] for row in found] == wanted
            assert found[0][10] == len(wanted)
            assert rows(caller, holder) == [("south",)]
            assert rows(caller, counted) == [("south",)]
            caller.execute("rollback")
        with platform.signed_in() as caller:
            assert rows(caller, holder) == [("south",)]
            assert [row[:9] for row in rows(caller, call(1, 1000, "amount", "asc"))] == wanted


# Who may.


def test_the_funds_of_all_cells_are_for_whom_every_tenant_is_open(platform: Platform) -> None:
    query = call(1, 5, "amount", "asc")
    for name in ("denied", "plain", "ann of acme"):
        with platform.signed_in(platform.person(name)) as caller:
            refused = refusal(caller, query)
            assert refused.sqlstate == "42501"
            assert refused.message_primary == "not allowed to read the funds of all cells"
    with session(platform.home, user=APP_LOGIN) as caller:
        assert refusal(caller, query).sqlstate == "28000"
    with platform.signed_in() as caller:
        assert len(rows(caller, query)) == 5
        with session(platform.home) as admin:
            admin.execute("update authz.users set is_active = false where username = 'chief'")
        try:
            assert refusal(caller, query).sqlstate == "28000"
        finally:
            with session(platform.home) as admin:
                admin.execute("update authz.users set is_active = true where username = 'chief'")


def test_each_function_is_for_its_roles_alone(platform: Platform) -> None:
    doors = {
        "select * from platform.page_funds()": {"fundwarden_app", "fundwarden_trusted"},
        "select * from platform.counts()": {"fundwarden_operator", "fundwarden_auditor"},
        "select * from platform.health()": {"fundwarden_operator", "fundwarden_auditor"},
        "select * from platform.search_log()": {"fundwarden_auditor"},
        "select * from platform.cell_findings()": {"fundwarden_platform"},
        "select ops.connect_cells('[]')": set(),
    }
    for role in ("fundwarden_app", "fundwarden_trusted", "fundwarden_operator",
                 "fundwarden_auditor", "fundwarden_platform"):  # fmt: skip
        with platform.acting(role) as caller:
            for door, allowed in doors.items():
                refused = outcome(caller, door) == "42501"
                assert refused is (role not in allowed), (role, door)


@pytest.mark.parametrize(
    "wrong",
    ["page => 0", "page_size => 0", "page_size => 10001", "page => 11, page_size => 10000",
     "page => 2147483647", "sort_by => 'name'", "sort_by => null", "sort_order => 'up'",
     "min_amount => 2, max_amount => 1", "min_amount => 'NaN'", "status => ''", "partial => null",
     "created_from => '2027-01-01', created_to => '2026-01-01'"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(made: Platform, wrong: str) -> None:
    with made.signed_in() as caller:
        assert refusal(caller, PAGE.format(wrong)).sqlstate == "22023"


def test_only_the_platform_answers_and_only_when_it_is_connected(
    platform: Platform, server: Server
) -> None:
    with session(platform.cells[1].dsn) as north:
        north.execute("set role fundwarden_operator")
        refused = refusal(north, "select * from platform.counts()")
        assert (refused.sqlstate, refused.message_primary) == (
            "55000", "this database is not the platform",
        )  # fmt: skip
    with server.copy() as janitor, session(server.conninfo(janitor.dbname)) as alone:
        for is_cell in (False, True):
            if is_cell:
                alone.execute("select ops.set_cell(0, 'alone')")
            refused = refusal(alone, "select * from platform.counts()")
            assert refused.sqlstate == "55000"
            assert ("no cells are connected" in str(refused.message_primary)) is is_cell
        assert rows(alone, "select from pg_extension where extname = 'postgres_fdw'") == []


def switch(admin: Connection, to: str) -> None:
    """Data permissions on or off in a cell, as if the platform had said so."""
    with admin.transaction():
        admin.execute("update ops.cell set taking = pg_current_xact_id()")
        admin.execute("update authz.settings set data_permissions = %s", [to])


def test_rules_of_funds_in_any_cell_refuse_the_page(platform: Platform) -> None:
    """A rule of another cell is about people whom the platform does not know."""
    rule = (
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) values "
        '(\'funds\', \'user\', %s, \'restrict\', \'{"field": "amount", "op": "<", "value": 5}\')'
    )
    mask = (
        "insert into authz.column_permissions (dataset, column_name, dimension, subject, mode, "
        "mask) values ('funds', 'amount', 'user', %s, 'mask', '{\"kind\": \"round\", "
        '"digits": -1}\')'
    )
    query = call(1, 5, "fund_id", "asc")
    plain = platform.person("plain")
    for cell, subject, is_refused in (
        (platform.cells[1], None, True),
        (platform.cells[0], platform.chief, True),
        # Whoever asks is known in cell 0.
        (platform.cells[0], plain, False),
    ):
        with session(cell.dsn) as admin:
            admin.execute("select authz.register_dataset('finance.financial_funds', 'funds')")
            try:
                about = subject or value(admin, "select min(id) from authz.users")
                for statement in (rule, mask):
                    with platform.signed_in() as caller:
                        assert len(rows(caller, query)) == 5
                    admin.execute(statement, [str(about)])
                    with platform.signed_in() as caller:
                        if is_refused:
                            refused = refusal(caller, query)
                            assert refused.sqlstate == "0A000"
                            assert cell.name in str(refused.message_primary)
                        else:
                            assert len(rows(caller, query)) == 5
                    switch(admin, "off")
                    with platform.signed_in() as caller:
                        assert len(rows(caller, query)) == 5
                    switch(admin, "on")
                    admin.execute("delete from authz.row_permissions")
                    admin.execute("delete from authz.column_permissions")
            finally:
                admin.execute("select authz.unregister_dataset('funds')")


ATTACKS = [
    "select * from authz_private.cell_1_funds",
    "select * from authz_private.cell_1_log",
    "table authz_private.cell_2_state",
    "select * from platform.cell_funds",
    "select * from platform.cell_state",
    "select * from platform.cell_log",
    "select * from platform.cell_counts",
    "select * from platform.cell_health",
    "copy platform.cell_funds to stdout",
    "select * from platform.cell_findings()",
    "select * from authz_private.reach_cells()",
    "select * from authz_private.ask_cells('select 1', '{}')",
    "select authz_private.answer_of_cells('select 1')",
    "select * from authz_private.page_over_cells(1, 1, 'fund_id', 'asc', null, null, null, null, "
    "null, true)",
    "select umoptions from pg_user_mapping",
    "set role fundwarden_platform",
    "set role fundwarden_owner",
    "set session authorization cells_reader",
    "create user mapping for current_user server fundwarden_cell_1 options (user 'postgres')",
    "create user mapping for public server fundwarden_cell_1",
    "alter user mapping for fundwarden_owner server fundwarden_cell_1 options (set user 'x')",
    "alter server fundwarden_cell_1 options (set host '/tmp')",
    "create server mine foreign data wrapper postgres_fdw",
    "import foreign schema platform from server fundwarden_cell_1 into public",
    "create foreign table public.t (x int) server fundwarden_cell_1",
    "drop server fundwarden_cell_1 cascade",
    "select ext.postgres_fdw_disconnect_all()",
    "select * from ext.postgres_fdw_get_connections()",
    "select * from dblink('fundwarden_cell_1', 'select 1') as t (x int)",
    "select dblink_connect('fundwarden_cell_1')",
    "delete from ops.connected_cells",
    "select * from ops.connected_cells",
]


@pytest.mark.parametrize("login", [APP_LOGIN, TRUSTED_LOGIN])
def test_an_application_reaches_no_other_cell_but_through_the_function(
    platform: Platform, login: str
) -> None:
    with session(platform.home) as admin:
        admin.execute("create extension if not exists dblink with schema public")
    try:
        with session(platform.home, user=login) as app:
            for attack in ATTACKS:
                assert refusal(app, attack).sqlstate in ("42501", "42704"), attack
            # What a mapping holds is for its own user.
            mappings = rows(app, "select m.umoptions from pg_user_mappings as m")
            assert mappings == [(None,), (None,)]
    finally:
        with session(platform.home) as admin:
            admin.execute("drop extension dblink")


def test_the_login_of_the_platform_reads_the_views_and_nothing_else(platform: Platform) -> None:
    with session(platform.cells[1].dsn, user=READER) as reader:
        readable = rows(
            reader,
            """
            select c.oid::regclass::text
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops', 'secure',
                    'paged', 'sync', 'platform', 'fundwarden', 'ext')
                and case c.relkind
                    when 'S' then has_sequence_privilege(c.oid, 'usage, select, update')
                    else has_any_column_privilege(c.oid, 'select, insert, update, references')
                        or has_table_privilege(c.oid, 'delete, truncate, trigger')
                end
            order by 1
            """,
        )
        assert [row[0] for row in readable] == [
            f"platform.cell_{name}" for name in ("counts", "funds", "health", "log", "state")
        ]
        callable_ = rows(
            reader,
            """
            select p.oid::regprocedure::text
            from pg_proc as p
            inner join pg_namespace as n on p.pronamespace = n.oid
            where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops', 'secure',
                    'paged', 'sync', 'platform')
                and has_function_privilege(p.oid, 'execute')
            """,
        )
        assert callable_ == [("platform.cell_findings()",)]
        for attempt in ("delete from platform.cell_funds", "insert into platform.cell_state "
                        "select 1, 'x'", "create temporary table t (x int)",
                        "create table platform.t (x int)",
                        "select authz.act_as(1)"):  # fmt: skip
            assert refusal(reader, attempt).sqlstate in ("42501", "55000"), attempt
        assert value(reader, "select count(*) from platform.cell_funds") == 60


def test_the_view_of_funds_has_every_column_of_funds(made: Platform) -> None:
    with session(made.home) as admin:
        columns = [
            {row[0] for row in rows(
                admin,
                "select a.attname from pg_attribute as a where a.attrelid = %s::regclass "
                "and a.attnum > 0 and not a.attisdropped",
                relation,
            )}
            for relation in ("finance.financial_funds", "platform.cell_funds")
        ]  # fmt: skip
    assert columns[0] | {"tenant"} == columns[1]


# Connecting.


def test_what_is_connected_is_no_stray_object_and_connecting_again_changes_nothing(
    platform: Platform,
) -> None:
    described = """
        select s.srvname, array(select unnest(s.srvoptions) order by 1), u.umoptions,
            s.srvowner::regrole::text, (
                select array_agg(format('%s %s %s', t.ftrelid::regclass, a.attname, t.ftoptions)
                    order by t.ftrelid::regclass::text, a.attnum)
                from pg_foreign_table as t inner join pg_attribute as a on t.ftrelid = a.attrelid
                where t.ftserver = s.oid and a.attnum > 0
            )
        from pg_foreign_server as s inner join pg_user_mappings as u on s.oid = u.srvid
        order by 1
    """
    with session(platform.home) as admin:
        before = rows(admin, described)
        connected(platform.file)
        assert rows(admin, described) == before
        assert {row[3] for row in before} == {"fundwarden_owner"}
        assert rows(admin, "select * from ops.rls_lint()") == []
        assert rows(admin, "select * from authz_private.rights_differences()") == []
    status = runner("--dsn", platform.home, "status")
    cli.options.dsn = None
    assert "stray" not in status.output and "cell_1" not in status.output, status.output


def test_what_leads_nowhere_is_not_connected(platform: Platform, tmp_path: Path) -> None:
    home, north, south = platform.cells
    file = tmp_path / "cells.toml"
    command = ("cells", "connect", "--user", READER, "--file", file)
    with session(platform.home) as admin:
        before = rows(admin, "select oid, srvoptions from pg_foreign_server order by 1")
        for cells, said in (
            ([home, north, Cell("south", 2, make_conninfo(south.dsn, port="1"))], "cannot connect"),
            ([home, north, Cell("sud", 2, south.dsn)], "is cell south (2)"),
            ([home, north, Cell("east", 3, make_conninfo(south.dsn, dbname="fundwarden_template"))],
             "is no cell"),
            ([home, north, Cell("south", 2, "service=nowhere")], "south"),
        ):  # fmt: skip
            write(file, cells)
            assert said in error(runner(*command, "--no-password")).message
        write(file, [home, Cell("south", 2, "dbname=x")])
        assert error(runner(*command, "--no-password")).exit_code == USAGE
        write(file, [home, north])
        # Nobody asks for one here.
        assert "asked cells_reader for no password" in error(runner(*command)).message
        stranger = ("cells", "connect", "--user", APP_LOGIN, "--no-password", "--file", file)
        assert "permission denied" in error(runner(*stranger)).message
        assert rows(admin, "select oid, srvoptions from pg_foreign_server order by 1") == before


def test_a_cell_that_left_the_file_is_connected_no_more_and_one_that_came_is_reported(
    platform: Platform, tmp_path: Path
) -> None:
    home, north, _ = platform.cells
    assert unconnected(platform.cells) is None
    file = tmp_path / "cells.toml"
    write(file, [home, north])
    connected(file)
    try:
        with platform.signed_in() as caller:
            assert {row[13] for row in rows(caller, call(1, 1000, "amount", "asc"))} == {
                "home", "north",
            }  # fmt: skip
        assert "runner cells connect" in str(unconnected(platform.cells))
        assert unconnected([home, north]) is None
    finally:
        connected(platform.file)


@pytest.mark.parametrize(
    ("cells", "state"),
    [("null", "22023"), ("{}", "22023"), ('[{"number": 0}]', "22023"), ("[1]", "22023"),
     ('[{"number": 1, "name": "north", "server": {"host": "x"}}]', "22023"),
     ('[{"number": 100, "name": "a", "server": {}, "user": "x"}]', "22023"),
     ('[{"number": 1, "name": "A", "server": {}, "user": "x"}]', "22023"),
     ('[{"number": 1, "name": "a", "server": {}, "user": "x", "password": "p"}, '
      '{"number": 1, "name": "b", "server": {}, "user": "x", "password": "p"}]', "23505"),
     ('[{"number": 1, "name": "a", "server": {"x\\"y": "1"}, "user": "x"}]', "HV00D")],
)  # fmt: skip
def test_connections_that_cannot_be_meant_are_refused(
    platform: Platform, cells: str, state: str
) -> None:
    with session(platform.home) as admin:
        assert refusal(admin, "select ops.connect_cells(%s)", cells).sqlstate == state
        assert value(admin, "select count(*) from ops.connected_cells") == 3


def test_without_a_superuser_the_passwords_are_needed_and_no_error_shows_one(
    platform: Platform, server: Server
) -> None:
    told = '[{{"number": 1, "name": "north", "server": {{"host": "h"{}}}, "user": "x"{}}}]'
    with server.copy() as janitor, session(server.conninfo(janitor.dbname)) as admin:
        admin.execute("select ops.set_cell(0, 'other')")
        admin.execute("set role fundwarden_owner")
        refused = refusal(admin, "select ops.connect_cells(%s)", told.format("", ""))
        assert refused.sqlstate == "42501"
        assert "superuser" in str(refused.message_hint)
        admin.execute("reset role")
        admin.execute("select ops.connect_cells('[]')")
        admin.execute("set role fundwarden_owner")
        refused = refusal(admin, "select ops.connect_cells(%s)", told.format("", ""))
        assert refused.sqlstate == "42501"
        assert "superuser" in str(refused.message_hint)
        admin.execute(
            "select ops.connect_cells(%s)", [told.format("", ', "password": "s3cret"')]
        )  # fmt: skip
        assert value(admin, "select count(*) from ops.connected_cells") == 2
        # A mapping for a user that the wrapper refuses.
        wrong = told.format("", ', "password": "s3cret"').replace('"x"', '""')
        refused = refusal(admin, "select ops.connect_cells(%s)", wrong)
        assert "s3cret" not in f"{refused.context}{refused.message_primary}{refused.message_detail}"
    with session(platform.home) as admin:
        assert value(admin, "select count(*) from ops.connected_cells") == 3


@contextmanager
def asking_for_a_password(server: Server, role: str, password: str) -> Iterator[None]:
    """A login whose password the server asks for, as no other login here."""
    with session(server.conninfo("postgres")) as admin:
        hba = Path(value(admin, "show hba_file"))
        before = hba.read_text(encoding="utf-8")
        admin.execute(f"create role {role} login in role fundwarden_platform".encode())
        admin.execute(f"alter role {role} password '{password}'".encode())
        hba.write_text(f"local all {role} scram-sha-256\n{before}", encoding="utf-8")
        admin.execute("select pg_reload_conf()")
        try:
            wait_for(
                "the file is read again",
                lambda: outcome_of_login(server, role) == "refused",
            )
            yield
        finally:
            hba.write_text(before, encoding="utf-8")
            admin.execute("select pg_reload_conf()")
            admin.execute(f"drop role {role}".encode())


def outcome_of_login(server: Server, role: str) -> str:
    try:
        psycopg.connect(server.conninfo("postgres"), user=role, password="wrong").close()
    except psycopg.OperationalError:
        return "refused"
    return "let in"


def test_a_password_that_libpq_finds_is_stored_and_needs_no_superuser_to_be_used(
    platform: Platform, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = "cells_with_password"
    command = ("cells", "connect", "--user", role, "--file", platform.file)
    with asking_for_a_password(server, role, "s3cret word"):
        monkeypatch.setenv("PGPASSWORD", "not it")
        assert "password authentication failed" in error(runner(*command)).message
        monkeypatch.setenv("PGPASSWORD", "s3cret word")
        done = runner(*command)
        assert done.exit_code == 0, (done.output, done.exception)
        assert "s3cret" not in done.output
        monkeypatch.delenv("PGPASSWORD")
        with platform.signed_in() as caller:
            assert rows(caller, call(1, 1, "amount", "asc"))[0][10] == len(platform.rows())
            assert rows(caller, "select m.umoptions from pg_user_mappings as m") == [(None,)] * 2
        with session(platform.home) as admin:
            log = rows(admin, "select l::text from audit.permission_audit_log as l")
            assert "s3cret" not in str(log)
