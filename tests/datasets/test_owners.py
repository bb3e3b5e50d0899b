"""Rows of any table with owners are shown as the model says, in every way of reading them.

Schemas, organisations and rights are random. Of rows without an owner the model has no notion: who
reads a whole tenant is taken from authz_private.scope_of.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from policy_model import Unit, User, World
from random_worlds import NOON, random_world, store
from servers import Server

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
WORLDS = int(os.environ.get("FUNDWARDEN_ROW_WORLDS", "3"))
KEY_TYPES = ("int", "bigint", "uuid", "text")


@dataclass
class Link:
    """A table that a path crosses: what each of its keys leads to."""

    table: str
    kind: str
    target: str
    leads_to: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Owner:
    """An owner of a row: the tables behind its first column, nearest first."""

    by_id: bool
    person: str
    links: list[Link]

    @property
    def first(self) -> str:
        return self.links[0].kind if self.links else self.person


@dataclass
class Shop:
    """A table with owners: its rows, each with its tenant and the first column of each owner."""

    key: list[str]
    key_types: list[str]
    fixed: int | None
    owners: list[Owner] = field(default_factory=list)
    code: dict[int, str] = field(default_factory=dict)
    rows: dict[tuple[Any, ...], tuple[int | None, list[Any]]] = field(default_factory=dict)
    sort: dict[tuple[Any, ...], int | None] = field(default_factory=dict)
    added: int = 100

    def people(self, w: World, key: tuple[Any, ...]) -> set[int]:
        """Users who own a row, found step by step."""
        home, values = self.rows[key]
        found = set()
        for owner, first in zip(self.owners, values, strict=True):
            value = first
            for link in owner.links:
                value = link.leads_to.get(value)
            for user in w.users:
                named = str(user) if owner.by_id else self.code.get(user)
                if value is not None and w.tenant(w.users[user].base) == home:
                    found |= {user} if named == str(value) else set()
        return found


def value_of(kind: str, number: int) -> Any:
    """A value of a key column: the same number gives the same value."""
    texts = {"uuid": uuid.UUID(int=number), "text": f"k{number}", "char(8)": f"k{number}"}
    return texts.get(kind, number)


def build(connection: Connection, rng: random.Random, w: World, storage: str) -> Shop:
    """A random schema with rows, registered as the dataset things."""
    run = connection.execute
    codes = rng.choice(("integer", "uuid", "text"))
    counted: dict[int, int] = {}
    code: dict[int, str] = {}
    for user in sorted(w.users):
        tenant = w.tenant(w.users[user].base)
        # Tenants use the same codes.
        counted[tenant] = counted.get(tenant, 0) + 1
        if rng.random() < 0.9:
            code[user] = code_of(codes, counted[tenant])
            run("update authz.users set external_id = %s where id = %s", [code[user], user])
    tenants = sorted({w.tenant(w.users[u].base) for u in w.users})
    run("reset role")
    run("create schema own authorization fundwarden_owner")
    run("set local role fundwarden_owner")
    key_types = [rng.choice(KEY_TYPES) for _ in range(rng.choice((1, 1, 2)))]
    fixed = rng.choice(tenants) if rng.random() < 0.3 else None
    shop = Shop([f"k{n}" for n in range(len(key_types))], key_types, fixed, code=code)
    columns = [f"{name} {kind}" for name, kind in zip(shop.key, key_types, strict=True)]
    columns += ["home int", "total int", f"primary key ({', '.join(shop.key)})"]
    described: list[dict[str, Any]] = []
    for number in range(rng.randint(1, 5)):
        by_id = rng.random() < 0.3
        person = {"integer": rng.choice(("int", "bigint")), "uuid": "uuid", "text": "text"}[codes]
        owner = Owner(by_id, "bigint" if by_id else person, [])
        chain(connection, rng, number, owner, w, shop)
        shop.owners.append(owner)
        path = [f"c{number}", *(f"up{level + 1}" for level in range(len(owner.links)))]
        described.append({"name": f"o{number}", "path": path} | ({"key": "id"} if by_id else {}))
        reference = f" references {owner.links[0].table} {AFTER}" if owner.links else ""
        columns.append(f"c{number} {owner.first}{reference}")
    partitions(connection, rng, "own.things", ", ".join(columns), "k0")
    if rng.random() < 0.7:
        run("create index on own.things (total)")
    else:
        run("create index on own.things (total, home)")
    for number in range(rng.randint(10, 40)):
        add_row(connection, rng, w, shop, number)
    run("grant usage on schema own to fundwarden_app")
    run("grant select on own.things to fundwarden_app")
    run(
        "select authz.register_dataset('own.things', owners => %s, resource => 'funds', "
        "tenant_column => %s, tenant_id => %s, storage => %s)",
        [json.dumps(described), None if fixed else "home", fixed, storage],
    )
    return shop


AFTER = "on update cascade on delete set null"


def code_of(codes: str, number: int) -> str:
    return {"integer": str(number), "uuid": str(uuid.UUID(int=number))}.get(codes, f"E {number}")


def partitions(
    connection: Connection, rng: random.Random, table: str, columns: str, key: str
) -> None:
    """Creates a table, partitioned or not."""
    is_partitioned = rng.random() < 0.25
    by = f" partition by hash ({key})" if is_partitioned else ""
    connection.execute(f"create table {table} ({columns}){by}".encode())
    for part in range(2 if is_partitioned else 0):
        connection.execute(
            f"create table {table}_{part} partition of {table} "
            f"for values with (modulus 2, remainder {part})".encode()
        )


def chain(
    connection: Connection, rng: random.Random, number: int, owner: Owner, w: World, shop: Shop
) -> None:
    """Creates the tables that a path crosses, from its end."""
    for level in range(rng.randint(0, 3), 0, -1):
        target = owner.first
        reference = f" references {owner.links[0].table} {AFTER}" if owner.links else ""
        kind = rng.choice((*KEY_TYPES, "char(8)"))
        link = Link(f"own.t{number}_{level}", kind, target)
        columns = f"id {kind} primary key, up{level} {target}{reference}"
        partitions(connection, rng, link.table, columns, "id")
        for key in range(rng.randint(2, 8)):
            value = some_value(rng, w, shop, owner)
            connection.execute(
                f"insert into {link.table} values (%s::{kind}, %s::{target})".encode(),
                [value_of(kind, key), value],
            )
            link.leads_to[value_of(kind, key)] = value
        owner.links.insert(0, link)


def some_value(rng: random.Random, w: World, shop: Shop, owner: Owner, behind: int = 0) -> Any:
    """A value for the column before the links from behind on: a key, or a person's code."""
    if rng.random() < 0.15:
        return None
    if behind < len(owner.links):
        return rng.choice([*owner.links[behind].leads_to, None])
    user = rng.choice(sorted(w.users))
    named = str(user) if owner.by_id else shop.code.get(user)
    if not owner.by_id and rng.random() < 0.1:
        # Nobody has this code yet.
        named = {"text": "E 99", "uuid": str(uuid.UUID(int=99))}.get(owner.person, "99")
    typed = {"int": int, "bigint": int, "uuid": uuid.UUID}.get(owner.person, str)
    try:
        return None if named is None else typed(named)
    except ValueError:
        # A code that a column of this type cannot hold.
        return None


