"""Clients that work for a tenant all the time, and a plain model of what they must be answered.

Every client has a region of its tenant for itself: it alone writes there, so each answer about that
region is known exactly. The chief of the tenant sees what all clients do at the same time: of that
total a lower and an upper bound are known.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from three_servers import Platform, as_owner, is_away, token
from waiting import PATIENCE, rows, session, value, wait_for

from runner.cells.file import Cell

Connection = psycopg.Connection[Any]
STATUSES = ("open", "closed", "held")


@dataclass
class Fund:
    amount: Decimal
    status: str
    handler: int | None
    order: int | None
    customer: int | None


@dataclass
class Total:
    """How many funds a tenant has while several clients make and delete some."""

    first: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    # Begun is counted before the statement, done after the commit.
    begun: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    done: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})

    def begin(self, change: int) -> None:
        with self.lock:
            self.begun[change] += 1

    def end(self, change: int, is_done: bool) -> None:
        """What failed was never seen by anybody."""
        with self.lock:
            if is_done:
                self.done[change] += 1
            else:
                self.begun[change] -= 1

    def before(self) -> dict[int, int]:
        with self.lock:
            return dict(self.done)

    def bounds(self, before: dict[int, int]) -> tuple[int, int]:
        """Least and greatest total that a statement since then may have seen."""
        with self.lock:
            return (
                self.first + before[1] - self.begun[-1],
                self.first + self.begun[1] - before[-1],
            )


@dataclass
class Region:
    """What one client alone writes: two offices, their people and what these own."""

    tenant: str
    unit: int
    offices: tuple[int, int]
    admin: int
    boss: int
    workers: tuple[int, int]
    temp: int
    chief: int
    supervisor: int
    total: Total
    bases: dict[int, int]
    customers: dict[int, int]
    orders: dict[int, int]
    funds: dict[int, Fund]
    # The grant of the temp: its id and its unit.
    grant: tuple[int, int] | None = None

    def owners(self, fund: Fund) -> set[int]:
        found = {fund.handler}
        if fund.order is not None:
            found.add(self.orders[fund.order])
        if fund.customer is not None:
            found.add(self.customers[fund.customer])
        return {one for one in found if one is not None}

    def units(self, user: int) -> set[int]:
        """Where the user supervises."""
        if user == self.boss:
            return {self.unit, *self.offices}
        if user == self.temp and self.grant is not None:
            at = self.grant[1]
            return {self.unit, *self.offices} if at == self.unit else {at}
        return set()

    def visible(self, user: int) -> list[int]:
        """Ids of the funds that the user sees, in the order of pages."""
        units = self.units(user)
        return sorted(
            key
            for key, fund in self.funds.items()
            if any(
                self.bases[owner] in units or (owner == user and user in self.workers)
                for owner in self.owners(fund)
            )
        )


WORLD = """
    insert into authz.org_units (code, kind) values (%(tenant)s, 'organization');
    insert into authz.org_units (parent_id, code, kind)
    select t.id, 'r' || k, 'region'
    from authz.org_units as t cross join generate_series(1, %(regions)s) as k
    where t.parent_id is null and t.code = %(tenant)s;
    insert into authz.org_units (parent_id, code, kind)
    select r.id, o.code, 'office'
    from authz.org_units as r
    inner join authz.org_units as t on r.parent_id = t.id
    cross join (values ('a'), ('b')) as o (code)
    where t.parent_id is null and t.code = %(tenant)s;
    insert into authz.users (username, base_unit_id)
    select w.who || ' of ' || n.path::text, n.id
    from authz.org_units as n
    inner join authz.org_units as t on n.tenant_id = t.id
    cross join (
        values ('chief', 0), ('boss', 1), ('temp', 1), ('worker', 2)
    ) as w (who, level)
    where t.code = %(tenant)s and n.level = w.level + (
        select min(x.level) from authz.org_units as x where x.tenant_id = t.id
    );
    insert into authz.users (username, base_unit_id)
    select 'admin of ' || n.path::text, t.id
    from authz.org_units as n
    inner join authz.org_units as t on n.parent_id = t.id
    where t.parent_id is null and t.code = %(tenant)s;
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, case when r.code <> 'staff' then u.base_unit_id end
    from authz.users as u
    inner join authz.org_units as t on u.tenant_id = t.id
    inner join (
        values ('chief', 'supervisor'), ('boss', 'supervisor'), ('admin', 'admin'),
        ('worker', 'staff')
    ) as w (who, role) on u.username like w.who || ' of %%'
    inner join authz.roles as r on w.role = r.code and r.tenant_id is null
    where t.code = %(tenant)s;
    insert into finance.customers (name, manager_id)
    select 'customer', u.id
    from authz.users as u inner join authz.org_units as t on u.tenant_id = t.id
    where t.code = %(tenant)s and u.username like 'worker of %%';
    insert into finance.orders (handler_id, customer_id)
    select c.manager_id, c.id
    from finance.customers as c inner join authz.org_units as t on c.tenant_id = t.id
    where t.code = %(tenant)s;
    insert into finance.financial_funds (tenant_id, amount, handle_by, order_id, customer_id)
    select
        t.id, g + 0.25,
        case when g %% 3 = 0 then o.handler_id end, case when g %% 3 = 1 then o.id end,
        case when g %% 3 = 2 then o.customer_id end
    from finance.orders as o
    inner join authz.org_units as t on o.tenant_id = t.id
    cross join generate_series(1, %(funds)s) as g
    where t.code = %(tenant)s;
    select authz.refresh_user_effective_policies();
