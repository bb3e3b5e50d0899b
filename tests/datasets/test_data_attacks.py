"""What the application's login tries against row rules and masks fails, and works without them.

Each attack of data_attacks.py is made twice by ann, signed in over a login that is granted
fundwarden_app and nothing else: under her rules, where it brings nothing, and with the switch
authz.settings.data_permissions at off (and one guard of PostgreSQL's own removed, where the attack
meets that first), where it brings the loot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from attacks import ANN, Attack, token, told
from data_attacks import ATTACKS, MASKED, STAFF, VIEW, WORLD
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

SWITCH = "update authz.settings set data_permissions = '{}'"


@pytest.fixture(scope="module")
def ruled(module_database: str) -> str:
    """The database with the world in it."""
    with session(module_database) as admin:
        admin.execute(WORLD)
    return module_database


@pytest.fixture(scope="module")
def app(ruled: str) -> Iterator[Connection]:
    """The application's connection, of a pool of one."""
    with session(ruled, user="app_login") as connection:
        yield connection


@pytest.fixture(scope="module")
def unruled(ruled: str) -> Iterator[str]:
    """The same with the switch at off."""
    with session(ruled) as admin:
        admin.execute(SWITCH.format("off"))
        yield ruled
        admin.execute(SWITCH.format("on"))


def test_there_are_attacks_of_every_kind() -> None:
    assert len(ATTACKS) >= 100
    assert len([attack for attack in ATTACKS.values() if not attack.weak]) >= 45


@pytest.mark.parametrize("name", ATTACKS)
def test_it_brings_nothing(ruled: str, app: Connection, name: str) -> None:
    attack = ATTACKS[name]
    brought = told(app, ruled, attack)
    assert not re.search(attack.loot, brought), brought


# --- across changes -----------------------------------------------------------------------------

NOTE = "update authz.column_permissions set is_active = {} where column_name = 'note'"


def test_a_prepared_statement_is_masked_as_soon_as_the_rule_is_there(
    ruled: str, app: Connection
) -> None:
    kept = Attack(("execute kept",), "")
    with session(ruled) as admin:
        admin.execute(NOTE.format("false"))
        app.execute("set plan_cache_mode = force_generic_plan")
        app.execute(f"prepare kept as select s.note from {MASKED} as s")
        assert "veiled note" in told(app, ruled, kept)
        admin.execute(NOTE.format("true"))
        brought = told(app, ruled, kept)
        assert "('x',)" in brought
        assert "veiled" not in brought
        app.execute("deallocate kept")
        app.execute("reset plan_cache_mode")


def test_a_rule_waits_for_cursors_and_holds_for_all_that_open_after_it(
    ruled: str, app: Connection
) -> None:
    with session(ruled) as admin:
        admin.execute(NOTE.format("false"))
        admin.execute("set lock_timeout = '100ms'")
        app.execute("begin")
        app.execute("select authz.sign_in(%s)", [token(ruled, ANN)])
        app.execute(f"declare c cursor for select s.note from {MASKED} as s")
        held = f"declare kept cursor with hold for select s.note from {MASKED} as s"
        app.execute(held)
        assert refusal(admin, NOTE.format("true")).sqlstate == "55P03"
        assert rows(app, "fetch 1 from c") == [("veiled note",)]
        app.execute("commit")
        admin.execute(NOTE.format("true"))
        # Held over the commit are the rows that were seen then: PostgreSQL keeps a copy.
        assert rows(app, "fetch 1 from kept") == [("veiled note",)]
        app.execute("close kept")
        brought = told(app, ruled, Attack((held, "fetch all from kept", "close kept"), ""))
        assert "('x',)" in brought
        assert "veiled" not in brought


def test_only_what_a_user_would_not_have_seen_is_counted_and_only_while_it_is_logged(
    ruled: str, app: Connection
) -> None:
    flood = Attack(
        (
            "select count(authz.count_hidden_rows(g, d.name)) from generate_series(0, 20) as g "
            "cross join (values ('staff'), ('financial_funds'), ('nothing')) as d (name)",
        ),
        "",
    )
    noted = "select h.user_id, sum(h.hidden) from ops.hidden_by_rule as h group by h.user_id"
    with session(ruled) as admin:
        told(app, ruled, flood)
        app.execute("select authz.count_hidden_rows(0, 'staff')")
        assert rows(admin, noted) == []
        try:
            admin.execute(SWITCH.format("log"))
            app.execute("begin")
            app.execute("select authz.sign_in(%s)", [token(ruled, ANN)])
            app.execute(flood.steps[0].encode())
            assert refusal(app, "select h.* from ops.hidden_by_rule as h").sqlstate == "42501"
            app.execute("rollback")
            # Nobody is written down as somebody.
            app.execute("select authz.count_hidden_rows(0, 'staff')")
            assert rows(admin, noted) == [(None, 1)]
        finally:
            admin.execute(SWITCH.format("on"))
            admin.execute("truncate ops.hidden_by_rule")


# --- what PostgreSQL itself tells -------------------------------------------------------------


