"""yoyo on the runner's one connection, inside the runner's one transaction.

yoyo opens a connection per migration and marks it afterwards on another: killed in between, a
migration is applied and not marked. Here everything it does is a savepoint of a transaction that
somebody else commits.
"""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.exceptions import BadMigration
from yoyo.migrations import (
    Migration,
    MigrationList,
    MigrationStep,
    TransactionWrapper,
)

from runner.errors import NEWER, RunnerError
from runner.migrations.execution import acting_as, run_script
from runner.migrations.sources import OWNER, MigrationFile, Source

SCHEMA = "fundwarden"
MIGRATION_TABLE = "_yoyo_migration"
NEWEST_FORMAT = max(internalmigrations.schema_versions)

# yoyo logs a traceback for what it then raises; the runner reports an error once.
logging.getLogger("yoyo.migrations").addHandler(logging.NullHandler())
logging.getLogger("yoyo.migrations").propagate = False


class OneTransactionBackend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's psycopg backend over a connection that is already inside a transaction.

    `prepare` is called before the first mark: only then does the role that owns yoyo's tables
    exist.
    """

    schema = SCHEMA

    def __init__(self, conn: psycopg.Connection[Any], prepare: Callable[[], None]) -> None:
        self._given = conn
        self._prepare = prepare
        self._in_transaction = True
        super().__init__("", MIGRATION_TABLE)

    def connect(self, dburi: str) -> psycopg.Connection[Any]:
        return self._given

    def init_connection(self, connection: psycopg.Connection[Any]) -> None:
        """yoyo would set the search_path for everything; `execute` sets it for yoyo alone."""

    def copy(self) -> OneTransactionBackend:
        return self

    def __exit__(self, *_: object) -> None:
        """The connection is not yoyo's to close."""

    def begin(self) -> None:
        raise AssertionError("the runner's transaction is already open")

    commit = rollback = begin

    @contextmanager
    def disable_transactions(self) -> Iterator[None]:
        raise RunnerError("a migration must not leave the transaction")
        yield

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        """The runner's advisory lock is held; yoyo's lock row would survive a kill."""
        yield

    def ensure_internal_schema_updated(self) -> None:
        """`prepare` sees to it."""

    def list_tables(self, **_: object) -> list[str]:
        rows = self._given.execute(
            """
            select c.relname
            from pg_class as c
            where c.relnamespace = to_regnamespace(%s) and c.relkind = 'r'
            """,
            (SCHEMA,),
        ).fetchall()
        return [row[0] for row in rows]

    def upgrade_internal_schema(self) -> None:
        """Makes yoyo's tables, or brings them to this yoyo's format."""
        if internalmigrations.needs_upgrading(self):
            internalmigrations.upgrade(self)
        if self.lock_table not in self.list_tables():
            self.execute(self.format_sql(self.create_lock_table_sql))

    # Not through `execute`: a transaction that has failed accepts nothing but these.
    def savepoint(self, id: str) -> None:
        self._given.execute(f"savepoint {id}")

    def savepoint_rollback(self, id: str) -> None:
        self._given.execute(f"rollback to savepoint {id}")

    def cursor(self) -> psycopg.Cursor[Any]:
        """A cursor that acts as the owner: a step's plain SQL makes what the owner owns."""
        owner = self._given.execute(f"select to_regrole('{OWNER}') is not null").fetchone()
        if owner and owner[0]:
            self._given.execute(f"set local role {OWNER}")
        return self._given.cursor()

    def execute(
        self, statement: str, params: Mapping[str, Any] | None = None
    ) -> psycopg.Cursor[Any]:
        """yoyo's own statements, which do not qualify names."""
        self._given.execute(f"set local search_path = {SCHEMA}, pg_catalog")
        cursor: psycopg.Cursor[Any] = super().execute(statement, params)
        self._given.execute("set local search_path = pg_catalog")
        self._given.execute("reset role")
        return cursor

    def log_migration(self, migration: Migration, operation: str) -> None:
        self._given.execute("reset role")
        self._prepare()
        super().log_migration(migration, operation)

    def get_log_data(
        self, migration: Migration | None = None, operation: str = "apply"
    ) -> dict[str, Any]:
        """Who did it, as the database knows them: a container's user may have no name."""
        who = self._given.execute("select session_user").fetchone()
        assert who is not None
        return {
            "id": str(uuid.uuid1()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": who[0],
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def load(files: tuple[MigrationFile, ...]) -> MigrationList:
    """The migrations, loaded, so that a wrong one is refused before anything runs."""
    return MigrationList(
        # What a .py file includes is checked each time; a .sql file is its text, and read once.
        [_sql(file) if file.path.suffix == ".sql" else _loaded(file) for file in files]
    )


@cache
def _sql(file: MigrationFile) -> Migration:
    """One step that runs the file: yoyo's own splitting loses the line numbers."""
    migration = _loaded(file)
    source = Source(file.id, file.shown, file.text)
    migration.steps = [TransactionWrapper(MigrationStep(0, _runs(source), None))]
    return migration


def _loaded(file: MigrationFile) -> Migration:
    migration = Migration(file.id, str(file.path), str(file.path.parent))
    try:
        migration.load()
    except BadMigration as error:
        cause = error.args[1] if len(error.args) > 1 else error
        if isinstance(cause, RunnerError):
            raise cause from error
        raise RunnerError(f"{file.shown}: {cause}") from error
    if not migration.use_transactions:
        raise RunnerError(f"{file.shown}: __transactional__ = False is not allowed")
    return migration


def _runs(source: Source) -> Callable[[psycopg.Connection[Any]], None]:
    return lambda conn: run_script(conn, source)


def check_format(conn: psycopg.Connection[Any]) -> None:
    """Raises RunnerError (exit 4) if a later yoyo has written the tables."""
    with acting_as(conn, OWNER):
        row = conn.execute(f"select max(version) from {SCHEMA}._yoyo_version").fetchone()
    if row and row[0] is not None and row[0] > NEWEST_FORMAT:
        raise RunnerError(
            f"the database's migration tables have format {row[0]}, this code knows "
            f"{NEWEST_FORMAT}",
            hint="run a newer fundwarden",
            exit_code=NEWER,
        )
