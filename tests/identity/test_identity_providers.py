"""Tokens of identity providers: what a provider signs is verified; what resembles it is nobody."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwt as jose
from joserfc.jwk import RSAKey
from psycopg.types.json import Jsonb
from rsa_tokens import DIGEST_INFO, Key, decode, encode, new_key, text_of, with_signature
from servers import Server
from waiting import refusal, rows, session, value, wait_for

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

ISSUER = "https://login.example/realms/acme"
OTHER_ISSUER = "https://login.other.example"
AT = 1893456000
SECRET = b"0123456789abcdef0123456789abcdef"

# ann and her namesake of another tenant have one code; bob's is his alone, and so is gone's, who is
# inactive; una's is that of an inactive user elsewhere.
WORLD = """
    insert into authz.org_units (id, parent_id, code, is_active)
    values (1, null, 'acme', true), (2, null, 'other', true), (3, null, 'closed', false);
    insert into authz.users (id, username, base_unit_id, is_active, external_id)
    values (1, 'ann', 1, true, 'E-1'), (2, 'bob', 1, true, 'E-2'), (3, 'gone', 1, false, 'E-3'),
        (4, 'ann', 2, true, 'E-1'), (5, 'old', 3, true, 'E-5'), (6, 'zoë', 1, true, 'ключ-1'),
        (7, 'una', 1, true, 'E-7'), (8, 'una', 2, false, 'E-7'), (-9, 'minus', 1, true, 'E-9');
