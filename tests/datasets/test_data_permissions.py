"""Under random rules of random datasets everybody sees the rows and cells the model says."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from data_model import Data, Person
from data_world import (
    NOON,
    act_as,
    add_rules,
    random_data,
    random_people,
    random_variables,
    store_people,
    store_rules,
    store_table,
    store_variables,
)
from psycopg import sql
from random_worlds import World, owned, random_world, store
from servers import Server

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
# FUNDWARDEN_DATA_WORLDS=5000 looks harder than the suite does.
WORLDS = int(os.environ.get("FUNDWARDEN_DATA_WORLDS", "20"))


@pytest.fixture(scope="module")
def connection(module_database: str) -> Any:
    with psycopg.connect(module_database, autocommit=True) as opened:
        opened.execute("set synchronous_commit = off")
        opened.execute("create schema app authorization fundwarden_owner")
        opened.execute("grant usage on schema app to fundwarden_app")
        yield opened


def prepared(connection: Connection, before: Callable[[Connection], None] | None) -> bytes:
    """The owner's session at noon; the secret of masks."""
    if before is not None:
        before(connection)
    connection.execute("set local role fundwarden_owner")
    connection.execute("insert into authz_private.clock_override (instant) values (%s)", [NOON])
    row = connection.execute("select secret from authz_private.mask_secret").fetchone()
    assert row is not None
    return bytes(row[0])


def read(connection: Connection, columns: list[str], source: str) -> Counter[tuple[Any, ...]]:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("select {} from {}").format(names, sql.SQL(source))
    return Counter(connection.execute(query).fetchall())


def compare(what: str, expected: Any, seen: Any) -> list[str]:
    return [] if expected == seen else [f"{what}: {expected} expected, {seen} seen"]


# A table of one's own.


def disagreements(connection: Connection, rng: random.Random, data: Data) -> list[str]:
    found: list[str] = []
    columns = list(data.types)
    hidden = data.hidden_columns()
    readable = [c for c in columns if c not in hidden]
    for person in data.people.values():
        act_as(connection, person.id)
        # What the session is set to decides nothing.
        for name, values in (
            ("timezone", ["UTC", "Asia/Tokyo", "Etc/GMT+7"]),
            ("datestyle", ["ISO, MDY", "ISO, DMY", "ISO, YMD"]),
            ("extra_float_digits", ["1", "-15"]),
        ):
            connection.execute("select set_config(%s, %s, true)", [name, rng.choice(values)])
        expected = data.view(person, columns)
        who = f"user {person.id}"
        found += compare(
            f"view of {who}", Counter(expected), read(connection, columns, "secure.things")
        )
        plain = Counter(
            tuple(row[c] for c in readable) for row in data.rows if data.shows(row, person)
        )
        found += compare(f"table of {who}", plain, read(connection, readable, "app.things"))
        connection.execute("set local role fundwarden_owner")
    for column in columns:
        row = connection.execute(
            "select has_column_privilege('fundwarden_app', 'app.things', %s, 'SELECT')", [column]
        ).fetchone()
        found += compare(f"right on {column}", column not in hidden, row and row[0])
    return found


def live_through(
    connection: Connection, seed: int, before: Callable[[Connection], None] | None = None
) -> list[str]:
    """One world, rolled back; what the two disagree on."""
    rng = random.Random(seed)
    data = random_data(rng)
    connection.execute("begin")
    try:
        data.secret = prepared(connection, before)
        store_people(connection, data)
        store_variables(connection, data)
        store_table(connection, data)
        store_rules(connection, "things", data.rules)
        return disagreements(connection, rng, data)
    finally:
        connection.execute("rollback")


def test_view_and_table_show_what_the_model_says(connection: Connection, server: Server) -> None:
    first = 0 if server.major == 18 else WORLDS
    wrong = {
        seed: found
        for seed in range(first, first + WORLDS)
        if (found := live_through(connection, seed))
    }
    assert wrong == {}


# Funds, within what the tree shows.