def test_the_catalog_tells_the_rules_but_no_value_and_no_salt(ruled: str, app: Connection) -> None:
    """Filters and masks are readable by everybody who may ask the catalog: they hold no secret."""
    asked = (
        f"select pg_get_viewdef('{VIEW}'::regclass), pg_get_viewdef('{MASKED}'::regclass)",
        "select p.qual from pg_policies as p",
        f"explain (verbose) select * from {MASKED}",
        "select e.predicate, e.mask from authz.explain_data_permissions(null, 'staff') as e",
    )
    brought = told(app, ruled, Attack(asked, ""))
    with session(ruled) as admin:
        salt = value(admin, "select encode(k.secret, 'hex') from authz_private.mask_secret as k")
        values = rows(admin, f"select s.salary::text, s.iban from {STAFF} as s where s.id = 1")
    assert "'USD'" in brought
    assert "mask_secret" in brought
    assert not re.search(f"hidden_|veiled|{salt}|{values[0][0]}|{values[0][1]}", brought)


def test_what_comparisons_tell_of_hidden_rows_and_masked_columns_is_as_documented(
    ruled: str, app: Connection
) -> None:
    """Not counted among the attacks: PostgreSQL may ask what is leakproof before a policy."""
    asked = (
        "select count(*) from {} as t where case when {} "
        "then current_setting('server_version')::int is null end"
    )

    def tells(table: str, comparison: str) -> bool:
        return "22P02" in told(app, ruled, Attack((asked.format(table, comparison),), ""))

    # What is cheap is asked first, and a plain rule is as cheap as the comparison.
    for table in (STAFF, MASKED):
        assert tells(table, "t.id = 1")
        assert not tells(table, "t.id = 501")
    dear = {"any": [{"field": "level", "op": "=", "value": n} for n in range(8)]}
    with session(ruled) as admin:
        admin.execute("begin")
        admin.execute(
            "update authz.row_permissions set filter = %s where dataset = 'staff'",
            [json.dumps(dear)],
        )
        admin.execute("commit")
        try:
            for table in (STAFF, MASKED):
                # Of a hidden row: what is compared, in columns nobody sees masked.
                assert tells(table, "t.id = 501 and t.level = 9")
                assert not tells(table, "t.id = 599")
            # Of a masked column: in the table nothing, in the view the masked value.
            assert "42501" in told(
                app, ruled, Attack((asked.format(STAFF, "t.note = 'veiled note'"),), "")
            )
            assert tells(MASKED, "t.note = 'x'")
            for guess in (
                "t.note = 'veiled note'",
                "t.note = 'hidden note'",
                "t.name = 'hidden_501'",
                "t.born = '1977-07-17'",
                "t.grade = 'veiled'",
                "t.salary between 88123 and 88124",
                "t.phone is not null",
            ):
                assert not tells(MASKED, guess), guess
            admin.execute(NOTE.format("false"))
            assert tells(MASKED, "t.note = 'veiled note'")
        finally:
            admin.execute(NOTE.format("true"))
            admin.execute(
                "update authz.row_permissions set filter = %s where dataset = 'staff'",
                ['{"field": "level", "op": "<", "value": 8}'],
            )


ENDS = {
    "smallint": ("-32768", "32767"),
    "int": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "numeric(4, 2)": ("-99.99", "99.99", "NaN"),
    "numeric(3, -2)": ("-99900", "99900"),
    "real": ("-3.4028234e38", "3.4028234e38", "NaN", "-infinity"),
    "double precision": ("-1.7976931348623157e308", "1.7976931348623157e308", "NaN", "infinity"),
    "date": ("4714-11-24 BC", "5874897-12-31", "infinity", "-infinity"),
    "timestamp": ("4714-11-24 BC", "294276-12-31 23:59:59", "infinity"),
    "timestamptz": ("4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59+00", "-infinity"),
}
NUMBER_MASKS = (
    *({"kind": "round", "digits": d} for d in (-29, -1, 0, 29)),
    *({"kind": "bucket", "width": w} for w in (1e-20, 7, 7e29)),
    {"kind": "hash"},
)
TIME_MASKS = tuple({"kind": "truncate", "unit": u} for u in ("year", "quarter", "month", "week"))


@pytest.mark.parametrize("of_type", ENDS)
def test_no_mask_fails_whatever_the_value(ruled: str, of_type: str) -> None:
    """A failure would say that there is such a value, and keep everybody from reading."""
    with session(ruled) as admin:
        admin.execute(f"create table own.ends (id int, x {of_type})".encode())
        for found in ENDS[of_type]:
            admin.execute(f"insert into own.ends values (1, '{found}'), (2, null)".encode())
        for mask in TIME_MASKS if of_type[:4] in ("date", "time") else NUMBER_MASKS:
            compiled = value(
                admin,
                "select authz_private.compile_mask('own.ends', 'x', 'mask', %s)",
                json.dumps(mask),
            )
            masked = value(admin, "select format(%s::text, null, '1')", compiled)
            brought = rows(admin, f"select ({masked})::text, x is null from own.ends")
            # Of a time at the very end there may be no beginning: null.
            assert all(text is None for text, was_null in brought if was_null), mask
            assert mask["kind"] == "truncate" or all(
                text is not None for text, was_null in brought if not was_null
            ), mask
        admin.execute("drop table own.ends")