def add_row(connection: Connection, rng: random.Random, w: World, shop: Shop, number: int) -> None:
    key = tuple(
        value_of(kind, number // 2 if n else number) for n, kind in enumerate(shop.key_types)
    )
    tenants = sorted({w.tenant(w.users[u].base) for u in w.users})
    home = rng.choice([*tenants, *tenants, None])
    values = [some_value(rng, w, shop, owner) for owner in shop.owners]
    total = rng.choice([None, *range(6)])
    types = [*shop.key_types, "int", "int", *(owner.first for owner in shop.owners)]
    names = [*shop.key, "home", "total", *(f"c{n}" for n in range(len(shop.owners)))]
    connection.execute(
        f"insert into own.things ({', '.join(names)}) "
        f"values ({', '.join(f'%s::{kind}' for kind in types)})".encode(),
        [*key, home, total, *values],
    )
    shop.rows[key] = (shop.fixed or home, values)
    shop.sort[key] = total


def live_on(connection: Connection, rng: random.Random, w: World, shop: Shop) -> None:
    """A change that a company makes: of rows, of links, of people."""
    run = connection.execute
    match rng.choice(
        ("row", "row", "new", "gone", "link", "link", "rename", "end", "code", "move")
    ):
        case "new":
            shop.added += 1
            add_row(connection, rng, w, shop, shop.added)
        case "gone":
            if not shop.rows:
                return
            key = rng.choice(sorted(shop.rows, key=str))
            match_key = " and ".join(
                f"{n} = %s::{k}" for n, k in zip(shop.key, shop.key_types, strict=True)
            )
            run(f"delete from own.things where {match_key}".encode(), list(key))
            del shop.rows[key], shop.sort[key]
        case "row":
            key = rng.choice(sorted(shop.rows, key=str))
            n = rng.randrange(len(shop.owners))
            value = some_value(rng, w, shop, shop.owners[n])
            match_key = " and ".join(
                f"{n} = %s::{k}" for n, k in zip(shop.key, shop.key_types, strict=True)
            )
            kind = shop.owners[n].first
            run(
                f"update own.things set c{n} = %s::{kind} where {match_key}".encode(),
                [value, *key],
            )
            home, values = shop.rows[key]
            values[n] = value
            if shop.fixed is None and rng.random() < 0.3:
                home = rng.choice([None, *sorted({w.tenant(w.users[u].base) for u in w.users})])
                run(f"update own.things set home = %s where {match_key}".encode(), [home, *key])
            shop.rows[key] = (home, values)
        case "link" | "rename" | "end" as what:
            owner = rng.choice(shop.owners)
            if not owner.links:
                return
            level = rng.randrange(len(owner.links))
            link = owner.links[level]
            if not link.leads_to:
                return
            key = rng.choice(sorted(link.leads_to, key=str))
            if what == "link":
                value = some_value(rng, w, shop, owner, level + 1)
                run(
                    f"update {link.table} set up{level + 1} = %s::{link.target} "
                    f"where id = %s::{link.kind}".encode(),
                    [value, key],
                )
                link.leads_to[key] = value
                return
            if what == "rename":
                other = value_of(link.kind, 50 + rng.randrange(1000))
                if other in link.leads_to:
                    return
                kind = link.kind
                run(
                    f"update {link.table} set id = %s::{kind} where id = %s::{kind}".encode(),
                    [other, key],
                )
                link.leads_to[other] = link.leads_to.pop(key)
            else:
                other = None
                run(f"delete from {link.table} where id = %s::{link.kind}".encode(), [key])
                del link.leads_to[key]
            before = owner.links[level - 1].leads_to if level else None
            if before is not None:
                before |= {k: other for k, v in before.items() if v == key}
            else:
                n = shop.owners.index(owner)
                for _, values in shop.rows.values():
                    values[n] = other if values[n] == key else values[n]
        case "code":
            user = rng.choice(sorted(w.users))
            mates = [
                u for u in w.users if w.tenant(w.users[u].base) == w.tenant(w.users[user].base)
            ]
            free = [code_of(kind, 99) for kind in ("integer", "uuid", "text")]
            wanted = rng.choice([*free, None])
            taken = {shop.code.get(u) for u in mates if u != user}
            if wanted is not None and wanted in taken:
                return
            run("update authz.users set external_id = %s where id = %s", [wanted, user])
            shop.code.pop(user, None)
            if wanted is not None:
                shop.code[user] = wanted
        case "move":
            user = rng.choice(sorted(w.users))
            tenant = w.tenant(w.users[user].base)
            unit = rng.choice([u for u in sorted(w.units) if w.tenant(u) == tenant])
            run("update authz.users set base_unit_id = %s where id = %s", [unit, user])
            w.users[user].base = unit


def disagreements(connection: Connection, rng: random.Random, w: World, storage: str) -> list[str]:
    shop = build(connection, rng, w, storage)
    for _ in range(rng.choice((0, 5, 20))):
        live_on(connection, rng, w, shop)
    found: list[str] = []
    prefer(connection, rng.choice(("small", "gather", "walk", "walk", "give up")))
    keys = ", ".join(shop.key)
    for user in sorted(w.users):
        if not w.users[user].is_active or not w.units[w.tenant(w.users[user].base)].is_active:
            continue
        wide = connection.execute(
            "select s.tenant_id, s.every_tenant, s.whole_tenant, s.other_tenants "
            "from authz_private.scope_of(%s, 'funds', 'read') as s",
            [user],
        ).fetchone()
        assert wide is not None
        expected = {
            key
            for key, (home, _) in shop.rows.items()
            if any(
                w.check(user, "funds", "read", w.users[o].base, {"owner_id": o})
                for o in shop.people(w, key)
            )
            or (
                home is not None
                and (wide[1] or (wide[2] and home == wide[0]) or (wide[3] and home != wide[0]))
            )
        }
        connection.execute("set local role fundwarden_trusted")
        connection.execute("select authz.act_as(%s)", [user])
        connection.execute("set local role fundwarden_app")

        def read(query: str, *values: Any) -> list[tuple[Any, ...]]:
            return list(connection.execute(query.encode(), values or None))

        seen = {
            "table": set(read(f"select {keys} from own.things")),
            "view": set(read(f"select {keys} from secure.things")),
            "page": set(read(f"select {keys} from paged.things(page_size => 1000)")),
            "long page": set(read(f"select {keys} from paged.things(page_size => 2000)")),
            "uncounted page": set(
                read(f"select {keys} from paged.things(page_size => 50, total => 'none')")
            ),
            "estimated page": set(
                read(f"select {keys} from paged.things(page_size => 50, total => 'estimate')")
            ),
        }
        for way, got in seen.items():
            if got != expected:
                found.append(f"{way} of {user}: {sorted(expected ^ got)[:5]} differ")
        large = {key for key in expected if (shop.sort[key] or 0) >= 3}
        at_least = json.dumps({"all": [{"field": "total", "op": ">=", "value": 3}]})
        got = set(read(f"select {keys} from paged.things(filter => %s)", at_least))
        if got != large or read("select paged.things_count(%s)", at_least)[0][0] != len(large):
            found.append(f"filtered page of {user}: {sorted(large ^ got)[:5]} differ")
        told = read("select paged.things_count()")[0][0]
        totals = {row[0] for row in read("select total_count from paged.things(page_size => 3)")}
        if told != len(expected) or totals not in ({len(expected)}, set()):
            found.append(f"count of {user}: {told} and {totals} of {len(expected)}")
        found += walks(shop, expected, read, rng, keys)
        for key in rng.sample(sorted(shop.rows), min(3, len(shop.rows))):
            named = json.dumps(dict(zip(shop.key, key, strict=True)), default=str)
            connection.execute("savepoint asked")
            try:
                rows = read("select is_visible from paged.things_explain(null, %s)", named)
                shown = any(row[0] for row in rows)
            except psycopg.errors.InsufficientPrivilege:
                shown = False
                connection.execute("rollback to savepoint asked")
            if shown != (key in expected):
                found.append(f"{user} and {key}: explained as {shown}")
        connection.execute("set local role fundwarden_owner")
    return found


def walks(
    shop: Shop,
    expected: set[tuple[Any, ...]],
    read: Callable[..., list[tuple[Any, ...]]],
    rng: random.Random,
    keys: str,
) -> list[str]:
    """Pages by number and pages behind a row are the rows in order."""
    order = rng.choice(("ASC", "DESC"))

    def place(key: tuple[Any, ...]) -> tuple[Any, ...]:
        total = shop.sort[key]
        if order == "ASC":
            return (total is None, total or 0, key)
        return (total is not None, -(total or 0), key)

    wanted = sorted(expected, key=place)
    size = rng.randint(1, 7)
    by_number: list[tuple[Any, ...]] = []
    behind: list[tuple[Any, ...]] = []
    after = None
    for page in range(1, len(wanted) // size + 2):
        rows = read(
            f"select {keys} from paged.things(%s, %s, 'total', %s) order by row_number",
            page,
            size,
            order,
        )
        by_number += rows
        rows = read(
            f"select {keys} from paged.things(1, %s, 'total', %s, null, %s, 'none') "
            "order by row_number",
            size,
            order,
            after,
        )
        behind += rows
        if not rows:
            break
        key = dict(zip(shop.key, rows[-1], strict=True))
        after = json.dumps(
            key if rng.random() < 0.5 else {"sort": shop.sort[rows[-1]], "key": key}, default=str
        )
    return [
        f"{way}: {got} instead of {wanted}"
        for way, got in (("pages", by_number), ("pages behind a row", behind))
        if got != wanted
    ]


def prefer(connection: Connection, plan: str) -> None:
    """Makes pages of stored datasets take one of their ways, whatever the statistics say."""
    if plan == "small":
        return
    connection.execute("reset role")
    # As if the table were large.
    connection.execute(
        "create or replace function authz_private.table_rows(table_name regclass) returns float8 "
        "language sql stable as "
        "$$select case table_name when 'authz.org_units'::regclass then 1 else 1e9 end$$"
    )
    connection.execute(
        "create or replace function authz_private.index_walk_pays(matches float8, "
        "tenant_rows float8, page_end bigint, is_filtered boolean) returns boolean "
        f"language sql immutable as $$select {plan != 'gather'}$$".encode()
    )
    connection.execute(
        "create or replace function authz_private.index_walk_limit(matches float8, "
        "page_end bigint, is_filtered boolean) returns bigint "
        f"language sql immutable as $$select {3 if plan == 'give up' else 1000}::bigint$$".encode()
    )
    connection.execute("set local role fundwarden_owner")


def add_neighbours(w: World) -> None:
    """Another tenant, whose people have codes that people of the first tenant have, too."""
    w.units[2000] = Unit(2000, None, "organization", True)
    for number in range(2000, 2003):
        w.users[number] = User(number, 2000, True)


def live_through(
    connection: Connection,
    seed: int,
    before: Callable[[Connection], None] | None = None,
    storage: str | None = None,
) -> list[str]:
    rng = random.Random(seed)
    connection.execute("begin")
    try:
        if before is not None:
            before(connection)
        connection.execute("set local role fundwarden_owner")
        w = random_world(rng)
        add_neighbours(w)
        connection.execute("insert into authz_private.clock_override (instant) values (%s)", [NOON])
        store(connection, w)
        return disagreements(connection, rng, w, storage or rng.choice(("stored", "joined")))
    finally:
        connection.execute("rollback")


@pytest.fixture(scope="module")
def connection(module_database: str) -> Any:
    with psycopg.connect(module_database, autocommit=True) as opened:
        opened.execute("set synchronous_commit = off")
        # Tables of one name have other columns in each world.
        opened.prepare_threshold = None
        yield opened


def test_every_way_of_reading_shows_what_the_model_says(
    connection: Connection, server: Server
) -> None:
    wrong = {seed: found for seed in range(WORLDS) if (found := live_through(connection, seed))}
    assert wrong == {}


COMPILER = "authz_private.compile_finder"
BROKEN = {
    "the tenant of a row is not looked at": (
        "joined",
        "authz_private.dataset_matches",
        "'%s = $%s and d.%I in (%s)',",
        "'%1$s is not null and $%2$s is not null and d.%3$I in (%4$s)',",
    ),
    "the second owner is forgotten": (
        "joined",
        "authz_private.dataset_matches",
        "generate_series(1, jsonb_array_length(wanted.owners))",
        "generate_series(1, 1)",
    ),
    "policies show everybody's keys": (
        "joined",
        "authz.my_row_keys",
        "scope.own_rows, scope.own_denied)",
        "true, false)",
    ),
    "a pass counts what an earlier one has": (
        "stored",
        COMPILER,
        "and (%s = any({units})) is not true', units[m]",
        "and (%s = any({units}) or true)', units[m]",
    ),
    "what is owned outside the units is forgotten": (
        "stored",
        "authz_private.stored_finder",
        "person = any({owned_1})'",
        "person = any({owned_1}) and false'",
    ),
    "a walk that was given up is believed": (
        "stored",
        COMPILER,
        "else page_offset + cardinality(key_1) = least(page_end, total)",
        "else true",
    ),
    "policies forget the units": (
        "stored",
        "authz.my_dataset_units",
        "return scope.unit_ids",
        "return '{}'",
    ),
    "policies forget what is owned": (
        "stored",
        "authz.my_references",
        "return authz_private.references_of(me)",
        "return '{}'",
    ),
    "a new code is not carried to the rows": (
        "stored",
        "authz_private.tg_owner_references",
        "where c.code is not null\n    group by",
        "where false\n    group by",
    ),
}


OWN_DENIED = """
    insert into authz.org_units (id, code) values (9001, 'acme');
    insert into authz.users (id, username, base_unit_id, external_id)
    values (9101, 'ann', 9001, 'A'), (9102, 'bob', 9001, 'B');
    insert into authz.policies (id, name, effect, priority) values (9501, 'not mine', 'deny', 1);
    insert into authz.policy_permissions (policy_id, permission_id)
    select 9501, p.id from authz.permissions as p
    where p.resource::text = 'finance' and p.action = 'manage' and p.scope = 'own';
    insert into authz.user_roles (user_id, role_id)
    select 9101, r.id from authz.roles as r where r.code = 'supervisor';
    insert into authz.user_policies (user_id, policy_id) values (9101, 9501);
    create table own.things (id int primary key, rep text, helper text);
    insert into own.things
    values (1, 'A', null), (2, 'B', null), (3, 'A', 'B'), (4, 'A', 'A'), (5, null, null);
    grant usage on schema own to fundwarden_app;
    grant select on own.things to fundwarden_app;
    select authz.register_dataset(
        'own.things', tenant_id => 9001, resource => 'funds', storage => '{storage}',
        owners => '[{"name": "rep", "path": ["rep"]}, {"name": "helper", "path": ["helper"]}]'
    );
"""


def without_guard(opened: Connection, function: str, text: str, instead: str) -> None:
    """The function made anew, with another text in one place."""
    row = opened.execute("select pg_get_functiondef(%s::regproc)", [function]).fetchone()
    assert row is not None
    assert text in row[0], row[0]
    opened.execute(row[0].replace(text, instead).encode())


@pytest.mark.parametrize("is_broken", [False, True])
@pytest.mark.parametrize(
    ("storage", "function", "text", "instead", "ways"),
    [
        (
            "joined",
            "authz_private.people_in_scope",
            "u.id <> $%s",
            "$%s is not null",
            {"plain", "secure", "paged"},
        ),
        (
            "stored",
            "authz_private.stored_owners",
            " <> all(",
            " is not null and '''' <> all(",
            {"plain", "secure"},
        ),
        (
            "stored",
            COMPILER,
            "and (%s) is not true', u.name",
            "and (%s) is not null', u.name",
            {"paged"},
        ),
    ],
)
def test_a_deny_of_what_is_owned_leaves_what_others_own(
    connection: Connection,
    storage: str,
    function: str,
    text: str,
    instead: str,
    ways: set[str],
    is_broken: bool,
) -> None:
    connection.execute("begin")
    try:
        connection.execute("create schema own authorization fundwarden_owner")
        if is_broken:
            without_guard(connection, function, text, instead)
        connection.execute("set local role fundwarden_owner")
        connection.execute(OWN_DENIED.replace("{storage}", storage).encode())
        connection.execute("set local role fundwarden_trusted")
        connection.execute("select authz.act_as(9101)")
        connection.execute("set local role fundwarden_app")
        for way, query in (
            ("plain", "select id from own.things order by id"),
            ("secure", "select id from secure.things order by id"),
            ("paged", "select id from paged.things()"),
        ):
            seen = [row[0] for row in connection.execute(query.encode())]
            assert seen == ([1, 2, 3, 4] if is_broken and way in ways else [2, 3])
    finally:
        connection.execute("rollback")


@pytest.mark.parametrize("how", sorted(BROKEN))
@pytest.mark.long
def test_the_worlds_notice_when(connection: Connection, how: str) -> None:
    storage, function, text, instead = BROKEN[how]

    def broken(opened: Connection) -> None:
        without_guard(opened, function, text, instead)

    # First the worlds that have noticed before: the others cost time.
    assert any(
        live_through(connection, seed, broken, storage) for seed in (17, 32, 25, 51, *range(60))
    )
