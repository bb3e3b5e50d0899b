"""A rule that does not fit is refused when written; what is written is never executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import psycopg.sql
import pytest
from data_world import act_as

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

PREPARED = """
    create schema app authorization fundwarden_owner;
    grant usage on schema app to fundwarden_app;
    set role fundwarden_owner;
    insert into authz.org_units (id, parent_id, code) values (1, null, 'one'), (2, null, 'two');
    insert into authz.users (id, username, base_unit_id)
    values (11, 'ann', 1), (12, 'bob', 1), (21, 'cyd', 2);
    insert into authz.roles (id, tenant_id, code) values (301, 1, 'r1'), (302, 2, 'r2');
    insert into authz.variables (name, type, is_list) values
    ('v_text', 'text', false), ('v_num', 'bigint', false), ('l_text', 'text', true),
    ('v_day', 'date', false), ('v_instant', 'timestamptz', false);
    create table app.things (
        k int, small smallint, n numeric, money numeric(6, 2), word text, code varchar(6),
        day date, at timestamptz, local timestamp, yes boolean, u uuid, list int [], doc jsonb,
        tenant int
    );
    create table app.canary (k int);
    insert into app.canary values (1);
    grant select on app.things to fundwarden_app;
    select authz.register_dataset('app.things', tenant_column => 'tenant');
    reset role;
