"""The project's files: what db/install.sql lists and what migrations/ holds, checked against
each other before any database is touched."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from runner.errors import DRIFT, RunnerError
from runner.migrations import sqltext

OWNER = "fundwarden_owner"
INSTALLER = "installer"
BASELINE = "0001_baseline"

DURABLE_FOLDER = "schema"
REPEATABLE_FOLDERS = ("functions", "views", "triggers", "policies")

_INCLUDE = re.compile(r"^\\ir\s+(\S+)\s*$")
_MIGRATION_NAME = re.compile(r"^\d{4}_[a-z0-9_]+$")


@dataclass(frozen=True)
class Source:
    """One SQL file: `path` is relative to db/, `shown` is what messages call it."""

    path: str
    shown: str
    text: str

    @property
    def sha256(self) -> str:
        return sha256(self.text)

    @property
    def folder(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def applied_with(self) -> list[str]:
        """Files whose change makes this one due, too."""
        return sqltext.applied_with(self.text)

    @property
    def role(self) -> str | None:
        """The role it runs as; None is the connecting user."""
        named = sqltext.runs_as(self.text)
        if named is None or named == OWNER:
            return OWNER
        if named == INSTALLER:
            return None
        raise RunnerError(
            f"{self.shown}: cannot run as {named}",
            hint=f"-- runs as: {INSTALLER}, or {OWNER}, which is the default",
        )


@dataclass(frozen=True)
class MigrationFile:
    """One file of migrations/; its sha256 is what an applied migration is held to."""

    id: str
    path: Path
    text: str

    @property
    def shown(self) -> str:
        return f"migrations/{self.path.name}"

    @property
    def sha256(self) -> str:
        return sha256(self.text)


@dataclass(frozen=True)
class Project:
    """Everything the code says a database should be."""

    root: Path
    durable: tuple[Source, ...]
    repeatable: tuple[Source, ...]
    migrations: tuple[MigrationFile, ...]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_text(path: Path) -> str:
    """Text with line ends as \\n, so that a checkout on Windows has the same checksum."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RunnerError(f"{path}: not UTF-8: {error}") from error


def read_project(root: Path) -> Project:
    """Reads and checks the tree under `root`.

    Raises RunnerError for a line of install.sql that is neither comment nor include, a file listed
    twice or missing or not listed, transaction control in a file, a badly named migration, and a
    migration that makes what must be repeatable.
    """
    paths = _installed_paths(root)
    sources = [_read_source(root, path) for path in paths]
    for source in sources:
        for path in source.applied_with:
            if path not in paths:
                raise RunnerError(
                    f"{source.shown}: applied with {path}, which db/install.sql does not list",
                    hint="name a file relative to db/",
                )
    return Project(
        root=root,
        durable=tuple(s for s in sources if s.folder == DURABLE_FOLDER),
        repeatable=tuple(s for s in sources if s.folder != DURABLE_FOLDER),
        migrations=_read_migrations(root / "migrations"),
    )


def _installed_paths(root: Path) -> list[str]:
    listing = root / "db" / "install.sql"
    if not listing.is_file():
        raise RunnerError(f"{listing} is missing", hint="it lists every SQL file in order")
    folders = (DURABLE_FOLDER, *REPEATABLE_FOLDERS)
    paths: list[str] = []
    durable_ended = False
    for number, line in enumerate(read_text(listing).splitlines(), start=1):
        where = f"db/install.sql:{number}"
        if not line.strip() or line.lstrip().startswith("--"):
            continue
        include = _INCLUDE.match(line)
        if include is None:
            raise RunnerError(f"{where}: only comments and \\ir lines belong here: {line.strip()}")
        path = include.group(1)
        folder = path.split("/", 1)[0]
        if folder not in folders or ".." in path.split("/"):
            raise RunnerError(
                f"{where}: {path} is not installable",
                hint="listed files are in db/" + ", db/".join(folders),
            )
        if path in paths:
            raise RunnerError(f"{where}: {path} is listed twice")
        if not (root / "db" / path).is_file():
            raise RunnerError(f"{where}: db/{path} is missing")
        if folder == DURABLE_FOLDER and durable_ended:
            raise RunnerError(
                f"{where}: db/{path} comes after a repeatable file",
                hint="a migration runs before every repeatable file, so list it before them",
            )
        durable_ended = durable_ended or folder != DURABLE_FOLDER
        paths.append(path)
    for folder in folders:
        for file in sorted((root / "db" / folder).rglob("*.sql")):
            path = file.relative_to(root / "db").as_posix()
            if path not in paths:
                raise RunnerError(
                    f"db/{path} is not listed in db/install.sql",
                    hint="add an \\ir line where it belongs, or delete the file",
                )
    return paths


