"""`status`: what a database is, what is pending, what was changed by hand. Never writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runner import project as runner_project
from runner.connect import Target, warn_minor
from runner.errors import DRIFT, FAILED, NEWER
from runner.migrations import bookkeeping, catalog
from runner.migrations.drift import (
    Difference,
    drift,
    health,
    strays,
    unsafe,
    view_health,
    wrong_rights,
)
from runner.migrations.engine import opened
from runner.migrations.sources import read_project
from runner.migrations.yoyo_backend import load

SEVERITIES = ("ok", "info", "warning", "critical")


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
    health: list[dict[str, Any]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 clean, 1 a check is critical, 3 something is pending or differs, 4 newer than the code.

        What is pending or differs comes before what is critical: `migrate` may mend both.
        """
        if self.migrations_unknown:
            return NEWER
        if self._problems():
            return DRIFT
        return FAILED if any(one["severity"] == "critical" for one in self.health) else 0

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
        lines += self._health_lines()
        problems = self._problems()
        return lines + (problems or ["up to date"])

    def _health_lines(self) -> list[str]:
        """How many checks came out how, and each that is not ok with what to do about it."""
        if not self.health:
            return []
        counted = Counter(one["severity"] for one in self.health)
        lines = ["health: " + ", ".join(f"{counted[s]} {s}" for s in SEVERITIES if counted[s])]
        for severity in reversed(SEVERITIES[1:]):
            for one in self.health:
                if one["severity"] != severity:
                    continue
                lines.append(f"{severity}: {one['name']}: {one['detail']}")
                if one["hint"]:
                    lines.append(f"    {one['hint']}")
                if one["repair"]:
                    lines.append(f"    as {one['run_as']}:")
                    lines += [f"        {line}" for line in one["repair"].splitlines()]
        return lines

    def in_short(self) -> str:
        """In a few words: whether anything differs from what the code says."""
        if not self.installed:
            return ""
        counted = len(self._problems())
        return f"{counted} differences: runner status" if counted else "up to date"

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
        view: dict[str, Any] | None = None
        checks: list[dict[str, Any]] = []
        if recorded.installed:
            now = catalog.objects(conn)
            objects = drift(recorded, now, conn.info.server_version // 10000)
            objects += strays(recorded, now)
            rights = wrong_rights(conn)
            broken = unsafe(conn)
            view = view_health(conn)
            checks = health(conn)
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
            effective_view=view,
            health=checks,
        )