"""


@pytest.fixture(scope="module")
def prepared(module_database: str) -> Iterator[Connection]:
    with psycopg.connect(module_database, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute(PREPARED)
        yield connection


@pytest.fixture
def connection(prepared: Connection) -> Iterator[Connection]:
    """The owner, in a transaction that is undone."""
    prepared.execute("begin")
    prepared.execute("set local role fundwarden_owner")
    yield prepared
    prepared.execute("rollback")


def leaf(field: Any, op: Any, value: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value} | more


def nested(levels: int) -> dict[str, Any]:
    node = leaf("k", "=", 1)
    for _ in range(levels):
        node = {"not": node}
    return node


GOOD = leaf("k", "=", 1)

# The filter of a rule about user 11, and what the refusal says.
FILTERS: list[tuple[Any, str]] = [
    (None, "filter is missing"),
    ([], "filter: $ must be an object"),
    ("k = 1", "filter: $ must be an object"),
    ({}, "filter: $.field must be a name"),
    ({"sql": "true"}, "filter: $.sql is not known"),
    ({"all": []}, "filter: $.all must be a list"),
    ({"any": {}}, "filter: $.any must be a list"),
    ({"all": [GOOD, 1]}, "filter: $.all[1] must be an object"),
    ({"all": [GOOD], "any": [GOOD]}, "filter: $.a"),
    ({"not": []}, "filter: $.not must be an object"),
    (nested(25), "is nested more than 20 deep"),
    (leaf("absent", "=", 1), "$.field: 'absent' is no column"),
    (leaf("K", "=", 1), "$.field: 'K' is no column"),
    (leaf("ctid", "=", 1), "$.field: 'ctid' is no column"),
    (leaf("tableoid", "=", 1), "$.field: 'tableoid' is no column"),
    (leaf("k = 1 or true", "=", 1), "$.field: 'k = 1 or true' is no column"),
    (leaf("things.k", "=", 1), "$.field: 'things.k' is no column"),
    (leaf("", "=", 1), "$.field must be a name"),
    (leaf("k" * 64, "=", 1), "$.field must be a name"),
    (leaf(7, "=", 1), "$.field must be a name"),
    (leaf(None, "=", 1), "$.field must be a name"),
    ({"any": [GOOD, {"not": leaf("absent", "=", 1)}]}, "$.any[1].not.field: 'absent'"),
    (leaf("k", "==", 1), "$.op must be one of"),
    (leaf("k", "or", 1), "$.op must be one of"),
    (leaf("k", None, 1), "$.op must be one of"),
    (leaf("k", ["="], 1), "$.op must be one of"),
    ({"field": "k", "op": "="}, "$.value must be a value"),
    (leaf("k", "=", None), "$.value must be a value"),
    (leaf("k", "=", [1]), "$.value[0] must be a value"),
    (leaf("k", "=", {"variable": "v_num"}), '$.value must be a value or {"var": name}'),
    (leaf("k", "=", {"var": 7}), '$.value must be a value or {"var": name}'),
    (leaf("k", "=", "1"), "$.value must be a number for a column of type integer"),
    (leaf("k", "=", 1.5), "$.value is not a value of type integer"),
    (leaf("k", "=", 2**31), "$.value is not a value of type integer"),
    (leaf("small", "in", [1, 2**15]), "$.value[1] is not a value of type smallint"),
    (leaf("n", "=", True), "$.value must be a number for a column of type numeric"),
    (leaf("word", "=", 1), "$.value must be a text for a column of type text"),
    (leaf("code", "<", False), "$.value must be a text for a column of type character varying"),
    (leaf("yes", "=", "true"), "$.value must be a boolean for a column of type boolean"),
    (leaf("yes", "<", True), "$.op: < does not go with"),
    (leaf("yes", "between", [True, True]), "$.op: between does not go with"),
    (leaf("k", "prefix", "1"), "$.op: prefix does not go with"),
    (leaf("u", "prefix", "1"), "$.op: prefix does not go with"),
    (leaf("word", "prefix", 1), "$.value must be a text"),
    (leaf("day", "=", 20260301), "$.value must be a text for a column of type date"),
    (leaf("day", "=", "2026-02-30"), "$.value is not a value of type date"),
    (leaf("day", "=", "01/02/2026"), "$.value is not a value of type date"),
    (leaf("day", "=", ""), "$.value is not a value of type date"),
    (leaf("day", ">", "today"), "$.value is not the same tomorrow"),
    (leaf("at", ">", "now"), "$.value is not the same tomorrow"),
    (leaf("at", ">", "Yesterday 12:00"), "$.value is not the same tomorrow"),
    (leaf("at", "between", ["2026-01-01", "soon"]), "$.value[1] is not a value of type timestamp"),
    (leaf("at", "=", "999999-01-01"), "$.value is not a value of type timestamp with time zone"),
    (leaf("local", "=", "noon"), "$.value is not a value of type timestamp without"),
    (leaf("u", "=", "not-a-uuid"), "$.value is not a value of type uuid"),
    (leaf("list", "=", 1), "$.field: columns of type integer[] are compared by is_null alone"),
    (leaf("doc", "=", "{}"), "$.field: columns of type jsonb are compared by is_null alone"),
    (leaf("k", "is_null", 1), "$.value must be true or false"),
    (leaf("k", "in", 1), "$.value must be a list"),
    (leaf("k", "in", []), "$.value must be a list of 1 to 1000"),
    (leaf("k", "not_in", list(range(1001))), "$.value must be a list of 1 to 1000"),
    (leaf("k", "in", [1, None]), "$.value[1] must be a value"),
    (leaf("k", "in", [1, [2]]), "$.value[1] must be a value"),
    (leaf("k", "between", [1]), "$.value must be a list of two"),
    (leaf("k", "between", 1), "$.value must be a list"),
    (leaf("k", "=", 1, zone="UTC"), "$.zone does not go with ="),
    (leaf("at", "weekday", [1]), "$.zone must name a time zone"),
    (leaf("at", "weekday", [1], zone="UTC'; select 1"), "$.zone must name a time zone"),
    (leaf("at", "weekday", [8], zone="UTC"), "$.value[0] must be 1 (Monday) to 7"),
    (leaf("at", "weekday", ["1"], zone="UTC"), "$.value[0] must be 1 (Monday) to 7"),
    (leaf("at", "time_between", ["9", "10"], zone="UTC"), "$.value[0] must be a time of day"),
    (leaf("day", "weekday", [1], zone="UTC"), "$.op: weekday does not go with a column"),
    (leaf("k", "time_between", ["09:00", "10:00"], zone="UTC"), "$.op: time_between does not go"),
    (leaf("word", "=", {"var": "absent"}), "$.value: there is no variable 'absent'"),
    (leaf("word", "in", ["a", {"var": "absent"}]), "$.value[1]: there is no variable 'absent'"),
    (leaf("word", "=", {"var": "v_num"}), "$.value: variable v_num is of type bigint"),
    (leaf("k", "=", {"var": "v_text"}), "$.value: variable v_text is of type text"),
    (leaf("k", "=", {"var": "now"}), "$.value: variable now is of type timestamptz"),
    (leaf("local", "=", {"var": "v_instant"}), "$.value: variable v_instant is of type"),
    (leaf("word", "=", {"var": "l_text"}), "$.value: variable l_text is a list"),
    (leaf("word", "between", ["a", {"var": "l_text"}]), "$.value[1]: variable l_text is a list"),
    (leaf("word", "prefix", {"var": "l_text"}), "$.value: variable l_text is a list"),
]  # fmt: skip

# Column, mode, mask, and what the refusal says.
MASKS: list[tuple[str, str, Any, str]] = [
    ("absent", "disable", None, "column_name: 'absent' is no column"),
    ("xmin", "disable", None, "column_name: 'xmin' is no column"),
    ("k", "blur", None, "mode: 'blur' is not known"),
    ("k", "mask", None, "mode: 'mask' needs a mask"),
    ("k", "disable", {"kind": "null"}, "mode: 'disable' takes no mask"),
    ("k", "visible", {"kind": "null"}, "mode: 'visible' takes no mask"),
    ("k", "mask", {"kind": "blur"}, "mask: kind is not known"),
    ("k", "mask", {}, "mask: kind is not known"),
    ("k", "mask", [], "mask: kind is not known"),
    ("k", "mask", "null", "mask: kind is not known"),
    ("k", "mask", {"kind": {}}, "mask: kind is not known"),
    ("k", "mask", {"kind": "null", "n": 1}, "mask: kind null takes nothing else"),
    ("k", "mask", {"kind": "round"}, "mask: kind round takes digits"),
    ("k", "mask", {"kind": "round", "digits": 30}, "mask.digits: not a value"),
    ("k", "mask", {"kind": "round", "digits": 0.5}, "mask.digits: not a value"),
    ("k", "mask", {"kind": "round", "digits": "0"}, "mask.digits: not a value"),
    ("k", "mask", {"kind": "bucket", "width": 0}, "mask.width: not a value"),
    ("k", "mask", {"kind": "bucket", "width": -1}, "mask.width: not a value"),
    ("k", "mask", {"kind": "bucket", "width": "1"}, "mask.width: not a value"),
    ("word", "mask", {"kind": "keep_first", "n": 0}, "mask.n: not a value"),
    ("word", "mask", {"kind": "keep_last", "n": 1.5}, "mask.n: not a value"),
    ("word", "mask", {"kind": "keep_last", "n": None}, "mask.n: not a value"),
    ("day", "mask", {"kind": "truncate", "unit": "hour"}, "mask.unit: not a value"),
    ("at", "mask", {"kind": "truncate", "unit": "century"}, "mask.unit: not a value"),
    ("at", "mask", {"kind": "truncate", "unit": 1}, "mask.unit: not a value"),
    ("k", "mask", {"kind": "keep_first", "n": 1}, "keep_first does not go with"),
    ("yes", "mask", {"kind": "hash"}, "hash does not go with"),
    ("at", "mask", {"kind": "hash"}, "hash does not go with"),
    ("word", "mask", {"kind": "round", "digits": 0}, "round does not go with"),
    ("u", "mask", {"kind": "bucket", "width": 1}, "bucket does not go with"),
    ("k", "mask", {"kind": "truncate", "unit": "day"}, "truncate does not go with"),
    ("list", "mask", {"kind": "constant", "value": 1}, "constant does not go with"),
    ("doc", "mask", {"kind": "hash"}, "hash does not go with"),
    ("k", "mask", {"kind": "constant", "value": "x"}, "mask.value must be a number"),
    ("k", "mask", {"kind": "constant", "value": None}, "mask.value must be a number"),
    ("k", "mask", {"kind": "constant", "value": 2**31}, "is not a value of type integer"),
    ("money", "mask", {"kind": "constant", "value": 10000}, "value of type numeric(6,2)"),
    ("day", "mask", {"kind": "constant", "value": "now"}, "mask.value is not the same tomorrow"),
    ("u", "mask", {"kind": "constant", "value": "x"}, "mask.value is not a value of type uuid"),
]  # fmt: skip

# Columns of a rule that is fine otherwise, and what the refusal says.
SUBJECTS: list[tuple[dict[str, Any], str]] = [
    ({"dataset": "absent"}, "dataset 'absent' is not registered"),
    ({"dataset": "app.things"}, "dataset 'app.things' is not registered"),
    ({"dimension": "user", "subject": "99"}, "subject: there is no user '99'"),
    ({"dimension": "user", "subject": "ann"}, "subject: there is no user 'ann'"),
    ({"dimension": "user", "subject": "011"}, "subject: there is no user '011'"),
    ({"dimension": "user", "subject": ""}, "subject: there is no user ''"),
    ({"dimension": "user", "subject": "9" * 30}, "subject: there is no user"),
    ({"dimension": "user", "subject": "11", "tenant_id": 2}, "tenant_id: the user is of another"),
    ({"dimension": "role", "subject": "99"}, "subject: there is no role '99'"),
    ({"dimension": "role", "subject": "2147483648"}, "subject: there is no role"),
    ({"dimension": "role", "subject": "r1"}, "subject: there is no role 'r1'"),
    ({"dimension": "role", "subject": "301", "tenant_id": 2}, "the role is of another tenant"),
    ({"dimension": "variable", "subject": "absent"}, "subject: there is no variable 'absent'"),
    ({"dimension": "variable", "subject": "v_num"}, "$ does not ask for the variable v_num"),
    ({"dimension": "variable", "subject": "user_id", "tenant_id": 99}, "there is no tenant 99"),
    ({"whitelist": [11, None]}, "whitelist has a null in it"),
]  # fmt: skip

VARIABLES: list[tuple[str, bool, Any, str]] = [
    ("text", False, 1, "default_value must be a text"),
    ("bigint", False, "1", "default_value must be a number"),
    ("bigint", False, 1.5, "default_value is not a value of type bigint"),
    ("boolean", False, "t", "default_value must be a boolean"),
    ("date", False, "2026-02-30", "default_value is not a value of type date"),
    ("date", False, "tomorrow", "default_value is not the same tomorrow"),
    ("timestamptz", False, "x", "default_value is not a value of type timestamptz"),
    ("uuid", False, "x", "default_value is not a value of type uuid"),
    ("numeric", False, [1], "default_value must be a number"),
    ("numeric", True, 1, "default_value must be a list"),
    ("text", True, ["a", 1], "default_value[1] must be a text"),
    ("uuid", True, [None], "default_value[0] must be a text"),
]


RULE: dict[str, Any] = {"dataset": "things", "dimension": "user", "subject": "11"}


def write(connection: Connection, table: str, row: dict[str, Any]) -> None:
    """One row; what is no text, number or list of numbers is JSON."""
    names = ", ".join(row)
    places = ", ".join(["%s"] * len(row))
    values = [
        json.dumps(v) if k in ("filter", "mask", "default_value", "value") and v is not None else v
        for k, v in row.items()
    ]
    connection.execute(f"insert into {table} ({names}) values ({places})".encode(), values)


def refusal(connection: Connection, table: str, row: dict[str, Any]) -> tuple[str, str]:
    """SQLSTATE and message; what was written before stays."""
    try:
        with connection.transaction():
            write(connection, table, row)
    except psycopg.Error as error:
        return error.sqlstate or "", error.diag.message_primary or ""
    return "", "not refused"


def footprint(connection: Connection) -> Any:
    """Rules, and what they were compiled into."""
    return connection.execute(
        "select (select array_agg(r.id order by r.id) from authz.row_permissions as r), "
        "(select array_agg(r.id order by r.id) from authz.column_permissions as r), "
        "(select array_agg(v.name order by v.name) from authz.variables as v), "
        "(select array_agg(p.polname || pg_get_expr(p.polqual, p.polrelid) order by p.polname) "
        "from pg_policy as p where p.polrelid = 'app.things'::regclass), "
        "pg_get_viewdef('secure.things'), "
        "(select c.relacl::text from pg_class as c where c.oid = 'app.things'::regclass), "
        "(select count(*) from pg_class), (select count(*) from pg_proc)"
    ).fetchone()


CASES: list[tuple[str, dict[str, Any], str]] = [
    *(
        ("authz.row_permissions", RULE | {"mode": "permit", "filter": f}, text)
        for f, text in FILTERS
    ),
    *(
        (
            "authz.column_permissions",
            RULE | {"column_name": column, "mode": mode, "mask": mask},
            text,
        )
        for column, mode, mask, text in MASKS
    ),
    *(
        ("authz.row_permissions", RULE | {"mode": "permit", "filter": GOOD} | changed, text)
        for changed, text in SUBJECTS
    ),
    *(
        (
            "authz.variables",
            {"name": "v_new", "type": kind, "is_list": is_list, "default_value": value},
            text,
        )
        for kind, is_list, value, text in VARIABLES
    ),
    ("authz.user_variables", {"user_id": 11, "variable": "absent", "value": 1}, "absent"),
    ("authz.user_variables", {"user_id": 11, "variable": "v_num", "value": "1"}, "value must be"),
    ("authz.user_variables", {"user_id": 11, "variable": "l_text", "value": [1]}, "value[0] must"),
]


def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(connection: Connection) -> None:
    write(connection, "authz.row_permissions", RULE | {"mode": "permit", "filter": GOOD})
    before = footprint(connection)
    wrong = []
    for table, row, text in CASES:
        sqlstate, message = refusal(connection, table, row)
        if sqlstate != "22023" or text not in message:
            wrong.append((row, text, sqlstate, message))
    assert wrong == []
    assert footprint(connection) == before


def test_a_condition_of_a_mask_is_refused_as_a_filter_is(connection: Connection) -> None:
    rule = RULE | {"column_name": "word", "mode": "disable"}
    for node, text in FILTERS[1:]:
        with pytest.raises(psycopg.Error) as caught, connection.transaction():
            connection.execute(
                "insert into authz.column_permissions "
                "(dataset, dimension, subject, column_name, mode, condition) "
                "values (%(dataset)s, %(dimension)s, %(subject)s, %(column_name)s, %(mode)s, "
                "%(condition)s)",
                rule | {"condition": json.dumps(node)},
            )
        assert caught.value.sqlstate == "22023"
        assert text.replace("filter:", "condition:") in str(caught.value)


def test_a_good_rule_is_refused_when_changed_to_a_bad_one(connection: Connection) -> None:
    write(connection, "authz.row_permissions", RULE | {"mode": "permit", "filter": GOOD})
    before = footprint(connection)
    for node, text in FILTERS[1:]:
        with pytest.raises(psycopg.Error) as caught, connection.transaction():
            connection.execute("update authz.row_permissions set filter = %s", [json.dumps(node)])
        assert (caught.value.sqlstate, text in str(caught.value)) == ("22023", True)
    assert footprint(connection) == before


# What is hostile stays text.

PIECES = [
    "'", "\'\'", "\\", "\\'", '"', '""', "$$", "$1", "$q$", "%", "%%", "%s", "%1$s",
    "%2$s", "%I", "%L",
    "%n$s", "--", "/*", "*/", ";",
    "); drop table app.canary; --", "' or true --",
    "') or ('1'='1",
    "\\' or true --", "E'\\''", "U&'\\0027'", "\\u0027", "\\ud800", "\\x27", "&#39;", "%27", "{}",
    "{",
    "}", "[", "{\"var\": \"v_text\"}", "null", "NULL", "true", "d.word", "things", "(select 1)",
    "authz.my_variable('v_text')", "\u202e", "\u200f", "a\u0301", "\u02bc", "\uff07", "\u2019",
    "\U0001d11e", "\n", "\r\n", "\t", "\x01", "\x1b", "\x7f", "\x85", "\ufeff",
    "\ufffd", "\u2028", " ", "", "x" * 5000, "'" * 999, "\\" * 999, "%" * 999, "::text", "||",
    "pg_sleep(9)", "1); select 1; --", "$do$ begin end $do$", "\\copy", "\\!", "?", ":x", "@", "`",
]  # fmt: skip


def hostile() -> list[str]:
    """Five hundred texts: the pieces, and pairs of them."""
    texts = list(PIECES)
    for step in range(1, len(PIECES)):
        texts += [PIECES[n] + PIECES[(n + step) % len(PIECES)] for n in range(len(PIECES))]
        texts = list(dict.fromkeys(texts))
        if len(texts) >= 500:
            break
    return texts[:500]


HOSTILE = hostile()


def stand_still(connection: Connection) -> Any:
    """What an injection would change."""
    connection.execute("reset role")
    found = connection.execute(
        "select (select array_agg(c.k) from app.canary as c), "
        "(select count(*) from pg_proc), "
        "(select count(*) from pg_class where relkind in ('r', 'S', 'i') "
        "and relpersistence <> 't'), "
        "(select count(*) from pg_roles), (select count(*) from pg_trigger)"
    ).fetchone()
    connection.execute("set local role fundwarden_owner")
    return found


def seen(connection: Connection, user: int, query: str) -> list[Any]:
    act_as(connection, user)
    found = [row[0] for row in connection.execute(query.encode())]
    connection.execute("set local role fundwarden_owner")
    return found


def fill(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into app.things (k, word, code, tenant) values (%s, %s, '', 1)",
            list(enumerate(HOSTILE)),
        )


BOTH = ("select k from secure.things order by k", "select k from app.things order by k")


def test_hostile_texts_are_five_hundred() -> None:
    assert len(set(HOSTILE)) == 500


def test_hostile_values_find_the_rows_that_hold_them(connection: Connection) -> None:
    connection.execute("select authz.unregister_dataset('things')")
    fill(connection)
    connection.execute("select authz.register_dataset('app.things', default_rows => 'none')")
    before = stand_still(connection)
    every_third = HOSTILE[::3]
    operators: list[tuple[dict[str, Any], list[int]]] = [
        (leaf("word", "in", every_third), list(range(0, 500, 3))),
        (leaf("word", "not_in", every_third), [n for n in range(500) if n % 3]),
        ({"any": [leaf("word", "=", t) for t in every_third]}, list(range(0, 500, 3))),
        (
            {"any": [leaf("word", "between", [t, t]) for t in every_third[:50]]},
            list(range(0, 150, 3)),
        ),
        (
            {"all": [leaf("word", "<>", t) for t in every_third]},
            [n for n in range(500) if n % 3],
        ),
        (
            {"any": [leaf("word", "in", [t, {"var": "v_text"}]) for t in HOSTILE[1:60:3]]},
            list(range(1, 60, 3)),
        ),
        (
            {"any": [leaf("word", "prefix", t) for t in HOSTILE[1:60:3]]},
            [n for n, t in enumerate(HOSTILE) if t.startswith(tuple(HOSTILE[1:60:3]))],
        ),
    ]
    for node, expected in operators:
        connection.execute("delete from authz.row_permissions")
        write(connection, "authz.row_permissions", RULE | {"mode": "permit", "filter": node})
        for query in BOTH:
            assert seen(connection, 11, query) == expected
            assert seen(connection, 12, query) == []
    assert stand_still(connection) == before


def test_each_hostile_value_finds_its_row_alone(connection: Connection) -> None:
    fill(connection)
    before = stand_still(connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into authz.users (id, username, base_unit_id) values (%s, %s, 1)",
            [(1000 + n, f"h{n}") for n in range(500)],
        )
    connection.execute(
        "insert into authz.row_permissions (dataset, dimension, subject, mode, filter) "
        "select 'things', 'user', (999 + h.place)::text, 'permit', "
        "jsonb_build_object('field', 'word', 'op', '=', 'value', h.word) "
        "from jsonb_array_elements_text(%s::jsonb) with ordinality as h (word, place)",
        [json.dumps(HOSTILE)],
    )
    # Every predicate is a comparison with a constant, as PostgreSQL parsed it.
    wrong = connection.execute(
        "select r.predicate from authz.row_permissions as r "
        "where r.subject::int >= 1000 and format(r.predicate, 'x') "
        "<> format('(word = %L::text)', r.filter ->> 'value')"
    ).fetchall()
    assert wrong == []
    for n in range(0, 500, 25):
        assert seen(connection, 1000 + n, BOTH[0]) == [n]
        assert seen(connection, 1000 + n, BOTH[1]) == [n]
    assert stand_still(connection) == before


def test_hostile_values_of_variables_find_the_rows_that_hold_them(connection: Connection) -> None:
    fill(connection)
    connection.execute("delete from app.things where k >= 500")
    before = stand_still(connection)
    for variable, name in (("v_text", "="), ("l_text", "in")):
        asked: Any = {"var": variable}
        node = leaf("word", name, [asked] if name == "in" else asked)
        write(
            connection,
            "authz.row_permissions",
            {
                "dataset": "things",
                "dimension": "variable",
                "subject": variable,
                "mode": "permit",
                "filter": node,
            },
        )
    connection.execute(
        "update authz.variables set default_value = %s where name = 'l_text'",
        [json.dumps(HOSTILE[1::2])],
    )
    assert seen(connection, 12, BOTH[0]) == list(range(1, 500, 2))
    connection.execute(
        "insert into authz.user_variables (user_id, variable, value) values (11, 'l_text', '[]')"
    )
    assert seen(connection, 11, BOTH[1]) == []
    write(connection, "authz.user_variables", {"user_id": 11, "variable": "v_text", "value": ""})
    for n in range(500):
        connection.execute(
            "update authz.user_variables set value = %s where user_id = 11 and variable = 'v_text'",
            [json.dumps(HOSTILE[n])],
        )
        if n % 10 == 0:
            assert seen(connection, 11, BOTH[0]) == [n]
            assert seen(connection, 11, BOTH[1]) == [n]
    assert stand_still(connection) == before


def test_hostile_constants_of_masks_are_shown_as_they_are(connection: Connection) -> None:
    """A rule a row, in one view."""
    fill(connection)
    before = stand_still(connection)
    connection.execute(
        "insert into authz.column_permissions "
        "(dataset, dimension, subject, column_name, mode, mask, condition) "
        "select 'things', 'user', '11', 'code', 'mask', "
        "jsonb_build_object('kind', 'constant', 'value', h.word), "
        "jsonb_build_object('field', 'k', 'op', '=', 'value', h.place - 1) "
        "from jsonb_array_elements_text(%s::jsonb) with ordinality as h (word, place)",
        [json.dumps(HOSTILE)],
    )
    shown = seen(connection, 11, "select code from secure.things order by k")
    assert shown == [text[:6] for text in HOSTILE]
    assert stand_still(connection) == before


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_hostile_names_are_refused_or_are_names(connection: Connection, every: int) -> None:
    before = stand_still(connection)
    allowed = {"22023", "23514", "23505", "42501"}
    for text in HOSTILE[::every]:
        name = text[:60]
        rows: list[tuple[str, dict[str, Any]]] = [
            ("row_permissions", RULE | {"mode": "permit", "filter": leaf(text, "=", 1)}),
            ("row_permissions", RULE | {"mode": "permit", "filter": leaf("k", text, 1)}),
            ("row_permissions", RULE | {"mode": "permit", "filter": leaf("k", "=", {"var": text})}),
            ("row_permissions", RULE | {"mode": text, "filter": GOOD}),
            ("row_permissions", RULE | {"mode": "permit", "filter": GOOD, "dataset": text + "."}),
            ("row_permissions", RULE | {"mode": "permit", "filter": GOOD, "subject": text}),
            ("column_permissions", RULE | {"mode": "disable", "column_name": name}),
            ("column_permissions", RULE | {"mode": "mask", "column_name": "k",
                                           "mask": {"kind": text + "."}}),
            ("column_permissions", RULE | {"mode": "mask", "column_name": "at",
                                           "mask": {"kind": "truncate", "unit": text}}),
            ("variables", {"name": text + ".", "type": "text"}),
            ("variables", {"name": "v_new", "type": text}),
        ]  # fmt: skip
        for table, row in rows:
            sqlstate, message = refusal(connection, f"authz.{table}", row)
            assert sqlstate in allowed, (table, row, sqlstate, message)
        with pytest.raises(psycopg.Error) as caught, connection.transaction():
            connection.execute("select authz.register_dataset('app.canary', %s)", [text + "."])
        assert caught.value.sqlstate in allowed
    assert stand_still(connection) == before


def test_a_hostile_description_is_a_text(connection: Connection) -> None:
    before = stand_still(connection)
    connection.execute(
        "insert into authz.row_permissions "
        "(dataset, dimension, subject, mode, filter, description) "
        "select 'things', 'user', '11', 'restrict', %s, h.word "
        "from jsonb_array_elements_text(%s::jsonb) with ordinality as h (word, place) "
        "where h.place %% 10 = 1",
        [json.dumps(GOOD), json.dumps(HOSTILE)],
    )
    shown = seen(connection, 11, "select description from authz.explain_data_permissions(11, "
                                 "'things') order by rule_id")  # fmt: skip
    assert shown == HOSTILE[::10]
    assert stand_still(connection) == before


def test_hostile_column_names_are_masked_filtered_and_read(connection: Connection) -> None:
    """A table of fifty of them, each under a filter and a mask."""
    names = list(dict.fromkeys(t.encode()[:60].decode(errors="ignore") for t in HOSTILE if t))[:50]
    places = ", ".join(["%s"] * len(names))
    columns = psycopg.sql.SQL(", ").join(
        psycopg.sql.SQL("{} text").format(psycopg.sql.Identifier(n)) for n in names
    )
    connection.execute(psycopg.sql.SQL("create table app.odd ({})").format(columns))
    for word in ("seen", "hidden"):
        connection.execute(f"insert into app.odd values ({places})".encode(), [word] * len(names))
    connection.execute("grant select on app.odd to fundwarden_app")
    connection.execute("select authz.register_dataset('app.odd', 'odd')")
    before = stand_still(connection)
    rule = RULE | {"dataset": "odd"}
    node = {"all": [leaf(n, "=", "seen") for n in names]}
    write(connection, "authz.row_permissions", rule | {"mode": "permit", "filter": node})
    assert len(seen(connection, 11, "select t from app.odd as t")) == 1
    connection.execute(
        "insert into authz.column_permissions "
        "(dataset, dimension, subject, column_name, mode, mask, condition) "
        "select 'odd', 'user', '11', h.word, 'mask', m.mask::jsonb, "
        "jsonb_build_object('field', h.word, 'op', '=', 'value', 'seen') "
        "from jsonb_array_elements_text(%s::jsonb) as h (word) "
        "cross join unnest(%s::text []) as m (mask)",
        [json.dumps(names), ['{"kind": "keep_first", "n": 2}', '{"kind": "keep_last", "n": 3}']],
    )
    act_as(connection, 11)
    assert connection.execute("select * from secure.odd").fetchall() == [("se***",) * len(names)]
    connection.execute("set local role fundwarden_owner")
    connection.execute('update authz.column_permissions set mask = \'{"kind": "hash"}\'')
    act_as(connection, 11)
    row = connection.execute("select * from secure.odd").fetchone()
    assert row is not None
    assert {len(cell) for cell in row} == {64}
    connection.execute("set local role fundwarden_owner")
    assert stand_still(connection) == before


def test_pages_hold_hostile_filters_apart(connection: Connection) -> None:
    """A currency or status cannot hold them; a page and its total see through them all the same."""
    connection.execute(
        "insert into authz.user_roles (user_id, role_id) "
        "select 11, r.id from authz.roles as r where r.code = 'supervisor'"
    )
    connection.execute(
        "insert into finance.financial_funds (tenant_id, id, handle_by, amount, status) "
        "select 1, n, 11, n, case n % 2 when 0 then 'open' else 'paid' end "
        "from generate_series(1, 10) as n"
    )
    connection.execute("select authz.register_dataset('finance.financial_funds', 'funds')")
    before = stand_still(connection)
    rule = RULE | {"dataset": "funds", "mode": "permit"}
    every = {"any": [leaf("status", "in", [*HOSTILE, "paid"]), leaf("currency", "in", HOSTILE)]}
    write(connection, "authz.row_permissions", rule | {"filter": every})
    page = "select fund_id from finance.page_authorized_funds(sort_by => 'amount')"
    count = "select finance.count_authorized_funds()"
    assert seen(connection, 11, page) == [1, 3, 5, 7, 9]
    assert seen(connection, 11, count) == [5]
    assert seen(connection, 11, "select id from secure.funds order by id") == [1, 3, 5, 7, 9]
    connection.execute(
        "insert into authz.column_permissions "
        "(dataset, dimension, subject, column_name, mode, mask, condition) "
        "select 'funds', 'user', '11', 'currency', 'mask', "
        "jsonb_build_object('kind', 'constant', 'value', h.word), "
        "jsonb_build_object('field', 'id', 'op', '=', 'value', h.place) "
        "from jsonb_array_elements_text(%s::jsonb) with ordinality as h (word, place) "
        "where h.place < 10",
        [json.dumps(HOSTILE[40:])],
    )
    shown = "select currency from finance.page_authorized_funds(sort_by => 'amount')"
    assert seen(connection, 11, shown) == HOSTILE[40:50:2]
    assert seen(connection, 11, "select currency from secure.funds order by id") == HOSTILE[40:50:2]
    assert stand_still(connection) == before


def test_no_value_makes_a_mask_fail_nor_a_setting_change_it(connection: Connection) -> None:
    connection.execute(
        "create table app.ends (k int, day date, at timestamptz, local timestamp, f real)"
    )
    connection.execute(
        "insert into app.ends values (1, '4714-11-24 BC', '4714-11-24 BC', "
        "'4714-11-24 BC', 0.12345), "
        "(2, '5874897-12-31', '294276-12-31', '294276-12-31', "
        "0.23456), "
        "(3, 'infinity', '-infinity', 'infinity', 'NaN'), (4, null, null, null, null)"
    )
    connection.execute("select authz.register_dataset('app.ends', 'ends')")
    rule = RULE | {"dataset": "ends", "mode": "mask"}
    for column in ("day", "at", "local"):
        mask = {"kind": "truncate", "unit": "year"}
        write(connection, "authz.column_permissions", rule | {"column_name": column, "mask": mask})
    write(connection, "authz.column_permissions", rule | {"column_name": "f",
                                                          "mask": {"kind": "hash"}})  # fmt: skip
    cells = "select (day, at, local)::text from secure.ends order by k"
    shown = seen(connection, 11, cells)
    assert shown == ["(,,)", "(,,)", "(infinity,-infinity,infinity)", "(,,)"]
    hashes = "select f from secure.ends where k < 3 order by k"
    first = seen(connection, 11, hashes)
    assert len(set(first)) == 2
    connection.execute("set local extra_float_digits = -15")
    connection.execute("set local datestyle = 'SQL, DMY'")
    assert [f"{x:.0e}" for x in seen(connection, 11, hashes)] == [f"{x:.0e}" for x in first]
