"""Fixtures: a copy of the migrated template for each test, on each server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from servers import APP_LOGIN, SERVERS, TRUSTED_LOGIN, Server, majors

from runner import cli
from runner.connect import Target

# A shell lets what it begins in the background ignore Ctrl-C, and so would every runner begun here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Every catalogue, and on every server, as `make test-all` does.
EVERYWHERE = "FUNDWARDEN_EVERYWHERE" in os.environ


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked long to `make test-all`, unless it was asked for by name.

    Of the cases of a test marked sampled(n), each n-th stays.
    """
    if EVERYWHERE or any("::" in argument for argument in config.args):
        return
    counted: Counter[str] = Counter()
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled:
            name = item.nodeid.split("[")[0]
            if counted[name] % sampled.args[0]:
                item.add_marker(pytest.mark.long)
            counted[name] += 1
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        wanted = majors(metafunc.config)
        if metafunc.definition.get_closest_marker("one_server") and not EVERYWHERE:
            wanted = wanted[:1]
        metafunc.parametrize("server", wanted, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The server of the major under test."""
    return SERVERS.get(request.param)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """Conninfo of a fresh copy of the migrated template, as superuser."""
    with server.database() as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def module_database(server: Server) -> Iterator[str]:
    """The same for all tests of a module that only read, or undo what they write."""
    with server.database() as conninfo:
        yield conninfo


@pytest.fixture
def target(database: str) -> Target:
    """The copy as the runner sees it."""
    return Target(database)


@pytest.fixture
def connect(database: str) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Connections to the copy, as superuser or as the user named; closed at the end."""
    opened: list[psycopg.Connection[Any]] = []

    def opener(user: str | None = None, **kwargs: Any) -> psycopg.Connection[Any]:
        where = make_conninfo(database, user=user) if user else database
        connection = psycopg.connect(where, autocommit=True, **kwargs)
        opened.append(connection)
        return connection

    yield opener
    for connection in opened:
        connection.close()


@pytest.fixture
def app_login(database: str) -> str:
    """Conninfo of a login that is granted fundwarden_app and nothing else."""
    return make_conninfo(database, user=APP_LOGIN)


@pytest.fixture
def trusted_login(database: str) -> str:
    """Conninfo of a login that is granted fundwarden_trusted and nothing else."""
    return make_conninfo(database, user=TRUSTED_LOGIN)


@pytest.fixture
def runner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line, called in this process: to start one more takes half a second."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patched:
            for name in [n for n in os.environ if n.startswith("PG") or n == "DATABASE_URL"]:
                patched.delenv(name)
            for name, text in environment.items():
                patched.setenv(name, text)
            patched.setattr(sys, "argv", ["runner", *arguments])
            patched.setattr(cli, "options", cli.Options())
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run