"""

ME = "select authz.current_user_id()"
SIGN_IN = "select authz.sign_in(%s)"
KEYS = {name: new_key(name) for name in ("first", "second", "shared", "stranger")}
# One size that is no multiple of seven bytes, and the largest there may be.
KEYS["odd"] = new_key("odd", 2056)
KEYS["large"] = new_key("large", 4096)
OTHERS = Key("first", new_key("first").private)


def claims(**changed: Any) -> dict[str, Any]:
    fields = {"iss": ISSUER, "aud": "fundwarden", "sub": "E-2", "exp": AT + 60} | changed
    return {name: value for name, value in fields.items() if value is not None}


def head(key: Key, **changed: Any) -> dict[str, Any]:
    fields = {"alg": "RS256", "typ": "JWT", "kid": key.kid} | changed
    return {name: value for name, value in fields.items() if value is not None}


def token(key: Key = KEYS["first"], header: Any = None, payload: Any = None, **changed: Any) -> str:
    """A token with a true signature."""
    text = text_of(header or head(key), payload or claims(**changed))
    return with_signature(text, key.sign(text.encode()))


def add(admin: Connection, issuer: str, **arguments: Any) -> None:
    named = {"issuer": issuer, "audience": "fundwarden"} | arguments
    text = ", ".join(f"{name} => %s" for name in named)
    admin.execute(f"select authz.add_identity_provider({text})".encode(), list(named.values()))


def publish(admin: Connection, issuer: str | None, *keys: Any) -> list[tuple[Any, ...]]:
    jwks = {"keys": [k.jwk() if isinstance(k, Key) else k for k in keys]}
    return rows(admin, "select * from authz.import_jwks(%s, %s)", issuer, Jsonb(jwks))


def prepare(admin: Connection) -> None:
    admin.execute(WORLD)
    admin.execute(
        "insert into authz_private.clock_override (instant) values (to_timestamp(%s))", [AT]
    )


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    with session(module_database) as admin:
        prepare(admin)
        admin.execute("select authz.add_token_key('shared', %s)", [SECRET])
        add(admin, ISSUER)
        publish(admin, ISSUER, *(KEYS[k] for k in ("first", "second", "shared", "odd", "large")))
        add(admin, OTHER_ISSUER, tenant="other")
        publish(admin, OTHER_ISSUER, OTHERS)
        add(admin, "by-name", match="username", user_claim="preferred_username", tenant="acme")
        add(admin, "by-name-anywhere", match="username", user_claim="name")
        add(admin, "by-id", match="id", user_claim="uid")
        add(admin, "by-claim", tenant_claim="tid")
        add(admin, "strict", leeway="0 s")
        add(admin, "patient", leeway="2 min")
        for issuer in ("by-name", "by-name-anywhere", "by-id", "by-claim", "strict", "patient"):
            publish(admin, issuer, KEYS["first"])
        add(admin, "asleep")
        publish(admin, "asleep", KEYS["first"])
        admin.execute(
            "update authz.identity_providers set is_active = false where issuer = 'asleep'"
        )
        add(admin, "keyless")
    return module_database


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world, user="app_login") as connection:
        connection.execute("begin; savepoint here")
        yield connection


def refused(connection: Connection, presented: str | None) -> None:
    error = refusal(connection, SIGN_IN, presented)
    told = (error.sqlstate, error.message_primary, error.message_detail, error.message_hint)
    assert told == ("28000", "identity refused", None, "Sign in with a token that is valid now.")
    connection.execute("rollback to here")
    expected = refusal(connection, "select authz.sign_in(null)").context
    assert error.context == expected
    connection.execute("rollback to here")
    assert value(connection, ME) is None


def accepted(connection: Connection, presented: str, user: int = 2) -> None:
    assert value(connection, SIGN_IN, presented) == user
    assert value(connection, ME) == user
    connection.execute("rollback to here")


GOOD: dict[str, tuple[str, int]] = {
    "plain": (token(), 2),
    "another key of the set": (token(KEYS["second"]), 2),
    "a modulus of 257 bytes": (token(KEYS["odd"]), 2),
    "a modulus of 512 bytes": (token(KEYS["large"]), 2),
    "a kid that a shared secret has too": (token(KEYS["shared"]), 2),
    "a kid of two issuers, the first": (token(KEYS["first"]), 2),
    "a kid of two issuers, the second": (token(OTHERS, iss=OTHER_ISSUER, sub="E-1"), 4),
    "one of the audiences": (token(aud=["account", "fundwarden"]), 2),
    "a code in other letters": (token(sub="ключ-1"), 6),
    "expired within the leeway": (token(exp=AT - 29), 2),
    "not before, within the leeway": (token(nbf=AT + 30), 2),
    "issued within the leeway": (token(iat=AT + 30), 2),
    "expired within a longer leeway": (token(iss="patient", exp=AT - 119), 2),
    "no kid and one key": (token(header={"alg": "RS256"}, iss="strict"), 2),
    "a code of two tenants, one named": (token(iss="by-claim", sub="E-1", tid=2), 4),
    "a tenant named by its code": (token(iss="by-claim", sub="E-1", tid="acme"), 1),
    "a name within the tenant": (token(iss="by-name", preferred_username="ann"), 1),
    "a name that one has": (token(iss="by-name-anywhere", name="bob"), 2),
    "an id": (token(iss="by-id", uid=2), 2),
    "an id as text": (token(iss="by-id", uid="2"), 2),
}


@pytest.mark.parametrize(("presented", "user"), GOOD.values(), ids=GOOD.keys())
def test_a_token_of_a_provider_signs_in(app: Connection, presented: str, user: int) -> None:
    accepted(app, presented, user)


FIRST = KEYS["first"]
TEXT = text_of(head(FIRST), claims())
SIGNED = TEXT.encode()
GENUINE = FIRST.sign(SIGNED)
SHA256 = hashlib.sha256(SIGNED).digest()
NO_NULL = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
PEM = FIRST.private.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
DER = FIRST.private.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)


def of_block(block: bytes) -> str:
    """A token whose signature opens to the block."""
    return with_signature(TEXT, FIRST.sign(b"", block))


def of_number(number: int, size: int = 256) -> str:
    return with_signature(TEXT, number.to_bytes(size))


def padded(tail: bytes, filler: bytes = b"\xff", start: bytes = b"\0\1") -> bytes:
    return start + filler * (256 - len(start) - 1 - len(tail)) + b"\0" + tail


def hs256(header: Any, payload: Any, secret: bytes) -> str:
    text = text_of(header, payload)
    return with_signature(text, hmac.digest(secret, text.encode(), hashlib.sha256))


def changed(position: int, bit: int = 1) -> str:
    spoiled = bytearray(GENUINE)
    spoiled[position] ^= bit
    return with_signature(TEXT, bytes(spoiled))


def by_library(name: str, scheme: Any, algorithm: Any) -> str:
    text = text_of(head(FIRST, alg=name), claims())
    return with_signature(text, FIRST.private.sign(text.encode(), scheme, algorithm))


SMALL = int.from_bytes(b"\0\1" + b"\xff" * 8 + b"\0" + DIGEST_INFO + SHA256) << (256 - 62) * 8
ROOT = 1
while ROOT**3 < SMALL:
    ROOT *= 2

FORGED: dict[str, str] = {
    # The signature.
    "no signature": f"{TEXT}.",
    "signature 0": of_number(0),
    "signature 1": of_number(1),
    "signature n - 1": of_number(FIRST.n - 1),
    "signature n": of_number(FIRST.n),
    "signature plus n": of_number(int.from_bytes(GENUINE) + FIRST.n, 257),
    "signature negated": of_number(FIRST.n - int.from_bytes(GENUINE)),
    "signature of ones": of_number(2**2048 - 1),
    "zero in front": with_signature(TEXT, b"\0" + GENUINE),
    "zero behind": with_signature(TEXT, GENUINE + b"\0"),
    "one byte short": with_signature(TEXT, GENUINE[1:]),
    "last byte missing": with_signature(TEXT, GENUINE[:-1]),
    "half": with_signature(TEXT, GENUINE[:128]),
    "twice": with_signature(TEXT, GENUINE * 2),
    "reversed": with_signature(TEXT, GENUINE[::-1]),
    "first bit": changed(0, 0x40),
    "middle bit": changed(128),
    "last bit": changed(255),
    "in hex": f"{TEXT}.{GENUINE.hex()}",
    "padding of base64": f"{TEXT}.{encode(GENUINE)}=",
    "other spare bits": f"{TEXT}.{encode(GENUINE)[:-1]}" + chr(ord(encode(GENUINE)[-1]) + 1),
    "of another text": with_signature(TEXT, FIRST.sign(b"x")),
    "of the payload alone": with_signature(TEXT, FIRST.sign(TEXT.split(".")[1].encode())),
    "of another key": with_signature(TEXT, KEYS["stranger"].sign(SIGNED)),
    "of another key of the set": with_signature(TEXT, KEYS["second"].sign(SIGNED)),
    "of the other issuer's key of this kid": with_signature(TEXT, OTHERS.sign(SIGNED)),
    # The block: each opens to something that a careless parser takes.
    "block is the hash alone": of_block(SHA256.rjust(256, b"\0")),
    "block without DigestInfo": of_block(padded(SHA256)),
    "block without NULL": of_block(padded(NO_NULL + SHA256)),
    "block of SHA-1": of_block(
        padded(bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(SIGNED).digest())
    ),
    "block of MD5": of_block(
        padded(bytes.fromhex("3020300c06082a864886f70d020505000410") + hashlib.md5(SIGNED).digest())
    ),
    "block of SHA-512": of_block(
        padded(
            bytes.fromhex("3051300d060960864801650304020305000440")
            + hashlib.sha512(SIGNED).digest()
        )
    ),
    "block names SHA-512, holds SHA-256": of_block(
        padded(bytes.fromhex("3031300d060960864801650304020305000420") + SHA256)
    ),
    "block of SHA-224": of_block(
        padded(
            bytes.fromhex("302d300d06096086480165030402040500041c")
            + hashlib.sha224(SIGNED).digest()
        )
    ),
    "block of the hash of the hash": of_block(
        padded(DIGEST_INFO + hashlib.sha256(SHA256).digest())
    ),
    "block type 0": of_block(padded(DIGEST_INFO + SHA256, b"\0", b"\0\0")),
    "block type 2": of_block(padded(DIGEST_INFO + SHA256, b"\xaa", b"\0\2")),
    "block type 1 with zeros": of_block(padded(DIGEST_INFO + SHA256, b"\0")),
    "block with one wrong filler": of_block(
        b"\0\1"
        + b"\xff" * 100
        + b"\xfe"
        + b"\xff" * (256 - 105 - 52)
        + b"\xff\0"
        + DIGEST_INFO
        + SHA256
    ),
    "block without separator": of_block(b"\0\1" + b"\xff" * (254 - 51) + DIGEST_INFO + SHA256),
    "block with two separators": of_block(padded(b"\0" + DIGEST_INFO + SHA256)),
    "short padding, the rest behind (CVE-2006-4339)": of_block(
        (b"\0\1" + b"\xff" * 8 + b"\0" + DIGEST_INFO + SHA256).ljust(256, b"\0")
    ),
    "short padding, garbage behind": of_block(
        (b"\0\1" + b"\xff" * 8 + b"\0" + DIGEST_INFO + SHA256).ljust(256, b"\x5a")
    ),
    "garbage in the parameters": of_block(
        padded(
            bytes.fromhex("3041301d06096086480165030402010510") + b"\x11" * 16 + b"\4\x20" + SHA256
        )
    ),
    "long form of a length": of_block(
        padded(bytes.fromhex("308131300d060960864801650304020105000420") + SHA256)
    ),
    "indefinite length": of_block(
        padded(bytes.fromhex("3080300d060960864801650304020105000420") + SHA256 + b"\0\0")
    ),
    "length of the hash too long": of_block(
        padded(bytes.fromhex("3031300d060960864801650304020105000421") + SHA256)
    ),
    "trailing byte in the sequence": of_block(
        padded(bytes.fromhex("3032300d060960864801650304020105000420") + SHA256 + b"\0")
    ),
    "hash of 31 bytes": of_block(padded(DIGEST_INFO + SHA256[:31])),
    "hash in upper hex": of_block(padded(DIGEST_INFO + SHA256.hex().upper().encode())),
    "cube root (exponent 3)": of_number(ROOT),
    # What the header says.
    "alg none": with_signature(text_of(head(FIRST, alg="none"), claims()), b"x"),
    "alg RS384": by_library("RS384", padding.PKCS1v15(), hashes.SHA384()),
    "alg RS512": by_library("RS512", padding.PKCS1v15(), hashes.SHA512()),
    "alg PS256": by_library(
        "PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    ),
    "alg RS256, signed as PS256": by_library(
        "RS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    ),
    "alg ES256": token(header=head(FIRST, alg="ES256")),
    "alg rs256": token(header=head(FIRST, alg="rs256")),
    "alg RS256 with a blank": token(header=head(FIRST, alg="RS256 ")),
    "alg missing": token(header=head(FIRST, alg=None)),
    "alg array": token(header=head(FIRST, alg=["RS256"])),
    "alg twice": token(header='{"alg":"none","alg":"RS256","kid":"first"}'),
    "alg HS256, signed with RSA": token(header=head(FIRST, alg="HS256")),
    "public key in PEM as a secret": hs256(head(FIRST, alg="HS256"), claims(), PEM),
    "public key in DER as a secret": hs256(head(FIRST, alg="HS256"), claims(), DER),
    "modulus as a secret": hs256(head(FIRST, alg="HS256"), claims(), decode(FIRST.jwk()["n"])),
    "JWK as a secret": hs256(head(FIRST, alg="HS256"), claims(), json.dumps(FIRST.jwk()).encode()),
    "shared secret in the name of a provider": hs256(
        {"alg": "HS256", "kid": "shared"}, claims(sub="2"), SECRET
    ),
    "shared secret of the same kid as RS256": hs256(head(KEYS["shared"]), claims(), SECRET),
    "RSA key of the kid of a secret, no issuer": token(KEYS["shared"], iss=None),
    "critical extension": token(header=head(FIRST, crit=["exp"], exp=AT)),
    "kid unknown": token(header=head(FIRST, kid="third")),
    "kid empty": token(header=head(FIRST, kid="")),
    "kid null": token(header='{"alg":"RS256","kid":null}'),
    "kid array": token(header=head(FIRST, kid=["first"])),
    "kid other case": token(header=head(FIRST, kid="First")),
    "kid with a blank": token(header=head(FIRST, kid="first ")),
    "kid of SQL": token(header=head(FIRST, kid="x' or true --")),
    "kid of a stranger": token(KEYS["stranger"]),
    "no kid and several keys": token(header={"alg": "RS256"}),
    "own key in the header": token(
        KEYS["stranger"], head(KEYS["stranger"], jwk=KEYS["stranger"].jwk(), kid="first")
    ),
    "own key set in the header": token(
        KEYS["stranger"], head(FIRST, jku="https://evil.example/jwks")
    ),
    # Who issued it, and for whom.
    "issuer missing": token(iss=None),
    "issuer unknown": token(iss="https://evil.example"),
    "issuer with a slash": token(iss=f"{ISSUER}/"),
    "issuer in capitals": token(iss=ISSUER.upper()),
    "issuer array": token(iss=[ISSUER]),
    "issuer empty": token(iss=""),
    "issuer twice": token(payload=json.dumps(claims())[:-1] + f', "iss": "{ISSUER}"}}'),
    "issuer of another key": token(iss=OTHER_ISSUER, sub="E-1"),
    "issuer inactive": token(iss="asleep"),
    "issuer without keys": token(iss="keyless"),
    "audience missing": token(aud=None),
    "audience of another": token(aud="shop"),
    "audience empty": token(aud=[]),
    "audience within a text": token(aud="fundwarden2"),
    "audience as a name": token(aud={"fundwarden": 1}),
    "audience in an array in an array": token(aud=[["fundwarden"]]),
    "audience number": token(aud=1),
    # When.
    "expired": token(exp=AT - 30),
    "expired, no leeway": token(iss="strict", exp=AT),
    "no exp": token(exp=None),
    "exp text": token(exp=str(AT + 60)),
    "exp huge": token(exp=10**300),
    "not yet": token(nbf=AT + 31),
    "nbf text": token(nbf="0"),
    "issued in the future": token(iat=AT + 31),
    "issued in the future, no leeway": token(iss="strict", iat=AT + 1),
    # Whom it names.
    "no sub": token(sub=None),
    "sub null": token(payload=json.dumps(claims(sub=None))[:-1] + ', "sub": null}'),
    "sub number": token(sub=2),
    "sub array": token(sub=["E-2"]),
    "sub empty": token(sub=""),
    "sub other case": token(sub="e-2"),
    "sub with a blank": token(sub="E-2 "),
    "sub pattern": token(sub="%"),
    "sub NUL": token(payload=json.dumps(claims(sub="E-2\0"))),
    "sub a megabyte": token(sub="E" * 1_000_000),
    "sub unknown": token(sub="E-99"),
    "sub inactive": token(sub="E-3"),
    "sub of a closed tenant": token(sub="E-5"),
    "sub below zero": token(sub="E-9"),
    "a code that two tenants use": token(sub="E-1"),
    "a code that an inactive user elsewhere has": token(sub="E-7"),
    "a name that two tenants use": token(iss="by-name-anywhere", name="ann"),
    "a code outside the only tenant": token(OTHERS, iss=OTHER_ISSUER, sub="E-2"),
    "a name where a code is asked": token(sub="bob"),
    "an id where a code is asked": token(sub="2"),
    "an id of zero in front": token(iss="by-id", uid="02"),
    "an id as 2.0": token(payload=json.dumps(claims(iss="by-id"))[:-1] + ', "uid": 2.0}'),
    "an id below zero": token(iss="by-id", uid=-9),
    "an id of an inactive user": token(iss="by-id", uid=3),
    "tenant missing": token(iss="by-claim", sub="E-2"),
    "tenant null": token(payload=json.dumps(claims(iss="by-claim"))[:-1] + ', "tid": null}'),
    "tenant unknown": token(iss="by-claim", tid="nowhere"),
    "tenant of another": token(iss="by-claim", tid=2),
    "tenant as text of its id": token(iss="by-claim", tid="1"),
    "tenant array": token(iss="by-claim", tid=[1]),
}


@pytest.mark.parametrize("presented", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_nobody_and_no_one_learns_why(app: Connection, presented: str) -> None:
    refused(app, presented)


def test_at_least_sixty_forgeries_are_tried() -> None:
    assert len(FORGED) >= 60
    assert len(set(FORGED.values())) == len(FORGED)


def test_every_bit_of_a_signature_counts(app: Connection) -> None:
    for position in range(0, 2048, 61):
        refused(app, changed(position // 8, 1 << position % 8))


# What others sign.


def test_what_pyjwt_signs_is_understood(app: Connection) -> None:
    for name in ("first", "large"):
        made = jwt.encode(claims(), KEYS[name].private, "RS256", headers={"kid": name})
        accepted(app, made)
    for algorithm in ("RS384", "RS512", "PS256"):
        refused(app, jwt.encode(claims(), FIRST.private, algorithm, headers={"kid": "first"}))


def test_what_joserfc_signs_is_understood(app: Connection) -> None:
    pem = FIRST.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = RSAKey.import_key(pem)
    accepted(app, jose.encode(head(FIRST), claims(), key))
    refused(app, jose.encode(head(FIRST, kid="second"), claims(), key))


RFC_7515_A2 = (
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "eyJhbGciOiJSUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5ju"
    "jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07"
    "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipU"
    "TI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
)
RFC_7520_4_1 = (
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCp"
    "MaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd"
    "1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKn"
    "S2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
    ".SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250b"
    "yB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmU"
    "geW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII"
    "7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1"
    "Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-Zn"
    "mKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
)


@pytest.mark.parametrize(
    ("modulus", "text", "signature"), [RFC_7515_A2, RFC_7520_4_1], ids=["RFC 7515", "RFC 7520"]
)
def test_the_signatures_of_the_standards_hold(
    world: str, modulus: str, text: str, signature: str
) -> None:
    question = """
        select authz_private.rsa_signature_holds(
            %s, authz_private.bytes_of_base64url(%s),
            authz_private.number_of_bytes(authz_private.bytes_of_base64url(%s)), 256
        )
    """
    with session(world) as admin:
        assert value(admin, question, text.encode(), signature, modulus)
        assert not value(admin, question, text.encode() + b" ", signature, modulus)
        assert not value(admin, question, text.encode(), signature, RFC_7515_A2[2])


def test_bytes_become_exact_numbers(world: str) -> None:
    with session(world) as admin:
        for size in (0, 1, 6, 7, 8, 13, 14, 255, 256, 257, 512):
            for content in (bytes(size), b"\xff" * size, bytes(i * 37 % 256 for i in range(size))):
                found = value(admin, "select authz_private.number_of_bytes(%s)", content)
                assert int(found) == int.from_bytes(content)


# Keys.


def test_an_import_is_the_set_of_now_and_old_keys_end_after_the_overlap(database: str) -> None:
    first, second = KEYS["first"], KEYS["second"]
    with session(database) as admin, session(database, user="app_login") as app:
        prepare(admin)

        def at(seconds: int) -> None:
            admin.execute(
                "update authz_private.clock_override set instant = to_timestamp(%s)", [AT + seconds]
            )

        def imported(*keys: Any) -> dict[str, str]:
            return {row[0]: row[1] for row in publish(admin, None, *keys)}

        add(admin, ISSUER)
        old, new = token(first, exp=AT + 10**6), token(second, exp=AT + 10**6)
        assert imported(first) == {"first": "added"}
        assert value(app, SIGN_IN, old) == 2
        assert refusal(app, SIGN_IN, new).sqlstate == "28000"
        assert imported(first, second) == {"first": "kept", "second": "added"}
        assert (value(app, SIGN_IN, old), value(app, SIGN_IN, new)) == (2, 2)
        assert imported(second) == {"first": "expiring", "second": "kept"}
        at(3600)
        # A second import does not prolong what the first has ended.
        assert imported(second) == {"first": "expiring", "second": "kept"}
        at(86399)
        assert value(app, SIGN_IN, old) == 2
        at(86400)
        assert refusal(app, SIGN_IN, old).sqlstate == "28000"
        assert value(app, SIGN_IN, new) == 2
        assert imported(second) == {"first": "expired", "second": "kept"}
        assert imported(first, second) == {"first": "renewed", "second": "kept"}
        assert value(app, SIGN_IN, old) == 2
        admin.execute(
            "select authz.import_jwks(%s, %s, '0 s')",
            [ISSUER, Jsonb({"keys": [second.jwk()]})],
        )
        assert refusal(app, SIGN_IN, old).sqlstate == "28000"


def test_a_key_of_another_use_is_passed_over(database: str) -> None:
    with session(database) as admin:
        add(admin, ISSUER)
        found = publish(
            admin,
            ISSUER,
            FIRST,
            KEYS["second"].jwk(alg=None, use=None, key_ops=["verify"], x5t="x", x5c=["y"]),
            {"kty": "EC", "kid": "ec", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "AA"},
            FIRST.jwk(kid="enc", use="enc", alg="RSA-OAEP"),
            FIRST.jwk(kid="pss", alg="PS256"),
            FIRST.jwk(kid="wrap", use=None, key_ops=["wrapKey"]),
        )
        assert {row[0] for row in found} == {"first", "second"}


def weak(bits: int) -> dict[str, Any]:
    return new_key("weak", bits).jwk()


UNFIT: dict[str, Any] = {
    "null": None,
    "array": [],
    "text": "x",
    "no keys": {},
    "keys no array": {"keys": {}},
    "no key": {"keys": []},
    "key no object": {"keys": [1]},
    "key without kty": {"keys": [{"kid": "x"}]},
    "kty number": {"keys": [FIRST.jwk(kty=1)]},
    "only keys of other uses": {"keys": [FIRST.jwk(use="enc")]},
    "1024 bits": {"keys": [weak(1024)]},
    "2040 bits": {"keys": [weak(2040)]},
    "2047 bits in 256 bytes": {"keys": [FIRST.jwk(n=encode((FIRST.n >> 1 | 1).to_bytes(256)))]},
    "8192 bits": {"keys": [FIRST.jwk(n=encode(b"\xff" * 1024))]},
    "exponent 3": {"keys": [FIRST.jwk(e="Aw")]},
    "exponent 1": {"keys": [FIRST.jwk(e="AQ")]},
    "exponent 65537 with a zero": {"keys": [FIRST.jwk(e="AAEAAQ")]},
    "exponent missing": {"keys": [FIRST.jwk(e=None)]},
    "exponent number": {"keys": [FIRST.jwk(e=65537)]},
    "modulus missing": {"keys": [FIRST.jwk(n=None)]},
    "modulus number": {"keys": [FIRST.jwk(n=7)]},
    "modulus empty": {"keys": [FIRST.jwk(n="")]},
    "modulus with a zero in front": {"keys": [FIRST.jwk(n=encode(b"\0" + FIRST.n.to_bytes(256)))]},
    "modulus padded": {"keys": [FIRST.jwk(n=FIRST.jwk()["n"] + "==")]},
    "modulus in base64": {"keys": [FIRST.jwk(n="+" + FIRST.jwk()["n"][1:])]},
    "modulus with other spare bits": {
        "keys": [FIRST.jwk(n=FIRST.jwk()["n"][:-1] + chr(ord(FIRST.jwk()["n"][-1]) + 1))]
    },
    "modulus with a line end": {"keys": [FIRST.jwk(n=FIRST.jwk()["n"] + "\n")]},
    "modulus even": {"keys": [FIRST.jwk(n=encode((FIRST.n - 1).to_bytes(256)))]},
    "kid missing": {"keys": [FIRST.jwk(kid=None)]},
    "kid blank": {"keys": [FIRST.jwk(kid=" ")]},
    "kid number": {"keys": [FIRST.jwk(kid=1)]},
    "kid endless": {"keys": [FIRST.jwk(kid="x" * 201)]},
    "kid twice": {"keys": [FIRST.jwk(), KEYS["second"].jwk(kid="first")]},
    "kid of another key": {"keys": [KEYS["second"].jwk(kid="kept")]},
    "private key": {"keys": [FIRST.jwk(d="AQAB")]},
    "private key of another use": {"keys": [FIRST.jwk(), FIRST.jwk(use="enc", p="AQAB")]},
    "shared secret": {"keys": [{"kty": "oct", "kid": "x", "k": encode(SECRET)}]},
    "a good key and a weak one": {"keys": [KEYS["second"].jwk(), weak(1024)]},
    "101 keys": {"keys": [FIRST.jwk(kid=f"k{n}") for n in range(101)]},
}


@pytest.fixture(scope="module")
def importing(world: str) -> str:
    with session(world) as admin:
        add(admin, "importing")
        publish(admin, "importing", FIRST.jwk(kid="kept"))
    return world


@pytest.mark.parametrize("jwks", UNFIT.values(), ids=UNFIT.keys())
def test_an_unfit_key_set_is_refused_and_nothing_is_done(importing: str, jwks: Any) -> None:
    with session(importing) as admin:
        error = refusal(
            admin,
            "select * from authz.import_jwks('importing', %s)",
            None if jwks is None else Jsonb(jwks),
        )
        assert (error.sqlstate, bool(error.message_hint)) == ("22023", True), error.message_primary
        assert "jwks" in (error.message_primary or "")
        assert rows(
            admin,
            "select k.kid, k.valid_until from authz.identity_provider_keys as k "
            "inner join authz.identity_providers as p on k.provider_id = p.id "
            "where p.issuer = 'importing'",
        ) == [("kept", None)]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("null, 'a'", "issuer"),
        ("' ', 'a'", "issuer"),
        ("repeat('x', 501), 'a'", "issuer"),
        (f"'{ISSUER}', 'a'", "issuer"),
        ("'new', null", "audience"),
        ("'new', E'\t'", "audience"),
        ("'new', 'a', null", "user_claim"),
        ("'new', 'a', ''", "user_claim"),
        ("'new', 'a', 'sub', 'email'", "match"),
        ("'new', 'a', 'sub', null", "match"),
        ("'new', 'a', 'sub', 'id', 'nowhere'", "tenant"),
        ("'new', 'a', 'sub', 'id', ''", "tenant"),
        ("'new', 'a', tenant => 'acme', tenant_claim => 'tid'", "tenant"),
        ("'new', 'a', tenant_claim => ' '", "tenant_claim"),
        ("'new', 'a', leeway => '301 s'", "leeway"),
        ("'new', 'a', leeway => '-1 s'", "leeway"),
        ("'new', 'a', leeway => null", "leeway"),
    ],
)
def test_an_unfit_provider_is_refused(world: str, arguments: str, named: str) -> None:
    with session(world) as admin:
        error = refusal(admin, f"select authz.add_identity_provider({arguments})")
        assert (error.sqlstate, bool(error.message_hint)) == ("22023", True)
        assert str(error.message_primary).startswith(named)


def test_keys_of_no_provider_are_refused(world: str) -> None:
    with session(world) as admin:
        for issuer in ("nobody", "", None):
            error = refusal(
                admin, "select authz.import_jwks(%s, %s)", issuer, Jsonb({"keys": [FIRST.jwk()]})
            )
            assert (error.sqlstate, error.message_primary[:6]) == ("22023", "issuer")
        for overlap in ("-1 s", "91 days", None):
            error = refusal(
                admin,
                "select authz.import_jwks(%s, %s, %s::interval)",
                ISSUER,
                Jsonb({"keys": [FIRST.jwk()]}),
                overlap,
            )
            assert (error.sqlstate, error.message_primary[:7]) == ("22023", "overlap")


def test_a_provider_that_is_removed_signs_nobody_in(database: str) -> None:
    with session(database) as admin, session(database, user="app_login") as app:
        prepare(admin)
        add(admin, ISSUER)
        publish(admin, None, FIRST)
        assert value(app, SIGN_IN, token()) == 2
        admin.execute("select authz.remove_identity_provider(%s)", [ISSUER])
        assert refusal(app, SIGN_IN, token()).sqlstate == "28000"
        error = refusal(admin, "select authz.remove_identity_provider(%s)", ISSUER)
        assert error.sqlstate == "22023"


@pytest.mark.parametrize(
    "secret",
    [
        PEM,
        DER,
        FIRST.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.PKCS1
        ),
        json.dumps(FIRST.jwk()).encode(),
        FIRST.n.to_bytes(256),
        b"\0" + FIRST.n.to_bytes(256),
    ],
    ids=["PEM", "DER", "PKCS 1", "JWK", "modulus", "modulus with a zero"],
)
def test_a_public_key_is_never_a_shared_secret(world: str, secret: bytes) -> None:
    with session(world) as admin:
        error = refusal(admin, "select authz.add_token_key('public', %s)", secret)
        assert error.sqlstate == "22023"
        assert "import_jwks" in (error.message_hint or "")


@pytest.mark.parametrize("user", ["app_login", "trusted_login"])
@pytest.mark.parametrize(
    "question",
    [
        "select * from authz.identity_providers",
        "select * from authz.identity_provider_keys",
        "update authz.identity_providers set audience = 'x'",
        "insert into authz.identity_provider_keys values (1, 'x', 7, 256, now())",
        "select authz.add_identity_provider('x', 'y')",
        "select authz.import_jwks('x', '{}')",
        "select authz.remove_identity_provider('x')",
        "select authz_private.rsa_signature_holds('', '', 1, 1)",
        "select authz_private.count_refusal('user')",
        "select nextval('authz_private.refused_user')",
        "select last_value from authz_private.refused_user",
        "select name from ops.metrics",
    ],
)
def test_providers_and_counters_are_not_for_applications(
    world: str, user: str, question: str
) -> None:
    with session(world, user=user) as connection:
        assert refusal(connection, question).sqlstate == "42501"


def test_every_change_of_a_provider_is_in_the_log(database: str) -> None:
    with session(database) as admin:
        add(admin, ISSUER)
        publish(admin, None, FIRST)
        publish(admin, None, KEYS["second"])
        admin.execute("select authz.remove_identity_provider(%s)", [ISSUER])
        found = rows(
            admin,
            "select l.table_name, l.action from audit.permission_audit_log as l "
            "where l.table_name like 'authz.identity%' order by l.id",
        )
    keys = "authz.identity_provider_keys"
    assert Counter(found) == {
        ("authz.identity_providers", "CREATE"): 1,
        ("authz.identity_providers", "DELETE"): 1,
        (keys, "CREATE"): 2,
        (keys, "UPDATE"): 1,
        (keys, "DELETE"): 2,
    }


# Causes, for the operator alone.

CAUSES = {
    "malformed": "x",
    "algorithm": FORGED["alg RS512"],
    "issuer": FORGED["issuer unknown"],
    "key": FORGED["kid unknown"],
    "signature": FORGED["of another text"],
    "time": FORGED["expired"],
    "audience": FORGED["audience of another"],
    "tenant": FORGED["tenant unknown"],
    "user": FORGED["a code that two tenants use"],
}


def counted(admin: Connection) -> dict[str, int]:
    return {
        row[0]: int(row[1])
        for row in rows(
            admin,
            "select m.labels ->> 'cause', m.value from ops.metrics as m "
            "where m.name = 'fundwarden_tokens_refused_total'",
        )
    }


@pytest.mark.parametrize("cause", CAUSES)
def test_a_refusal_is_counted_by_its_cause_though_it_rolls_back(world: str, cause: str) -> None:
    with session(world) as admin, session(world, user="app_login") as app:
        before = counted(admin)
        for _ in range(3):
            assert refusal(app, SIGN_IN, CAUSES[cause]).sqlstate == "28000"
        app.execute("begin; savepoint here")
        refused(app, CAUSES[cause])
        app.execute("rollback")
        assert value(app, SIGN_IN, token()) == 2
        after = counted(admin)
    # The helper refuses a null, too, to compare.
    expected = {cause: 4} | ({"malformed": 1} if cause != "malformed" else {"malformed": 5})
    assert {c: after[c] - before[c] for c in after if after[c] != before[c]} == expected


def test_counting_tells_the_caller_no_cause(world: str) -> None:
    told: set[tuple[Any, ...]] = set()
    for presented in CAUSES.values():
        with session(world, user="app_login") as app:
            app.execute("begin; savepoint here")
            refusal(app, SIGN_IN, presented)
            app.execute("rollback to here")
            locks = rows(
                app,
                "select l.locktype, l.mode, c.relname, l.granted from pg_locks as l "
                "left join pg_class as c on l.relation = c.oid "
                "where l.pid = pg_backend_pid() and c.relname like 'refused%' order by 1, 2, 3",
            )
            assert len(locks) == len(CAUSES) + 1
            app.execute("savepoint here")
            last = refusal(app, "select lastval()")
            app.execute("rollback to here")
            seen = rows(
                app,
                "select s.last_value from pg_sequences as s where s.schemaname = 'authz_private'",
            )
            told.add((tuple(locks), last.sqlstate, last.message_primary, tuple(seen)))
    assert len(told) == 1


def test_the_blocks_that_are_read_tell_no_cause(world: str) -> None:
    with session(world) as admin:
        # A session adds what it has read when it ends.
        wait_for(
            "no other session",
            lambda: value(
                admin,
                "select count(*) = 1 from pg_stat_activity as a "
                "where a.datname = current_database() and a.backend_type = 'client backend'",
            ),
        )
        admin.execute("select pg_stat_force_next_flush()")
        reads = (
            "select s.relname, s.blks_read + s.blks_hit from pg_statio_all_sequences as s "
            "where s.relname like 'refused%' and s.relname <> 'refused_any' order by 1"
        )
        told = set()
        for presented in CAUSES.values():
            before = dict(rows(admin, reads))
            refusal(admin, SIGN_IN, presented)
            admin.execute("select pg_stat_force_next_flush()")
            admin.execute("select pg_stat_clear_snapshot()")
            after = dict(rows(admin, reads))
            told.add(tuple(sorted((name, after[name] - before[name]) for name in after)))
    assert len(told) == 1
    assert {count for _, count in told.pop()} == {1}


def test_a_read_only_transaction_notes_the_cause_in_the_servers_log_alone(
    server: Server, world: str
) -> None:
    log = server.embedded.data / "server.log"
    written = log.stat().st_size
    with session(world) as admin, session(world, user="app_login") as app:
        before = counted(admin)
        said: list[str] = []
        app.add_notice_handler(lambda n: said.append(str(n.message_primary)))
        app.execute("set client_min_messages = debug5")
        app.execute("begin read only")
        assert refusal(app, SIGN_IN, CAUSES["user"]).sqlstate == "28000"
        app.execute("rollback; begin read only")
        assert value(app, SIGN_IN, token()) == 2
        assert not [s for s in said if "token refused" in s or "user" in s]
        assert counted(admin) == before
    noted = [line for line in log.read_bytes()[written:].splitlines() if b"token refused" in line]
    assert [line.partition(b"LOG:  ")[2] for line in noted] == [b"fundwarden: token refused: user"]


# PostgREST.


def with_header(app: Connection, headers: str | None) -> None:
    app.execute("begin; savepoint here")
    if headers is not None:
        app.execute("select set_config('request.headers', %s, true)", [headers])


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        (None, None),
        ("", None),
        ("{}", None),
        ('{"accept": "*/*"}', None),
        (json.dumps({"authorization": f"Bearer {token()}"}), 2),
        (json.dumps({"authorization": f"bearer  {token()}"}), 2),
    ],
)
def test_a_request_signs_in_by_its_header(
    world: str, headers: str | None, user: int | None
) -> None:
    with session(world, user="app_login") as app:
        with_header(app, headers)
        app.execute("select authz.pre_request()")
        assert value(app, ME) == user
        app.execute("commit; begin")
        app.execute("select authz.pre_request()")
        assert value(app, ME) is None


@pytest.mark.parametrize(
    "headers",
    [
        "{",
        '{"authorization": "\\u0000"}',
        "[" * 100_000,
        '{"authorization": ""}',
        '{"authorization": "Basic eDp5"}',
        '{"authorization": "Bearer"}',
        '{"authorization": "Bearer "}',
        '{"authorization": ["Bearer x"]}',
        json.dumps({"authorization": token()}),
        json.dumps({"authorization": f"Bearer {FORGED['expired']}"}),
    ],
)
def test_a_request_with_a_bad_header_is_refused(world: str, headers: str) -> None:
    with session(world, user="app_login") as app:
        with_header(app, headers)
        error = refusal(app, "select authz.pre_request()")
        assert (error.sqlstate, error.message_primary) == ("28000", "identity refused")


# The command.


def test_the_runner_imports_a_key_set(
    runner: Callable[..., subprocess.CompletedProcess[str]], database: str, tmp_path: Path
) -> None:
    with session(database) as admin:
        prepare(admin)
        add(admin, ISSUER)
    file = tmp_path / "jwks.json"

    def run(text: str, *more: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
        file.write_text(text, encoding=encoding)
        return runner("--dsn", database, "keys", "import", str(file), *more)

    done = run(json.dumps({"keys": [FIRST.jwk()]}))
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["first", "added"]), done.stderr
    done = run(json.dumps({"keys": [KEYS["second"].jwk()]}), "--issuer", ISSUER, "--overlap", "0 s")
    assert done.returncode == 0
    assert "first expired" in " ".join(done.stdout.split())
    # As it is saved on Windows, with a byte order mark.
    done = run(json.dumps({"keys": [KEYS["second"].jwk()]}), encoding="utf-8-sig")
    assert (done.returncode, done.stdout.split()[:1]) == (0, ["second"]), done.stderr
    done = run('{"keys": "é"}', encoding="latin-1")
    assert (done.returncode, "line 1: not UTF-8 at byte 11" in done.stderr) == (1, True), done
    with session(database, user="app_login") as app:
        assert value(app, SIGN_IN, token(KEYS["second"])) == 2
    for text, more in (
        ("{", ()),
        ("", ()),
        ("[]", ()),
        ('"\\u0000"', ()),
        (json.dumps({"keys": [weak(1024)]}), ()),
        (json.dumps({"keys": [FIRST.jwk()]}), ("--issuer", "nobody")),
        (json.dumps({"keys": [FIRST.jwk()]}), ("--overlap", "soon")),
    ):
        done = run(text, *more)
        assert done.returncode in (1, 2), done
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
    file.unlink()
    done = runner("--dsn", database, "keys", "import", str(file))
    assert done.returncode == 2