FUND_TYPES = {
    "id": "bigint",
    "handle_by": "bigint",
    "order_id": "bigint",
    "customer_id": "bigint",
    "amount": "numeric",
    "currency": "text",
    "status": "text",
    "created_at": "timestamptz",
}
SORTS = {
    "fund_id": "id",
    "amount": "amount",
    "created_at": "created_at",
    "status": "status",
    "handle_by": "handle_by",
    "order_id": "order_id",
    "customer_id": "customer_id",
}
PAGE = "fund_id, handle_by, order_id, customer_id, amount, currency, status, created_at"


def fund_data(rng: random.Random, w: World) -> Data:
    data = Data(clock=NOON, types=FUND_TYPES, default_rows=rng.choice(["all", "all", "none"]))
    for user in w.users.values():
        data.people[user.id] = Person(
            user.id,
            w.tenant(user.base),
            user.base,
            f"user{user.id}",
            [
                (g.what, g.window.start, g.window.end)
                for g in w.grants
                if g.kind == "role" and g.user == user.id
            ],
        )
    data.parents = {r.id: r.parent for r in w.roles.values()}
    data.role_tenants = {r.id: r.tenant for r in w.roles.values()}
    random_variables(rng, data)
    maskable = rng.sample(list(FUND_TYPES), rng.randint(0, 2))
    add_rules(rng, data, rng.randint(1, 16), list(FUND_TYPES), maskable)
    return data


def fund_disagreements(
    connection: Connection, data: Data, shown: dict[int, list[tuple[Any, ...]]]
) -> list[str]:
    found: list[str] = []
    columns = list(FUND_TYPES)
    hidden = data.hidden_columns()
    readable = [c for c in columns if c not in hidden]
    for user, rows in shown.items():
        person = data.people[user]
        act_as(connection, user)
        data.rows = [dict(zip(columns, row, strict=True)) for row in rows]
        expected = data.view(person, columns)
        found += compare(
            f"view of {user}", Counter(expected), read(connection, columns, "secure.funds")
        )
        plain = Counter(
            tuple(row[c] for c in readable) for row in data.rows if data.shows(row, person)
        )
        if readable:
            seen = read(connection, readable, "finance.financial_funds")
            found += compare(f"table of {user}", plain, seen)
        masked = {
            r.column
            for r in data.rules
            if r.column and r.mode != "visible" and data.applies(r, person)
        }
        count = connection.execute("select finance.count_authorized_funds()").fetchone()
        found += compare(f"count of {user}", (len(expected),), count)
        for sort_by, column in SORTS.items():
            if column in masked:
                found += compare(f"refusal to {user}", "22023", sorted_by(connection, sort_by))
        free = [s for s, column in SORTS.items() if column not in masked]
        if free:
            page = connection.execute(
                f"select {PAGE}, total_count from finance.page_authorized_funds("
                f"page_size => 100, sort_by => '{free[user % len(free)]}')".encode()
            ).fetchall()
            found += compare(
                f"page of {user}", Counter(expected), Counter(row[:-1] for row in page)
            )
            totals = {len(expected)} if expected else set()
            found += compare(f"total of {user}", totals, {row[-1] for row in page})
        connection.execute("set local role fundwarden_owner")
    return found


def sorted_by(connection: Connection, column: str) -> str | None:
    """How a page sorted by the column ends."""
    try:
        with connection.transaction():
            connection.execute("select from finance.page_authorized_funds(sort_by => %s)", [column])
    except psycopg.Error as error:
        return error.sqlstate
    return "done"


def ruled(
    connection: Connection, data: Data, signed_in: list[int]
) -> dict[int, list[tuple[Any, ...]]]:
    """Stores the rules; what each saw before there were any."""
    store_variables(connection, data)
    shown: dict[int, list[tuple[Any, ...]]] = {}
    for user in signed_in:
        act_as(connection, user)
        shown[user] = connection.execute(
            f"select {', '.join(FUND_TYPES)} from finance.financial_funds".encode()
        ).fetchall()
        connection.execute("set local role fundwarden_owner")
    connection.execute(
        "select authz.register_dataset('finance.financial_funds', 'funds', default_rows => %s)",
        [data.default_rows],
    )
    store_rules(connection, "funds", data.rules)
    return shown


