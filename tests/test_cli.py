"""Errors go to stderr as a sentence and a hint, with the exit code that says what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOWHERE = "postgresql:///none?host=/nonexistent&port=1"


def runner(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "runner.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
        cwd=Path(__file__).resolve().parent.parent,
    )


def test_the_version_is_printed() -> None:
    done = runner("--version")
    assert (done.returncode, done.stdout) == (0, "fundwarden 0.1.0\n")


def test_help_names_every_command() -> None:
    text = runner("--help").stdout
    for command in ("migrate", "status", "seed", "load", "stats", "demo", "bench", "test", "stop"):
        assert command in text


@pytest.mark.parametrize(
    "arguments",
    [["migrate", "--nonsense"], ["nonsense"], ["seed"], ["seed", "--records", "0"],
     ["seed", "--records", "10000001"], ["seed", "--records", "ten"], ["load"],
     ["--dsn", NOWHERE, "seed", "--records", "5", "--append", "--reset"]],
)  # fmt: skip
def test_a_wrong_command_line_is_exit_2_and_touches_nothing(arguments: list[str]) -> None:
    done = runner(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr


def test_an_error_is_a_sentence_and_a_hint_on_stderr_without_a_traceback() -> None:
    done = runner("--dsn", NOWHERE, "status")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: cannot connect")
    assert "\nhint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_shows_the_traceback() -> None:
    done = runner("--verbose", "--dsn", NOWHERE, "status")
    assert "Traceback" in done.stderr
    assert "error: cannot connect" in done.stderr


def test_a_password_in_the_dsn_is_never_printed() -> None:
    done = runner("--verbose", "--dsn", "postgresql://me:hush@localhost:1/none", "migrate")
    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr


def test_stop_says_when_nothing_was_running(tmp_path: Path) -> None:
    done = runner("stop", FUNDWARDEN_HOME=str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (0, "was not running\n")