# --- tables of one's own ----------------------------------------------------------------------

# What an owner granted before, or grants besides, and what registering or masking says to it.
PAST = {
    "a partition": (
        "grant select on own.visits_south to fundwarden_app",
        "select authz.compile_datasets()",
        "revoke select on own.visits_south from fundwarden_app",
    ),
    "a descendant, by everybody": (
        "grant select on own.staff_left to public",
        "select authz.compile_datasets()",
        "revoke select on own.staff_left from public",
    ),
    "a column, by everybody": (
        "grant select (note) on own.staff to public",
        NOTE.format("true"),
        "revoke select (note) on own.staff from public",
    ),
    "all columns, by another role": (
        "create role readers; grant select on own.staff to readers; "
        "grant readers to fundwarden_app",
        NOTE.format("true"),
        "revoke select on own.staff from readers; drop role readers",
    ),
}


@pytest.mark.parametrize("name", PAST)
def test_rules_that_a_grant_leads_past_are_refused(ruled: str, name: str) -> None:
    grant, rule, revoke = PAST[name]
    with session(ruled) as admin:
        try:
            admin.execute(grant.encode())
            assert refusal(admin, rule).sqlstate == "42501"
            # Switched off they are always.
            admin.execute(SWITCH.format("off"))
        finally:
            admin.execute(revoke.encode())
            admin.execute(SWITCH.format("on"))
            admin.execute(rule.encode())


def test_a_column_granted_alone_is_taken_while_it_is_masked(ruled: str) -> None:
    mask = """
        insert into authz.column_permissions (dataset, column_name, dimension, subject, mode)
        values ('single', 'note', 'user', '2', 'disable')
    """
    with session(ruled) as admin:
        admin.execute(
            """
            set role fundwarden_owner;
            create table own.single (id int, note text);
            grant select (note) on own.single to fundwarden_app;
            reset role;
            select authz.register_dataset('own.single');
            """
        )
        right = "select has_column_privilege('fundwarden_app', 'own.single', 'note', 'select')"
        admin.execute(mask)
        assert value(admin, right) is False
        admin.execute("select authz.unregister_dataset('single')")
        assert value(admin, right) is True
        admin.execute("drop table own.single")


def test_a_table_that_others_are_read_with_is_no_dataset(ruled: str) -> None:
    with session(ruled) as admin:
        said = refusal(admin, "select authz.register_dataset('own.staff_left')")
        assert said.sqlstate == "22023"


def test_what_is_hidden_is_not_written_by_statements_that_read_nothing(
    ruled: str, app: Connection
) -> None:
    """Of a table with policies of its own that let the application write."""
    writing = Attack(
        (
            "update own.doc set note = 'mine'",
            "insert into own.doc values (11, 9, '')",
            "update own.doc set level = 9",
            "insert into own.doc values (9, 1, 'q') on conflict (id) do update "
            "set note = own.doc.note returning note",
            "delete from own.doc",
        ),
        "",
    )
    with session(ruled) as admin:
        admin.execute(
            """
            set role fundwarden_owner;
            create table own.doc (id int primary key, level int, note text);
            reset role;
            alter table own.doc enable row level security;
            create policy everything on own.doc to fundwarden_app using (true);
            grant select, insert, update, delete on own.doc to fundwarden_app;
            insert into own.doc select g, g, 'veiled' from generate_series(1, 10) as g;
            select authz.register_dataset('own.doc');
            """
        )
        assert "DELETE 11" in told(app, ruled, writing)
        admin.execute(
            """
            insert into authz.row_permissions (dataset, dimension, subject, mode, filter)
            values ('doc', 'user', '2', 'restrict', '{"field": "level", "op": "<", "value": 6}')
            """
        )
        brought = told(app, ruled, writing)
        assert re.findall("UPDATE \\d+|INSERT 0 \\d+|DELETE \\d+|42501", brought) == [
            "UPDATE 5", "42501", "42501", "42501", "DELETE 5",
        ]  # fmt: skip
        assert "veiled" not in brought
        admin.execute("select authz.unregister_dataset('doc'); drop table own.doc")


# --- the same without the rules; last, as the switch stays off --------------------------------


@pytest.mark.one_server
@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.long
def test_without_the_rules_it_works(unruled: str, app: Connection, name: str) -> None:
    attack = ATTACKS[name]
    with session(unruled) as admin:
        database = admin.info.dbname
        try:
            if attack.weak:
                admin.execute(attack.weak.replace("{database}", database).encode())
            brought = told(app, unruled, attack)
            assert re.search(attack.loot, brought), brought
        finally:
            if attack.mend:
                admin.execute(attack.mend.replace("{database}", database).encode())
