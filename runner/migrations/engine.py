"""`migrate`: pending migrations and changed files, all in one transaction under one lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import psycopg

from runner import project as runner_project
from runner.connect import Target, connect
from runner.errors import INTERRUPTED, RunnerError
from runner.migrations import bookkeeping, catalog
from runner.migrations.bookkeeping import Made
from runner.migrations.catalog import ACCESS, DURABLE_KINDS, REPEATABLE_KINDS, Key, Object
from runner.migrations.drift import drift, wrong_rights
from runner.migrations.execution import ScriptError, acting_as, described, run_script
from runner.migrations.sources import OWNER, MigrationFile, Project, Source, read_project
from runner.migrations.yoyo_backend import OneTransactionBackend, load

Say = Callable[[str], None]

LOCK_KEY = int.from_bytes(hashlib.sha256(b"fundwarden").digest()[:8], "big", signed=True)

# CREATE OR REPLACE cannot make this of what is there: other columns or return type, another kind,
# no OR REPLACE for it, somebody else's object.
_CANNOT_REPLACE = frozenset({"42P13", "42P16", "42P07", "42710", "42723", "42809", "42501"})
# Something depends on what has to change; 0A000 is a column's type used by a view.
_DEPENDED_ON = frozenset({"2BP01", "0A000"})

_SETTINGS = """
    select set_config(name, value, true)
    from (
        values
        ('search_path', 'pg_catalog'),
        ('lock_timeout', %s::text),
        ('statement_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'),
        ('check_function_bodies', 'on'),
        ('default_tablespace', ''),
        ('row_security', 'on')
    ) as wanted (name, value)
"""


NEW = "new"
CHANGED = "changed"


class Attempt(IntEnum):
    """How much is dropped before anything is applied, each tried only if the one before failed."""

    REPLACE = 0
    REMAKE = 1
    REMAKE_MATERIALIZED = 2


@dataclass(frozen=True)
class Due:
    """A file to apply, and why."""

    source: Source
    reason: str


def migrate(
    target: Target,
    *,
    plan: bool = False,
    say: Say = print,
    root: Path | None = None,
    wait: float = 60,
    lock_timeout: str = "10s",
) -> None:
    """Brings the database to what the code says; the second time it writes nothing.

    Everything commits together or not at all. With `plan` it only says what it would do. It waits
    up to `wait` seconds for another runner and `lock_timeout` for each lock on a table. Raises
    RunnerError: exit 3 for an applied migration that was edited, exit 4 for a database newer than
    the code, exit 1 for everything the server refuses, with file and line.
    """
    project = read_project(root or runner_project.root())
    load(project.migrations)
    with opened(target) as conn:
        if plan:
            with conn.transaction():
                conn.execute("set transaction read only")
                conn.execute(_SETTINGS, (lock_timeout,))
                _Run(conn, project, say).tell()
            return
        _wait_for_other_runners(conn, wait, say)
        conn.add_notice_handler(lambda notice: _repeat_warning(notice, say))
        with conn.transaction():
            conn.execute(_SETTINGS, (lock_timeout,))
            done = _Run(conn, project, say).do()
        if done:
            say("committed")


def _repeat_warning(notice: psycopg.errors.Diagnostic, say: Say) -> None:
    """A warning is how the server says that a GRANT or REVOKE did nothing."""
    if notice.severity_nonlocalized == "WARNING":
        say(f"warning: {notice.message_primary}")


@contextmanager
def opened(target: Target) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose errors, the loss of it included, are RunnerErrors."""
    try:
        with connect(target, autocommit=True) as conn:
            conn.prepare_threshold = None
            conn.execute("set client_encoding = 'UTF8'")
            yield conn
    except psycopg.Error as error:
        raise described("the database", error) from error
    except KeyboardInterrupt as interrupt:
        raise RunnerError("interrupted", "Nothing is half done.", INTERRUPTED) from interrupt


