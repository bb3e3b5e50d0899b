"""Which server the runner talks to, and how it says that it cannot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psycopg

from runner.embedded import EmbeddedServer, default_home
from runner.errors import RunnerError

LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
OLDEST, NEWEST = 15, 18
# Minor releases that closed known holes in row security and ltree.
SAFE_MINOR = {15: 19, 16: 15, 17: 11, 18: 6}


@dataclass(frozen=True)
class Target:
    """A database to work on; embedded is the server behind it when the runner started it."""

    conninfo: str
    embedded: EmbeddedServer | None = None


def resolve(dsn: str | None) -> Target:
    """--dsn, else DATABASE_URL, else libpq's variables, else the embedded server, started."""
    given = dsn or os.environ.get("DATABASE_URL")
    if given:
        return Target(given)
    if any(os.environ.get(name) for name in LIBPQ_VARIABLES):
        return Target("")
    server = EmbeddedServer(default_home())
    return Target(server.start(), server)


def connect(target: Target, **kwargs: Any) -> psycopg.Connection[Any]:
    """A connection to the target; RunnerError when it cannot be had or is of the wrong version."""
    kwargs.setdefault("application_name", "fundwarden runner")
    try:
        connection = psycopg.connect(target.conninfo, **kwargs)
    except psycopg.ProgrammingError as error:
        raise RunnerError(
            "the connection string is malformed",
            "Pass a URI such as postgresql://user@host:5432/database, or key=value pairs.",
        ) from error
    except psycopg.OperationalError as error:
        raise RunnerError(
            f"cannot connect to the database: {_reason(error)}",
            "Check --dsn or DATABASE_URL, and that the server accepts connections.",
        ) from error
    major = connection.info.server_version // 10000
    if not OLDEST <= major <= NEWEST:
        connection.close()
        raise RunnerError(
            f"PostgreSQL {major} is not supported",
            f"Use PostgreSQL {OLDEST} to {NEWEST}.",
        )
    return connection


def warn_minor(server_version: int) -> str | None:
    """A warning when the minor release is older than those that closed known holes."""
    major, minor = divmod(server_version, 10000)
    wanted = SAFE_MINOR.get(major)
    if wanted is None or minor >= wanted:
        return None
    return (
        f"PostgreSQL {major}.{minor} lacks fixes to row security or ltree: "
        f"upgrade to {major}.{wanted} or later"
    )


def _reason(error: psycopg.OperationalError) -> str:
    """libpq's own words on one line; it never repeats the password."""
    return " ".join(str(error).split()) or "no reason given"
