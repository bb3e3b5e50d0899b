"""Errors go to stderr as a sentence and a hint, with the exit code that says what they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from runner import cli
from runner.errors import NEWER, RunnerError

NOWHERE = "postgresql:///none?host=/nonexistent&port=1"

Runner = Callable[..., subprocess.CompletedProcess[str]]


def runner_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "runner.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
        cwd=Path(__file__).resolve().parents[2],
    )


def test_the_version_is_printed() -> None:
    done = runner_process("--version")
    assert (done.returncode, done.stdout) == (0, "fundwarden 0.1.0\n")


def test_help_names_every_command(runner: Runner) -> None:
    text = runner("--help").stdout
    for command in ("migrate", "status", "seed", "load", "stats", "demo", "bench", "docs", "test",
                    "start", "stop", "url", "psql",
                    "token"):  # fmt: skip
        assert command in text


@pytest.mark.parametrize(
    "arguments",
    [["migrate", "--nonsense"], ["nonsense"], ["seed"], ["seed", "--records", "0"],
     ["seed", "--records", "10000001"], ["seed", "--records", "ten"], ["load"],
     ["--dsn", NOWHERE, "seed", "--records", "5", "--append", "--reset"]],
)  # fmt: skip
def test_a_wrong_command_line_is_exit_2_and_touches_nothing(
    runner: Runner, arguments: list[str]
) -> None:
    done = runner(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "\nhint: " in done.stderr


def test_an_error_is_a_sentence_and_a_hint_on_stderr_without_a_traceback() -> None:
    done = runner_process("--dsn", NOWHERE, "status")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: cannot connect")
    assert "\nhint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_shows_the_traceback(runner: Runner) -> None:
    done = runner("--verbose", "--dsn", NOWHERE, "status")
    assert "Traceback" in done.stderr
    assert "error: cannot connect" in done.stderr


@pytest.mark.parametrize(
    ("dsn", "command", "code"),
    [
        ("postgresql://me:hush@localhost:1/none", "migrate", 1),
        ("postgresql//me:hush@localhost:1/none", "migrate", 2),
        ("host=localhost password=hush what", "migrate", 2),
        ("postgresql://me:hush@localhost:1/none", "url", 0),
    ],
)
def test_a_password_in_the_dsn_is_never_printed(
    runner: Runner, dsn: str, command: str, code: int
) -> None:
    done = runner("--verbose", "--dsn", dsn, command)
    assert done.returncode == code
    assert done.stdout + done.stderr
    assert "hush" not in done.stdout + done.stderr


def test_the_password_is_not_among_the_arguments_of_psql(tmp_path: Path) -> None:
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\necho "$@"; echo "$PGPASSWORD"\n')
    psql.chmod(0o755)
    dsn = "postgresql://me:hush@localhost:1/none"
    done = runner_process(
        "--dsn", dsn, "psql", "-c", "select 1", "--dsn", PATH=f"{tmp_path}:/usr/bin:/bin"
    )
    arguments, password = done.stdout.splitlines()
    assert password == "hush"
    assert "hush" not in arguments
    assert arguments.endswith("-c select 1 --dsn")


def test_dsn_and_verbose_may_follow_the_command(runner: Runner) -> None:
    done = runner("status", "--dsn", NOWHERE, "--verbose")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "error: cannot connect" in done.stderr


def test_an_empty_dsn_is_not_a_wish_for_the_embedded_server(runner: Runner, tmp_path: Path) -> None:
    done = runner("--dsn", "", "migrate", FUNDWARDEN_HOME=str(tmp_path / "none"))
    assert done.returncode == 2
    assert "--dsn is empty" in done.stderr
    assert not (tmp_path / "none").exists()


def test_an_error_of_the_server_is_told_with_its_code_and_its_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise psycopg.errors.InsufficientPrivilege("permission denied for table secrets")

    monkeypatch.setattr(sys, "argv", ["runner", "url"])
    monkeypatch.setattr(cli, "target", refuse)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: permission denied for table secrets (42501)\n"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (RunnerError("no", "do", NEWER), NEWER, "error: no\nhint: do\n"),
        (ValueError("odd"), 1, "error: ValueError: odd\nhint: This is a bug of the runner; "
         "--verbose shows where.\n"),
    ],
)  # fmt: skip
def test_nothing_ends_in_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: int,
    said: str,
) -> None:
    def refuse() -> None:
        raise raised

    monkeypatch.setattr(sys, "argv", ["runner", "url"])
    monkeypatch.setattr(cli, "target", refuse)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == code
    assert capsys.readouterr().err == said


def test_stop_says_when_nothing_was_running(runner: Runner, tmp_path: Path) -> None:
    done = runner("stop", FUNDWARDEN_HOME=str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (0, "was not running\n")
