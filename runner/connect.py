"""Which server the runner talks to, and how it says that it cannot."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runner.embedded import EmbeddedServer, default_home
from runner.errors import USAGE, RunnerError

LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
OLDEST, NEWEST = 15, 18
# Minor releases that closed known holes in row security and ltree.
SAFE_MINOR = {15: 19, 16: 15, 17: 11, 18: 6}
CONNECT_SECONDS = 10
# What libpq or the server says, and what to do about it; the first that matches is told.
HINTS = (
    ("password authentication failed|no password supplied", "Check the user and its password; "
     "PGPASSWORD or ~/.pgpass keep it off the command line."),
    ("no pg_hba.conf entry", "The server's pg_hba.conf does not let this user in from here."),
    ('role ".*" does not exist', "Name a user the server knows, as in postgresql://user@host/..."),
    ('database ".*" does not exist', "Create the database first, or name another one."),
    ("could not translate host name|failed to resolve host", "Check the name of the host."),
    ("too many (clients|connections)|connection slots", "Wait, or raise max_connections."),
    ("starting up|recovery mode|shutting down", "Wait a moment and try again."),
    ("SSL|TLS|certificate", "Check sslmode and sslrootcert in the connection string."),
    ("timeout|timed out", "Check the host, the port, and firewalls between here and there."),
    ("refused|No such file", "Is the server running, at this host and port?"),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A database to work on; embedded is the server behind it when the runner started it."""

    conninfo: str
    embedded: EmbeddedServer | None = None


def resolve(dsn: str | None) -> Target:
    """--dsn, else DATABASE_URL, else libpq's variables, else the embedded server, started.

    An empty --dsn is refused: it is a script's unset variable more often than a wish.
    """
    if dsn is not None and not dsn.strip():
        raise RunnerError(
            "--dsn is empty", "Pass a connection string, or leave the option out.", USAGE
        )
    given = dsn or os.environ.get("DATABASE_URL", "").strip()
    if given:
        # SQLAlchemy's spelling names a driver, which libpq does not know.
        given = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", given)
        _parse(given)
        return Target(given)
    if any(os.environ.get(name) for name in LIBPQ_VARIABLES):
        return Target("")
    server = EmbeddedServer(default_home())
    return Target(server.start(), server)


def connect(target: Target, **kwargs: Any) -> psycopg.Connection[Any]:
    """A connection to the target; RunnerError when it cannot be had or is of the wrong version.

    Gives up after CONNECT_SECONDS unless the conninfo or PGCONNECT_TIMEOUT says otherwise.
    """
    said = _parse(target.conninfo)
    if "application_name" not in said and "PGAPPNAME" not in os.environ:
        kwargs.setdefault("application_name", "fundwarden runner")
    if "connect_timeout" not in said and "PGCONNECT_TIMEOUT" not in os.environ:
        kwargs.setdefault("connect_timeout", CONNECT_SECONDS)
    try:
        connection = psycopg.connect(target.conninfo, **kwargs)
    except psycopg.OperationalError as error:
        reason = _reason(error, str(said.get("password") or ""))
        hint = next((hint for words, hint in HINTS if re.search(words, reason)), None)
        raise RunnerError(
            f"cannot connect to the database: {reason}",
            hint or "Check --dsn or DATABASE_URL, and that the server accepts connections.",
        ) from error
    major = connection.info.server_version // 10000
    if not OLDEST <= major <= NEWEST:
        connection.close()
        raise RunnerError(
            f"PostgreSQL {major} is not supported",
            f"Use PostgreSQL {OLDEST} to {NEWEST}.",
        )
    return connection


def without_password(conninfo: str) -> tuple[str, str | None]:
    """The conninfo fit for a screen or a process list, and the password that was in it."""
    said = _parse(conninfo)
    password = said.pop("password", None)
    if password is None:
        return conninfo, None
    return make_conninfo("", **said), str(password)


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


def _parse(conninfo: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        # Neither libpq's text nor the traceback: both may quote the password.
        raise RunnerError(
            "the connection string is malformed",
            "Pass a URI such as postgresql://user@host:5432/database, or key=value pairs.",
            USAGE,
        ) from None


def _reason(error: psycopg.OperationalError, password: str) -> str:
    """The words of libpq or the server on one line, without the password."""
    said = " ".join(str(error).split()).removeprefix("connection failed: ")
    if len(password) > 3:
        said = said.replace(password, "***")
    return said or "no reason given"