def live_with_few_funds(
    connection: Connection, seed: int, before: Callable[[Connection], None] | None = None
) -> list[str]:
    """Everybody may read all of their unit: what is hidden is the work of the rules."""
    rng = random.Random(seed)
    data = Data(clock=NOON, types=FUND_TYPES, default_rows=rng.choice(["all", "all", "none"]))
    random_people(rng, data)
    random_variables(rng, data)
    add_rules(rng, data, rng.randint(3, 14), list(FUND_TYPES), rng.sample(list(FUND_TYPES), 1))
    connection.execute("begin")
    try:
        data.secret = prepared(connection, before)
        store_people(connection, data)
        connection.execute(
            "insert into authz.user_roles (user_id, role_id) select u.id, r.id "
            "from authz.users as u cross join authz.roles as r where r.code = 'supervisor'"
        )
        connection.execute(
            "insert into finance.financial_funds "
            "(tenant_id, id, handle_by, amount, status, currency, created_at) "
            "select u.tenant_id, u.id * 10 + n, u.id, n * 1.5 - 2.25, "
            "case n %% 2 when 0 then 'per' else 'perth' end, "
            "case n %% 3 when 0 then 'EUR' else 'AUD' end, %s + (n - 2) * interval '1 day' "
            "from authz.users as u cross join generate_series(0, 5) as n",
            [NOON],
        )
        return fund_disagreements(connection, data, ruled(connection, data, list(data.people)))
    finally:
        connection.execute("rollback")


def live_with_funds(
    connection: Connection, seed: int, before: Callable[[Connection], None] | None = None
) -> list[str]:
    rng = random.Random(seed)
    connection.execute("begin")
    try:
        secret = prepared(connection, before)
        w = random_world(rng)
        # Roles reached by delegation are the model's of policies.
        w.delegations = []
        store(connection, w)
        owned(connection, rng, w)
        connection.execute(
            "update finance.financial_funds set amount = (id %% 7) * 1.5 - 2.25, "
            "status = case id %% 3 when 0 then 'Per' when 1 then 'perth' else 'open' end "
            "|| '', currency = case id %% 2 when 0 then 'EUR' else 'AUD' end, "
            "created_at = %s + (id %% 5 - 2) * interval '1 day'".replace("'Per'", "'per'"),
            [NOON],
        )
        data = fund_data(rng, w)
        data.secret = secret
        signed_in = [
            user.id
            for user in w.users.values()
            if user.is_active and w.units[w.tenant(user.base)].is_active
        ]
        return fund_disagreements(connection, data, ruled(connection, data, signed_in))
    finally:
        connection.execute("rollback")


