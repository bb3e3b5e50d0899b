"""Owners that a stored dataset keeps on its rows are those at the end of their paths, always."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from servers import Server
from waiting import (
    FIRST_LEVEL,
    ISOLATION_LEVELS,
    LEVELS,
    RETRY,
    outcome,
    refusal,
    rows,
    session,
    start,
    value,
    wait_until_blocked_or_done,
)

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

TABLES = """
    create schema shop authorization fundwarden_owner;
    set role fundwarden_owner;
    create table shop.region (id int primary key, lead uuid);
    create table shop.customer (
        id int primary key, rep text, region int references shop.region on delete set null,
        clerk bigint
    );
    create table shop.invoice (
        id int primary key, home int,
        customer int references shop.customer on update cascade on delete cascade,
        seller int, clerk bigint, parent int references shop.invoice on delete set null,
        changed int not null default 0
    );
    create function shop.count_change() returns trigger language plpgsql as
    $$begin new.changed := new.changed + 1; return new; end$$;
    create trigger counts before update on shop.invoice
    for each row execute function shop.count_change();
    grant usage on schema shop to fundwarden_app;
    grant select on shop.invoice to fundwarden_app;
    reset role;
"""
OWNERS = [
    {"name": "seller", "path": ["seller"]},
    {"name": "rep", "path": ["customer", "rep"]},
    {"name": "lead", "path": ["customer", "region", "lead"]},
    {"name": "clerk", "path": ["clerk"], "key": "id"},
    {"name": "boss", "path": ["parent", "customer", "clerk"], "key": "id"},
]
REGISTER = (
    "select authz.register_dataset('shop.invoice', 'bills', resource => 'funds', "
    "tenant_column => 'home', owners => %s)"
)

UNITS = """
    insert into authz.org_units (id, parent_id, code)
    values (1, null, 'acme'), (11, 1, 'a'), (12, 1, 'b'), (13, 12, 'c'), (500, null, 'zeta');
"""

# The cast of one case: users h and g, who have codes of three kinds, customers, invoices. Nobody
# has the code {n} yet.
CAST = """
    insert into authz.users (id, username, base_unit_id, external_id)
    values ({h}, 'h{h}', 11, '{h}'), ({g}, 'g{g}', 12, '{g}'),
        ({l}, 'l{l}', 13, '00000000-0000-0000-0000-{l:012d}');
    insert into shop.region values ({r}, '00000000-0000-0000-0000-{l:012d}'), ({r2}, null);
    insert into shop.customer values ({c}, '{h}', {r}, {g}), ({c2}, '{n}', {r2}, {h});
    insert into shop.invoice
    values ({f}, 1, {c}, {h}, {g}, null), ({f2}, 1, {c2}, {n}, {h}, {f}),
        ({f3}, 500, {c}, {h}, {h}, {f2});
"""

# Written anew from the paths, and not by the package.
OUT_OF_STEP = """
    select i.id, o.name, o.person, o.unit, o.code
    from shop.invoice as i
    left join shop.customer as c on i.customer = c.id
    left join shop.region as r on c.region = r.id
    left join shop.invoice as p on i.parent = p.id
    left join shop.customer as pc on p.customer = pc.id
    cross join lateral (
        values
        ('seller', i.fundwarden_bills_seller_person, i.fundwarden_bills_seller_unit,
            'external_id', i.seller::text),
        ('rep', i.fundwarden_bills_rep_person, i.fundwarden_bills_rep_unit, 'external_id', c.rep),
        ('lead', i.fundwarden_bills_lead_person, i.fundwarden_bills_lead_unit,
            'external_id', r.lead::text),
        ('clerk', i.fundwarden_bills_clerk_person, i.fundwarden_bills_clerk_unit,
            'id', i.clerk::text),
        ('boss', i.fundwarden_bills_boss_person, i.fundwarden_bills_boss_unit, 'id', pc.clerk::text)
    ) as o (name, person, unit, key, code)
    left join authz.users as u
        on u.tenant_id = i.home
        and o.code = case o.key when 'id' then u.id::text else u.external_id end
    where o.person is distinct from i.home || ':' || o.key || ':' || o.code
        or o.unit is distinct from
        case when i.home is not null and o.code is not null then coalesce(u.base_unit_id, 0) end
