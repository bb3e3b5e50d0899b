"""Signing in by token: what a forger, a former user and a careless issuer try is nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import psycopg
import pytest
from psycopg import sql
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

SECRETS = {
    "today": b"0123456789abcdef0123456789abcdef",
    "long": bytes(range(256)),
    "block": b"b" * 64,
    "retired": b"a secret that has been of use once",
    "coming": b"a secret that is of no use so far..",
    "shop": b"a secret of tokens for the web shop",
}
OTHER = b"a secret that nobody has ever added"

# 1 ann, 2 bob and 3, inactive, of tenant 1; 4 of another; 5 of one that is closed; 8 to leave.
WORLD = """
    insert into authz.org_units (id, parent_id, code, is_active)
    values (1, null, 'acme', true), (2, null, 'other', true), (3, null, 'closed', false);
    insert into authz.users (id, username, base_unit_id, is_active)
    values (1, 'ann', 1, true), (2, 'bob', 1, true), (3, 'gone', 1, false), (4, 'eve', 2, true),
        (5, 'old', 3, true), (8, 'leaver', 1, true), (-1, 'minus', 1, true);
"""

ME = "select authz.current_user_id()"
REAL = "select authz.real_user_id()"
SIGN_IN = "select authz.sign_in(%s)"
SETTING = "select current_setting('fundwarden.identity', true)"
NOW = "2030-01-01 00:00:00+00"
AT = 1893456000


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    with session(module_database) as admin:
        admin.execute(WORLD)
        admin.execute("insert into authz_private.clock_override (instant) values (%s)", [NOW])
        for kid, secret in SECRETS.items():
            admin.execute("select authz.add_token_key(%s, %s)", [kid, secret])
        admin.execute("select authz.retire_token_key('retired')")
        admin.execute(
            "update authz_private.token_keys set valid_from = %s::timestamptz + '1 s' "
            "where kid = 'coming'",
            [NOW],
        )
        admin.execute(
            "update authz_private.token_keys set audience = 'fundwarden' where kid = 'shop'"
        )
    return module_database


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world, user="app_login") as connection:
        connection.execute("begin; savepoint here")
        yield connection


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: bytes | str, payload: bytes | str, secret: bytes = SECRETS["today"]) -> str:
    """A token of these very bytes, rightly signed."""
    parts = [encode(p.encode() if isinstance(p, str) else p) for p in (header, payload)]
    text = ".".join(parts)
    return f"{text}.{encode(hmac.digest(secret, text.encode(), hashlib.sha256))}"


HEADER = '{"alg":"HS256","typ":"JWT"}'


def token(claims: str = "", *, sub: str = '"1"', exp: str = str(AT + 60), **kwargs: Any) -> str:
    """A good token with further claims, as JSON text."""
    more = f",{claims}" if claims else ""
    return signed(HEADER, f'{{"sub":{sub},"exp":{exp}{more}}}', **kwargs)


def refused(connection: Connection, presented: str | None) -> None:
    """It is refused with the one text there is, which names no cause, not even by its line."""
    error = refusal(connection, SIGN_IN, presented)
    told = (error.sqlstate, error.message_primary, error.message_detail, error.message_hint)
    assert told == ("28000", "identity refused", None, "Sign in with a token that is valid now.")
    connection.execute("rollback to here")
    expected = refusal(connection, "select authz.sign_in(null)").context
    assert error.context == expected
    connection.execute("rollback to here")
    assert value(connection, ME) is None


def accepted(connection: Connection, presented: str, user: int = 1) -> None:
    assert value(connection, SIGN_IN, presented) == user
    assert value(connection, ME) == user
    assert value(connection, REAL) == user
    connection.execute("rollback to here")
    assert value(connection, ME) is None


GOOD = {
    "plain": token(),
    "number as sub": token(sub="2"),
    "tenant": token('"tid":1'),
    "tenant as text": token('"tid":"1"'),
    "not before now": token(f'"nbf":{AT}'),
    "issued now": token(f'"iat":{AT}'),
    "issued by a clock a minute ahead": token(f'"iat":{AT + 60}'),
    "last instant": token(exp=f"{AT}.000001"),
    "fraction": token(exp=f"{AT + 1}.5"),
    "nested claims": token('"roles":["a",{"b":[1]}],"name":"\\u00e9\\ud83d\\ude00"'),
    "unicode": token('"name":"é😀"'),
    "huge number elsewhere": token('"n":1e308'),
    "spaces": signed(' {"alg" : "HS256"}\n', f'\t{{ "exp":{AT + 9} , "sub":"1" }} '),
    "escaped": signed('{"\\u0061lg":"HS25\\u0036"}', f'{{"\\u0073ub":"1","exp":{AT + 9}}}'),
    "kid": signed('{"alg":"HS256","kid":"today"}', f'{{"sub":1,"exp":{AT + 9}}}'),
    "secret longer than a block": token(secret=SECRETS["long"]),
    "secret of a block": token(secret=SECRETS["block"]),
    "audience": token('"aud":"fundwarden"', secret=SECRETS["shop"]),
    "one of the audiences": token('"aud":["x","fundwarden"]', secret=SECRETS["shop"]),
    "another type": signed('{"alg":"HS256","typ":"at+jwt","x":1}', f'{{"sub":1,"exp":{AT + 9}}}'),
    "8 kB": token(f'"x":"{"x" * 5900}"'),
}


@pytest.mark.parametrize("presented", GOOD.values(), ids=GOOD.keys())
def test_a_good_token_signs_in(app: Connection, presented: str) -> None:
    accepted(app, presented, 2 if presented == GOOD["number as sub"] else 1)


def swapped(presented: str, part: int, text: str) -> str:
    parts = presented.split(".")
    parts[part] = text
    return ".".join(parts)


PAYLOAD = f'{{"sub":"1","exp":{AT + 60}}}'
PARTS = GOOD["plain"].split(".")
LAST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def header(text: str | bytes, **kwargs: Any) -> str:
    return signed(text, PAYLOAD, **kwargs)


def payload(text: str | bytes) -> str:
    return signed(HEADER, text)


BAD: dict[str, str | None] = {
    "null": None,
    "empty": "",
    "blank": " ",
    "dots": "..",
    "no token": "x",
    "one part": PARTS[0],
    "two parts": ".".join(PARTS[:2]),
    "four parts": f"{GOOD['plain']}.{PARTS[2]}",
    "five parts": f"{GOOD['plain']}..",
    "empty signature": swapped(GOOD["plain"], 2, ""),
    "empty header": swapped(GOOD["plain"], 0, ""),
    "empty payload": swapped(GOOD["plain"], 1, ""),
    "blank before": f" {GOOD['plain']}",
    "line end after": f"{GOOD['plain']}\n",
    "bearer": f"Bearer {GOOD['plain']}",
    "padding": f"{GOOD['plain']}=",
    "signature of zeros": swapped(GOOD["plain"], 2, "A" * 43),
    "signature of another": swapped(GOOD["plain"], 2, GOOD["tenant"].split(".")[2]),
    "half a signature": swapped(GOOD["plain"], 2, PARTS[2][:21]),
    "signature with other spare bits": swapped(
        GOOD["plain"], 2, PARTS[2][:-1] + LAST[LAST.index(PARTS[2][-1]) ^ 1]
    ),
    "signature in hex": swapped(GOOD["plain"], 2, base64.urlsafe_b64decode(PARTS[2] + "=").hex()),
    "tampered payload": swapped(GOOD["plain"], 1, encode(PAYLOAD.replace("1", "2", 1).encode())),
    "tampered header": swapped(GOOD["plain"], 0, encode(b'{"alg":"HS256"}')),
    "another key": token(secret=OTHER),
    "empty key": token(secret=b""),
    "key of the kid, another signed": header(
        '{"alg":"HS256","kid":"today"}', secret=SECRETS["long"]
    ),
    "unknown kid": header('{"alg":"HS256","kid":"none"}'),
    "empty kid": header('{"alg":"HS256","kid":""}'),
    "kid null": header('{"alg":"HS256","kid":null}'),
    "kid number": header('{"alg":"HS256","kid":1}'),
    "kid array": header('{"alg":"HS256","kid":["today"]}'),
    "kid of a file": header('{"alg":"HS256","kid":"../../dev/null"}', secret=b""),
    "kid of SQL": header('{"alg":"HS256","kid":"x\' or true --"}'),
    "retired key": token(secret=SECRETS["retired"]),
    "retired key by kid": header('{"alg":"HS256","kid":"retired"}', secret=SECRETS["retired"]),
    "key to come": token(secret=SECRETS["coming"]),
    "alg none": header('{"alg":"none"}'),
    "alg none unsigned": swapped(header('{"alg":"none"}'), 2, ""),
    "alg None": header('{"alg":"None"}'),
    "alg lower case": header('{"alg":"hs256"}'),
    "alg HS384": header('{"alg":"HS384"}'),
    "alg RS256": header('{"alg":"RS256"}'),
    "alg blank after": header('{"alg":"HS256 "}'),
    "alg null": header('{"alg":null}'),
    "alg missing": header('{"typ":"JWT"}'),
    "alg array": header('{"alg":["HS256"]}'),
    "alg other case": header('{"ALG":"HS256"}'),
    "alg twice": header('{"alg":"none","alg":"HS256"}'),
    "alg twice alike": header('{"alg":"HS256","alg":"HS256"}'),
    "alg twice by escape": header('{"alg":"none","\\u0061lg":"HS256"}'),
    "critical extension": header('{"alg":"HS256","crit":["x"],"x":1}'),
    "unencoded payload": header('{"alg":"HS256","b64":false}'),
    "long header": header(f'{{"alg":"HS256","x":"{"x" * 1000}"}}'),
    "header no object": header('"HS256"'),
    "header array": header('["alg","HS256"]'),
    "header null": header("null"),
    "header no JSON": header("alg=HS256"),
    "header not UTF-8": header(b'{"alg":"HS256","x":"\xff"}'),
    "header UTF-16": header('{"alg":"HS256"}'.encode("utf-16")),
    "header with NUL": header('{"alg":"HS256","x":"\\u0000"}'),
    "header with a raw NUL": header(b'{"alg":"HS256","x":"\x00"}'),
    "header nested": header("[" * 700 + "]" * 700),
    "expired": token(exp=str(AT - 1)),
    "expired this instant": token(exp=str(AT)),
    "no exp": payload('{"sub":"1"}'),
    "exp null": token(exp="null"),
    "exp text": token(exp=f'"{AT + 60}"'),
    "exp 1e308": token(exp="1e308"),
    "exp 1e400000": token(exp="1e400000"),
    "exp with exponent": token(exp="2e9"),
    "exp of 500 digits": token(exp="9" * 500),
    "exp negative": token(exp=f"-{AT}"),
    "exp true": token(exp="true"),
    "exp array": token(exp=f"[{AT + 60}]"),
    "exp NaN": token(exp="NaN"),
    "exp infinity": token(exp='"infinity"'),
    "exp twice": token(f'"exp":{AT + 70}'),
    "exp twice, one over": token(f'"exp":{AT + 70}', exp=str(AT - 60)),
    "not yet": token(f'"nbf":{AT + 1}'),
    "not yet by a fraction": token(f'"nbf":{AT}.5'),
    "nbf null": token('"nbf":null'),
    "nbf text": token('"nbf":"0"'),
    "nbf 1e308": token('"nbf":1e308'),
    "issued in the future": token(f'"iat":{AT + 61}'),
    "iat null": token('"iat":null'),
    "iat text": token(f'"iat":"{AT}"'),
    "no sub": payload(f'{{"exp":{AT + 60}}}'),
    "sub null": token(sub="null"),
    "sub empty": token(sub='""'),
    "sub 0": token(sub="0"),
    "sub negative": token(sub="-1"),
    "sub negative text": token(sub='"-1"'),
    "sub plus": token(sub='"+1"'),
    "sub 1.0": token(sub="1.0"),
    "sub 1e0": token(sub="1e0"),
    "sub 1e3": token(sub="1e3"),
    "sub 01": token(sub='"01"'),
    "sub 0x1": token(sub='"0x1"'),
    "sub 1_0": token(sub='"1_0"'),
    "sub blank": token(sub='" 1"'),
    "sub line end": token(sub='"1\\n"'),
    "sub NUL": token(sub='"1\\u0000"'),
    "sub of Arabic digits": token(sub='"١"'),
    "sub full width": token(sub='"１"'),
    "sub 2^63": token(sub="9223372036854775808"),
    "sub 2^64+1": token(sub="18446744073709551617"),
    "sub 1e400000": token(sub="1e400000"),
    "sub array": token(sub="[1]"),
    "sub object": token(sub='{"1":1}'),
    "sub true": token(sub="true"),
    "sub name": token(sub='"ann"'),
    "sub twice": token('"sub":"2"'),
    "sub twice by escape": token('"su\\u0062":"2"'),
    "sub absent user": token(sub="7"),
    "sub inactive user": token(sub="3"),
    "sub of a closed tenant": token(sub="5"),
    "another tenant": token('"tid":2'),
    "another's tenant": token('"tid":1', sub="4"),
    "tenant null": token('"tid":null'),
    "tenant empty": token('"tid":""'),
    "tenant 1.0": token('"tid":1.0'),
    "tenant array": token('"tid":[1]'),
    "tenant twice": token('"tid":2,"tid":1'),
    "an audience": token('"aud":"fundwarden"'),
    "another audience": token('"aud":"shop"', secret=SECRETS["shop"]),
    "no audience": token(secret=SECRETS["shop"]),
    "audience null": token('"aud":null', secret=SECRETS["shop"]),
    "audience as a name": token('"aud":{"fundwarden":1}', secret=SECRETS["shop"]),
    "payload no object": payload("1"),
    "payload array": payload('["sub",1]'),
    "payload null": payload("null"),
    "payload no JSON": payload("sub=1"),
    "payload empty": payload(""),
    "payload with a tail": payload(PAYLOAD + "x"),
    "payload twice": payload(PAYLOAD + PAYLOAD),
    "payload with a comment": payload(PAYLOAD + "//"),
    "payload with a mark": payload(b"\xef\xbb\xbf" + PAYLOAD.encode()),
    "payload not UTF-8": payload(PAYLOAD.encode()[:-1] + b',"x":"\xff\xfe"}'),
    "payload with half a character": payload(PAYLOAD.encode()[:-1] + b',"x":"\xc3"}'),
    "payload with half a pair": token('"x":"\\ud83d"'),
    "payload with NUL": token('"x":"\\u0000"'),
    "payload nested deep": payload("[" * 5900),
    "payload nested deep and closed": token(f'"x":{"[" * 2900}{"]" * 2900}', sub="7"),
    "payload of objects": payload('{"a":' * 1180),
    "number beyond numeric": token('"x":1e200000'),
    "other alphabet": GOOD["unicode"].replace("_", "/").replace("-", "+") + "+",
    "not ASCII": swapped(GOOD["plain"], 1, "é" * 20),
    "length no encoding has": swapped(
        GOOD["plain"], 1, PARTS[1] + "AAAAA"[: 5 - len(PARTS[1]) % 4]
    ),
    "8 kB and one": token(f'"x":"{"x" * 6200}"'),
    "a megabyte": "x" * 1_000_000,
    "a megabyte of a token": token(f'"x":"{"x" * 1_000_000}"'),
    "a thousand dots": "." * 1000,
}


@pytest.mark.parametrize("presented", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_nobody_and_no_one_learns_why(
    app: Connection, presented: str | None
) -> None:
    refused(app, presented)


def test_a_payload_that_spells_its_bits_differently_is_refused(app: Connection) -> None:
    text = next(
        t for t in (payload(PAYLOAD + " " * n) for n in range(3)) if len(t.split(".")[1]) % 4
    )
    accepted(app, text)
    head, body, _ = text.split(".")
    body = body[:-1] + LAST[LAST.index(body[-1]) ^ 1]
    digest = hmac.digest(SECRETS["today"], f"{head}.{body}".encode(), hashlib.sha256)
    refused(app, f"{head}.{body}.{encode(digest)}")


def test_a_database_text_that_is_no_token_gets_no_further_than_its_length(
    app: Connection,
) -> None:
    app.execute("select set_config('statement_timeout', '5s', true)")
    error = refusal(app, "select authz.sign_in(repeat('x.', 100000000))")
    assert error.sqlstate == "28000"


@pytest.mark.parametrize("part", [0, 1])
def test_nesting_deeper_than_the_stack_is_nobody_too(world: str, part: int) -> None:
    # The shallowest a server can be set to.
    with session(world) as admin:
        admin.execute("alter role app_login set max_stack_depth = '100kB'")
        try:
            with session(world, user="app_login") as shallow:
                shallow.execute("begin; savepoint here")
                assert value(shallow, "show max_stack_depth") == "100kB"
                deep = '{"alg":"HS256","x":' + "[" * (700, 5800)[part]
                presented = (header if part == 0 else payload)(deep)
                refused(shallow, presented)
                assert refusal(shallow, "select %s::json", deep + "[" * 6000).sqlstate == "54001"
        finally:
            admin.execute("alter role app_login reset max_stack_depth")


def test_bytes_that_are_no_text_are_the_callers_own_error(app: Connection) -> None:
    error = refusal(app, "select authz.sign_in(convert_from('\\xff', 'UTF8'))")
    assert error.sqlstate == "22021"
    app.execute("rollback to here")
    assert value(app, ME) is None


# What a token is good for.


def test_a_token_is_good_again_and_again_until_it_expires(app: Connection, world: str) -> None:
    for _ in range(2):
        accepted(app, GOOD["plain"])
        app.execute("commit")
        assert value(app, ME) is None
        app.execute("begin; savepoint here")
    with session(world) as admin:
        admin.execute("begin")
        admin.execute(
            "update authz_private.clock_override set instant = to_timestamp(%s)", [AT + 60]
        )
        assert refusal(admin, SIGN_IN, GOOD["plain"]).sqlstate == "28000"


def test_the_application_cannot_set_the_clock_a_token_is_held_against(app: Connection) -> None:
    expired = BAD["expired"]
    for attempt in (
        "set local timezone = 'America/Los_Angeles'",
        "set local timezone = '-12'",
        "set local datestyle = 'sql, dmy'",
        "set local intervalstyle = 'iso_8601'",
    ):
        app.execute(attempt)
        refused(app, expired)
        accepted(app, GOOD["plain"])
    for attempt in (
        "update authz_private.clock_override set instant = '2000-01-01'",
        "create function pg_temp.clock() returns timestamptz language sql return '2000-01-01'",
    ):
        assert refusal(app, attempt).sqlstate == "42501"
        app.execute("rollback to here")


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_identity_ends_with_its_transaction(app: Connection, end: str) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    kept = value(app, SETTING)
    app.execute(end)
    assert value(app, ME) is None
    assert value(app, SETTING) == ""
    app.execute("select set_config('fundwarden.identity', %s, false)", [kept])
    assert value(app, ME) is None
    app.execute("begin")
    assert value(app, ME) is None
    app.execute("rollback")


def test_signing_in_outside_a_transaction_is_gone_with_its_statement(app: Connection) -> None:
    app.execute("rollback")
    assert value(app, SIGN_IN, GOOD["plain"]) == 1
    assert value(app, ME) is None


def test_a_raw_set_ends_an_identity_and_makes_none(app: Connection) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    kept = value(app, SETTING)
    app.execute("set local fundwarden.identity = '2'")
    assert value(app, ME) is None
    for forged in ("2" + kept[1:], kept.replace("1:1:", "1::"), kept.replace("1:1:", "1:2:")):
        app.execute("select set_config('fundwarden.identity', %s, true)", [forged])
        assert value(app, ME) is None
        assert value(app, REAL) is None
    app.execute("select set_config('fundwarden.identity', %s, true)", [kept])
    assert value(app, ME) == 1


def test_a_value_copied_to_another_backend_is_nobody(app: Connection, world: str) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    kept = value(app, SETTING)
    with session(world, user="app_login") as other:
        other.execute("begin")
        other.execute("select set_config('fundwarden.identity', %s, true)", [kept])
        assert value(other, ME) is None
        other.execute("select authz.sign_in(%s)", [GOOD["number as sub"]])
        assert value(other, ME) == 2
        other.execute("select set_config('fundwarden.identity', %s, true)", [kept])
        assert value(other, ME) is None


def test_a_savepoint_rolled_back_brings_back_who_it_was(app: Connection) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    app.execute("savepoint one")
    app.execute(SIGN_IN, [GOOD["number as sub"]])
    assert value(app, ME) == 2
    app.execute("rollback to one")
    assert value(app, ME) == 1
    app.execute("select set_config('fundwarden.identity', '', false)")
    assert value(app, ME) is None
    app.execute("rollback to one")
    assert value(app, ME) == 1
    assert refusal(app, SIGN_IN, BAD["expired"]).sqlstate == "28000"
    app.execute("rollback to one")
    assert value(app, ME) == 1
    app.execute("rollback to here")
    assert value(app, ME) is None


@pytest.mark.parametrize("reset", ["discard all", "reset all", "reset fundwarden.identity"])
def test_what_a_pool_resets_leaves_nobody(app: Connection, reset: str) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    app.execute("select set_config('fundwarden.identity', %s, false)", [value(app, SETTING)])
    app.execute("commit")
    app.execute(reset)
    assert value(app, ME) is None
    app.execute("begin")
    assert value(app, SIGN_IN, GOOD["number as sub"]) == 2
    assert value(app, ME) == 2


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan", "auto"])
def test_a_plan_made_under_one_user_answers_for_the_next(app: Connection, mode: str) -> None:
    app.execute("rollback")
    app.execute(f"set plan_cache_mode = {mode}")
    app.execute(
        "prepare people as select authz.current_user_id(), authz.real_user_id(), "
        "(select count(*) from generate_series(1, 3) as g "
        "where authz.current_user_id() = (select authz.current_user_id()))"
    )
    for number in range(8):
        user = 1 + number % 2
        app.execute("begin")
        app.execute(SIGN_IN, [token(sub=str(user))])
        assert rows(app, "execute people") == [(user, user, 3)]
        app.execute("commit")
        assert rows(app, "execute people") == [(None, None, 0)]


def test_a_cursor_kept_beyond_its_transaction_holds_its_openers_answer_and_asks_for_nobody_else(
    app: Connection,
) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    app.execute(
        "declare kept cursor with hold for "
        "select authz.current_user_id() from generate_series(1, 3)"
    )
    assert rows(app, "fetch 1 from kept") == [(1,)]
    app.execute("commit")
    app.execute("begin")
    app.execute(SIGN_IN, [GOOD["number as sub"]])
    assert rows(app, "fetch all from kept") == [(1,), (1,)]
    assert value(app, ME) == 2
    app.execute("commit")
    app.execute("discard all")
    assert refusal(app, "fetch all from kept").sqlstate == "34000"


def test_a_cursor_without_hold_ends_with_its_identity(app: Connection) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    app.execute("declare mine cursor for select authz.current_user_id()")
    app.execute("commit")
    assert refusal(app, "fetch all from mine").sqlstate == "34000"


def test_a_user_or_tenant_closed_meanwhile_is_nobody_from_the_next_statement_on(
    app: Connection, world: str
) -> None:
    leaver = token(sub="8")
    app.execute(SIGN_IN, [leaver])
    with session(world) as admin:
        for table, row in (("authz.users", 8), ("authz.org_units", 1)):
            admin.execute(f"update {table} set is_active = false where id = {row}")
            assert value(app, ME) is None
            assert value(app, REAL) is None
            app.execute("savepoint now")
            assert refusal(app, SIGN_IN, leaver).sqlstate == "28000"
            app.execute("rollback to now")
            admin.execute(f"update {table} set is_active = true where id = {row}")
            assert value(app, ME) == 8


# Acting for another.


def test_who_signed_in_stays_the_real_user_of_an_impersonation(world: str) -> None:
    with session(world, user="trusted_login") as trusted:
        trusted.execute("begin")
        trusted.execute(SIGN_IN, [GOOD["plain"]])
        for other in (2, 4):
            trusted.execute("select authz.act_as(%s, 'a complaint')", [other])
            assert (value(trusted, ME), value(trusted, REAL)) == (other, 1)
        trusted.execute("select authz.act_as(1)")
        assert (value(trusted, ME), value(trusted, REAL)) == (1, 1)
        trusted.execute(SIGN_IN, [GOOD["number as sub"]])
        assert (value(trusted, ME), value(trusted, REAL)) == (2, 2)
        trusted.execute("commit; begin")
        trusted.execute("select authz.act_as(2)")
        assert (value(trusted, ME), value(trusted, REAL)) == (2, None)
        trusted.execute("select authz.act_as(4)")
        assert (value(trusted, ME), value(trusted, REAL)) == (4, None)


def test_an_impersonation_ends_when_who_is_behind_it_is_deactivated(world: str) -> None:
    with session(world, user="trusted_login") as trusted, session(world) as admin:
        trusted.execute("begin")
        trusted.execute(SIGN_IN, [token(sub="8")])
        trusted.execute("select authz.act_as(2)")
        admin.execute("update authz.users set is_active = false where id = 8")
        assert (value(trusted, ME), value(trusted, REAL)) == (None, None)
        admin.execute("update authz.users set is_active = true where id = 8")
        assert (value(trusted, ME), value(trusted, REAL)) == (2, 8)


def test_a_token_lets_the_application_act_for_nobody_else(app: Connection) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    app.execute("savepoint now")
    assert refusal(app, "select authz.act_as(2, 'please')").sqlstate == "42501"
    app.execute("rollback to now")
    assert value(app, ME) == 1


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * 1001])
def test_a_reason_is_not_blank_nor_endless(world: str, reason: str) -> None:
    with session(world, user="trusted_login") as trusted:
        trusted.execute("begin")
        assert refusal(trusted, "select authz.act_as(1, %s)", reason).sqlstate == "22023"


def test_an_impersonation_in_a_read_only_transaction_is_noted_in_the_servers_log(
    world: str,
) -> None:
    with session(world, user="trusted_login") as trusted:
        said: list[str] = []
        trusted.add_notice_handler(lambda n: said.append(str(n.message_primary)))
        trusted.execute("set client_min_messages = log")
        trusted.execute("begin read only")
        trusted.execute("select authz.act_as(2, E'two\\nlines')")
        assert value(trusted, ME) == 2
        noted = [s for s in said if s.startswith("fundwarden: impersonation ")]
        assert len(noted) == 1
        assert json.loads(noted[0].removeprefix("fundwarden: impersonation ")) == {
            "session_user": "trusted_login",
            "real_user_id": None,
            "effective_user_id": 2,
            "reason": "two\nlines",
        }


# Keys.


@pytest.mark.parametrize("user", ["app_login", "trusted_login"])
@pytest.mark.parametrize(
    "question",
    [
        "select * from authz_private.token_keys",
        "copy authz_private.token_keys to stdout",
        "select authz.issue_token(1)",
        "select authz.add_token_key('x', '01234567890123456789012345678901')",
        "select authz.retire_token_key('today')",
        "select authz_private.token_user('')",
        "select authz_private.hmac_pad('', 54)",
        "select authz_private.token_object('')",
    ],
)
def test_the_keys_are_the_owners_alone(world: str, user: str, question: str) -> None:
    with session(world, user=user) as connection:
        assert refusal(connection, question).sqlstate == "42501"


@pytest.mark.parametrize(
    ("kid", "secret", "audience"),
    [
        (None, OTHER, None),
        ("", OTHER, None),
        ("with blank", OTHER, None),
        ("x" * 101, OTHER, None),
        ("today", OTHER, None),
        ("new", None, None),
        ("new", b"", None),
        ("new", b"x" * 31, None),
        ("new", SECRETS["today"], None),
        ("new", SECRETS["retired"], None),
        ("new", OTHER, " "),
    ],
)
def test_a_key_that_is_short_or_taken_is_refused_without_a_word_of_it(
    world: str, kid: str | None, secret: bytes | None, audience: str | None
) -> None:
    with session(world) as admin:
        error = refusal(
            admin, "select authz.add_token_key(%s, %s::bytea, %s)", kid, secret, audience
        )
        assert error.sqlstate == "22023"
        assert error.message_hint
        assert error.message_detail is None
        told = f"{error.message_primary} {error.message_hint} {error.context}"
        assert not secret or secret.hex() not in told


def test_while_keys_are_exchanged_both_verify_until_the_old_one_is_retired(database: str) -> None:
    with session(database) as admin, session(database, user="app_login") as app:
        admin.execute(WORLD)
        admin.execute("insert into authz_private.clock_override (instant) values (%s)", [NOW])
        admin.execute("select authz.add_token_key('old', %s)", [SECRETS["today"]])
        admin.execute("select authz.add_token_key('new', %s)", [OTHER])
        old, new = token(), token(secret=OTHER)
        assert (value(app, SIGN_IN, old), value(app, SIGN_IN, new)) == (1, 1)
        admin.execute("select authz.retire_token_key('old', authz.clock() + '1 h')")
        assert value(app, SIGN_IN, old) == 1
        admin.execute("select authz.retire_token_key('old')")
        assert refusal(app, SIGN_IN, old).sqlstate == "28000"
        assert value(app, SIGN_IN, new) == 1
        for kid in ("old", "none", None):
            error = refusal(admin, "select authz.retire_token_key(%s)", kid)
            assert error.sqlstate == "22023"


def test_a_database_begins_with_a_random_key_of_its_own(world: str, database: str) -> None:
    found = []
    for conninfo in (world, database):
        with session(conninfo) as admin:
            found += rows(
                admin,
                "select octet_length(k.secret), k.audience, k.retired_at "
                "from authz_private.token_keys as k where k.kid = 'first'",
            )
    assert found == [(32, None, None)] * 2


# What others sign and read.


def test_what_a_library_signs_is_understood(app: Connection) -> None:
    claims = {"sub": "2", "exp": AT + 60, "nbf": AT, "iat": AT, "tid": 1}
    for kid in ("today", "block", "long"):
        accepted(app, jwt.encode(claims, SECRETS[kid], "HS256", headers={"kid": kid}), 2)
    accepted(app, jwt.encode(claims, SECRETS["long"], "HS256"), 2)
    refused(app, jwt.encode(claims, SECRETS["block"], "HS512"))
    refused(app, jwt.encode(claims, None, "none"))
    refused(app, jwt.encode(claims, OTHER, "HS256", headers={"kid": "today"}))


@pytest.mark.parametrize("kid", ["today", "long", "block", "shop"])
def test_what_is_issued_a_library_reads(world: str, app: Connection, kid: str) -> None:
    with session(world) as admin:
        issued = value(admin, "select authz.issue_token(2, '15 minutes', %s)", kid)
    claims = jwt.decode(
        issued,
        SECRETS[kid],
        ["HS256"],
        audience="fundwarden" if kid == "shop" else None,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert jwt.get_unverified_header(issued) == {"alg": "HS256", "typ": "JWT", "kid": kid}
    expected = {"sub": "2", "tid": 1, "iat": AT, "exp": AT + 900}
    assert claims == expected | ({"aud": "fundwarden"} if kid == "shop" else {})
    accepted(app, issued, 2)


@pytest.mark.parametrize(
    "call",
    [
        "authz.issue_token(null)",
        "authz.issue_token(3)",
        "authz.issue_token(5)",
        "authz.issue_token(7)",
        "authz.issue_token(-1)",
        "authz.issue_token(1, null)",
        "authz.issue_token(1, '0')",
        "authz.issue_token(1, '-1 h')",
        "authz.issue_token(1, '32 days')",
        "authz.issue_token(1, '1 h', 'none')",
        "authz.issue_token(1, '1 h', 'retired')",
        "authz.issue_token(1, '1 h', 'coming')",
    ],
)
def test_a_token_that_would_not_verify_is_not_issued(world: str, call: str) -> None:
    with session(world) as admin:
        error = refusal(admin, f"select {call}")
        assert error.sqlstate == "22023"
        assert error.message_hint


def test_the_runner_prints_a_token_that_signs_in(
    runner: Callable[..., subprocess.CompletedProcess[str]], database: str
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return runner("--dsn", database, "token", *arguments)

    with session(database) as admin, session(database, user="app_login") as app:
        admin.execute(WORLD)
        done = run("2")
        assert (done.returncode, done.stderr) == (0, "")
        assert value(app, SIGN_IN, done.stdout.rstrip("\n")) == 2
        admin.execute("select authz.add_token_key('mine', %s)", [OTHER])
        done = run("1", "--ttl", "5 minutes", "--kid", "mine")
        claims = jwt.decode(done.stdout.strip(), OTHER, ["HS256"])
        assert (claims["sub"], claims["exp"] - claims["iat"]) == ("1", 300)
        for wrong in (["3"], ["1", "--kid", "none"], ["1", "--ttl", "soon"]):
            done = run(*wrong)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("error: ")
        assert run("ann").returncode == 2


# How often it is asked.


def test_a_statement_asks_who_is_acting_once(app: Connection) -> None:
    app.execute(SIGN_IN, [GOOD["plain"]])
    plan = "\n".join(
        row[0]
        for row in rows(
            app,
            "explain (analyze, costs off, timing off, summary off) "
            "select from generate_series(1, 1000) as g "
            "where g.g >= (select authz.current_user_id())",
        )
    )
    assert "InitPlan 1" in plan
    asked = plan[plan.index("InitPlan 1") :]
    assert "loops=1)" in asked
    assert "loops=1000" not in plan


def test_no_secret_is_in_a_view_or_in_what_the_server_shows(world: str, app: Connection) -> None:
    with session(world) as admin:
        shown = "".join(
            row[0]
            for row in rows(
                admin,
                "select concat(s.most_common_vals::text, s.histogram_bounds::text) "
                "from pg_stats as s where s.schemaname = 'authz_private'",
            )
        )
        assert SECRETS["today"].hex() not in shown
        assert not rows(
            admin,
            "select from pg_views as v where v.definition like '%token_keys%' "
            "and v.schemaname in ('authz', 'finance', 'audit', 'ops')",
        )
    assert not rows(app, "select from pg_stats as s where s.schemaname = 'authz_private'")


def test_a_token_is_not_a_statement(app: Connection) -> None:
    text = sql.Literal("x' or authz.sign_in('y").as_string(app)
    assert refusal(app, f"select authz.sign_in({text})").sqlstate == "28000"
