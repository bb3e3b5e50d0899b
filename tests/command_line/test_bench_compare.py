"""The comparison runs end to end, and times nothing that answers otherwise."""

from __future__ import annotations

import dataclasses
import multiprocessing
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest

from bench import compare
from bench.compare import growth, inlists
from bench.compare.clients import Clients, Seen
from bench.compare.strategies import (
    OURS,
    STRATEGIES,
    Answer,
    Places,
    Question,
    Strategy,
    measurable,
)
from runner.connect import Target
from runner.errors import RunnerError
from runner.seeding import seed

pytestmark = pytest.mark.one_server

RECORDS = 1000
PLAN = compare.Plan(
    window=0.05, budget=0.05, clients=(1, 2), questions=2, single=0, many=0, lists=(5, 20),
    rounds=2, patience=60,
)  # fmt: skip


def quiet(line: str) -> None:
    """Says nothing."""


@pytest.fixture(scope="module")
def seeded(module_database: str) -> Iterator[Target]:
    target = Target(module_database)
    seed(target, records=RECORDS, say=quiet)
    yield target


def test_the_suite_measures_every_strategy_and_writes_its_report(
    seeded: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlists, "LARGE", 1000)
    results = compare.compare(
        seeded, tmp_path, records=RECORDS, plan=PLAN, say=quiet, mariadb=False
    )
    expected = {key for key, each in STRATEGIES.items() if each.engine != "MariaDB"}
    assert set(results.strategies) == expected == set(results.checked)
    assert all(asked >= 1 for asked in results.checked.values())
    assert set(results.loads) == {(key, clients) for key in expected for clients in (1, 2)}
    assert {key: load.seen.errors for key, load in results.loads.items() if load.errors} == {}
    # However slow the machine: each client asked, and was answered or cut off.
    assert all(
        load.done + load.seen.unfinished >= clients for (_, clients), load in results.loads.items()
    )

    said = (tmp_path / "REPORT.md").read_text()
    for strategy in results.strategies.values():
        assert len(re.findall(rf"^\| \**{re.escape(strategy.title)}\b", said, re.MULTILINE)) >= 3
    assert "MariaDB: it was not asked for." in said
    assert "number of parameters must be between 0 and 65535" in said
    for chart in re.findall(r"\]\((\w+\.svg)\)", said):
        assert ElementTree.parse(tmp_path / chart).getroot().tag.endswith("svg")


@pytest.mark.parametrize("lie", ["total", "rows", "order"])
def test_a_strategy_that_answers_otherwise_is_refused(
    seeded: Target, tmp_path: Path, lie: str
) -> None:
    def wrong(session: object, question: Question) -> Answer:
        total, rows = STRATEGIES["union"].ask(session, question)
        if lie == "total":
            return total + 1, rows
        if lie == "rows":
            return total, rows[:-1]
        return total, rows[::-1]

    def two(places: Places) -> dict[str, Strategy]:
        return {OURS: STRATEGIES[OURS], "wrong": Strategy("the wrong one", wrong, "lies")}

    with pytest.raises(RunnerError, match="the wrong one answers otherwise: user"):
        compare.compare(
            seeded, tmp_path, records=RECORDS, plan=PLAN, say=quiet, strategies=two, mariadb=False
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_a_strategy_that_does_not_answer_in_time_is_left_out_and_named(seeded: Target) -> None:
    chosen = {key: STRATEGIES[key] for key in (OURS, "union", "recursive")}
    missing: list[str] = []
    with (
        psycopg.connect(seeded.conninfo, autocommit=True) as connection,
        psycopg.connect(seeded.conninfo) as other,
    ):
        compare.engines.build_rivals(connection)
        asked = compare.questions(connection, RECORDS)[:1]
        other.execute("lock table rival.units in access exclusive mode")
        # Long enough for ours on a busy machine: the others wait for the lock all the same.
        plan = dataclasses.replace(PLAN, patience=3)
        _, checked = compare.check(
            chosen, Places(seeded.conninfo), asked, plan, missing, quiet
        )  # fmt: skip
    assert set(chosen) == set(checked) == {OURS}
    assert missing == [
        "union of joins: no answer within 3 s.",
        "recursive CTE: no answer within 3 s.",
    ]


@pytest.mark.long
def test_errors_and_requests_cut_off_are_counted_apart(seeded: Target) -> None:
    nowhere = Question(user=-1, people=0, path="no path!", unit=0, page=1)
    with (
        Clients(Places(seeded.conninfo), (nowhere,), 10) as clients,
        psycopg.connect(seeded.conninfo, autocommit=True) as connection,
    ):
        compare.engines.build_rivals(connection)
        failed = clients.window("union", 2, 0.1, warm=False)
        assert not failed.latencies
        assert any("SyntaxError" in said for said in failed.errors)

        with connection.transaction():
            connection.execute("lock table rival.units in access exclusive mode")
            waited = clients.window("recursive", 2, 0.1, warm=False)
        assert (waited.latencies, dict(waited.errors), waited.unfinished) == ([], {}, 2)

        with pytest.raises(RunnerError, match="the clients of sqlite_or failed"):
            clients.window("sqlite_or", 2, 0.1)
        # The processes are still good.
        assert clients.window("empty", 2, 0.1).latencies


def test_no_client_begins_where_one_is_not_ready() -> None:
    clients = Clients(Places(""), (), 10)
    told = []
    pairs = [multiprocessing.Pipe() for _ in range(2)]
    clients._pipes = [ours for ours, _ in pairs]
    broken, ready = (theirs for _, theirs in pairs)
    broken.send(RuntimeError("no route"))

    def process() -> None:
        assert ready.recv().strategy == "empty"
        ready.send("ready")
        told.append(ready.recv())
        ready.send(Seen())

    thread = threading.Thread(target=process)
    thread.start()
    with pytest.raises(RunnerError, match="the clients of empty failed: no route"):
        clients.window("empty", 2, 0.1)
    thread.join()
    assert told == [None]
    # Nothing is left to be taken for the next window's answer.
    assert not any(ours.poll() for ours in clients._pipes)


def test_growth_asks_the_same_people_in_every_database(seeded: Target, tmp_path: Path) -> None:
    growth.run({RECORDS: seeded, RECORDS + 1: seeded}, tmp_path, people=20, rounds=2, say=quiet)
    said = (tmp_path / "GROWTH.md").read_text()
    assert len(re.findall(r"^\| (?:amount|fund_id) ", said, re.MULTILINE)) == 4
    assert f"{RECORDS + 1:,} funds" in (tmp_path / "growth.svg").read_text()


def test_the_forms_of_a_list_are_checked_against_each_other(
    seeded: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(inlists.FORMS, "shorter", lambda ids: inlists.array(ids[:1]))
    with (
        psycopg.connect(seeded.conninfo, autocommit=True) as connection,
        pytest.raises(RunnerError, match="the forms count differently"),
    ):
        compare.engines.build_rivals(connection)
        inlists.measure(connection, (200,))


def test_an_engine_that_is_not_there_is_left_out() -> None:
    found = measurable(Places("dbname=x", sqlite="file"))
    assert {each.engine for each in found.values()} == {"PostgreSQL", "SQLite"}
    assert set(measurable(Places("", "file", "socket"))) == set(STRATEGIES)


def test_more_clients_than_connections_are_refused(seeded: Target, tmp_path: Path) -> None:
    crowd = dataclasses.replace(PLAN, clients=(10_000,))
    with pytest.raises(RunnerError, match="10000 clients need more than"):
        compare.compare(seeded, tmp_path, records=RECORDS, plan=crowd, say=quiet)
