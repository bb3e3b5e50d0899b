"""RSA as RFC 8017 writes it, so that a test can also sign what no library would."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def encode(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Key:
    """An RSA key and the name it is published under."""

    kid: str
    private: rsa.RSAPrivateKey

    @property
    def n(self) -> int:
        return self.private.public_key().public_numbers().n

    @property
    def size(self) -> int:
        return (self.n.bit_length() + 7) // 8

    def jwk(self, **changed: Any) -> dict[str, Any]:
        """The public key as a provider publishes it; a field that is None is left out."""
        fields = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": encode(self.n.to_bytes(self.size)),
            "e": "AQAB",
        } | changed
        return {name: value for name, value in fields.items() if value is not None}

    def raw(self, block: int) -> int:
        """By the two primes (RFC 8017, 5.1.2), which takes a quarter of the time."""
        numbers = self.private.private_numbers()
        first, second = pow(block, numbers.dmp1, numbers.p), pow(block, numbers.dmq1, numbers.q)
        return second + numbers.q * ((first - second) * numbers.iqmp % numbers.p)

    def block(self, signed: bytes, info: bytes = DIGEST_INFO, digest: bytes | None = None) -> bytes:
        """The padded block of PKCS #1 v1.5."""
        tail = info + (hashlib.sha256(signed).digest() if digest is None else digest)
        return b"\0\1" + b"\xff" * (self.size - 3 - len(tail)) + b"\0" + tail

    def sign(self, signed: bytes, block: bytes | None = None) -> bytes:
        block = self.block(signed) if block is None else block
        return self.raw(int.from_bytes(block)).to_bytes(self.size)


def new_key(kid: str, bits: int = 2048, exponent: int = 65537) -> Key:
    return Key(kid, rsa.generate_private_key(exponent, bits))


def text_of(header: Any, claims: Any) -> str:
    """What is signed; a str is taken as it is."""
    return ".".join(
        encode((part if isinstance(part, str) else json.dumps(part)).encode())
        for part in (header, claims)
    )


def with_signature(text: str, signature: bytes) -> str:
    return f"{text}.{encode(signature)}"
