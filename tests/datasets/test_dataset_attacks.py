"""What is tried against funds fails against a registered table with owners as well.

These are the attacks of attacks.py, with the name of the table exchanged. Each is made on a sound
installation, and on a copy with one guard removed, where it works.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from attacks import ANN, ATTACKS, EVERY_UNIT, FUNDS, ROOT, WORLD, Attack, loot, token
from servers import Server
from waiting import rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

LEDGER = """
    create schema shop authorization fundwarden_owner;
    set role fundwarden_owner;
    create table shop.customers (id bigint primary key, manager_id bigint);
    create table shop.ledger (
        id bigint primary key, tenant_id int not null default 1, handle_by bigint,
        order_id bigint, customer_id bigint references shop.customers, amount numeric not null,
        status text not null default 'open', currency text not null default 'EUR',
        created_at timestamptz not null default now()
    );
    insert into shop.customers select c.id, c.manager_id from finance.customers as c;
    insert into shop.ledger
    select f.id, f.tenant_id, f.handle_by, f.order_id, f.customer_id, f.amount, f.status,
        f.currency, f.created_at
    from finance.financial_funds as f;
    create index on shop.ledger (amount);
    create index on shop.ledger (status);
    grant usage on schema shop to fundwarden_app;
    grant select on shop.ledger to fundwarden_app;
    select authz.register_dataset(
        'shop.ledger', resource => 'funds', tenant_column => 'tenant_id', storage => '{storage}',
        owners => '[
            {"name": "handler", "path": ["handle_by"], "key": "id"},
            {"name": "manager", "path": ["customer_id", "manager_id"], "key": "id"}
        ]'
    );
    reset role;
    create statistics shop.planted (mcv) on status, currency from shop.ledger;
    analyze;
