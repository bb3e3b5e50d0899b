"""What a database knows about how it was made: the schema `fundwarden`, which its owner reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from runner.errors import DRIFT, NEWER, RunnerError
from runner.migrations.catalog import Key
from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER, MigrationFile, Project, Source
from runner.migrations.yoyo_backend import SCHEMA, OneTransactionBackend, check_format

FORMAT = 1

_TABLES = (
    """
    create table fundwarden.bookkeeping (
        only_one boolean primary key default true,
        format int not null,
        constraint there_is_one_format check (only_one)
    )
    """,
    f"insert into fundwarden.bookkeeping (format) values ({FORMAT})",
    """
    create table fundwarden.applied_migrations (
        id text primary key,
        sha256 text not null,
        applied_at timestamptz not null default clock_timestamp(),
        applied_by text not null default session_user
    )
    """,
    """
    create table fundwarden.applied_files (
        path text primary key,
        sha256 text not null,
        applied_at timestamptz not null default clock_timestamp()
    )
    """,
    """
    create table fundwarden.applied_objects (
        path text not null,
        kind text not null,
        identity text not null,
        fingerprint text not null,
        primary key (kind, identity)
    )
    """,
    "comment on schema fundwarden is 'Which migrations and files made this database.'",
    """
    comment on table fundwarden.bookkeeping is
        'The format of these tables; a runner that does not know it refuses the database.'
    """,
    """
    comment on table fundwarden.applied_migrations is
        'Migrations that were applied, and the checksum of their text then.'
    """,
    """
    comment on table fundwarden.applied_files is
        'Repeatable files as last applied; a file with another checksum is applied again.'
    """,
    """
    comment on table fundwarden.applied_objects is
        'Which file or migration made which object, and what it looked like right afterwards.'
    """,
)


@dataclass(frozen=True)
class Made:
    """An object as it was recorded: by whom made, and its fingerprint then."""

    path: str
    fingerprint: str


@dataclass(frozen=True)
class Recorded:
    """The bookkeeping as read; all empty when nothing is installed."""

    installed: bool = False
    migrations: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    objects: dict[Key, Made] = field(default_factory=dict)
    stale_lock: bool = False

    def unknown_to(self, project: Project) -> list[str]:
        """Applied migrations that the code does not have: the database is newer."""
        return sorted(set(self.migrations) - {m.id for m in project.migrations})

    def edited_in(self, project: Project) -> list[MigrationFile]:
        """Applied migrations whose text is another one now."""
        return [
            m
            for m in project.migrations
            if m.id in self.migrations and self.migrations[m.id] != m.sha256
        ]

    def pending_in(self, project: Project) -> list[MigrationFile]:
        return [m for m in project.migrations if m.id not in self.migrations]


def read(conn: psycopg.Connection[Any]) -> Recorded:
    """Reads the bookkeeping inside the caller's transaction; writes nothing.

    Raises RunnerError if the login may not act as the owner, if the tables are of a later format
    (exit 4), or if yoyo applied something without the runner (exit 3).
    """
    found = conn.execute(
        """
        select exists (
            select
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            where n.nspname = 'fundwarden' and c.relname = 'bookkeeping'
        )
        """
    ).fetchone()
    if not (found and found[0]):
        return Recorded()
    try:
        with acting_as(conn, OWNER):
            row = conn.execute("select b.format from fundwarden.bookkeeping as b").fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        who = conn.info.user
        raise RunnerError(
            f"{who} may not act as {OWNER}",
            hint=f"connect as the login that installed, or have it run: grant {OWNER} to {who}",
        ) from error
    if row is None or row[0] > FORMAT:
        raise RunnerError(
            f"the bookkeeping has format {row[0] if row else 'unknown'}, this code knows {FORMAT}",
            hint="run a newer fundwarden",
            exit_code=NEWER,
        )
    check_format(conn)
    with acting_as(conn, OWNER):
        recorded = Recorded(
            installed=True,
            migrations=dict(
                conn.execute(
                    "select m.id, m.sha256 from fundwarden.applied_migrations as m"
                ).fetchall()
            ),
            files=dict(
                conn.execute(
                    "select f.path, f.sha256 from fundwarden.applied_files as f"
                ).fetchall()
            ),
            objects={
                (kind, identity): Made(path, fingerprint)
                for kind, identity, path, fingerprint in conn.execute(
                    """
                    select o.kind, o.identity, o.path, o.fingerprint
                    from fundwarden.applied_objects as o
                    """
                )
            },
            stale_lock=bool(conn.execute(f"select from {SCHEMA}.yoyo_lock").fetchall()),
        )
        yoyo = {
            row[0] for row in conn.execute(f"select migration_id from {SCHEMA}._yoyo_migration")
        }
    if yoyo != set(recorded.migrations):
        raise RunnerError(
            "yoyo and the runner disagree about what is applied: "
            + ", ".join(sorted(yoyo ^ set(recorded.migrations))),
            hint=f"migrate with the runner only; compare {SCHEMA}._yoyo_migration with "
            f"{SCHEMA}.applied_migrations",
            exit_code=DRIFT,
        )
    return recorded


def refuse_foreign(recorded: Recorded, project: Project) -> None:
    """Raises RunnerError for a newer database (exit 4), then for an edited migration (exit 3)."""
    unknown = recorded.unknown_to(project)
    if unknown:
        raise RunnerError(
            "the database is newer than this code: it has " + ", ".join(unknown),
            hint="run the version that applied them, or a later one",
            exit_code=NEWER,
        )
    edited = recorded.edited_in(project)
    if edited:
        raise RunnerError(
            ", ".join(m.shown for m in edited) + " was edited after it was applied here",
            hint="restore the text and write a new migration; before the release, recreate the "
            "database",
            exit_code=DRIFT,
        )


def create(conn: psycopg.Connection[Any], backend: OneTransactionBackend) -> None:
    """Makes the schema and its tables, owned by the owner; does nothing if they are there."""
    row = conn.execute(
        f"select to_regrole('{OWNER}') is not null, to_regnamespace('{SCHEMA}') is not null"
    ).fetchone()
    assert row is not None
    owner_exists, schema_exists = row
    if not owner_exists:
        raise RunnerError(f"the first migration must create the role {OWNER}")
    if not schema_exists:
        conn.execute(f"create schema {SCHEMA} authorization {OWNER}")
        with acting_as(conn, OWNER):
            for statement in _TABLES:
                conn.execute(statement.encode())
    backend.upgrade_internal_schema()


def record_migration(conn: psycopg.Connection[Any], migration: MigrationFile) -> None:
    with acting_as(conn, OWNER):
        conn.execute(
            "insert into fundwarden.applied_migrations (id, sha256) values (%s, %s)",
            (migration.id, migration.sha256),
        )


def record_files(
    conn: psycopg.Connection[Any], applied: Iterable[Source], deleted: Iterable[str]
) -> None:
    with acting_as(conn, OWNER), conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into fundwarden.applied_files (path, sha256) values (%s, %s)
            on conflict (path) do update
            set sha256 = excluded.sha256, applied_at = excluded.applied_at
            """,
            [(source.path, source.sha256) for source in applied],
        )
        cursor.execute(
            "delete from fundwarden.applied_files where path = any (%s)", (list(deleted),)
        )


def record_objects(
    conn: psycopg.Connection[Any], before: dict[Key, Made], after: dict[Key, Made]
) -> None:
    """Writes the rows that differ, and those only."""
    with acting_as(conn, OWNER), conn.cursor() as cursor:
        cursor.executemany(
            "delete from fundwarden.applied_objects where kind = %s and identity = %s",
            [key for key in before if key not in after],
        )
        cursor.executemany(
            """
            insert into fundwarden.applied_objects (kind, identity, path, fingerprint)
            values (%s, %s, %s, %s)
            on conflict (kind, identity) do update
            set path = excluded.path, fingerprint = excluded.fingerprint
            """,
            [
                (*key, made.path, made.fingerprint)
                for key, made in after.items()
                if before.get(key) != made
            ],
        )


def break_stale_lock(conn: psycopg.Connection[Any]) -> None:
    """Deletes yoyo's lock row: a killed yoyo leaves it, and no live runner needs it."""
    with acting_as(conn, OWNER):
        conn.execute(f"delete from {SCHEMA}.yoyo_lock")
