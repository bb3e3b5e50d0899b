"""A token that came to the wrong cell is sent to the right one; any other is refused as ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import psycopg
import pytest
from psycopg.types.json import Jsonb
from rsa_tokens import Key, new_key, text_of, with_signature
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

SIGN_IN = "select authz.sign_in(%s)"
SECRET = b"0123456789abcdef0123456789abcdef"
AT = 1893456000
KEY = new_key("first")
WORLD = """
    insert into authz.org_units (id, code) values (1, 'acme');
    insert into authz.users (id, username, base_unit_id, external_id) values (1, 'ann', 1, 'E-1');
"""


@pytest.fixture(scope="module")
def home(module_database: str) -> str:
    """Cell 0, which holds acme, and the keys that all cells share."""
    with session(module_database) as admin:
        admin.execute(WORLD)
        admin.execute(
            "insert into authz_private.clock_override (instant) values (to_timestamp(%s))", [AT]
        )
        admin.execute("select authz.add_token_key('shared', %s)", [SECRET])
        for issuer, claim in (("by-claim", "org"), ("any", None)):
            admin.execute(
                "select authz.add_identity_provider(%s, 'fundwarden', tenant_claim => %s)",
                [issuer, claim],
            )
            admin.execute(
                "select authz.import_jwks(%s, %s)", [issuer, Jsonb({"keys": [KEY.jwk()]})]
            )
    return module_database


@pytest.fixture(params=[True, False], ids=["cell", "alone"])
def is_cell(request: pytest.FixtureRequest, home: str) -> Iterator[bool]:
    with session(home) as admin:
        if request.param:
            admin.execute("select ops.set_cell(0, 'home')")
        yield request.param
        admin.execute("delete from ops.cell")


@pytest.fixture
def app(home: str, is_cell: bool) -> Iterator[Connection]:
    with session(home, user="app_login") as connection:
        yield connection


def shared(secret: bytes = SECRET, **changed: Any) -> str:
    """A token of the shared secret, of a user of tenant 20000001, which is another cell's."""
    claims = {"sub": "1000000000001", "tid": 20000001, "exp": AT + 60} | changed
    return jwt.encode(
        {k: v for k, v in claims.items() if v is not None}, secret, headers={"kid": "shared"}
    )


def provided(key: Key = KEY, **changed: Any) -> str:
    claims = {"iss": "by-claim", "aud": "fundwarden", "sub": "E-9", "exp": AT + 60, "org": "zeta"}
    claims |= changed
    text = text_of({"alg": "RS256", "kid": "first"}, claims)
    return with_signature(text, key.sign(text.encode()))


@pytest.mark.parametrize(
    "token",
    [shared(), shared(tid="20000001"), shared(sub="1"), provided(), provided(org=20000001),
     provided(sub="E-1")],
    ids=["secret", "id as text", "a user of ours", "code", "number", "a code of ours"],
)  # fmt: skip
def test_a_good_token_of_another_cell_is_told_where_to_go(
    app: Connection, token: str, is_cell: bool
) -> None:
    said = refusal(app, SIGN_IN, token)
    assert said.sqlstate == ("FW101" if is_cell else "28000")
    assert ("named after its tenant" in str(said.message_hint)) is is_cell
    assert value(app, "select authz.current_user_id()") is None


STRANGERS = {
    "of another secret": shared(b"x" * 32),
    "expired": shared(exp=AT - 90),
    "not valid yet": shared(nbf=AT + 90),
    "of an audience": shared(aud="theirs"),
    "of our tenant": shared(tid=1),
    "of no tenant": shared(tid=None),
    "of a tenant that is no id": shared(tid="zeta?"),
    "signed by a stranger": provided(Key("first", new_key("first").private)),
    "of another audience": provided(aud="theirs"),
    "of our tenant by claim": provided(org="acme"),
    "of a claim that names none": provided(org=None),
    "of a list of tenants": provided(org=["zeta"]),
    "of a provider without claim": provided(iss="any"),
    "no token": "x.y.z",
}


@pytest.mark.parametrize("which", STRANGERS)
def test_who_has_no_good_token_of_another_cell_learns_nothing(app: Connection, which: str) -> None:
    said = refusal(app, SIGN_IN, STRANGERS[which])
    nobody = refusal(app, SIGN_IN, None)
    assert (said.sqlstate, said.message_primary, said.message_hint) == (
        "28000", nobody.message_primary, nobody.message_hint,
    )  # fmt: skip


def test_who_is_of_this_cell_signs_in(app: Connection) -> None:
    assert value(app, SIGN_IN, shared(sub="1", tid=1)) == 1
    assert value(app, SIGN_IN, provided(sub="E-1", org="acme")) == 1


def test_it_is_counted_as_a_tenant_that_is_not_ours(home: str, app: Connection) -> None:
    counted = (
        "select m.value from ops.metrics as m where m.name = 'fundwarden_tokens_refused_total' "
        "and m.labels ->> 'cause' = 'tenant'"
    )
    with session(home) as admin:
        before = value(admin, counted)
        refusal(app, SIGN_IN, provided())
        assert rows(admin, counted) == [(before + 1,)]