"""

# In place of authz.my_units, which the policy of funds asks.
EVERY_OWNER = {
    "stored": EVERY_UNIT.replace(
        "authz.my_units(resource text, action text)", "authz.my_dataset_units(dataset text)"
    ),
    "joined": """
        create or replace function authz.my_row_keys(dataset text, owner_place int)
        returns text [] language sql stable security definer
        set search_path = pg_catalog, ext, pg_temp
        as 'select array(select l.handle_by::text from shop.ledger as l)'
    """,
}


def against(attack: Attack, storage: str) -> Attack:
    """The same attack on the registered table."""

    def said(text: str) -> str:
        return text.replace(FUNDS, "shop.ledger").replace("'financial_funds'", "'ledger'")

    weak = EVERY_OWNER[storage] if attack.weak == EVERY_UNIT else said(attack.weak)
    return replace(
        attack,
        steps=tuple(map(said, attack.steps)),
        before=tuple(map(said, attack.before)),
        weak=weak,
    )


OF_THE_TABLE = sorted(
    name
    for name, attack in ATTACKS.items()
    if any(FUNDS in step or "'financial_funds'" in step for step in attack.steps)
    and not any("financial_funds_id_seq" in step for step in attack.steps)
    # The guard that it removes is a function of the policies of funds.
    and name != "telling: estimates"
)

# What only a dataset has.
PAGES = {
    "pages, counts and exports": Attack(
        (
            "select * from paged.ledger(page_size => 1000)",
            "select * from paged.ledger(page_size => 1000, sort_by => 'status')",
            "select 'sum', paged.ledger_count()",
            "select * from paged.ledger_export()",
        ),
        "update authz.user_roles set unit_id = 1 where user_id = 2",
    ),
    "the view": Attack(
        ("select * from secure.ledger",),
        "create or replace view secure.ledger with (security_barrier) as select id, tenant_id, "
        "handle_by, order_id, customer_id, amount, status, currency, created_at from shop.ledger",
    ),
    "filters that tell": Attack(
        (
            """select 'found' where paged.ledger_count(
                '{"field": "status", "op": "=", "value": "hidden"}') > 0""",
        ),
        "update authz.user_roles set unit_id = 1 where user_id = 2",
        "found",
    ),
    "a place behind a hidden row": Attack(
        (
            """select 'behind', id from paged.ledger(
            sort_by => 'amount', sort_order => 'DESC', after => '{"id": 501}')""",
        ),
        "update authz.user_roles set unit_id = 1 where user_id = 2",
        "behind",
    ),
    "reasons": Attack(
        ("""select owner_unit_path from paged.ledger_explain(null, '{"id": 501}')""",),
        "update authz.user_roles set unit_id = 1 where user_id = 2",
    ),
    "functions that pages call": Attack(
        (
            "select * from paged.ledger_find(1, 'read', 0, 1000, 'id', false, null, null, "
            "null, 'exact')",
            "select status from paged.ledger_page(1, 1000, 'id', 'ASC', null, null, 'exact', 1)",
        ),
        "grant execute on function paged.ledger_find to fundwarden_app; "
        "grant usage on schema authz_private to fundwarden_app; "
        "grant execute on all functions in schema authz_private to fundwarden_app; "
        "alter function paged.ledger_find security definer",
        ", 501",
    ),
    "how others are named": Attack(
        ("select r.* from authz_private.owner_references as r",),
        "grant usage on schema authz_private to fundwarden_app; "
        "grant select on authz_private.owner_references to fundwarden_app",
        "1:id:3",
    ),
}
STORED_ONLY = {"functions that pages call", "how others are named"}

CASES = [
    *((storage, name) for storage in ("stored", "joined") for name in OF_THE_TABLE),
    *(
        (storage, name)
        for storage in ("stored", "joined")
        for name in PAGES
        if storage == "stored" or name not in STORED_ONLY
    ),
]


def attack_of(storage: str, name: str) -> Attack:
    return PAGES[name] if name in PAGES else against(ATTACKS[name], storage)


@pytest.fixture(scope="module")
def templates(server: Server) -> Iterator[dict[str, str]]:
    """Names of databases with the table in them, by storage."""
    with server.copy() as stored, server.copy() as joined:
        names = {"stored": stored.dbname, "joined": joined.dbname}
        for storage, name in names.items():
            with session(server.conninfo(name)) as admin:
                admin.execute(WORLD)
                admin.execute(LEDGER.replace("{storage}", storage).encode())
        yield names


@pytest.fixture(scope="module")
def lasting(templates: dict[str, str], server: Server) -> Iterator[dict[str, str]]:
    """Sound copies that attacks share: they leave nothing, or one of them has succeeded."""
    with server.copy(templates["stored"]) as stored, server.copy(templates["joined"]) as joined:
        found = {
            storage: server.conninfo(janitor.dbname)
            for storage, janitor in (("stored", stored), ("joined", joined))
        }
        for conninfo in found.values():
            with session(conninfo) as admin:
                admin.execute("select ops.apply_database_rights()")
        yield found


def test_there_are_attacks_on_the_table() -> None:
    assert len(OF_THE_TABLE) >= 25


@pytest.mark.parametrize("storage", ["stored", "joined"])
def test_the_world_is_as_told(lasting: dict[str, str], storage: str) -> None:
    with session(lasting[storage], user="app_login") as app:
        for user, seen in ((ANN, {"open"}), (ROOT, {"open", "hidden"})):
            app.execute("begin")
            app.execute("select authz.sign_in(%s)", [token(lasting[storage], user)])
            for query in (
                "select distinct l.status from shop.ledger as l",
                "select distinct l.status from paged.ledger(page_size => 1000) as l",
            ):
                assert {row[0] for row in rows(app, query)} == seen
            app.execute("rollback")


@pytest.mark.parametrize("storage", ["stored", "joined"])
@pytest.mark.parametrize(
    "word", ["{sort}", "{filters}", "{units}", "{line}", "%s", "%1$s", "$2", "' or true --", "\\'"]
)
def test_a_value_that_reads_like_a_part_of_the_query_is_a_value(
    lasting: dict[str, str], storage: str, word: str
) -> None:
    page = (
        "select l.id from paged.ledger(1, 10, 'amount', 'DESC', %s, total => %s, "
        "supervisor_id => 2) as l"
    )
    with session(lasting[storage]) as admin:
        admin.execute("begin")
        admin.execute("set local role fundwarden_owner")
        admin.execute("update shop.ledger set status = %s where id = 3", [word])
        wanted = json.dumps({"field": "status", "op": "=", "value": word})
        for total in ("exact", "none", "estimate"):
            assert rows(admin, page, wanted, total) == [(3,)]
        assert value(admin, "select paged.ledger_count(%s, 2)", wanted) == 1
        admin.execute("rollback")


@pytest.mark.parametrize(
    ("storage", "name"),
    [
        # Of those on owners that are joined, every third.
        pytest.param(*case, marks=[pytest.mark.long] if case[0] == "joined" and place % 3 else [])
        for place, case in enumerate(CASES)
    ],
)
def test_it_brings_nothing(lasting: dict[str, str], storage: str, name: str) -> None:
    attack = attack_of(storage, name)
    assert not re.search(attack.loot, loot(lasting[storage], attack))


@pytest.mark.parametrize(("storage", "name"), CASES)
@pytest.mark.long
def test_without_the_guard_it_works(
    templates: dict[str, str], server: Server, storage: str, name: str
) -> None:
    attack = attack_of(storage, name)
    with server.copy(templates[storage]) as janitor:
        conninfo = server.conninfo(janitor.dbname)
        with session(conninfo) as admin:
            admin.execute("select ops.apply_database_rights()")
            try:
                admin.execute(attack.weak.replace("{database}", janitor.dbname).encode())
                assert re.search(attack.loot, loot(conninfo, attack))
            finally:
                if attack.mend:
                    admin.execute(attack.mend.encode())