def _read_source(root: Path, path: str) -> Source:
    source = Source(path, f"db/{path}", read_text(root / "db" / path))
    check_script(source)
    return source


def check_script(source: Source) -> None:
    """Raises RunnerError for what no file may contain."""
    source.role  # noqa: B018  a wrong directive is refused before anything runs
    refused = sqltext.transaction_control(source.text)
    if refused:
        raise RunnerError(
            f"{source.shown}:{refused[1]}: {refused[0]} is not allowed",
            hint="everything runs in one transaction of the runner's",
        )


def check_durable(source: Source) -> None:
    """Raises RunnerError for a durable text that makes what must be repeatable."""
    check_script(source)
    made = sqltext.repeatable_created(source.text)
    if made:
        raise RunnerError(
            f"{source.shown}:{made[1]}: a migration must not create a {made[0]}",
            hint="give it a file of its own under db/ and list that in db/install.sql",
        )


def _read_migrations(folder: Path) -> tuple[MigrationFile, ...]:
    found: list[MigrationFile] = []
    for path in sorted(folder.glob("*")):
        if not path.is_file() or path.suffix not in (".py", ".sql"):
            continue
        migration = MigrationFile(path.stem, path, read_text(path))
        if not _MIGRATION_NAME.match(path.stem):
            raise RunnerError(
                f"{migration.shown} is badly named",
                hint="four digits, an underscore, a verb and what: 0002_add_fund_notes.sql",
            )
        if any(m.id[:4] == migration.id[:4] for m in found):
            raise RunnerError(f"{migration.shown}: its number is taken by {found[-1].shown}")
        line = sqltext.not_transactional(migration.text)
        if line is not None:
            raise RunnerError(
                f"{migration.shown}:{line}: transactional: false is not allowed",
                hint="it would silently roll back what ran before it",
            )
        if path.suffix == ".sql":
            check_durable(Source(migration.id, migration.shown, migration.text))
        found.append(migration)
    return tuple(found)


def pinned_text(root: Path, migration_id: str, path: str, pin: str) -> Source:
    """The text that `migration_id` includes as `path`: frozen beside it, or still in db/.

    Raises RunnerError (exit 3) when no text with that checksum is left.
    """
    frozen = root / "migrations" / migration_id / path
    if frozen.is_file():
        source = Source(path, f"migrations/{migration_id}/{path}", read_text(frozen))
        if source.sha256 != pin:
            raise RunnerError(
                f"{source.shown} differs from what was released",
                hint="restore it: a released text never changes",
                exit_code=DRIFT,
            )
        return source
    current = root / "db" / path
    if not current.is_file():
        raise RunnerError(
            f"migrations/{migration_id} includes db/{path}, which is missing", exit_code=DRIFT
        )
    source = Source(path, f"db/{path}", read_text(current))
    if source.sha256 != pin:
        raise RunnerError(
            f"db/{path} changed since migrations/{migration_id} pinned it",
            hint="released: restore the text and write a new migration; not released yet: "
            "python -m runner.migrations pin",
            exit_code=DRIFT,
        )
    return source
