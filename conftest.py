"""Seen by every collection, also of db/tests alone: options and the pgTAP collector."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests" / "helpers"))

pytest_plugins = ["pgtap"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--server: which majors to test on."""
    parser.addoption("--server", choices=["15", "16", "17", "18", "two", "all"], default="two")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the servers what the run is about, and whether workers share them."""
    from servers import SERVERS, majors

    SERVERS.wanted = majors(config)
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        SERVERS.share()


def pytest_sessionfinish() -> None:
    """Stop what the run started."""
    from servers import SERVERS

    SERVERS.stop()
