"""Which server is used, and what is said when it cannot be."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest
from psycopg.conninfo import conninfo_to_dict

from runner import connect
from runner.errors import USAGE, RunnerError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", *connect.LIBPQ_VARIABLES):
        monkeypatch.delenv(name, raising=False)


def test_a_dsn_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///other")
    assert connect.resolve("postgresql:///mine").conninfo == "postgresql:///mine"


def test_database_url_wins_over_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///mine")
    monkeypatch.setenv("PGHOST", "elsewhere")
    assert connect.resolve(None).conninfo == "postgresql:///mine"


def test_libpq_variables_are_left_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATABASE", "mine")
    assert connect.resolve(None) == connect.Target("")


@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgres+asyncpg"])
def test_a_url_that_names_a_driver_is_understood(driver: str) -> None:
    found = connect.resolve(f"{driver}://me@there/mine").conninfo
    assert found == f"{driver.partition('+')[0]}://me@there/mine"


def test_an_empty_dsn_is_refused_and_an_empty_variable_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", " ")
    monkeypatch.setenv("PGDATABASE", "mine")
    assert connect.resolve(None) == connect.Target("")
    with pytest.raises(RunnerError) as caught:
        connect.resolve("")
    assert caught.value.exit_code == USAGE


def test_with_nothing_said_the_embedded_server_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("runner.connect.EmbeddedServer.start", lambda self: f"host={self.home}")
    monkeypatch.setenv("FUNDWARDEN_HOME", str(tmp_path))
    found = connect.resolve(None)
    assert found.conninfo == f"host={tmp_path}"
    assert found.embedded is not None


@pytest.mark.parametrize(("number", "refused"), [(14, True), (15, False), (18, False), (19, True)])
def test_only_the_majors_that_are_tested_are_worked_on(
    monkeypatch: pytest.MonkeyPatch, number: int, refused: bool
) -> None:
    server = MagicMock()
    server.info.server_version = number * 10000 + 2
    monkeypatch.setattr("psycopg.connect", lambda *_, **__: server)
    if refused:
        with pytest.raises(RunnerError, match=f"PostgreSQL {number} is not supported"):
            connect.connect(connect.Target(""))
        server.close.assert_called_once()
    else:
        assert connect.connect(connect.Target("")) is server


@pytest.mark.parametrize(
    ("dsn", "word"),
    [
        ("host=/nonexistent", "running"),
        ("host=localhost port=1", "running"),
        ("host=nowhere.invalid", "name of the host"),
    ],
)
def test_the_hint_fits_the_reason(dsn: str, word: str) -> None:
    with pytest.raises(RunnerError) as caught:
        connect.connect(connect.Target(dsn))
    assert word in str(caught.value.hint)


def test_a_conninfo_is_shown_without_its_password() -> None:
    shown, password = connect.without_password("postgresql://me:hush@there:5433/mine")
    assert password == "hush"
    assert conninfo_to_dict(shown) == {
        "user": "me", "host": "there", "port": "5433", "dbname": "mine"
    }  # fmt: skip
    assert connect.without_password("postgresql://me@there/mine")[1] is None


def test_an_unreachable_server_is_a_sentence_and_a_hint_without_the_password() -> None:
    target = connect.Target("postgresql://me:hush@/none?host=/nonexistent&port=1")
    with pytest.raises(RunnerError) as caught:
        connect.connect(target)
    assert "cannot connect" in caught.value.message
    assert caught.value.hint
    assert "hush" not in caught.value.message + caught.value.hint


def test_a_malformed_dsn_is_a_sentence_and_a_hint() -> None:
    with pytest.raises(RunnerError) as caught:
        connect.connect(connect.Target("postgresql://[broken"))
    assert "malformed" in caught.value.message


@pytest.mark.parametrize(
    ("version", "warned"),
    [(150018, True), (150019, False), (160014, True), (170011, False), (180005, True),
     (180006, False), (180007, False)],
)  # fmt: skip
def test_minor_releases_with_known_holes_are_warned_about(version: int, warned: bool) -> None:
    assert (connect.warn_minor(version) is not None) == warned
