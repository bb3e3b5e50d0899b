"""A tenant moves to another cell whole; interrupted anywhere it is in exactly one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from rsa_tokens import new_key
from servers import Server
from waiting import refusal, rows, session, start, value, wait_for, wait_until_blocked

from runner.cells.file import Cell, read, write
from runner.cells.moving import move
from runner.cells.shared import sync
from runner.connect import Target
from runner.errors import USAGE, RunnerError
from runner.seeding import seed

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

SECRET = b"0123456789abcdef0123456789abcdef"
TENANT = "germany"
# Rows in every table that may have some of a tenant, and what triggers make hard to write again:
# a parent with a higher id than its child, and a locked template above an older one.
MORE = """
    set role fundwarden_owner;
    create function pg_temp.t() returns int language sql as
        'select u.id from authz.org_units as u where u.code = ''germany''';
    create function pg_temp.u(n int) returns bigint language sql as
        'select x.id from authz.users as x where x.tenant_id = pg_temp.t() order by x.id offset n
        limit 1';
    create function pg_temp.low() returns int language sql as
        'select x.id from authz.org_units as x where x.tenant_id = pg_temp.t()
        order by x.level desc limit 1';
    insert into authz.permissions (resource, action, scope, conditions)
    values ('finance.funds', 'read', 'own', '{"field": "amount", "op": "<=", "value": 1.50}');
    insert into authz.roles (tenant_id, code)
    values (pg_temp.t(), 'child'), (pg_temp.t(), 'parent');
    update authz.roles set parent_role_id = (select x.id from authz.roles as x
        where x.code = 'parent') where code = 'child';
    insert into authz.role_permissions (role_id, permission_id)
    select r.id, (select max(p.id) from authz.permissions as p)
    from authz.roles as r where r.code = 'parent';
    insert into authz.policies (tenant_id, name, effect) values (pg_temp.t(), 'none', 'deny');
    insert into authz.policy_permissions (policy_id, permission_id)
    select p.id, 1 from authz.policies as p where p.name = 'none';
    insert into authz.role_policies (role_id, policy_id)
    select r.id, p.id from authz.roles as r, authz.policies as p
    where r.code = 'child' and p.name = 'none';
    insert into authz.exclusive_roles (role_id, other_role_id)
    select min(r.id), max(r.id) + 0 from authz.roles as r where r.code in ('child', 'admin');
    insert into authz.user_policies (tenant_id, user_id, policy_id, unit_id)
    select pg_temp.t(), pg_temp.u(3), p.id, pg_temp.t()
    from authz.policies as p where p.name = 'none';
    insert into authz.user_permissions (tenant_id, user_id, permission_id, valid_until)
    select pg_temp.t(), pg_temp.u(4), max(p.id), '2031-01-01 00:00:00.123456+02'
    from authz.permissions as p;
    insert into authz.permission_templates (tenant_id, unit_id, permission_key)
    values (pg_temp.t(), pg_temp.low(), 'funds.delete');
    insert into authz.permission_templates (tenant_id, unit_id, permission_key, is_locked)
    select pg_temp.t(), n.parent_id, 'funds.delete', true
    from authz.org_units as n where n.id = pg_temp.low();
    insert into authz.grant_requests (tenant_id, user_id, role_id, reason, requested_by)
    select pg_temp.t(), pg_temp.u(5), r.id, 'é"\\', pg_temp.u(6)
    from authz.roles as r where r.code = 'parent';
    insert into authz.delegations (tenant_id, delegator_id, delegate_id, resource, action, unit_id,
        valid_from, valid_until, reason, requested_by)
    values (pg_temp.t(), pg_temp.u(1), pg_temp.u(2), 'finance.funds', 'read', pg_temp.t(), now(),
        now() + interval '1 day', 'away', pg_temp.u(1));
    insert into authz.access_reviews (tenant_id, unit_id, reviewer_id, opened_by, due)
    values (pg_temp.t(), pg_temp.t(), pg_temp.u(1), pg_temp.u(2), now());
    insert into authz.access_review_items (review_id, tenant_id, kind, source_id, found)
    select r.id, r.tenant_id, 'role', 1, '{}' from authz.access_reviews as r;
    insert into authz.identity_providers (issuer, audience, tenant_id, leeway)
    values ('https://login.example', 'fundwarden', pg_temp.t(), '1 minute 2 seconds');
    insert into authz_private.last_sign_ins (user_id, day) values (pg_temp.u(0), '2026-01-01');
    insert into authz.user_variables (user_id, variable, value)
    values (pg_temp.u(7), 'region', '"eu"');
    insert into authz.row_permissions (dataset, dimension, subject, tenant_id, mode, filter)
    values ('financial_funds', 'user', pg_temp.u(7)::text, pg_temp.t(), 'restrict',
        '{"field": "amount", "op": ">=", "value": 0.01}');
    insert into authz.column_permissions
        (dataset, column_name, dimension, subject, tenant_id, mode, mask)
    values ('financial_funds', 'amount', 'user', pg_temp.u(7)::text, pg_temp.t(), 'mask',
        '{"kind": "round", "digits": -1}');
