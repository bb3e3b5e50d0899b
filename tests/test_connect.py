"""Which server is used, and what is said when it cannot be."""

from __future__ import annotations

import pytest

from runner import connect
from runner.errors import RunnerError


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