"""


def build(cell: Cell, tenant: str, regions: int, funds: int = 6) -> list[Region]:
    """The tenant in the cell; a region for each client, with so many funds of each of two people"""
    with psycopg.connect(cell.dsn) as owner:
        psycopg.ClientCursor(owner).execute(
            WORLD, {"tenant": tenant, "regions": regions, "funds": funds}
        )
    return read_regions(cell, tenant)


def read_regions(cell: Cell, tenant: str) -> list[Region]:
    """What the tables of the cell say, one region after the other."""
    units = as_owner(
        cell,
        "select n.path::text, n.id from authz.org_units as n inner join authz.org_units as t "
        "on n.tenant_id = t.id where t.code = %s order by 1",
        tenant,
    )
    if not units:
        return []
    ids: dict[str, int] = dict(units)
    root = ids[tenant]
    people = as_owner(
        cell,
        "select u.username, u.id, u.base_unit_id from authz.users as u where u.tenant_id = %s",
        root,
    )
    named = {name: key for name, key, _ in people}
    bases = {key: base for _, key, base in people}
    customers = dict(
        as_owner(
            cell, "select c.id, c.manager_id from finance.customers as c where tenant_id = %s", root
        )
    )
    orders = dict(
        as_owner(
            cell, "select o.id, o.handler_id from finance.orders as o where tenant_id = %s", root
        )
    )
    funds = {
        row[0]: Fund(*row[1:])
        for row in as_owner(
            cell,
            "select f.id, f.amount, f.status, f.handle_by, f.order_id, f.customer_id "
            "from finance.financial_funds as f where f.tenant_id = %s",
            root,
        )
    }
    grants = {
        user: (key, unit)
        for key, user, unit in as_owner(
            cell,
            "select g.id, g.user_id, g.unit_id from authz.user_roles as g where g.tenant_id = %s",
            root,
        )
    }
    [(supervisor,)] = as_owner(
        cell,
        "select r.id from authz.roles as r where r.code = 'supervisor' and r.tenant_id is null",
    )
    total = Total(len(funds))
    found = []
    for path, unit in ids.items():
        if path.count(".") != 1:
            continue
        workers = named[f"worker of {path}.a"], named[f"worker of {path}.b"]
        region = Region(
            tenant, unit, (ids[f"{path}.a"], ids[f"{path}.b"]), named[f"admin of {path}"],
            named[f"boss of {path}"], workers, named[f"temp of {path}"],
            named[f"chief of {tenant}"], supervisor, total,
            {user: bases[user] for user in (*workers, named[f"temp of {path}"])},
            {key: manager for key, manager in customers.items() if manager in workers},
            {key: handler for key, handler in orders.items() if handler in workers},
            {}, grants.get(named[f"temp of {path}"]),
        )  # fmt: skip
        region.funds = {
            key: fund
            for key, fund in funds.items()
            if fund.handler in workers
            or fund.order in region.orders
            or fund.customer in region.customers
        }
        found.append(region)
    # No row is of no region.
    assert sum(len(region.funds) for region in found) == len(funds)
    assert sum(len(region.orders) for region in found) == len(orders)
    assert sum(len(region.customers) for region in found) == len(customers)
    return found


class Client(threading.Thread):
    """An application that serves the people of a region, and checks every answer."""

    def __init__(self, platform: Platform, region: Region, seed: int, ending: threading.Event):
        super().__init__(daemon=True)
        self.region = region
        self.where = platform.through(region.tenant)
        self.rng = random.Random(seed)
        self.ending = ending
        self.failed: BaseException | None = None
        # Transactions that were committed and answered rightly, and refusals to be tried again.
        self.served = 0
        self.sent_away = 0
        cell = platform.home(region.tenant)
        self.tokens = {
            user: token(cell, user)
            for user in (region.admin, region.boss, *region.workers, region.temp, region.chief)
        }
        self.connection = psycopg.connect(self.where, autocommit=True, prepare_threshold=None)

    def run(self) -> None:
        works = [self.page, self.page, self.page, self.check, self.check, self.see_total,
                 self.change_grant, self.transfer_customer, self.transfer_order,
                 self.transfer_worker, self.create, self.update, self.delete, self.give_up,
                 self.overreach]  # fmt: skip
        try:
            while not self.ending.is_set():
                self.rng.choice(works)()
                self.served += 1
        except BaseException as error:
            self.failed = error
        finally:
            self.connection.close()

    # Transactions

    def act(self, user: int, work: Callable[[Connection], Any]) -> Any:
        """The work in a transaction of the user's; again and again while nobody serves the tenant.

        No other error is expected, so each other error ends the client.
        """
        while True:
            try:
                with self.connection.transaction():
                    self.sign_in(self.connection, user)
                    return work(self.connection)
                # It undid what it did.
                return None
            except psycopg.Error as error:
                if not is_away(error):
                    raise
            self.sent_away += 1
            wait_for("the tenant is served", lambda: self.is_served(user), self.ending)
            assert not self.ending.is_set(), "nobody served the tenant to the end"
            self.connection.close()
            self.connection = psycopg.connect(self.where, autocommit=True, prepare_threshold=None)

    def sign_in(self, connection: Connection, user: int) -> None:
        assert value(connection, "select authz.sign_in(%s)", self.tokens[user]) == user

    def is_served(self, user: int) -> bool:
        with session(self.where) as connection:
            try:
                self.sign_in(connection, user)
            except psycopg.Error as error:
                if not is_away(error):
                    raise
                return False
            return True

    # What is asked

    def page(self) -> None:
        region = self.region
        user = self.rng.choice([region.boss, region.temp, *region.workers])
        number, size = self.rng.choice([(1, 100), (1, 5), (2, 5), (3, 3)])
        found = self.act(
            user,
            lambda connection: rows(
                connection,
                "select p.fund_id, p.total_count, p.amount, p.status, p.handle_by, p.order_id, "
                "p.customer_id from finance.page_authorized_funds(null, %s, %s) as p "
                "order by p.row_number",
                number,
                size,
            ),
        )
        visible = region.visible(user)
        assert [row[0] for row in found] == visible[(number - 1) * size : number * size]
        for key, total, *content in found:
            assert total == len(visible)
            assert Fund(*content) == region.funds[key]

    def check(self) -> None:
        region = self.region
        user = self.rng.choice([region.boss, region.temp, region.workers[0]])
        unit = self.rng.choice([region.unit, *region.offices])
        action = self.rng.choice(["read", "update"])
        owner = self.rng.choice(region.workers)
        context = {"owner_id": owner} if user in region.workers else {}
        found = self.act(
            user,
            lambda connection: value(
                connection,
                "select authz.check_user_permission(null, 'funds', %s, %s, %s)",
                action, unit, Jsonb(context),
            ),
        )  # fmt: skip
        # The role staff is about what one owns, in whatever unit.
        may = owner == user if user in region.workers else unit in region.units(user)
        assert found is (may and action == "read"), (user, unit, action)

    def see_total(self) -> None:
        before = self.region.total.before()
        found = self.act(
            self.region.chief,
            lambda connection: value(connection, "select finance.count_authorized_funds(null)"),
        )
        least, most = self.region.total.bounds(before)
        assert least <= found <= most

    # What is changed

    def change_grant(self) -> None:
        region = self.region
        if region.grant is not None:
            given = region.grant[0]
            self.act(
                region.admin,
                lambda connection: value(connection, "select authz.revoke_role(%s)::text", given),
            )
            region.grant = None
            return
        unit = self.rng.choice([region.unit, *region.offices])
        made = self.act(
            region.admin,
            lambda connection: value(
                connection,
                "select (authz.assign_role(%s, %s, %s)).id",
                region.temp, region.supervisor, unit,
            ),
        )  # fmt: skip
        region.grant = (made, unit)

    def change(self, query: str, *params: object) -> Any:
        return self.act(self.region.admin, lambda connection: value(connection, query, *params))

    def transfer_customer(self) -> None:
        key, to = self.one_of(self.region.customers), self.rng.choice(self.region.workers)
        self.change("select finance.update_customer(%s, %s)", key, Jsonb({"manager_id": to}))
        self.region.customers[key] = to

    def transfer_order(self) -> None:
        key, to = self.one_of(self.region.orders), self.rng.choice(self.region.workers)
        self.change("select finance.update_order(%s, %s)", key, Jsonb({"handler_id": to}))
        self.region.orders[key] = to

    def transfer_worker(self) -> None:
        self.move_to(self.rng.choice(self.region.workers), self.rng.choice(self.region.offices))

    def move_to(self, user: int, unit: int) -> None:
        self.change("select authz.transfer_user(%s, %s)::text", user, unit)
        self.region.bases[user] = unit

    def exchange_workers(self) -> None:
        """Two people of one fund, its handler and the manager of its customer, both move."""
        handler, manager = self.region.workers
        customer = min(self.region.customers)
        if self.region.customers[customer] != manager:
            self.change(
                "select finance.update_customer(%s, %s)", customer, Jsonb({"manager_id": manager})
            )
            self.region.customers[customer] = manager
        if not any(
            (fund.handler, fund.customer) == (handler, customer)
            for fund in self.region.funds.values()
        ):
            self.create(Fund(Decimal(1), "open", handler, None, customer))
        first, second = self.region.offices
        for user in self.region.workers:
            self.move_to(user, second if self.region.bases[user] == first else first)

    def counted(self, change: int, query: str, *params: object) -> Any:
        """A change of the number of funds."""
        is_done = False
        self.region.total.begin(change)
        try:
            made = self.change(query, *params)
            is_done = True
        finally:
            self.region.total.end(change, is_done)
        return made

    def create(self, fund: Fund | None = None) -> None:
        fund = fund or self.new_fund()
        made = self.counted(1, "select finance.create_fund(%s)", as_json(fund))
        assert made not in self.region.funds
        self.region.funds[made] = fund

    def update(self) -> None:
        if self.region.funds:
            key, fund = self.one_of(self.region.funds), self.new_fund()
            self.change("select finance.update_fund(%s, %s)", key, as_json(fund))
            self.region.funds[key] = fund

    def delete(self) -> None:
        # Fewer than are made, so that there is always something to see.
        if len(self.region.funds) > 8:
            key = self.one_of(self.region.funds)
            self.counted(-1, "select finance.delete_fund(%s)::text", key)
            del self.region.funds[key]

    def give_up(self) -> None:
        """A fund that is made and undone: nobody ever sees it."""

        def work(connection: Connection) -> None:
            rows(connection, "select finance.create_fund(%s)", as_json(self.new_fund()))
            raise psycopg.Rollback

        self.act(self.region.admin, work)

    def overreach(self) -> None:
        """A supervisor reads, and changes nothing."""
        if not self.region.funds:
            return
        key = self.one_of(self.region.funds)
        try:
            self.act(
                self.region.boss,
                lambda connection: rows(
                    connection, "select finance.update_fund(%s, %s)", key, Jsonb({"status": "held"})
                ),
            )
        except psycopg.Error as error:
            assert error.sqlstate == "42501"
        else:
            raise AssertionError("a supervisor changed a fund")

    def one_of(self, rows_of: dict[int, Any]) -> int:
        return self.rng.choice(sorted(rows_of))

    def new_fund(self) -> Fund:
        """Of one owner, two or three."""
        fund = Fund(
            Decimal(self.rng.randrange(1, 10**6)) / 100, self.rng.choice(STATUSES), None, None, None
        )
        for owner in self.rng.sample(("handler", "order", "customer"), self.rng.randint(1, 3)):
            choices = {
                "handler": list(self.region.workers),
                "order": sorted(self.region.orders),
                "customer": sorted(self.region.customers),
            }
            setattr(fund, owner, self.rng.choice(choices[owner]))
        return fund


def as_json(fund: Fund) -> Jsonb:
    return Jsonb(
        {
            "amount": float(fund.amount),
            "status": fund.status,
            "handle_by": fund.handler,
            "order_id": fund.order,
            "customer_id": fund.customer,
        }
    )


@dataclass
class Clients:
    """All clients of a test, in regions of several tenants."""

    platform: Platform
    regions: list[Region]

    def __post_init__(self) -> None:
        self.ending = threading.Event()
        self.threads = [
            Client(self.platform, region, seed, self.ending)
            for seed, region in enumerate(self.regions)
        ]

    def __enter__(self) -> Clients:
        for client in self.threads:
            client.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def serve(self, more: int = 3) -> None:
        """Returns when each client was served so many times more, or when one has failed."""
        wanted = {client: client.served + more for client in self.threads}
        for client, count in wanted.items():
            wait_for(
                f"a client of {client.region.tenant} is served",
                lambda client=client, count=count: (  # type: ignore[misc]
                    client.served >= count or self.failures() != []
                ),
            )

    def failures(self) -> list[str]:
        return [
            f"{client.region.tenant}: {client.failed!r} at {where(client.failed)}"
            for client in self.threads
            if client.failed is not None
        ]

    def end(self) -> None:
        self.ending.set()
        for client in self.threads:
            client.join(PATIENCE)


def where(error: BaseException) -> str:
    """The last place in this file."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == __file__:
            found.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(found)