"""

# Every path that can change an owner.
CHANGES = {
    "invoice inserted": "insert into shop.invoice values ({x}, 1, {c}, {h}, {g}, {f2})",
    "invoice inserted with owners made up": (
        "insert into shop.invoice (id, home, seller, fundwarden_bills_seller_person, "
        "fundwarden_bills_seller_unit, fundwarden_bills_rep_unit) "
        "values ({x}, 1, {h}, '1:external_id:{g}', 12, 11)"
    ),
    "invoice that is its own parent": (
        "insert into shop.invoice values ({x}, 1, {c}, {h}, {g}, {x})"
    ),
    "invoice of an unknown person": (
        "insert into shop.invoice (id, home, seller) values ({x}, 1, {x})"
    ),
    "seller changed": "update shop.invoice set seller = {g} where id = {f}",
    "seller removed": "update shop.invoice set seller = null where id = {f}",
    "customer of an invoice changed": "update shop.invoice set customer = {c2} where id = {f}",
    "customer of an invoice removed": "update shop.invoice set customer = null where id = {f}",
    "parent changed": "update shop.invoice set parent = {f} where id = {f3}",
    "parent of itself": "update shop.invoice set parent = {f}, customer = {c2} where id = {f}",
    "tenant changed": "update shop.invoice set home = 500 where id = {f}",
    "tenant removed": "update shop.invoice set home = null where id = {f}",
    "all owners of all changed": (
        "update shop.invoice set seller = {g}, customer = {c2}, clerk = {l}, parent = {f3} "
        "where id in ({f}, {f2})"
    ),
    "person written": (
        "update shop.invoice set fundwarden_bills_seller_person = '1:external_id:{g}' "
        "where id = {f}"
    ),
    "code written": ("update shop.invoice set fundwarden_bills_rep_code_1 = '{g}' where id = {f}"),
    "representative changed": "update shop.customer set rep = '{g}' where id = {c}",
    "representative removed": "update shop.customer set rep = null where id = {c}",
    "first representative": "update shop.customer set rep = '{g}' where id = {c2}",
    "representatives swapped": (
        "update shop.customer set rep = case id when {c} then '{g}' else '{h}' end "
        "where id in ({c}, {c2})"
    ),
    "region changed": "update shop.customer set region = {r2} where id = {c}",
    "lead changed": "update shop.region set lead = null where id = {r}",
    "first lead": (
        "update shop.region set lead = '00000000-0000-0000-0000-{l:012d}' where id = {r2}"
    ),
    "region deleted": "delete from shop.region where id = {r}",
    "customer renumbered": "update shop.customer set id = {x} where id = {c}",
    "customer deleted": "delete from shop.customer where id = {c}",
    "invoice deleted": "delete from shop.invoice where id = {f}",
    "user transferred": "update authz.users set base_unit_id = 13 where id = {h}",
    "two users transferred": (
        "update authz.users set base_unit_id = base_unit_id + 1 where id in ({h}, {g})"
    ),
    "user hired with a code in use": (
        "insert into authz.users (id, username, base_unit_id, external_id) "
        "values ({x}, 'x{x}', 12, '{n}')"
    ),
    "code changed": "update authz.users set external_id = '{n}' where id = {h}",
    "code removed": "update authz.users set external_id = null where id = {h}",
    "codes swapped": (
        "update authz.users set external_id = 'away{h}' where id = {h}; "
        "update authz.users set external_id = '{h}' where id = {g}; "
        "update authz.users set external_id = '{g}' where id = {h}"
    ),
    "user renumbered": "update authz.users set id = {x} where id = {h}",
    "user deleted": "delete from authz.users where id = {h}",
    "unit moved": "select authz.move_unit(11, 13)",
}

case_numbers = itertools.count(1)


def cast_of(number: int) -> dict[str, int]:
    names = ("h", "g", "l", "n", "r", "r2", "c", "c2", "f", "f2", "f3", "x")
    return {name: number * 100 + place for place, name in enumerate(names)}


def register(admin: Connection) -> None:
    admin.execute("set role fundwarden_owner")
    admin.execute(REGISTER, [json.dumps(OWNERS)])
    admin.execute("reset role")


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    with session(module_database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        register(admin)
    return module_database


@pytest.fixture
def cast(world: str) -> Iterator[dict[str, int]]:
    cast = cast_of(next(case_numbers))
    with session(world) as admin:
        admin.execute(CAST.format(**cast).encode())
    yield cast
    with session(world) as admin:
        assert rows(admin, OUT_OF_STEP) == []
        dismiss(admin, cast)


def dismiss(admin: Connection, cast: dict[str, int]) -> None:
    """Whoever is left of the cast goes: what is compared row by row stays small."""
    for table in ("shop.invoice", "shop.customer", "shop.region", "authz.users"):
        admin.execute(f"delete from {table} where id between %s and %s", [cast["h"], cast["x"]])


@pytest.mark.parametrize("level", FIRST_LEVEL)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.sampled(2)
def test_owners_follow_when(world: str, cast: dict[str, int], change: str, level: str) -> None:
    with session(world) as admin:
        admin.execute(f"begin isolation level {level}".encode())
        admin.execute(CHANGES[change].format(**cast).encode())
        assert rows(admin, OUT_OF_STEP) == []
        admin.execute("rollback")


def test_owners_follow_a_chain_of_all_the_changes_in_one_transaction(
    world: str, cast: dict[str, int]
) -> None:
    with session(world) as admin:
        admin.execute("begin")
        for change in CHANGES.values():
            admin.execute("savepoint here")
            try:
                admin.execute(change.format(**cast).encode())
            except psycopg.errors.IntegrityError:
                admin.execute("rollback to here")
            assert rows(admin, OUT_OF_STEP) == [], change
        admin.execute("rollback")


MEETING = [
    "invoice of an unknown person",
    "all owners of all changed",
    "representative changed",
    "first representative",
    "region changed",
    "user transferred",
    "user hired with a code in use",
    "code changed",
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("change", MEETING)
@pytest.mark.sampled(2)
def test_owners_are_right_after_two_sessions_meet(world: str, change: str, level: str) -> None:
    casts = {other: cast_of(next(case_numbers)) for other in MEETING}
    with session(world) as admin, session(world) as one, session(world) as two:
        for other, cast in casts.items():
            admin.execute(CAST.format(**cast).encode())
            two.execute(f"begin isolation level {level}".encode())
            two.execute("select count(*) from shop.invoice")
            one.execute(f"begin isolation level {level}".encode())
            one.execute(CHANGES[change].format(**cast).encode())
            met = start(two, CHANGES[other].format(**cast))
            blocked = wait_until_blocked_or_done(admin, met)
            # 23503: what the second refers to is gone; 23505: both add the same.
            allowed = {"done", "23503", "23505", "40P01"}
            if level != "read committed":
                allowed.add("40001")
            # Both orders of commit, where neither waits for the other.
            if blocked or cast["h"] % 200 == 0:
                assert outcome(one, "commit") in ("done", *RETRY)
                end = met.outcome()
                end = outcome(two, "commit") if end == "done" else end
            else:
                assert met.outcome() in allowed
                end = outcome(two, "commit")
                assert outcome(one, "commit") in ("done", *RETRY)
            two.execute("rollback")
            one.execute("rollback")
            assert end in allowed, (change, other, end)
            assert rows(admin, OUT_OF_STEP) == [], (change, other)
            dismiss(admin, cast)


@pytest.mark.parametrize("level", LEVELS)
def test_a_person_hired_while_their_row_is_written_owns_it(
    world: str, cast: dict[str, int], level: str
) -> None:
    """Neither session sees what the other wrote: the code that both need makes one wait."""
    with session(world) as admin, session(world) as hires, session(world) as writes:
        for both in (hires, writes):
            both.execute(f"begin isolation level {level}".encode())
            both.execute("select count(*) from shop.invoice")
        code = f"late{cast['h']}"
        hires.execute(
            "insert into authz.users (id, username, base_unit_id, external_id) "
            "values (%s, %s, 12, %s)",
            [cast["x"], code, code],
        )
        insert = start(writes, f"update shop.customer set rep = '{code}' where id = {cast['c']}")
        assert wait_until_blocked_or_done(admin, insert)
        hires.execute("commit")
        if level == "read committed":
            assert insert.outcome() == "done"
            writes.execute("commit")
            found = "select fundwarden_bills_rep_unit from shop.invoice where id = %s"
            assert value(admin, found, cast["f"]) == 12
        else:
            assert insert.outcome() == "40001"
            writes.execute("rollback")


MOVES = {
    "the representative is transferred": "update authz.users set base_unit_id = 13 where id = {h}",
    "the customer gets another": "update shop.customer set rep = '{g}' where id = {c}",
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("move", MOVES)
def test_a_row_written_while_its_owner_moves_on_waits_and_is_right_or_retried(
    world: str, cast: dict[str, int], move: str, level: str
) -> None:
    """The triggers lock what they read: otherwise a key would refuse the row, with 23503."""
    with session(world) as admin, session(world) as mover, session(world) as writer:
        writer.execute(f"begin isolation level {level}".encode())
        writer.execute("select count(*) from shop.invoice")
        mover.execute("begin")
        mover.execute(MOVES[move].format(**cast).encode())
        insert = start(writer, CHANGES["invoice inserted"].format(**cast))
        assert wait_until_blocked_or_done(admin, insert)
        mover.execute("commit")
        assert insert.outcome() == ("done" if level == "read committed" else "40001")
        writer.execute("commit")


def test_added_keys_delete_as_the_keys_of_the_company_do(world: str) -> None:
    """PostgreSQL may ask either of the two first."""
    with session(world) as admin:
        actions = rows(
            admin,
            "select distinct a.conname, a.confdeltype = c.confdeltype from pg_constraint as a "
            "inner join pg_constraint as c on a.conrelid = c.conrelid and c.contype = 'f' "
            "and c.conkey = a.conkey[1:1] "
            "where a.contype = 'f' and a.conname like 'fundwarden_bills_%%_path_%%' order by 1",
        )
        assert [name for name, _ in actions] == [
            "fundwarden_bills_boss_path_1",
            "fundwarden_bills_boss_path_2",
            "fundwarden_bills_lead_path_1",
            "fundwarden_bills_lead_path_2",
            "fundwarden_bills_rep_path_1",
        ]
        assert all(is_equal for _, is_equal in actions)


def test_the_first_stored_dataset_is_noticed_by_older_snapshots(database: str) -> None:
    with session(database) as admin, session(database) as older:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        older.execute("begin isolation level repeatable read")
        older.execute("select count(*) from authz.users")
        admin.execute("insert into shop.invoice (id, home, seller) values (1, 1, 7)")
        register(admin)
        end = outcome(
            older,
            "insert into authz.users (username, base_unit_id, external_id) "
            "values ('late', 11, '7')",
        )
        end = outcome(older, "commit") if end == "done" else end
        older.execute("rollback")
        assert end == "40001"
        assert rows(admin, OUT_OF_STEP) == []


def test_histories_of_many_sessions_end_in_step(world: str) -> None:
    casts = [cast_of(next(case_numbers)) for _ in range(3)]
    with session(world) as admin:
        for cast in casts:
            admin.execute(CAST.format(**cast).encode())
    unexpected: list[str] = []

    def live(seed: int) -> None:
        rng = random.Random(seed)
        with session(world) as mine:
            for _ in range(60):
                mine.execute(f"begin isolation level {rng.choice(ISOLATION_LEVELS)}".encode())
                end = "done"
                for _ in range(rng.randint(1, 3)):
                    change = CHANGES[rng.choice(sorted(CHANGES))].format(**rng.choice(casts))
                    end = outcome(mine, change) if end == "done" else end
                end = outcome(mine, "commit") if end == "done" else end
                mine.execute("rollback")
                if end not in ("done", "23503", "23505", "23514", "23P01", *RETRY):
                    unexpected.append(end)

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with session(world) as admin:
        assert rows(admin, OUT_OF_STEP) == []
    assert unexpected == []


def test_triggers_of_the_company_do_not_fire_while_columns_are_filled(database: str) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        cast = cast_of(1)
        admin.execute(CAST.format(**cast).encode())
        admin.execute("alter table shop.invoice enable always trigger counts")
        register(admin)
        assert rows(admin, "select distinct changed from shop.invoice") == [(0,)]
        assert rows(admin, OUT_OF_STEP) == []
        enabled = "select tgenabled from pg_trigger where tgname = 'counts'"
        assert value(admin, enabled) == "A"


@pytest.mark.parametrize(
    ("what", "step"),
    [
        ("register", 6),
        ("unregister", 0),
        ("store again", 14),
        *(
            pytest.param(what, step, marks=pytest.mark.long)
            for what, step in (
                ("register", 1),
                ("register", 14),
                ("store again", 1),
                ("store again", 6),
            )
        ),
    ],
)
def test_ended_in_the_middle_the_tables_are_as_before_and_the_next_run_works(
    database: str, what: str, step: int
) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute(CAST.format(**cast_of(1)).encode())
        if what != "register":
            register(admin)
        before = catalog_snapshot(admin)
        statement = {
            "register": REGISTER.replace("%s", f"'{json.dumps(OWNERS)}'"),
            "unregister": "select authz.unregister_dataset('bills')",
            "store again": "select authz.store_owners('bills')",
        }[what]
        with session(database) as mine:
            mine.execute("set role fundwarden_owner")
            mine.execute("begin")
            if what == "unregister":
                # It tells of no steps: ended when it is done and not yet committed.
                mine.execute(statement.encode())
                admin.execute("select pg_terminate_backend(%s)", [mine.info.backend_pid])
            else:
                told = itertools.count(1)

                def end(notice: object) -> None:
                    del notice
                    if next(told) == step:
                        admin.execute("select pg_terminate_backend(%s)", [mine.info.backend_pid])

                mine.add_notice_handler(end)
                with pytest.raises(psycopg.errors.AdminShutdown):
                    mine.execute(statement.encode())
                    mine.execute("select 1")
        assert differences(before, catalog_snapshot(admin)) == []
        admin.execute("set role fundwarden_owner")
        admin.execute(statement.encode())
        admin.execute("reset role")
        if what != "unregister":
            assert rows(admin, OUT_OF_STEP) == []
        assert rows(admin, "select * from ops.dataset_problems()") == []


AS_READER = """
    begin; set local role fundwarden_trusted; select authz.act_as({h});
    set local role fundwarden_app
