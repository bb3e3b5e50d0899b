"""How a migration includes files of db/schema instead of repeating their text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from yoyo import step

from runner.errors import USAGE, RunnerError
from runner.migrations.execution import run_script
from runner.migrations.sources import (
    BASELINE,
    Source,
    check_durable,
    pinned_text,
    read_project,
    read_text,
)

_PIN = re.compile(r'"([^"]+\.sql)",\s*"([0-9a-f]{64})"')
_PINS = re.compile(r"^FILES = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)


def include(migration: str, files: Sequence[tuple[str, str]]) -> None:
    """Adds one step per file to the migration that calls it with its own `__file__`.

    `files` are paths relative to db/ and the sha256 of the text that is meant. The text is the copy
    frozen beside the migration, else the one in db/. Raises RunnerError (exit 3) if neither has
    that checksum.
    """
    path = Path(migration)
    for name, pin in files:
        source = pinned_text(path.parent.parent, path.stem, name, pin)
        check_durable(source)
        _add_step(source)


def _add_step(source: Source) -> None:
    # yoyo finds the migration being loaded by looking up the stack.
    step(lambda conn: run_script(conn, source))


def pin(root: Path) -> list[str]:
    """Rewrites the pins of the baseline from db/install.sql; returns the paths that changed.

    For developers, before the release. Raises RunnerError once the baseline is frozen.
    """
    path = root / "migrations" / f"{BASELINE}.py"
    if (root / "migrations" / BASELINE).exists():
        raise RunnerError(
            "the baseline is released and frozen",
            hint="change the tables with a new migration",
            exit_code=USAGE,
        )
    before = read_text(path)
    pinned = dict(_PIN.findall(before))
    durable = read_project(root).durable
    lines = [f'    (\n        "{s.path}",\n        "{s.sha256}",\n    ),\n' for s in durable]
    after, count = _PINS.subn("FILES = [\n" + "".join(lines) + "]\n", before)
    if count != 1:
        raise RunnerError(f"migrations/{path.name} has no FILES list to rewrite")
    if after != before:
        path.write_text(after, encoding="utf-8")
    return [s.path for s in durable if pinned.get(s.path) != s.sha256]


def freeze(root: Path) -> list[str]:
    """Copies what the baseline includes beside it, so that db/schema may move on.

    For the release. Raises RunnerError if a text is not the pinned one.
    """
    pins = _PIN.findall(read_text(root / "migrations" / f"{BASELINE}.py"))
    # Every text is checked before the first is copied.
    for name, wanted in pins:
        pinned_text(root, BASELINE, name, wanted)
    for name, _ in pins:
        frozen = root / "migrations" / BASELINE / name
        if not frozen.exists():
            frozen.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "db" / name, frozen)
    return [name for name, _ in pins]
