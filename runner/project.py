"""Where the SQL is: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

from runner.errors import RunnerError


def root() -> Path:
    """The folder that holds db/install.sql and migrations/."""
    package = Path(__file__).resolve().parent
    for candidate in (package.parent, package / "_sql"):
        if (candidate / "db" / "install.sql").is_file() and (candidate / "migrations").is_dir():
            return candidate
    raise RunnerError(
        "the SQL of fundwarden is not beside the runner",
        "Install the package again, or run from a checkout.",
    )