"""

BREAKS = {
    "a check dropped": (
        "alter table shop.invoice drop constraint fundwarden_bills_seller_fits",
        "check fundwarden_bills_seller_fits of shop.invoice is missing",
    ),
    "the key to people dropped": (
        "alter table shop.invoice drop constraint fundwarden_bills_seller_owner",
        "foreign key fundwarden_bills_seller_owner of shop.invoice is missing",
    ),
    "a key that is not validated": (
        "alter table shop.invoice drop constraint fundwarden_bills_seller_owner, "
        "add constraint fundwarden_bills_seller_owner "
        "foreign key (fundwarden_bills_seller_person, fundwarden_bills_seller_unit) "
        "references authz_private.owner_references (reference, unit_id) "
        "on update cascade not valid",
        "foreign key fundwarden_bills_seller_owner of shop.invoice is missing",
    ),
    "a key of the path dropped": (
        "alter table shop.customer drop constraint fundwarden_bills_lead_path_2",
        "foreign key fundwarden_bills_lead_path_2 of shop.customer is missing",
    ),
    "a check of the path dropped": (
        "alter table shop.region drop constraint fundwarden_bills_lead_code_3_fits",
        "check fundwarden_bills_lead_code_3_fits of shop.region is missing",
    ),
}


def open_shop(conninfo: str) -> None:
    with session(conninfo) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute(CAST.format(**cast_of(1)).encode())
        admin.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) "
            "select 100, r.id, 11 from authz.roles as r where r.code = 'supervisor'"
        )
        register(admin)


@pytest.fixture(scope="module")
def opened(server: Server) -> Iterator[str]:
    with server.filled(open_shop) as template:
        yield template


@pytest.fixture
def shop_database(server: Server, opened: str) -> Iterator[str]:
    with server.database(opened) as conninfo:
        yield conninfo


@pytest.fixture
def shop(shop_database: str) -> Iterator[Connection]:
    with session(shop_database) as admin:
        yield admin


READS = (
    "select id from paged.bills() order by id",
    "select id from shop.invoice order by id",
    "select id from secure.bills order by id",
    "select paged.bills_count()",
)


def repairs(admin: Connection) -> str:
    """The commands that `runner status` prints for row security."""
    return str(value(admin, "select (ops.check_row_security()).repair"))


@pytest.mark.parametrize(
    "how",
    [
        how
        if how.endswith("dropped") and "path" not in how
        else pytest.param(how, marks=pytest.mark.long)
        for how in BREAKS
    ],
)
def test_without_its_checks_and_keys_a_dataset_is_not_read(shop: Connection, how: str) -> None:
    change, problem = BREAKS[how]
    shop.execute(AS_READER.format(h=100).encode())
    expected = [rows(shop, query) for query in READS]
    assert expected[0]
    shop.execute("rollback")
    shop.execute("set role fundwarden_owner")
    shop.execute(change.encode())
    shop.execute("reset role")
    assert "authz.store_owners('bills')" in repairs(shop)
    for query in READS:
        shop.execute(AS_READER.format(h=100).encode())
        refused = refusal(shop, query)
        assert (refused.sqlstate, refused.message_hint is not None) == ("55000", True), query
        shop.execute("rollback")
    problems = [row[0] for row in rows(shop, "select p.problem from ops.dataset_problems() as p")]
    assert problem in problems
    shop.execute("set role fundwarden_owner")
    shop.execute("select authz.store_owners('bills')")
    shop.execute("reset role")
    assert rows(shop, "select * from ops.dataset_problems()") == []
    shop.execute(AS_READER.format(h=100).encode())
    assert [rows(shop, query) for query in READS] == expected
    shop.execute("rollback")


@pytest.mark.parametrize(
    "change",
    [
        "alter table shop.invoice disable trigger zz_fundwarden_bills_insert",
        "drop trigger zz_fundwarden_bills_insert on shop.invoice",
    ],
)
def test_without_its_trigger_a_row_is_refused(shop: Connection, change: str) -> None:
    shop.execute(change.encode())
    told = refusal(shop, "insert into shop.invoice (id, home, seller) values (9, 1, 100)")
    assert (told.sqlstate, told.constraint_name) == ("23514", "fundwarden_bills_seller_fits")
    assert rows(shop, "select p.problem from ops.dataset_problems() as p") == [
        ("trigger zz_fundwarden_bills_insert of shop.invoice is missing or disabled",)
    ]


def test_a_later_trigger_of_the_company_cannot_change_an_owner_unnoticed(shop: Connection) -> None:
    shop.execute(
        "create function shop.meddle() returns trigger language plpgsql as "
        "$$begin new.seller := 101; return new; end$$; "
        "create trigger zzz before insert or update on shop.invoice "
        "for each row execute function shop.meddle()"
    )
    told = refusal(shop, "insert into shop.invoice (id, home, seller) values (9, 1, 100)")
    assert (told.sqlstate, told.constraint_name) == ("23514", "fundwarden_bills_seller_fits")
    shop.execute("alter trigger zzz on shop.invoice rename to a_meddler")
    shop.execute("insert into shop.invoice (id, home, seller) values (9, 1, 100)")
    assert rows(shop, OUT_OF_STEP) == []


def test_a_renamed_table_is_read_again_after_compiling(shop: Connection) -> None:
    shop.execute("alter table shop.invoice rename to bill")
    shop.execute(AS_READER.format(h=100).encode())
    told = refusal(shop, "select id from paged.bills()")
    assert told.sqlstate == "55000"
    assert told.message_primary == "dataset bills: shop.invoice is called shop.bill now"
    shop.execute("rollback")
    assert rows(shop, "select * from ops.dataset_problems()") != []
    shop.execute("set role fundwarden_owner; select authz.compile_datasets(); reset role")
    shop.execute(AS_READER.format(h=100).encode())
    assert rows(shop, "select id from paged.bills()")
    shop.execute("rollback")
    shop.execute("update shop.bill set seller = 101 where id = 108")
    assert rows(shop, OUT_OF_STEP.replace("shop.invoice", "shop.bill")) == []


def test_joined_storage_becomes_stored_and_reads_the_same(database: str) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute(CAST.format(**cast_of(1)).encode())
        admin.execute(
            "insert into authz.user_roles (user_id, role_id, unit_id) "
            "select 100, r.id, 11 from authz.roles as r where r.code = 'supervisor'"
        )
        admin.execute("set role fundwarden_owner")
        admin.execute(
            REGISTER.replace("owners =>", "storage => 'joined', owners =>"), [json.dumps(OWNERS)]
        )
        admin.execute("reset role")
        found = []
        for storage in ("joined", "stored"):
            if storage == "stored":
                admin.execute("set role fundwarden_owner")
                admin.execute("select authz.store_owners('bills')")
                admin.execute("reset role")
            admin.execute(AS_READER.format(h=100).encode())
            found.append([rows(admin, query) for query in READS])
            admin.execute("rollback")
        assert found[0] == found[1]
        assert found[0][0]


def test_the_plan_is_what_registering_does(database: str) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute(CAST.format(**cast_of(1)).encode())
        admin.execute("set role fundwarden_owner")
        before = catalog_snapshot(admin)
        planned = rows(
            admin,
            "select p.statement from authz.plan_dataset('shop.invoice', 'bills', "
            "resource => 'funds', tenant_column => 'home', owners => %s) as p order by p.place",
            json.dumps(OWNERS),
        )
        assert differences(before, catalog_snapshot(admin)) == []
        admin.execute("reset role")
        admin.execute("begin")
        admin.execute("update pg_class set reltuples = 1e6 where oid = 'shop.invoice'::regclass")
        long = value(
            admin,
            "select sum(p.seconds) from authz.plan_dataset('shop.invoice', 'bills', "
            "resource => 'funds', tenant_column => 'home', owners => %s) as p",
            json.dumps(OWNERS),
        )
        admin.execute("rollback")
        assert 100 < long < 1000
        admin.execute("set role fundwarden_owner")
        # What it prints can be sent as it is: the tables then have what registering adds.
        for (statement,) in planned:
            admin.execute("begin") if statement.startswith("lock") else None
            admin.execute(statement.encode())
        admin.execute("commit")
        assert rows(admin, OUT_OF_STEP) == []


@pytest.mark.parametrize(
    ("change", "state", "told"),
    [
        (
            "alter table shop.invoice add column twin int generated always as (seller) stored",
            "22023",
            "owners[0].path[0]: column twin of shop.invoice is generated",
        ),
        (
            "alter table shop.invoice add column twin int "
            "references shop.customer deferrable initially deferred",
            "22023",
            "owners[0].path[0]: the foreign key on column shop.invoice.twin is deferrable",
        ),
        (
            "create rule keeps as on update to shop.customer do also nothing; "
            "alter table shop.invoice add column twin int references shop.customer",
            "22023",
            "owners[0].path[1]: shop.customer has a rule for INSERT or UPDATE",
        ),
        (
            "create role shop_clerk; grant create, usage on schema shop to shop_clerk; "
            "alter table shop.customer owner to shop_clerk; "
            "grant select on shop.customer to fundwarden_owner; "
            "alter table shop.invoice add column twin int references shop.customer",
            "42501",
            "owners[0].path[1]: fundwarden_owner cannot alter shop.customer",
        ),
        (
            # Not every server is built with ICU, which has collations of this kind.
            'create collation shop.loose from "C"; '
            "update pg_collation set collisdeterministic = false where collname = 'loose'; "
            "alter table shop.invoice add column twin int references shop.customer; "
            "alter table shop.customer alter column rep type text collate shop.loose",
            "22023",
            "owners[0].path[1]: the collation of column rep of shop.customer takes different "
            "texts as equal",
        ),
        (
            "alter table shop.invoice add column twin int references shop.customer; "
            "alter table shop.customer enable row level security, force row level security; "
            "create policy owner_does_everything on shop.customer for select "
            "to fundwarden_owner using (true)",
            "42501",
            "owners[0].path[1]: row security of shop.customer hides rows from fundwarden_owner",
        ),
        (
            "alter table shop.invoice add column twin int references shop.customer; "
            "alter table shop.invoice drop column home, "
            "add column home int generated always as (1) stored",
            "22023",
            "tenant_column: 'home' is generated",
        ),
        (
            "alter table shop.invoice add column fundwarden_bills_o_person text, "
            "add column twin int references shop.customer",
            "22023",
            "name: table shop.invoice has a column 'fundwarden_bills_o_person' already",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused(
    database: str, change: str, state: str, told: str
) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute("begin")
        admin.execute(change.encode())
        path = ["twin"] if "generated" in change else ["twin", "rep"]
        admin.execute("set local role fundwarden_owner")
        refused = refusal(admin, REGISTER, json.dumps([{"name": "o", "path": path}]))
        assert (refused.sqlstate, refused.message_primary) == (state, told)
        assert refused.message_hint
        admin.execute("rollback")


def test_names_that_are_too_long_and_other_isolation_levels_are_refused(database: str) -> None:
    with session(database) as admin:
        admin.execute(TABLES.encode())
        admin.execute(UNITS)
        admin.execute("set role fundwarden_owner")
        refused = refusal(admin, REGISTER, json.dumps([{"name": "o" * 36, "path": ["seller"]}]))
        assert refused.sqlstate == "22023"
        assert "too long for storage stored" in (refused.message_primary or "")
        admin.execute("begin isolation level repeatable read")
        refused = refusal(admin, REGISTER, json.dumps(OWNERS))
        assert (refused.sqlstate, refused.message_hint is not None) == ("25000", True)
        admin.execute("rollback")


def test_two_tenants_with_the_same_codes_do_not_meet(shop: Connection) -> None:
    shop.execute(
        "insert into authz.users (id, username, base_unit_id, external_id) "
        "values (900, 'other', 500, '100'); "
        "insert into authz.user_roles (user_id, role_id, unit_id) "
        "select 900, r.id, 500 from authz.roles as r where r.code = 'supervisor'"
    )
    # Invoice 110 is of the other tenant, and names the same customer and seller.
    shop.execute(AS_READER.format(h=900).encode())
    assert rows(shop, READS[0]) == rows(shop, READS[1]) == rows(shop, READS[2]) == [(110,)]
    shop.execute("rollback")
    shop.execute(AS_READER.format(h=100).encode())
    assert (110,) not in rows(shop, READS[0]) + rows(shop, READS[1]) + rows(shop, READS[2])
    shop.execute("rollback")


@pytest.mark.parametrize(
    "change",
    [
        "update authz.users set base_unit_id = 13 where id = 100",
        "update shop.customer set rep = '101', fundwarden_bills_rep_code_2 = '101' where id = 106",
    ],
)
def test_what_went_around_the_keys_is_found_and_repaired(shop: Connection, change: str) -> None:
    assert rows(shop, "select * from ops.dataset_problems()") == []
    assert value(shop, "select (ops.check_owner_units(true)).severity") == "ok"
    shop.execute("set session_replication_role = replica")
    shop.execute(change.encode())
    shop.execute("set session_replication_role = origin")
    assert rows(shop, OUT_OF_STEP) != []
    assert value(shop, "select (ops.check_owner_units(true)).severity") == "critical"
    shop.execute("set role fundwarden_owner")
    assert value(shop, "select ops.repair_owner_units()") > 0
    shop.execute("reset role")
    assert rows(shop, OUT_OF_STEP) == []
    assert value(shop, "select (ops.check_owner_units(true)).severity") == "ok"


def test_a_key_that_is_not_enforced_is_missing(shop: Connection) -> None:
    if shop.info.server_version < 180000:
        told = refusal(
            shop,
            "alter table shop.invoice alter constraint fundwarden_bills_seller_owner not enforced",
        )
        assert told.sqlstate == "42601"
        return
    shop.execute(
        "alter table shop.invoice alter constraint fundwarden_bills_seller_owner not enforced"
    )
    shop.execute(AS_READER.format(h=100).encode())
    assert refusal(shop, READS[0]).sqlstate == "55000"
    shop.execute("rollback")


def test_a_key_whose_triggers_are_disabled_is_told_with_its_repair(shop: Connection) -> None:
    shop.execute("alter table shop.invoice disable trigger all")
    problems = rows(shop, "select p.problem, p.repair from ops.dataset_problems() as p")
    assert (
        "foreign key fundwarden_bills_seller_owner of shop.invoice is disabled",
        "select authz.store_owners('bills');",
    ) in problems
    assert "authz.store_owners('bills')" in repairs(shop)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            "alter table shop.invoice drop constraint invoice_customer_fkey",
            "owners[1].path[0]: there is no foreign key on column shop.invoice.customer",
        ),
        (
            "alter table shop.customer rename column rep to agent",
            "owners[1].path[1]: shop.customer has no column 'rep'",
        ),
    ],
)
def test_a_path_that_no_longer_fits_is_told_and_its_rows_stay_right(
    shop: Connection, change: str, problem: str
) -> None:
    """What is stored is still right: the added keys refuse a write that would change it."""
    shop.execute(AS_READER.format(h=100).encode())
    expected = [rows(shop, query) for query in READS]
    shop.execute("rollback")
    shop.execute(change.encode())
    assert rows(shop, "select p.problem from ops.dataset_problems() as p") == [(problem,)]
    assert "authz.unregister_dataset('bills')" in repairs(shop)
    shop.execute(AS_READER.format(h=100).encode())
    assert [rows(shop, query) for query in READS] == expected
    shop.execute("rollback")
    shop.execute("set role fundwarden_owner")
    shop.execute("select authz.unregister_dataset('bills')")
    shop.execute("reset role")
    assert rows(shop, "select * from ops.dataset_problems()") == []
    columns = "select a.attname from pg_attribute as a where a.attname like 'fundwarden%%'"
    assert rows(shop, columns) == []


def test_columns_of_the_package_are_not_shown(shop: Connection) -> None:
    shop.execute(AS_READER.format(h=100).encode())
    for query in ("select * from paged.bills()", "select * from secure.bills"):
        described = shop.execute(query.encode()).description
        assert described is not None
        names = {column.name for column in described} - {"row_number", "total_count"}
        assert names == {"id", "home", "customer", "seller", "clerk", "parent", "changed"}
    told = refusal(
        shop,
        """select * from paged.bills(filter =>
        '{"field": "fundwarden_bills_seller_unit", "op": "=", "value": 11}')""",
    )
    assert told.sqlstate == "22023"
    shop.execute("rollback; begin")
    shop.execute(AS_READER.format(h=100).removeprefix("\n    begin;").encode())
    told = refusal(shop, "select * from paged.bills(sort_by => 'fundwarden_bills_seller_unit')")
    assert told.sqlstate == "22023"
    shop.execute("rollback")


def test_stored_owners_survive_a_dump_and_restore(
    server: Server, shop_database: str, shop: Connection
) -> None:
    shop.execute(AS_READER.format(h=100).encode())
    expected = [rows(shop, query) for query in READS]
    shop.execute("rollback")
    before = catalog_snapshot(shop)
    dump = subprocess.run(
        [server.bin("pg_dump"), shop_database], capture_output=True, check=True
    ).stdout
    with server.copy("template0") as janitor:
        restored = server.conninfo(janitor.dbname)
        subprocess.run(
            [server.bin("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", restored],
            input=dump,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with session(restored) as copy:
            copy.execute("select ops.apply_database_rights()")
            assert differences(before, catalog_snapshot(copy)) == []
            assert rows(copy, "select * from ops.dataset_problems()") == []
            copy.execute(AS_READER.format(h=100).encode())
            assert [rows(copy, query) for query in READS] == expected
            copy.execute("rollback")
            # Codes and transfers are still carried.
            copy.execute("update authz.users set base_unit_id = 13 where id = 100")
            copy.execute("update authz.users set external_id = '103' where id = 101")
            assert rows(copy, OUT_OF_STEP) == []