"""
# Datasets and variables describe tables, and are not shared: each cell has its own.
BOTH = """
    select authz.register_dataset('finance.financial_funds');
    insert into authz.variables (name, type) values ('region', 'text');
"""
TABLES_OF_TENANTS = """
    select distinct c.oid::regclass::text
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    inner join pg_attribute as a on c.oid = a.attrelid and not a.attisdropped
    where n.nspname in ('authz', 'authz_private', 'finance')
        and c.relkind in ('r', 'p')
        and not c.relispartition
        and a.attname in ('tenant_id', 'user_id', 'role_id', 'policy_id', 'provider_id')
"""
# Derived from the others, or of the moment; and what hold_tenant() refuses to move.
NOT_MOVED = {
    "authz_private.expanded_permissions", "authz_private.policy_marks",
    "authz_private.grant_turns", "authz_private.role_turns",
    "authz_private.owner_references", "authz.datasets",
}  # fmt: skip


@dataclass
class Pair:
    """The old cell, the new one, and the file."""

    old: Cell
    new: Cell
    path: Path

    def run(self, say: Any = lambda line: None, to: str = "north") -> None:
        move(read(self.path), self.path, TENANT, to, say=say)


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[str]:
    """A database with some tenants, one of which has rows everywhere."""
    with server.copy() as janitor:
        conninfo = server.conninfo(janitor.dbname)
        seed(Target(conninfo), records=150, say=lambda line: None)
        with session(conninfo) as admin:
            admin.execute("select ops.apply_database_rights()")
            admin.execute(BOTH)
            admin.execute(MORE)
            jwks = Jsonb({"keys": [new_key("first").jwk()]})
            admin.execute("select authz.import_jwks('https://login.example', %s)", [jwks])
            admin.execute("select ops.set_cell(0, 'home')")
            admin.execute("select authz.add_token_key('shared', %s)", [SECRET])
            admin.execute("select authz.refresh_user_effective_policies()")
        yield janitor.dbname


@pytest.fixture
def pair(server: Server, template: str, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        old = stack.enter_context(server.copy(template))
        new = stack.enter_context(server.copy())
        cells = [
            Cell("home", 0, server.conninfo(old.dbname), (TENANT,)),
            Cell("north", 1, server.conninfo(new.dbname)),
        ]
        for cell in cells:
            with session(cell.dsn) as admin:
                admin.execute("select ops.apply_database_rights()")
        with session(cells[1].dsn) as admin:
            admin.execute(BOTH)
            admin.execute("select ops.set_cell(1, 'north')")
            admin.execute("select authz.add_token_key('shared', %s)", [SECRET])
        assert sync(cells, say=lambda line: None) == 0
        write(tmp_path / "cells.toml", cells)
        yield Pair(*cells, tmp_path / "cells.toml")


def answers(conninfo: str) -> list[Any]:
    """What every user of the tenant is answered."""
    with session(conninfo) as owner:
        owner.execute("set role fundwarden_owner")
        return rows(
            owner,
            "select u.id, (select count(*) from authz.subordinates(u.id)), "
            "array(select (p.fund_id, p.total_count, p.amount)::text "
            "from finance.page_authorized_funds(u.id, 1, 20) as p), "
            "authz.user_scope(u.id, 'funds', 'read')::text, "
            "authz.check_user_permission(u.id, 'funds', 'read', u.base_unit_id), "
            "authz.user_has_org_permission(u.id, u.base_unit_id, 'funds.delete') "
            "from authz.users as u inner join authz.org_units as n on u.tenant_id = n.id "
            "where n.code = %s and u.is_active order by u.id",
            TENANT,
        )


def is_exact(conninfo: str) -> None:
    with session(conninfo) as owner:
        owner.execute("set role fundwarden_owner")
        for query in (
            "select * from authz.verify_effective_policies()",
            "select * from audit.verify()",
            "select * from audit.verify_tables()",
            "select c.name from ops.health_checks(true) as c where c.severity = 'critical'",
            "select c.detail from ops.check_cell() as c where c.severity <> 'info'",
        ):
            assert rows(owner, query) == [], query


def held(cell: Cell) -> int:
    """Rows of the tenant in the cell."""
    with session(cell.dsn) as owner:
        return int(
            value(
                owner,
                "select count(*) from authz.org_units as n "
                "cross join lateral ops.tenant_rows(n.id) as r where n.code = %s",
                TENANT,
            )
        )


def token(pair: Pair) -> str:
    """Of the first user, good in both cells."""
    for cell in (pair.old, pair.new):
        with session(cell.dsn) as owner:
            found = rows(
                owner,
                "select authz.issue_token(min(u.id), kid => 'shared') from authz.users as u "
                "inner join authz.org_units as n on u.tenant_id = n.id where n.code = %s "
                "having min(u.id) is not null",
                TENANT,
            )
        if found:
            return str(found[0][0])
    raise AssertionError("no cell holds the tenant")


def signs_in(cell: Cell, presented: str) -> bool:
    with session(cell.dsn, user="app_login") as app:
        try:
            return bool(value(app, "select authz.sign_in(%s)", presented))
        except psycopg.Error as error:
            assert error.sqlstate == "FW101"
            return False


def test_every_table_with_rows_of_tenants_moves(pair: Pair) -> None:
    with session(pair.old.dsn) as owner:
        listed = {t for (t,) in rows(owner, "select title from authz_private.tenant_tables()")}
        found = {t for (t,) in rows(owner, TABLES_OF_TENANTS)}
        assert found - listed == NOT_MOVED
        filled = rows(
            owner,
            "select d.title from authz.org_units as n "
            "cross join lateral ops.tenant_digests(n.id) as d where n.code = %s",
            TENANT,
        )
    assert listed == {t for (t,) in filled} | {"authz_private.last_sign_ins"}


def test_a_tenant_arrives_whole_and_every_answer_is_the_same(pair: Pair) -> None:
    before, count, presented = answers(pair.old.dsn), held(pair.old), token(pair)
    assert len(before) > 5
    assert count > 100
    said: list[str] = []
    pair.run(said.append)
    assert answers(pair.new.dsn) == before
    assert (held(pair.old), held(pair.new)) == (0, count)
    assert [cell.tenants for cell in read(pair.path)] == [(), (TENANT,)]
    assert not signs_in(pair.old, presented)
    assert signs_in(pair.new, presented)
    is_exact(pair.old.dsn)
    is_exact(pair.new.dsn)
    assert any("writes waited" in line for line in said)
    with session(pair.old.dsn) as owner, session(pair.old.dsn, user="app_login") as app:
        kept = "select count(*) from ops.departed_rows"
        assert value(owner, kept) == count
        assert refusal(app, kept).sqlstate == "42501"
        dropped = "select ops.drop_departed_tenant(min(d.tenant_id)) from ops.departed_rows as d"
        assert value(owner, dropped) == count
    with session(pair.new.dsn) as owner:
        assert rows(
            owner,
            "select distinct l.reason from audit.permission_audit_log as l "
            "where l.table_name = 'authz.users' and l.action = 'CREATE'",
        ) == [("moved from cell 0",)]


@pytest.mark.long
def test_a_tenant_that_grew_in_its_new_cell_moves_back(pair: Pair) -> None:
    pair.run()
    with session(pair.new.dsn) as owner:
        owner.execute("set role fundwarden_owner")
        drawn = value(
            owner,
            "insert into authz.users (username, base_unit_id) "
            "select 'new', n.id from authz.org_units as n where n.code = %s returning id",
            TENANT,
        )
        assert drawn > 10**12
    before, count = answers(pair.new.dsn), held(pair.new)
    pair.run(to="home")
    assert answers(pair.old.dsn) == before
    assert (held(pair.old), held(pair.new)) == (count, 0)
    is_exact(pair.old.dsn)
    is_exact(pair.new.dsn)


STEPS = (
    "arrived and are the same", "writes wait", "rows are the same, ", "not served yet", "has let",
    "is in north (1)", "keeps the old rows",
)  # fmt: skip
BEFORE, AFTER = STEPS[:4], STEPS[5:]


class Interrupted(Exception):
    """The runner ends here."""


@pytest.mark.parametrize(
    "step",
    [
        step if step in ("writes wait", "has let") else pytest.param(step, marks=pytest.mark.long)
        for step in STEPS
    ],
)
def test_interrupted_anywhere_it_is_in_one_cell_and_the_next_run_ends_it(
    pair: Pair, step: str
) -> None:
    before, count, presented = answers(pair.old.dsn), held(pair.old), token(pair)

    def until(line: str) -> None:
        if step in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        pair.run(until)
    old, new = signs_in(pair.old, presented), signs_in(pair.new, presented)
    assert (old, new) == (step in BEFORE, step in AFTER)
    serving = pair.old if step in BEFORE else pair.new
    assert held(serving) == count
    with session(pair.old.dsn) as owner:
        owner.execute("update ops.moved_tenants set moved_at = moved_at - interval '1 day'")
        found = value(owner, "select c.detail from ops.check_cell() as c")
        assert ("germany (departed)" in found) == (step in ("has let", "is in north (1)"))
    if step != "has let":
        # Nobody is served then until the next run, but only the new cell has rows that count.
        assert answers(serving.dsn) == before
    if step == STEPS[-1]:
        # Only a line was not written any more.
        with pytest.raises(RunnerError) as caught:
            pair.run()
        assert "is in north already" in caught.value.message
        # A cell that cannot be asked is named.
        said: list[str] = []
        away = Cell("away", 7, make_conninfo(pair.old.dsn, host="/nonexistent"))
        with pytest.raises(RunnerError, match="is in north already"):
            move([*read(pair.path), away], pair.path, TENANT, "north", say=said.append)
        assert "away (7): not asked whether it keeps old rows" in said[0]
    else:
        pair.run()
    assert (held(pair.old), held(pair.new)) == (0, count)
    assert answers(pair.new.dsn) == before
    assert signs_in(pair.new, presented)
    assert [cell.tenants for cell in read(pair.path)] == [(), (TENANT,)]
    is_exact(pair.old.dsn)
    is_exact(pair.new.dsn)
    with session(pair.old.dsn) as owner:
        assert value(owner, "select count(*) from ops.departed_rows") == count
        assert value(owner, "select count(*) from ops.moved_tenants") == 0
        left = "select count(*) from pg_trigger as t where t.tgname like '_990%'"
        assert value(owner, left) == 0


def test_a_write_that_waited_for_the_move_is_lost_nowhere(pair: Pair) -> None:
    presented = token(pair)
    with (
        session(pair.old.dsn, user="app_login") as app,
        session(pair.old.dsn) as owner,
        session(pair.old.dsn) as observer,
        session(pair.old.dsn, user="app_login") as reader,
    ):
        for connection in (app, reader):
            connection.execute("begin")
            connection.execute("select authz.sign_in(%s)", [presented])
        waiting = []
        fund = value(
            owner,
            "select max(f.id) from finance.financial_funds as f "
            "inner join authz.org_units as n on f.tenant_id = n.id where n.code = %s",
            TENANT,
        )

        def meanwhile(line: str) -> None:
            if "writes wait" not in line or waiting:
                return
            waiting.append(
                start(app, "select finance.update_fund(%s, %s)", fund, Jsonb({"status": "lost"}))
            )
            waiting.append(
                start(
                    owner,
                    "update finance.financial_funds set status = 'lost' where id = %s",
                    fund,
                )
            )
            for one in waiting:
                wait_until_blocked(observer, one)
            # Who reads, reads on.
            assert value(reader, "select count(*) from finance.page_authorized_funds()") >= 0
            reader.execute("commit")

        pair.run(meanwhile)
        assert [one.outcome() for one in waiting] == ["FW101", "FW101"]
    with session(pair.new.dsn) as there, session(pair.old.dsn) as here:
        lost = "select count(*) from finance.financial_funds as f where f.status = 'lost'"
        assert (value(there, lost), value(here, lost)) == (0, 0)
    is_exact(pair.old.dsn)


def test_of_two_moves_at_once_one_is_refused(pair: Pair) -> None:
    told: list[str] = []

    def again(line: str) -> None:
        if "not served yet" in line:
            with pytest.raises(RunnerError) as caught:
                pair.run()
            told.append(caught.value.message)

    pair.run(again)
    assert told == ["another move from or to home (0) is under way"]
    assert held(pair.new) > 0


def test_what_cannot_be_moved_is_refused_and_nothing_changes(pair: Pair) -> None:
    cells = read(pair.path)
    for tenant, to in (("atlantis", "north"), (TENANT, "nowhere"), (TENANT, "home")):
        with pytest.raises(RunnerError) as caught:
            move(cells, pair.path, tenant, to, say=lambda line: None)
        assert caught.value.exit_code == USAGE
    count = held(pair.old)
    # The new cell lacks a role that is granted.
    with session(pair.old.dsn) as owner:
        owner.execute("insert into authz.roles (code) values ('late')")
        owner.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) "
            "select min(u.id), (select max(r.id) from authz.roles as r where r.code = 'late'), "
            "min(n.id) from authz.users as u inner join authz.org_units as n "
            "on u.tenant_id = n.id where n.code = %s",
            [TENANT],
        )
    with pytest.raises(RunnerError) as caught:
        pair.run()
    assert "runner cells sync" in str(caught.value.hint)
    assert (held(pair.old), held(pair.new)) == (count + 1, 0)
    sync(cells, say=lambda line: None)
    # Rows of registered tables are not known here.
    with session(pair.old.dsn) as owner:
        owner.execute(
            "insert into authz_private.owner_references (reference, tenant_id, key, code, user_id, "
            "unit_id) select n.id || ':id:1', n.id, 'id', '1', u.id, u.base_unit_id "
            "from authz.users as u inner join authz.org_units as n on u.tenant_id = n.id "
            "where n.code = %s limit 1",
            [TENANT],
        )
    with pytest.raises(psycopg.Error) as refused:
        pair.run()
    assert refused.value.sqlstate == "55000"
    assert (held(pair.old), held(pair.new)) == (count + 1, 0)


# What people do while the tenant is copied: everything that changes, appears and goes, also where a
# row that is new takes the place of one that is gone.
MEANWHILE = """
    set role fundwarden_owner;
    create function pg_temp.t() returns int language sql as
        'select u.id from authz.org_units as u where u.code = ''germany''';
    create function pg_temp.u(n int) returns bigint language sql as
        'select x.id from authz.users as x where x.tenant_id = pg_temp.t() order by x.id offset n
        limit 1';
    -- Two owners of one fund change their unit at the same time.
    update authz.users as u set base_unit_id = pg_temp.t()
    from (
        select f.handle_by, c.manager_id
        from finance.financial_funds as f
        inner join finance.customers as c on f.tenant_id = c.tenant_id and f.customer_id = c.id
        where f.tenant_id = pg_temp.t()
            and f.handler_unit_id <> pg_temp.t()
            and f.customer_unit_id <> pg_temp.t()
            and f.handle_by <> c.manager_id
        limit 1
    ) as f
    where u.id in (f.handle_by, f.manager_id);
    -- A unit below another parent, with all that belongs to it, and a new unit with a new user.
    update authz.org_units set parent_id = (select x.id from authz.org_units as x
        where x.tenant_id = pg_temp.t() and x.level = 1 order by x.id desc limit 1)
    where id = (select x.id from authz.org_units as x
        where x.tenant_id = pg_temp.t() and x.level = 2 order by x.id limit 1);
    insert into authz.org_units (code, parent_id) values ('fresh', pg_temp.t());
    insert into authz.users (username, base_unit_id)
    select 'fresh', u.id from authz.org_units as u where u.code = 'fresh';
    update authz.users set base_unit_id = (select u.id from authz.org_units as u
        where u.code = 'fresh') where id = pg_temp.u(2);
    -- A grant that is deleted and given again, with another id.
    with gone as (delete from authz.user_roles where user_id = pg_temp.u(0) returning *)
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, g.role_id, g.unit_id from gone as g;
    delete from authz.role_permissions where role_id in (
        select r.id from authz.roles as r where r.tenant_id = pg_temp.t());
    update authz.roles set parent_role_id = null where tenant_id = pg_temp.t() and code = 'child';
    delete from authz.user_policies where tenant_id = pg_temp.t();
    -- A fund changes its order, and the order that it had is deleted.
    with orders as (
        select min(o.id) as gone, max(o.id) as other from finance.orders as o
        where o.tenant_id = pg_temp.t()
    )
    update finance.financial_funds as f set order_id = o.other
    from orders as o where f.tenant_id = pg_temp.t() and f.order_id = o.gone;
    delete from finance.orders where tenant_id = pg_temp.t() and id = (
        select min(o.id) from finance.orders as o where o.tenant_id = pg_temp.t());
    insert into finance.financial_funds (handle_by, amount)
    select pg_temp.u(n), n from generate_series(0, 9) as n;
    update finance.financial_funds set amount = amount + 0.10
    where tenant_id = pg_temp.t() and id % 3 = 0;
    delete from authz.column_permissions where tenant_id = pg_temp.t();
    update authz.row_permissions
    set filter = '{"field": "amount", "op": ">=", "value": 2.50}' where tenant_id = pg_temp.t();
