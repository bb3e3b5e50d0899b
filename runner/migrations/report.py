"""`status`: what a database is, what is pending, what was changed by hand. Never writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runner import project as runner_project
from runner.connect import Target, warn_minor
from runner.errors import DRIFT, NEWER
from runner.migrations import bookkeeping, catalog
from runner.migrations.drift import (
    Difference,
    drift,
    strays,
    unsafe,
    view_health,
    wrong_rights,
)
from runner.migrations.engine import opened
from runner.migrations.sources import read_project
from runner.migrations.yoyo_backend import load


@dataclass(frozen=True)
class Status:
    """The answer of `status`. Lists are empty where there is nothing to say."""

    server_version: str
    warning: str | None
    installed: bool
    migrations_applied: list[str]
    migrations_pending: list[str]
    migrations_edited: list[str]
    migrations_unknown: list[str]
    files_new: list[str]
    files_changed: list[str]
    files_deleted: list[str]
    objects: list[Difference]
    database_rights: list[str]
    unsafe: list[str]
    effective_view: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """0 clean, 3 something is pending or differs, 4 the database is newer than the code."""
        if self.migrations_unknown:
            return NEWER
        return DRIFT if self._problems() else 0

    def _problems(self) -> list[str]:
        if not self.installed:
            return ["not installed"]
        lines = [f"edited after it was applied: {m}" for m in self.migrations_edited]
        lines += [f"pending: {m}" for m in self.migrations_pending]
        lines += [f"new file: db/{path}" for path in self.files_new]
        lines += [f"changed file: db/{path}" for path in self.files_changed]
        lines += [f"deleted file: db/{path}" for path in self.files_deleted]
        lines += [one.text for one in self.objects]
        lines += [f"rights on the database: {what}" for what in self.database_rights]
        lines += [f"unsafe: {what}" for what in self.unsafe]
        return lines

    def lines(self) -> list[str]:
        """For people: the server, then a line for each thing that is not as the code says."""
        lines = [f"PostgreSQL {self.server_version}"]
        if self.warning:
            lines.append(f"warning: {self.warning}")
        if self.migrations_unknown:
            lines.append(
                "the database is newer than this code: it has " + ", ".join(self.migrations_unknown)
            )
        elif self.migrations_applied:
            lines.append(f"at {self.migrations_applied[-1]}")
        if self.effective_view:
            # Answers are exact in every state of the view: told, and no reason for an exit code.
            lines += self.effective_view["notes"]
        problems = self._problems()
        return lines + (problems or ["up to date"])

    def as_dict(self) -> dict[str, Any]:
        """For scripts: the same, with the exit code."""
        return {**asdict(self), "exit_code": self.exit_code}


def status(target: Target, *, root: Path | None = None) -> Status:
    """Compares the database with the code in one read-only transaction.

    Raises RunnerError if the server cannot be reached, the login may not act as the owner, or the
    project's own files are wrong.
    """
    project = read_project(root or runner_project.root())
    load(project.migrations)
    with opened(target) as conn, conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute("set local search_path = pg_catalog")
        recorded = bookkeeping.read(conn)
        objects: list[Difference] = []
        rights: list[str] = []
        broken: list[str] = []
        health: dict[str, Any] | None = None
        if recorded.installed:
            now = catalog.objects(conn)
            objects = drift(recorded, now, conn.info.server_version // 10000)
            objects += strays(recorded, now)
            rights = wrong_rights(conn)
            broken = unsafe(conn)
            health = view_health(conn)
        listed = {source.path: source.sha256 for source in project.repeatable}
        return Status(
            server_version=conn.info.parameter_status("server_version") or "unknown",
            warning=warn_minor(conn.info.server_version),
            installed=recorded.installed,
            migrations_applied=sorted(recorded.migrations),
            migrations_pending=[m.id for m in recorded.pending_in(project)],
            migrations_edited=[m.id for m in recorded.edited_in(project)],
            migrations_unknown=recorded.unknown_to(project),
            files_new=[path for path in listed if path not in recorded.files],
            files_changed=[
                path
                for path, sha256 in listed.items()
                if recorded.files.get(path, sha256) != sha256
            ],
            files_deleted=sorted(set(recorded.files) - set(listed)),
            objects=objects,
            database_rights=rights,
            unsafe=broken,
            effective_view=health,
        )