def test_funds_are_shown_paged_and_counted_as_the_model_says(
    connection: Connection, server: Server
) -> None:
    share = max(WORLDS // 6, 1)
    first = 0 if server.major == 18 else share
    wrong = {
        seed: found
        for seed in range(first, first + share)
        if (found := live_with_funds(connection, seed) + live_with_few_funds(connection, seed))
    }
    assert wrong == {}


# The model notices when a piece of the rules is missing.


def replaced(name: str, old: str, new: str) -> str:
    """SQL that remakes a function with a piece of it exchanged."""
    return f"""
        do $do$
        declare
            was text := pg_get_functiondef('{name}'::regproc);
            made text := replace(was, $old${old}$old$, $new${new}$new$);
        begin
            if was = made then
                raise exception 'no such piece in {name}';
            end if;
            execute made;
        end
        $do$
    """


BROKEN = {
    "a whitelist is not asked": replaced(
        "authz_private.rule_applies", "user_id <> ALL (whitelist)", "true"
    ),
    "a window is not asked": replaced(
        "authz_private.rule_applies", "valid_until > authz.clock()", "true"
    ),
    "a window includes its end": replaced(
        "authz_private.rule_applies",
        "valid_until > authz.clock()",
        "valid_until >= authz.clock()",
    ),
    "a tenant is not asked": replaced("authz_private.rule_applies", "tenant_id IS NULL", "true"),
    "roles are not inherited": replaced(
        "authz_private.roles_now", "distinct h.role_id", "distinct h.granted_role_id"
    ),
    "an inactive rule holds": replaced(
        "authz_private.dataset_policies", "(r.is_active AND (w.switch", "((w.switch"
    ).replace("$do$", "$one$")
    + ";"
    + replaced("authz.data_rule_applies", "r.is_active", "true"),
    "what is unknown is shown": replaced(
        "authz_private.tg_row_permission_fits",
        "return new;",
        "new.predicate := '(' || new.predicate || ') is not false'; return new;",
    ),
    "what is unknown is not masked": replaced(
        "authz_private.dataset_view", ") is not false", ") is true"
    ),
    "permits are all needed": replaced(
        "authz_private.dataset_policies",
        "' or '::text ORDER BY r.id",
        "' and '::text ORDER BY r.id",
    ),
    "restricts are alternatives": replaced(
        "authz_private.dataset_policies", "r.mode = 'restrict'::text", "r.mode = 'none'::text"
    ),
    "the least strict mask wins": replaced(
        "authz_private.dataset_view", "r.strictness desc", "r.strictness"
    ),
    "of equal masks the last wins": replaced(
        "authz_private.dataset_view", "r.strictness desc, r.id", "r.strictness desc, r.id desc"
    ),
    "a default is not read": replaced(
        "authz_private.variable_of",
        "coalesce(w.value, v.default_value)",
        "w.value",
    ),
    "an empty list is no value": replaced(
        "authz_private.variable_of",
        "elsif wanted.is_list then",
        "elsif found_value = '[]' then return null; elsif wanted.is_list then",
    ),
    "the session shifts instants": replaced(
        "authz_private.variable_of", " SET \"TimeZone\" TO 'UTC'", ""
    ),
    "everybody's hashes are alike": replaced(
        "authz_private.compile_mask", "int4send(%2$s)", "int4send(0)"
    ),
    "a number is not kept in its type": replaced(
        "authz_private.compile_mask", "least(greatest(%s, %s), %s)", "greatest(%s, least(%s, %s))"
    ),
    "default_rows is not asked": replaced(
        "authz.no_permit_applies", "d.default_rows = 'all'", "true"
    ),
    "a masked column can be read in the table": replaced(
        "authz_private.hidden_columns", "r.is_active", "false"
    ),
    "rules of the table are not in the view": replaced(
        "authz_private.dataset_view",
        "filter (where not p.polpermissive)",
        "filter (where false)",
    ),
}


BROKEN_FUNDS = {
    "pages and counts ask no rule": replaced(
        "authz_private.page_rules",
        "of_subject := authz_private",
        "of_subject := null; perform authz_private",
    ),
    "a page asks one rule": replaced(
        "authz_private.row_predicate", "' and ' order by", "' or ' order by"
    ),
    "a page asks for all permits": replaced(
        "authz_private.row_predicate", "' or ' order by", "' and ' order by"
    ),
    "a page shows all to whom no permit applies": replaced(
        "authz_private.row_predicate", "permits := 'false'", "permits := 'true'"
    ),
    "a page is not masked": replaced("authz_private.funds_are_masked", "r.is_active", "false"),
    "a page masks by the least strict": replaced(
        "authz_private.masked_columns", "m.strictness desc", "m.strictness"
    ),
    "a masked column is sorted by": replaced(
        "authz_private.fund_masks", "if found then", "if false then"
    ),
}


def notices(live: Callable[..., list[str]], connection: Connection, sabotage: str) -> bool:
    def before(opened: Connection) -> None:
        try:
            opened.execute(sabotage.encode())
        except psycopg.Error as error:
            raise AssertionError(f"not broken: {error}") from error

    def noticed(seed: int) -> bool:
        try:
            return live(connection, seed, before) != []
        except psycopg.Error:
            # A reading that fails is noticed too.
            return True

    return any(noticed(seed) for seed in range(150))


@pytest.mark.one_server
@pytest.mark.parametrize("how", sorted(BROKEN))
@pytest.mark.long
def test_worlds_notice_when(connection: Connection, how: str) -> None:
    assert notices(live_through, connection, BROKEN[how])


@pytest.mark.one_server
@pytest.mark.parametrize("how", sorted(BROKEN_FUNDS))
@pytest.mark.long
def test_worlds_of_funds_notice_when(connection: Connection, how: str) -> None:
    assert notices(live_with_few_funds, connection, BROKEN_FUNDS[how])