"""


@pytest.mark.parametrize(
    "step", ["arrived and are the same", pytest.param("beginning", marks=pytest.mark.long)]
)
def test_what_is_written_while_the_tenant_is_copied_arrives(pair: Pair, step: str) -> None:
    told: list[Any] = []
    said: list[str] = []

    def meanwhile(line: str) -> None:
        said.append(line)
        if step in line and not told:
            with session(pair.old.dsn) as owner:
                owner.execute(MEANWHILE)
            told.append(0)
        if "writes wait" in line:
            # Readers read on, so that the old cell can still be asked.
            told[:] = [answers(pair.old.dsn), held(pair.old)]

    if step == "beginning":
        # Two users change their names: no order of statements gives both without a third name.
        def swap(line: str) -> None:
            if "arrived and are the same" in line and len(said) == 0:
                with session(pair.old.dsn) as owner:
                    owner.execute("set role fundwarden_owner")
                    one, other = rows(
                        owner,
                        "select u.id, u.username from authz.users as u inner join authz.org_units "
                        "as n on u.tenant_id = n.id where n.code = %s order by u.id limit 2",
                        TENANT,
                    )
                    for user, name in ((one[0], "x"), (other[0], one[1]), (one[0], other[1])):
                        owner.execute(
                            "update authz.users set username = %s where id = %s", [name, user]
                        )
            meanwhile(line)

        pair.run(swap)
        assert sum("beginning again" in line for line in said) == 1
    else:
        pair.run(meanwhile)
        assert [line for line in said if "beginning again" in line] == []
    assert answers(pair.new.dsn) == told[0]
    assert held(pair.new) == told[1]
    is_exact(pair.old.dsn)
    is_exact(pair.new.dsn)


def test_a_transaction_that_began_before_the_move_writes_nowhere(pair: Pair) -> None:
    presented = token(pair)
    with session(pair.old.dsn) as owner, session(pair.old.dsn, user="app_login") as app:
        for connection in (owner, app):
            connection.execute("begin isolation level repeatable read")
        app.execute("select authz.sign_in(%s)", [presented])
        owner.execute("set role fundwarden_owner")
        fund = value(
            owner,
            "select max(f.id) from finance.financial_funds as f "
            "inner join authz.org_units as n on f.tenant_id = n.id where n.code = %s",
            TENANT,
        )
        told: list[str | None] = []

        def until(line: str) -> None:
            if "has let" in line:
                delete = "delete from finance.financial_funds where id = %s"
                told.append(refusal(owner, delete, fund).sqlstate)
                told.append(refusal(app, "select finance.delete_fund(%s)", fund).sqlstate)
                # The move waits with removing the rows until these transactions have ended.
                owner.execute("rollback")
                app.execute("rollback")

        pair.run(until)
    assert told == ["FW101", "FW101"]


def test_old_rows_stay_until_the_transactions_that_were_there_have_ended(pair: Pair) -> None:
    presented = token(pair)
    said: list[str] = []
    with (
        session(pair.old.dsn, user="app_login") as app,
        session(pair.old.dsn) as observer,
        ThreadPoolExecutor(1) as pool,
    ):
        app.execute("begin")
        app.execute("select authz.sign_in(%s)", [presented])
        moving = pool.submit(pair.run, said.append)
        asked = "select count(*) from pg_stat_activity as a where a.query like %s"
        wait_for(
            "the move asks whether they have",
            lambda: value(observer, asked, "select ops.departure_is_over%") > 0,
        )
        assert value(app, "select authz.current_user_id() is not null")
        fund = value(app, "select min(f.id) from finance.financial_funds as f")
        assert refusal(app, "select finance.delete_fund(%s)", fund).sqlstate == "FW101"
        app.execute("rollback")
        moving.result()
    assert "keeps the old rows" in said[-1]


def test_whoever_sees_every_tenant_sees_this_one_in_one_cell(pair: Pair) -> None:
    funds = "select count(*) from finance.financial_funds as f inner join authz.org_units as n "
    funds += "on f.tenant_id = n.id where n.code = %s"
    with session(pair.old.dsn) as owner:
        count, user = (
            value(owner, funds, TENANT),
            value(
                owner,
                "select min(u.id) from authz.users as u inner join authz.org_units as n "
                "on u.tenant_id = n.id where n.code = %s",
                TENANT,
            ),
        )
        # Data permissions of the tenant keep readers of the new cell waiting for the commit there.
        owner.execute("delete from authz.row_permissions where tenant_id is not null")
        owner.execute("delete from authz.column_permissions where tenant_id is not null")
        owner.execute(
            "with role as (insert into authz.roles (code) values ('platform') returning id) "
            "insert into authz.role_permissions (role_id, permission_id) "
            "select r.id, p.id from role as r cross join authz.permissions as p "
            "where (p.resource::text, p.action, p.scope::text) "
            "= ('finance.funds', 'manage', 'system')"
        )
    assert sync(read(pair.path), say=lambda line: None) == 0
    people = {}
    for cell in (pair.old, pair.new):
        with session(cell.dsn) as owner:
            owner.execute("set role fundwarden_owner")
            unit = value(
                owner, "insert into authz.org_units (code) values ('platform_people') returning id"
            )
            people[cell.name] = value(
                owner,
                "insert into authz.users (username, base_unit_id) values ('all', %s) returning id",
                unit,
            )
            owner.execute(
                "insert into authz.user_roles (user_id, role_id, unit_id) "
                "select %s, r.id, %s from authz.roles as r where r.code = 'platform'",
                [people[cell.name], unit],
            )
    cells = [
        Cell(cell.name, cell.number, cell.dsn, (*cell.tenants, "platform_people"))
        if cell.number == 0
        else cell
        for cell in read(pair.path)
    ]
    write(pair.path, cells)
    seen: list[tuple[int, int]] = []
    refused: list[str | None] = []

    def look(line: str) -> None:
        found = []
        for cell in (pair.old, pair.new):
            with session(cell.dsn, user="trusted_login") as trusted:
                found.append(
                    value(
                        trusted,
                        "select finance.count_authorized_funds(%s)",
                        people[cell.name],
                    )
                )
                if "has let" in line:
                    refused.append(
                        refusal(trusted, "select finance.count_authorized_funds(%s)", user).sqlstate
                    )
        seen.append((found[0], found[1]))

    pair.run(look)
    first, last = seen[0], seen[-1]
    assert last == (first[0] - count, first[1] + count)
    # Between the two commits neither cell holds it.
    assert set(seen) == {first, last, (first[0] - count, first[1])}
    assert refused == ["FW101", "FW101"]


def test_nobody_who_writes_in_several_tables_is_ended_by_a_deadlock(pair: Pair) -> None:
    with session(pair.old.dsn) as writer:
        writer.execute("set role fundwarden_owner")
        said: list[str] = []

        def until(line: str) -> None:
            said.append(line)
            if "arrived and are the same" in line:
                writer.execute("begin")
                writer.execute("update finance.customers set id = id where id = -1")
            if "waiting for transactions" in line:
                # The move had locked units, and waited for the other table.
                writer.execute("update authz.org_units set code = code where id = -1")
                writer.execute("commit")

        pair.run(until)
    assert "home (0): waiting for transactions that write" in said


def test_cells_that_would_answer_otherwise_do_not_exchange_a_tenant(pair: Pair) -> None:
    count = held(pair.old)
    with session(pair.new.dsn) as owner:
        owner.execute(
            "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
            "select 'financial_funds', 'role', r.id::text, 'restrict', "
            """'{"field": "amount", "op": "<", "value": 0}' """
            "from authz.roles as r where r.code = 'supervisor'"
        )
    with pytest.raises(RunnerError) as caught:
        pair.run()
    assert "may read" in caught.value.message
    assert (held(pair.old), held(pair.new)) == (count, 0)


def test_the_log_of_a_tenant_arrives_and_is_under_seal(pair: Pair) -> None:
    of_tenant = (
        "select l.id, encode(l.row_hash, 'hex') from audit.permission_audit_log as l "
        "inner join authz.org_units as n on l.tenant_id = n.id where n.code = %s order by 1"
    )
    with session(pair.old.dsn) as owner:
        # The first rows of the tenant were loaded, and are not in the log.
        owner.execute(MEANWHILE)
        logged = rows(owner, of_tenant, TENANT)
        assert len(logged) > 10
    pair.run()
    arrived = "select r.id, encode(r.row_hash, 'hex') from audit.arrived_rows as r order by 1"
    with session(pair.new.dsn) as owner:
        assert rows(owner, arrived) == logged
        assert rows(owner, "select a.cell, a.row_count from audit.arrivals as a") == [
            (0, len(logged))
        ]
        head = value(owner, "select a.head from audit.arrivals as a")
        here = len(rows(owner, of_tenant, TENANT))
    with session(pair.old.dsn) as owner:
        assert rows(owner, "select * from audit.verify(%s)", head) == []
    # Back again: the old cell takes what the new one logged, and nothing of its own.
    pair.run(to="home")
    with session(pair.old.dsn) as owner:
        assert rows(owner, "select a.cell, a.row_count from audit.arrivals as a") == [(1, here)]
        assert rows(owner, "select distinct r.cell from audit.arrived_rows as r") == [(1,)]
    is_exact(pair.old.dsn)
    is_exact(pair.new.dsn)


def test_a_log_arrives_again_with_what_came_late_and_without_what_was_dropped(pair: Pair) -> None:
    with session(pair.old.dsn) as owner, session(pair.old.dsn, user="trusted_login") as late:
        user = value(
            owner,
            "select min(u.id) from authz.users as u inner join authz.org_units as n "
            "on u.tenant_id = n.id where n.code = %s",
            TENANT,
        )
        # Its row of the log has a lower id than those that the first move takes, and is not yet
        # committed then.
        late.execute("begin")
        late.execute("select authz.act_as(%s, 'late')", [user])
        owner.execute(MEANWHILE)

        def end_late(line: str) -> None:
            if "is in north" in line:
                late.execute("commit")

        pair.run(end_late)
    pair.run(to="home")
    is_exact(pair.old.dsn)
    pair.run()
    is_exact(pair.new.dsn)
    arrivals = "select a.number, a.cell, a.row_count from audit.arrivals as a order by 1, 2"
    came_late = "select r.arrival from audit.arrived_rows as r where r.reason = 'late'"
    with session(pair.new.dsn) as owner:
        first, second = rows(owner, arrivals)
        assert (first[:2], second[:2]) == ((1, 0), (2, 0))
        assert rows(owner, came_late) == [(2,)]
    # Months that the old cell drops are still here, and keep the tenant from nothing.
    pair.run(to="home")
    with session(pair.old.dsn) as owner:
        for table in ("permission_audit_log", "seals", "arrivals", "arrived_rows"):
            trigger = f"alter table audit.{table} %s trigger _100_keep_log"
            owner.execute((trigger % "disable").encode())
            owner.execute(f"delete from audit.{table}".encode())
            owner.execute((trigger % "enable always").encode())
        owner.execute("select authz_private.start_log()")
    pair.run()
    is_exact(pair.new.dsn)
    with session(pair.new.dsn) as owner:
        assert rows(owner, came_late) == [(2,)]


TAMPERINGS = {
    "a changed row": "update audit.arrived_rows set reason = 'x' where id = "
    "(select min(r.id) from audit.arrived_rows as r)",
    "a changed row with its hash": """
        update audit.arrived_rows as r
        set action = 'DELETE', row_hash = authz_private.log_row_hash(jsonb_populate_record(
            null::audit.permission_audit_log, to_jsonb(r) || '{"action": "DELETE"}'))
        where id = (select min(o.id) from audit.arrived_rows as o)""",
    "a removed row": "delete from audit.arrived_rows where id = "
    "(select max(r.id) from audit.arrived_rows as r)",
    "all rows removed": "delete from audit.arrived_rows",
    "rows and their arrival removed": "delete from audit.arrived_rows; delete from audit.arrivals",
    "a changed arrival": "update audit.arrivals set head = '0:0:00'",
    "a row beyond the arrival": "insert into audit.arrived_rows (cell, id, logged_at, xid, "
    "session_user_name, action, tenant_id, row_hash, arrival) "
    "select r.cell, r.id + 1, r.logged_at, r.xid, 'x', 'CREATE', r.tenant_id, r.row_hash, "
    "r.arrival + 1 from audit.arrived_rows as r order by r.id desc limit 1",
    "an arrival of nothing": "insert into audit.arrivals (tenant_id, number, cell, row_count, "
    "rows_hash) values (99, 1, 7, 0, sha256(''))",
}


def test_tampering_with_the_log_that_arrived_is_found(pair: Pair) -> None:
    with session(pair.old.dsn) as owner:
        owner.execute(MEANWHILE)
    pair.run()
    with session(pair.new.dsn) as owner:
        for tampering in ("update audit.arrived_rows set cell = 2", "delete from audit.arrivals"):
            assert refusal(owner, tampering).sqlstate == "42501"
        for name, tampering in TAMPERINGS.items():
            assert rows(owner, "select * from audit.verify()") == [], name
            owner.execute("begin")
            for table in ("arrived_rows", "arrivals"):
                owner.execute(f"alter table audit.{table} disable trigger _100_keep_log".encode())
            owner.execute(tampering.encode())
            assert len(rows(owner, "select * from audit.verify()")) == 1, name
            owner.execute("rollback")