def _wait_for_other_runners(conn: psycopg.Connection[Any], wait: float, say: Say) -> None:
    """Takes the lock of the session, which the server releases however this process ends."""
    row = conn.execute("select pg_catalog.pg_is_in_recovery()").fetchone()
    if row and row[0]:
        raise RunnerError("this server is a standby", hint="migrate on its primary")
    with suppress(psycopg.errors.InvalidParameterValue):
        # Without it the server notices that a runner was killed only when its statement ends;
        # not every platform has it.
        conn.execute("set client_connection_check_interval = '1s'")
    row = conn.execute("select pg_catalog.pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
    if row and row[0]:
        return
    say(f"another runner is at work on this database; waiting up to {wait:g} s")
    conn.execute(
        "select pg_catalog.set_config('lock_timeout', %s, false)", (f"{int(wait * 1000)}ms",)
    )
    try:
        conn.execute("select pg_catalog.pg_advisory_lock(%s)", (LOCK_KEY,))
    except psycopg.errors.LockNotAvailable as error:
        raise RunnerError(
            f"another runner is still at work after {wait:g} s",
            hint="wait for it; it is the session in pg_locks with locktype advisory",
        ) from error


class _Run:
    """One migrate, inside its transaction."""

    def __init__(self, conn: psycopg.Connection[Any], project: Project, say: Say) -> None:
        self.conn = conn
        self.project = project
        self.say = say
        self.major = conn.info.server_version // 10000
        self.recorded = bookkeeping.read(conn)
        bookkeeping.refuse_foreign(self.recorded, project)
        self.pending = self.recorded.pending_in(project)

    # What there is to do.

    def tell(self) -> None:
        """Says what `do` would do."""
        now = catalog.objects(self.conn)
        due, deleted = self._due(now), self._deleted()
        for migration in self.pending:
            self.say(f"would apply {migration.shown}")
        for one in due:
            self.say(f"would apply {one.source.shown}: {one.reason}")
        for (kind, identity), made in self.recorded.objects.items():
            if made.path in deleted and (kind, identity) in now and kind in REPEATABLE_KINDS:
                self.say(f"would drop {kind} {identity}: db/{made.path} is gone")
        wrong = [] if self.pending or due else wrong_rights(self.conn)
        for what in wrong:
            self.say(f"would set rights on the database: {what}")
        self._warn_of_tables(now)
        if not self._anything(due) and not wrong:
            self.say("nothing to do")

    def do(self) -> bool:
        """Does it; whether anything was written."""
        now = catalog.objects(self.conn)
        self._warn_of_tables(now)
        written = False
        if self._anything(self._due(now)):
            self._apply()
            written = True
        if self._set_rights():
            written = True
        if not written:
            self.say("nothing to do")
        return written

    def _anything(self, due: list[Due]) -> bool:
        return bool(
            self.pending or due or self._deleted() or self.recorded.stale_lock or self._aged()
        )

    def _deleted(self) -> list[str]:
        listed = {source.path for source in self.project.repeatable}
        return sorted(set(self.recorded.files) - listed)

    def _aged(self) -> bool:
        """Whether fingerprints are of another major version, hence compared only in part."""
        prefix = f"{self.major}:"
        made = self.recorded.objects.values()
        return any(not one.fingerprint.startswith(prefix) for one in made)

    def _due(self, now: dict[Key, Object]) -> list[Due]:
        """Files to apply, in order: new, changed, or their objects are not what they made."""
        drifted: dict[str, str] = {}
        for difference in drift(self.recorded, now, self.major):
            drifted.setdefault(difference.path, difference.text)
        due: list[Due] = []
        for source in self.project.repeatable:
            before = self.recorded.files.get(source.path)
            if before is None:
                due.append(Due(source, NEW))
            elif before != source.sha256:
                due.append(Due(source, CHANGED))
            elif source.path in drifted:
                due.append(Due(source, drifted[source.path]))
            else:
                # What it reads from another file is not in its own text.
                changed = {one.source.path for one in due} & set(source.applied_with)
                if changed:
                    due.append(Due(source, f"applied with db/{min(changed)}"))
        return due

    def _warn_of_tables(self, now: dict[Key, Object]) -> None:
        for one in drift(self.recorded, now, self.major):
            if one.kind in DURABLE_KINDS:
                self.say(f"warning: {one.text}; migrate does not repair what holds data")

    # Doing it.

    def _apply(self) -> None:
        """Applies everything; where dependents are in the way, drops and remakes what it can."""
        first: ScriptError | None = None
        for attempt in Attempt:
            try:
                with self.conn.transaction():
                    self._apply_once(attempt)
                return
            except ScriptError as error:
                helps = error.sqlstate in _DEPENDED_ON | _CANNOT_REPLACE
                if not helps or not self.recorded.objects:
                    if first is None:
                        raise
                    # After a remake the first error says what is wrong; this one, what came of it.
                    raise first from error
                first = first or error
                last = error
                if attempt is Attempt.REPLACE:
                    self.say(f"in the way: {error.message.splitlines()[0]}")
                    self.say("starting again: dropping and remaking every repeatable object")
                elif attempt is Attempt.REMAKE:
                    self.say("starting again: dropping and remaking materialized views as well")
        assert first is not None
        raise first from last

    def _apply_once(self, attempt: Attempt) -> None:
        if self.recorded.stale_lock:
            self.say("breaking the lock that a killed yoyo left")
            bookkeeping.break_stale_lock(self.conn)
        objects = dict(self.recorded.objects)
        before = catalog.objects(self.conn)
        dropped: set[Key] = set()
        if attempt or any(one.source.folder == "policies" for one in self._due(before)):
            # So that what a file states about rights can be told from what rules make of them.
            self._call("authz.withdraw_datasets()")
        if attempt:
            dropped = self._drop_for_remake(before, attempt)
        if self.pending:
            self._apply_migrations(before, objects)
        now = catalog.objects(self.conn)
        due = self._due(now)
        if attempt:
            due = self._all_due(due, now, dropped)
        made, again = self._apply_files(due)
        self._drop_obsolete(made, again)
        applied = [one.source for one in due]
        if due or self._deleted():
            bookkeeping.record_files(self.conn, applied, self._deleted())
        after = self._made_so_far(objects, made, again)
        bookkeeping.record_objects(self.conn, self.recorded.objects, after)
        # What is made of rules in the database, not of files, follows the files.
        self._call("authz.compile_datasets()")

    def _call(self, function: str) -> None:
        """Calls a function of ours as its owner, where the database has it."""
        row = self.conn.execute("select to_regprocedure(%s) is not null", (function,)).fetchone()
        if row and row[0]:
            try:
                with acting_as(self.conn, OWNER):
                    self.conn.execute(f"select {function}".encode())
            except psycopg.Error as error:
                raise described(function, error) from error

    def _apply_migrations(self, before: dict[Key, Object], objects: dict[Key, Made]) -> None:
        """Applies what is pending and notes, in `objects`, the durable ones it made."""
        backend = OneTransactionBackend(self.conn, lambda: bookkeeping.create(self.conn, backend))
        pending = {m.id: m for m in self.pending}
        migrations = load(self.project.migrations).filter(lambda m: m.id in pending)
        for migration in migrations:
            file = pending[migration.id]
            self.say(f"applying {file.shown}")
            before = self._apply_migration(backend, migration, file, before, objects)

    def _apply_migration(
        self,
        backend: OneTransactionBackend,
        migration: Any,
        file: MigrationFile,
        before: dict[Key, Object],
        objects: dict[Key, Made],
    ) -> dict[Key, Object]:
        try:
            with self.conn.transaction():
                backend.apply_one(migration)
        except psycopg.Error as error:
            raise described(file.shown, error) from error
        bookkeeping.record_migration(self.conn, file)
        after = catalog.objects(self.conn)
        known = {(one.kind, one.oid) for one in before.values()}
        for key, one in after.items():
            if one.kind in REPEATABLE_KINDS and (one.kind, one.oid) not in known:
                raise RunnerError(
                    f"{file.shown} makes {one.kind} {one.identity}",
                    hint="give it a file of its own under db/ and list that in db/install.sql",
                )
            if one.kind in DURABLE_KINDS and (
                key not in before or _definition(before[key]) != _definition(one)
            ):
                objects[key] = Made(file.shown, catalog.fingerprint(one, self.major))
        for key in [k for k in objects if k[0] in DURABLE_KINDS and k in before]:
            if key not in after:
                del objects[key]
        return after

    def _all_due(self, due: list[Due], now: dict[Key, Object], dropped: set[Key]) -> list[Due]:
        """Every file, but not an unchanged one whose materialized view was kept."""
        dropped_by_us = {self.recorded.objects[key].path for key in dropped}
        reasons = {
            one.source.path: one.reason
            for one in due
            if one.reason in (NEW, CHANGED) or one.source.path not in dropped_by_us
        }
        kept = {
            made.path
            for key, made in self.recorded.objects.items()
            if key[0] == "materialized view" and key in now and key not in dropped
        }
        return [
            Due(source, reasons.get(source.path, "remade"))
            for source in self.project.repeatable
            if source.path in reasons or source.path not in kept
        ]

    def _apply_files(self, due: list[Due]) -> tuple[dict[Key, str], set[str]]:
        """Applies the files; which object each made, and the paths whose objects are known anew."""
        made: dict[Key, str] = {}
        again = {one.source.path for one in due} | set(self._deleted())
        before = catalog.objects(self.conn, full=False)
        recorded_of: dict[str, set[Key]] = {}
        for key, known in self.recorded.objects.items():
            recorded_of.setdefault(known.path, set()).add(key)
        age = 0
        with catalog.some_objects(self.conn) as some:
            for one in due:
                self.say(f"applying {one.source.shown}: {one.reason}")
                own = recorded_of.get(one.source.path, set()) & set(before)
                oids = {before[key].oid for key in own}
                self._apply_file(one.source, some(oids))
                # To list every object after every file would take most of the time.
                written = catalog.written(self.conn, age)
                age = min((age - 1 for age in written.values()), default=age)
                after = some(oids | set(written))
                for key in self._touched(one.source, before, after):
                    maker = made.get(key)
                    recorded = self.recorded.objects.get(key)
                    if maker is None and recorded and recorded.path not in again:
                        maker = recorded.path
                    if maker is not None and maker != one.source.path:
                        raise RunnerError(
                            f"{key[0]} {key[1]} is made or altered by both db/{maker} and "
                            f"{one.source.shown}",
                            hint="one file states everything about an object",
                        )
                    made[key] = one.source.path
                before |= after
        return made, again

    def _touched(
        self, source: Source, before: dict[Key, Object], after: dict[Key, Object]
    ) -> list[Key]:
        """What the file made or wrote again; it is the file's from now on."""
        touched: list[Key] = []
        for key, one in after.items():
            old = before.get(key)
            if old is not None and (old.oid, old.version) == (one.oid, one.version):
                # Rights that a file states again may be left as they are by the server.
                recorded = self.recorded.objects.get(key)
                stated = recorded is not None and recorded.path == source.path
                if not (one.kind == ACCESS and stated):
                    continue
            if one.kind in DURABLE_KINDS and old is None:
                raise RunnerError(
                    f"{source.shown} makes {one.kind} {one.identity}",
                    hint="what holds data is made by a migration",
                )
            # Only there is a table's row written to state rights; a trigger writes it too.
            if one.kind == ACCESS and source.folder != "policies":
                continue
            if one.kind in REPEATABLE_KINDS or one.kind == ACCESS:
                touched.append(key)
        return touched

    def _apply_file(self, source: Source, now: dict[Key, Object]) -> None:
        own = [
            key
            for key, made in self.recorded.objects.items()
            if made.path == source.path and key in now and key[0] in REPEATABLE_KINDS
        ]
        with self.conn.transaction():
            # There is no OR REPLACE for a policy.
            self._drop([key for key in own if key[0] == "policy"])
            try:
                run_script(self.conn, source)
            except ScriptError as error:
                rest = [key for key in own if key[0] != "policy"]
                if error.sqlstate not in _CANNOT_REPLACE or not rest:
                    raise
                self.say(f"  dropping and making again: {error.message.splitlines()[0]}")
                self._drop(rest)
                run_script(self.conn, source)

    def _drop(self, keys: list[Key]) -> None:
        """Drops all of them, RESTRICT. Raises ScriptError naming what depends on one."""
        left = self._drop_what_can_be(keys)
        if left:
            raise left[0][1]

    def _drop_what_can_be(self, keys: list[Key]) -> list[tuple[Key, ScriptError]]:
        """Drops what nothing else depends on, until nothing more can be; what is left, and why."""
        order = {kind: place for place, kind in enumerate(REPEATABLE_KINDS)}
        waiting = sorted(keys, key=lambda key: order[key[0]])
        while waiting:
            left: list[tuple[Key, ScriptError]] = []
            for kind, identity in waiting:
                # As the connecting user: who may be more than the owner, if the object is not its.
                try:
                    with self.conn.transaction():
                        self.conn.execute(f"drop {kind} {identity} restrict".encode())
                except psycopg.Error as error:
                    if error.sqlstate is None:
                        raise
                    left.append(((kind, identity), described(f"drop {kind} {identity}", error)))
            if len(left) == len(waiting):
                return left
            waiting = [key for key, _ in left]
        return []

    def _drop_for_remake(self, now: dict[Key, Object], attempt: Attempt) -> set[Key]:
        """Drops the repeatable objects nothing durable depends on; which ones went."""
        keys = [
            key
            for key in self.recorded.objects
            if key in now
            and key[0] in REPEATABLE_KINDS
            and (key[0] != "materialized view" or attempt is Attempt.REMAKE_MATERIALIZED)
        ]
        left = {key for key, _ in self._drop_what_can_be(keys)}
        # Without its policy the owner could write nothing until the file that forces this again.
        for kind, identity in self.recorded.objects:
            if kind == ACCESS and (kind, identity) in now:
                self.conn.execute(f"alter table {identity} no force row level security".encode())
        return set(keys) - left

    def _drop_obsolete(self, made: dict[Key, str], again: set[str]) -> None:
        """Drops what deleted files made, and what applied files no longer make."""
        now = catalog.objects(self.conn, full=False)
        obsolete = [
            key
            for key, recorded in self.recorded.objects.items()
            if recorded.path in again
            and key not in made
            and key in now
            and key[0] in REPEATABLE_KINDS
        ]
        for kind, identity in obsolete:
            path = self.recorded.objects[kind, identity].path
            self.say(f"dropping {kind} {identity}: db/{path} no longer makes it")
        self._drop(obsolete)

    def _made_so_far(
        self, objects: dict[Key, Made], made: dict[Key, str], again: set[str]
    ) -> dict[Key, Made]:
        """What to record: everything as it is now, but a table changed by hand as it should be."""
        now = catalog.objects(self.conn)
        after: dict[Key, Made] = {}
        for key, before in objects.items():
            if before.path in again:
                continue
            after[key] = before
            if key in now:
                current = catalog.fingerprint(now[key], self.major)
                if now[key].stable == catalog.COMPILED_RIGHTS:
                    continue
                if key[0] not in DURABLE_KINDS or catalog.same(before.fingerprint, current):
                    after[key] = Made(before.path, current)
        stated = catalog.objects(self.conn, compiled=True)
        for key, path in made.items():
            if key in now:
                after[key] = Made(path, catalog.fingerprint(stated[key], self.major))
        return after

    def _set_rights(self) -> bool:
        """Re-applies rights on the database that a restore lost; whether it wrote."""
        wrong = wrong_rights(self.conn)
        if not wrong:
            return False
        row = self.conn.execute(
            """
            select pg_has_role(d.datdba, 'usage')
            from pg_database as d
            where d.datname = current_database()
            """
        ).fetchone()
        if not (row and row[0]):
            for what in wrong:
                self.say(f"warning: rights on the database: {what}")
            self.say(
                "warning: only the owner of the database can set them: "
                "select ops.apply_database_rights()"
            )
            return False
        for what in wrong:
            self.say(f"setting rights on the database: {what}")
        try:
            self.conn.execute("select ops.apply_database_rights()")
        except psycopg.Error as error:
            raise described("ops.apply_database_rights()", error) from error
        return True


def _definition(one: Object) -> tuple[str, str]:
    return one.stable, one.deparsed
