"""The demo does the main job, and statistics say how large the tables are."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import psycopg
import pytest

from runner.connect import Target
from runner.demo import demo
from runner.errors import RunnerError
from runner.seeding import seed
from runner.statistics import readable, stats

pytestmark = pytest.mark.one_server


def test_the_demo_pages_as_three_supervisors_and_says_why(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    demo(Target(database), records=5_000)
    said = capsys.readouterr().out
    people = [int(found.replace(",", "")) for found in re.findall(r"supervises ([\d,]+)", said)]
    assert len(people) == 3
    assert people[0] * 5 < people[1] * 2 < people[2]
    assert said.count("total_count") >= 3
    assert "Why is the first of them visible?" in said
    assert "funds:read:team" in said
    assert "What to try next" in said

    demo(Target(database), records=5_000)
    assert "nothing to do" in (again := capsys.readouterr().out)
    assert "left as they are" in again


def test_the_demo_page_is_what_the_user_may_see(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    demo(Target(database), records=1_000)
    said = capsys.readouterr().out
    user = re.findall(r"select authz.act_as\((\d+)\)", said)[0]
    rows = re.findall(r"^ +1 +(\d+) +(\d+) ", said, re.MULTILINE)
    with psycopg.connect(database) as conn:
        expected = conn.execute(
            "select count(*) over (), f.id from finance.financial_funds as f where exists "
            "(select from finance.explain_fund_access(%s, f.id) as e where e.is_visible) "
            "order by f.amount desc nulls first, f.id limit 1",
            (user,),
        ).fetchone()
    assert expected is not None
    assert tuple(map(int, rows[0])) == expected


def test_a_database_where_nobody_supervises_is_told(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("insert into authz.org_units (id, code) values (1, 'a')")
        conn.execute("insert into authz.users (id, username, base_unit_id) values (1, 'u', 1)")
        conn.execute("insert into finance.financial_funds (handle_by, amount) values (1, 1)")
    with pytest.raises(RunnerError, match="nobody in this database supervises"):
        demo(Target(database), records=100)


def test_statistics_count_every_table(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    seed(Target(database), records=700, say=lambda line: None)
    stats(Target(database), as_json=True)
    found = json.loads(capsys.readouterr().out)
    rows = {f"{row['schema']}.{row['name']}": row["rows"] for row in found["tables"]}
    assert rows["finance.financial_funds"] == rows["authz.users"] == 700
    assert found["database_bytes"] > sum(row["total_bytes"] for row in found["tables"]) > 0
    stats(Target(database))
    assert re.search(r"finance\.financial_funds +700 ", capsys.readouterr().out)


def test_statistics_of_an_empty_database_are_refused(server: object, database: str) -> None:
    del server
    empty = psycopg.conninfo.make_conninfo(database, dbname="postgres")
    done = subprocess.run(
        [sys.executable, "-m", "runner.cli", "--dsn", empty, "stats"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'Run "runner migrate" first' in done.stderr


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 kB"), (2**20 * 150, "150 MB"), (2**50, "1024.0 TB")],
)
def test_sizes_are_readable(size: int, said: str) -> None:
    assert readable(size) == said
