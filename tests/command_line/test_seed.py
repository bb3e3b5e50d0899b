"""Seeding gives what row-by-row inserts would, the same each time, all of it or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from servers import Server

from runner.connect import Target
from runner.errors import INTERRUPTED, RunnerError
from runner.seeding import prepare, seed
from runner.statistics import sizes

pytestmark = pytest.mark.one_server

# In the order in which rows can be inserted; only what a person would write, the rest is derived.
WRITTEN = {
    "authz.org_units": "id, parent_id, code, name, kind, sort_order, metadata, is_active",
    "authz.users": "id, username, base_unit_id, profile, is_active",
    "authz.memberships": "id, user_id, unit_id, valid_from, valid_until",
    "authz.user_roles": (
        "id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until"
    ),
    "authz.permission_templates": (
        "id, unit_id, permission_key, min_role_rank, is_enabled, is_locked"
    ),
    "finance.customers": "tenant_id, id, name, manager_id",
    "finance.orders": "tenant_id, id, handler_id, customer_id",
    "finance.financial_funds": (
        "tenant_id, id, handle_by, order_id, customer_id, amount, currency, status, created_at"
    ),
}
# Of these a part is there from the start.
ADDED = {"authz.resources": "path, code, description", "authz.roles": "id, code, name, rank"}
RECORDS = 600
DIGESTS: dict[str, str] = {}


def quiet(line: str) -> None:
    del line


def counts(conninfo: str) -> dict[str, int]:
    with psycopg.connect(conninfo) as conn:
        return {f"{row['schema']}.{row['name']}": row["rows"] for row in sizes(conn)}


def digest(conninfo: str) -> str:
    """Of all that was seeded, times of writing left out."""
    with psycopg.connect(conninfo) as conn:
        parts = [
            conn.execute(
                f"select md5(coalesce(string_agg(to_jsonb(t)::text, ' ' order by t.id), '')) "
                f"from (select {columns} from {table}) as t"
            ).fetchone()
            for table, columns in WRITTEN.items()
        ]
    return " ".join(str(part[0]) for part in parts if part)


def everything(conninfo: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables with all their columns, except when they were written."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with psycopg.connect(conninfo) as conn:
        for row in sizes(conn):
            table = f"{row['schema']}.{row['name']}"
            if table in ("authz.user_effective_policies", "ops.refresh_log"):
                # As old as it likes; that it says the same as the tables has tests of its own.
                continue
            if table == "audit.permission_audit_log":
                # Tells how the rows came to be there.
                continue
            found[table] = conn.execute(
                f"select to_jsonb(t) - 'updated_at' - 'tree_version' "
                f"- case when %s = 'finance.financial_funds' then '' else 'created_at' end "
                f"from {table} as t order by 1",
                (table,),
            ).fetchall()
    return found


@pytest.fixture
def another(server: Server) -> Iterator[str]:
    """A second copy of the template."""
    with server.copy() as janitor:
        yield server.conninfo(janitor.dbname)


@pytest.mark.long
def test_seeded_rows_are_those_that_row_by_row_inserts_make(database: str, another: str) -> None:
    seed(Target(database), records=RECORDS, say=quiet)
    with psycopg.connect(database) as source, psycopg.connect(another) as into:
        for table, columns in ADDED.items():
            places = ", ".join(["%s"] * len(columns.split(", ")))
            for row in source.execute(f"select {columns} from {table}").fetchall():
                into.execute(
                    f"insert into {table} ({columns}) overriding system value values ({places}) "
                    "on conflict do nothing",
                    row,
                )
        for table, columns in WRITTEN.items():
            # Parents before children, whatever their ids.
            order = "level, id" if table == "authz.org_units" else "id"
            rows = source.execute(f"select {columns} from {table} order by {order}").fetchall()
            assert len(rows) >= 15
            places = ", ".join(["%s"] * len(columns.split(", ")))
            for row in rows:
                values = [psycopg.types.json.Jsonb(v) if isinstance(v, dict) else v for v in row]
                into.execute(
                    f"insert into {table} ({columns}) overriding system value values ({places})",
                    values,
                )
    seeded, inserted = everything(database), everything(another)
    assert seeded.keys() == inserted.keys()
    for table in seeded:
        assert seeded[table] == inserted[table], table


def test_the_log_is_told_of_a_load_and_not_of_its_rows(database: str) -> None:
    seed(Target(database), records=300, say=quiet)
    with psycopg.connect(database) as conn:
        loaded = conn.execute(
            "select l.table_name, (l.new_values ->> 'rows')::bigint "
            "from audit.permission_audit_log as l where l.action = 'LOAD'"
        ).fetchall()
        # A few rows beside what the tables are loaded with come as any other.
        others = conn.execute(
            "select distinct l.table_name, l.action from audit.permission_audit_log as l "
            "where l.action not in ('START', 'LOAD') order by l.table_name"
        ).fetchall()
        assert others == [("authz.resources", "CREATE"), ("authz.roles", "CREATE")]
        assert dict(loaded) == {
            table: count
            for table, count in counts(database).items()
            if table in (*WRITTEN, "authz.tenants") and table.startswith("authz.")
        }
        assert conn.execute("select * from audit.verify_tables()").fetchall() == []
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="before the LOAD"):
            conn.execute(
                "select audit.access_as_of(2, 'funds', 'read', 1, s.sealed_at) "
                "from audit.seals as s where s.kind = 'start'"
            )
        conn.rollback()
        answer = conn.execute(
            "select audit.access_as_of(2, 'funds', 'read', m.unit_id, clock_timestamp()), "
            "authz.check_user_permission(2, 'funds', 'read', m.unit_id) "
            "from authz.user_roles as m where m.user_id = 2 and m.unit_id is not null"
        ).fetchall()
        assert answer == [(True, True)] * len(answer) != []


def test_a_seed_leaves_a_filled_view_statistics_and_nothing_to_warn_of(database: str) -> None:
    seed(Target(database), records=RECORDS, say=quiet)
    with psycopg.connect(database) as conn:
        assert conn.execute("select * from authz.verify_effective_policies()").fetchall() == []
        assert conn.execute(
            "select (select count(*) > %s from authz.user_effective_policies), "
            "(select count(*) from authz_private.policy_marks as m where not m.is_floor), "
            "(select l.mode from ops.refresh_log as l order by l.id desc limit 1)",
            (RECORDS,),
        ).fetchone() == (True, 0, "load")
        never_analysed = conn.execute(
            "select c.oid::regclass::text from pg_class as c "
            "where c.relnamespace in ('authz'::regnamespace, 'finance'::regnamespace) "
            "and c.relkind in ('r', 'm') and c.reltuples < 0"
        ).fetchall()
        assert never_analysed == []
        found = conn.execute(
            "select c.name, c.severity, c.detail from ops.health_checks() as c "
            "where c.name in ('effective_view', 'refresh', 'marks', 'expanded_permissions') "
            "order by c.name"
        ).fetchall()
        assert [(name, severity) for name, severity, _ in found] == [
            ("effective_view", "ok"),
            ("expanded_permissions", "ok"),
            ("marks", "ok"),
            ("refresh", "ok"),
        ]


def test_the_catalog_is_the_same_afterwards(database: str) -> None:
    with psycopg.connect(database) as conn:
        before = catalog_snapshot(conn)
    seed(Target(database), records=RECORDS, say=quiet)
    seed(Target(database), records=RECORDS, append=True, say=quiet)
    seed(Target(database), records=RECORDS, reset=True, say=quiet)
    with psycopg.connect(database) as conn:
        assert differences(before, catalog_snapshot(conn)) == []


def indexes(conninfo: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as conn:
        return conn.execute(
            "select schemaname, tablename, indexname, indexdef from pg_indexes "
            "where schemaname in ('authz', 'finance') order by 1, 2, 3"
        ).fetchall()


def test_every_index_is_back(database: str) -> None:
    before = indexes(database)
    seed(Target(database), records=RECORDS, say=quiet)
    assert indexes(database) == before
    with psycopg.connect(database) as conn:
        row = conn.execute(
            "select count(*) from pg_index where not (indisvalid and indisready)"
        ).fetchone()
        assert row == (0,)


def test_a_seed_gives_the_same_rows_each_time_on_every_server(database: str, another: str) -> None:
    seed(Target(database), records=RECORDS, random_seed=7, say=quiet)
    seed(Target(another), records=RECORDS, random_seed=8, say=quiet)
    assert digest(database) != digest(another)
    assert digest(database) == DIGESTS.setdefault("7", digest(database))
    seed(Target(another), records=RECORDS, random_seed=7, reset=True, say=quiet)
    assert digest(another) == digest(database)


def test_counts_are_the_records_asked_for(database: str) -> None:
    seed(Target(database), records=RECORDS, say=quiet)
    found = counts(database)
    for table in ("authz.users", "authz.memberships", "finance.customers", "finance.orders"):
        assert found[table] == RECORDS
    assert found["finance.financial_funds"] == RECORDS


@pytest.mark.parametrize(
    "records", [1, 50, *(pytest.param(few, marks=pytest.mark.long) for few in (2, 3, 9))]
)
def test_few_records_are_no_special_case(database: str, records: int) -> None:
    seed(Target(database), records=records, say=quiet)
    assert counts(database)["finance.financial_funds"] == records


def test_a_filled_database_is_refused_and_stays(database: str) -> None:
    seed(Target(database), records=200, say=quiet)
    before = digest(database)
    with pytest.raises(RunnerError, match="already holds data") as refused:
        seed(Target(database), records=200, say=quiet)
    assert "--append" in (refused.value.hint or "")
    assert digest(database) == before


def test_one_unit_is_enough_to_be_refused(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute("insert into authz.org_units (code) values ('mine')")
    with pytest.raises(RunnerError, match="already holds data"):
        seed(Target(database), records=200, say=quiet)


def test_append_leaves_what_is_there(database: str) -> None:
    seed(Target(database), records=RECORDS, say=quiet)
    before = everything(database)
    seed(Target(database), records=RECORDS, append=True, say=quiet)
    after = everything(database)
    for table, rows in before.items():
        assert [row for row in after[table] if row in rows] == rows, table
    assert counts(database)["finance.financial_funds"] == 2 * RECORDS


def test_reset_starts_anew(database: str, another: str) -> None:
    seed(Target(database), records=RECORDS, random_seed=1, say=quiet)
    seed(Target(database), records=300, random_seed=2, reset=True, say=quiet)
    seed(Target(another), records=300, random_seed=2, say=quiet)
    assert everything(database) == everything(another)


def test_ids_go_on_after_the_seeded_ones(database: str) -> None:
    seed(Target(database), records=300, say=quiet)
    with psycopg.connect(database) as conn:
        unit, user = (
            conn.execute("select max(id) from authz.users").fetchone(),
            conn.execute(
                "insert into authz.users (username, base_unit_id) "
                "select 'new', max(id) from authz.org_units returning id"
            ).fetchone(),
        )
        assert unit and user and user[0] == unit[0] + 1


def test_supervisors_of_different_size_are_listed_and_user_2_has_a_thousand(database: str) -> None:
    seed(Target(database), records=20_000, say=quiet)
    with psycopg.connect(database) as conn:
        people = dict(
            conn.execute("select user_id, subordinates from authz.supervisors").fetchall()
        )
        assert 800 <= people[2] <= 1_250
        for size in (10, 100, 1_000):
            assert any(0.6 * size <= found <= 1.6 * size for found in people.values()), size
        # The view counts by units, the function walks the people.
        for user in [2, *sorted(people)[::97]]:
            row = conn.execute("select count(*) from authz.subordinates(%s)", (user,)).fetchone()
            assert row == (people[user],)
        levels = conn.execute("select max(level), count(*) from authz.org_units").fetchone()
        assert levels and levels[0] >= 5 and levels[1] == 200
        tenants = conn.execute(
            "select count(*) from authz.users group by tenant_id order by 1"
        ).fetchall()
        assert len(tenants) >= 3 and tenants[-1][0] > 5 * tenants[0][0]


def test_templates_of_seven_modules_hold_at_the_roots_and_differ_below(database: str) -> None:
    seed(Target(database), records=RECORDS, say=quiet)
    with psycopg.connect(database) as conn:
        roots = conn.execute(
            "select s.permissions, s.locked, s.enabled from authz.org_units as u "
            "inner join authz.org_permission_summary as s on u.id = s.unit_id "
            "where u.parent_id is null"
        ).fetchall()
        assert len(roots) == 6
        assert set(roots) == {(28, 6, 27)}
        ranks = conn.execute(
            "select code from authz.roles where code in "
            "('admin', 'board_member', 'committee_lead', 'volunteer') order by rank desc"
        ).fetchall()
        assert [r[0] for r in ranks] == ["admin", "board_member", "committee_lead", "volunteer"]
        assert conn.execute(
            "select count(distinct r.code) from authz.permission_templates as t "
            "inner join authz.resources as r on split_part(t.permission_key, '.', 1) = r.code "
            "where r.path operator(ext.<@) 'community'"
        ).fetchone() == (7,)
        drift = conn.execute(
            "select is_overruled, count(*) from authz.permission_template_drift group by 1"
        ).fetchall()
        assert {overruled for overruled, _ in drift} == {False, True}
        # A volunteer may what the templates give that rank, and no more.
        volunteer = conn.execute(
            "select g.user_id, g.unit_id from authz.user_roles as g "
            "inner join authz.roles as r on g.role_id = r.id "
            "inner join authz.org_units as n on g.unit_id = n.id and n.is_active "
            "inner join authz.users as u on g.user_id = u.id and u.is_active "
            "where r.code = 'volunteer' order by g.id limit 1"
        ).fetchone()
        assert volunteer
        assert conn.execute(
            "select authz.user_has_org_permission(%(u)s, %(n)s, 'members.read'), "
            "authz.check_user_permission(%(u)s, 'events', 'read', %(n)s), "
            "authz.user_has_org_permission(%(u)s, %(n)s, 'finances.create')",
            {"u": volunteer[0], "n": volunteer[1]},
        ).fetchone() == (True, True, False)


@pytest.mark.parametrize("every", [40, pytest.param(7, marks=pytest.mark.long)])
def test_a_session_lost_before_the_commit_leaves_nothing(database: str, every: int) -> None:
    before, empty = indexes(database), counts(database)
    with closing(psycopg.connect(database)) as conn:
        steps = [s for s in prepare(conn, 300, 1, append=False, reset=False) if s.phase != "vacuum"]
    for stop in range(every - 1, len(steps), every):
        with closing(psycopg.connect(database)) as conn:
            steps = prepare(conn, 300, 1, append=False, reset=False)
            for step in steps[:stop]:
                conn.execute(step.command)
        assert counts(database) == empty
        assert indexes(database) == before


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="kill", marks=pytest.mark.long),
        pytest.param(signal.SIGINT, INTERRUPTED, id="int"),
    ],
)
def test_a_runner_stopped_half_way_leaves_nothing_and_the_next_one_works(
    database: str, number: int, code: int
) -> None:
    empty = counts(database)
    command = [sys.executable, "-m", "runner.cli", "--dsn", database, "seed", "--records", "60000"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        for line in running.stdout:
            if line.startswith("customers"):
                running.send_signal(number)
                break
        said = running.stderr.read()
        running.wait()
    assert running.returncode == code
    if number == signal.SIGINT:
        assert "Nothing was changed" in said
    # The server takes a moment to notice that its client is gone; the lock says when.
    seed(Target(database), records=200, say=quiet)
    assert counts(database)["finance.financial_funds"] == 200
    assert empty["finance.financial_funds"] == 0


def test_a_database_without_the_schema_is_refused(server: Server) -> None:
    with pytest.raises(RunnerError, match="holds no fundwarden schema") as refused:
        seed(Target(server.conninfo("postgres")), records=10, say=quiet)
    assert "runner migrate" in (refused.value.hint or "")


def test_a_login_that_is_not_the_owner_is_refused(app_login: str) -> None:
    with pytest.raises(RunnerError, match="may not act as fundwarden_owner"):
        seed(Target(app_login), records=10, say=quiet)


def test_lines_say_how_far_it_is(database: str) -> None:
    said: list[str] = []
    seed(Target(database), records=2_000, say=said.append, progress=False)
    assert any(line.startswith("funds: ") and "/s" in line and "left" in line for line in said)
    assert "rows in" in said[-1]


def test_a_bar_is_drawn_where_a_person_watches(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(Target(database), records=500, say=quiet, progress=True)
    assert "Indexes and keys" in capsys.readouterr().out
