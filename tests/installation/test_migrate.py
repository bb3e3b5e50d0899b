"""What migrate and status promise, on projects of a few files and on the real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from migrate_support import (
    DOUBLE,
    POLICY,
    TABLE,
    VIEW,
    Database,
    Server,
    Tree,
    binaries,
    until,
)

from runner.errors import DRIFT, NEWER, RunnerError
from runner.migrations import catalog, sqltext
from runner.migrations.engine import LOCK_KEY
from runner.migrations.including import freeze

REAL = Path(__file__).resolve().parents[2]

MATERIALIZED = "create materialized view app.sums as select id, amount from app.item;\n"


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[int], Server]]:
    running: dict[int, Server] = {}

    def get(major: int) -> Server:
        if major not in running:
            found = binaries(major)
            if found is None:
                pytest.skip(f"no PostgreSQL {major} binaries here")
            running[major] = Server(found)
        return running[major]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture
def newest(servers: Callable[[int], Server]) -> Server:
    return servers(18)


@pytest.fixture
def managed() -> Iterator[Callable[[int], Server]]:
    """A server of its own, where no role of ours exists yet, and `admin`, who is no superuser."""
    running: list[Server] = []

    def get(major: int) -> Server:
        found = binaries(major)
        if found is None:
            pytest.skip(f"no PostgreSQL {major} binaries here")
        running.append(Server(found))
        with running[0].connect() as conn:
            conn.execute("create role admin login createrole nosuperuser")
        return running[0]

    yield get
    for server in running:
        server.stop()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "project")


@pytest.fixture
def db(newest: Server, tree: Tree) -> Database:
    return Database(newest, newest.create_database(), tree.root)


@pytest.fixture
def installed(db: Database, tree: Tree) -> Database:
    tree.full()
    db.migrate()
    return db


def snapshot(db: Database) -> dict[str, dict[str, str]]:
    with db.server.connect(db.name) as conn:
        return catalog_snapshot(conn)


def drifts(db: Database) -> list[tuple[str, str, str]]:
    return [(one.what, one.kind, one.identity) for one in db.status().objects]


# Once and twice.


def test_everything_is_installed_and_status_is_clean(installed: Database) -> None:
    report = installed.status()
    assert report.lines()[-1] == "up to date"
    assert report.exit_code == 0
    assert report.as_dict()["migrations_applied"] == ["0001_baseline"]
    installed.run("insert into app.item (name, amount) values ('ABC', 4)")
    assert installed.run("select name from app.item") == [("abc",)]
    assert installed.one("select twice from app.doubled") == 8


def test_migrating_twice_writes_nothing_and_says_so(installed: Database) -> None:
    next_xid = "select pg_snapshot_xmax(pg_current_snapshot())::text"
    before = installed.one(next_xid)
    assert installed.migrate() == ["nothing to do"]
    assert installed.migrate(plan=True) == ["nothing to do"]
    assert installed.status().exit_code == 0
    assert installed.one(next_xid) == before


def test_a_plan_says_what_it_would_do_and_writes_nothing(db: Database, tree: Tree) -> None:
    tree.full()
    before = db.one("select pg_snapshot_xmax(pg_current_snapshot())::text")
    said = db.migrate(plan=True)
    assert said[0] == "would apply migrations/0001_baseline.py"
    assert "would apply db/views/app.doubled.sql: new" in said
    assert db.one("select pg_snapshot_xmax(pg_current_snapshot())::text") == before
    assert db.status().lines()[-1] == "not installed"
    assert db.status().exit_code == DRIFT


def test_the_owner_owns_everything_and_public_reads_no_bookkeeping(installed: Database) -> None:
    owners = installed.run(
        """
        select distinct c.relowner::regrole::text from pg_class as c
        where c.relnamespace in ('app'::regnamespace, 'fundwarden'::regnamespace)
        union
        select distinct p.proowner::regrole::text from pg_proc as p
        where p.pronamespace = 'app'::regnamespace
        """
    )
    assert owners == [("fundwarden_owner",)]
    installed.run("do $$ begin create role stranger; exception when duplicate_object then end $$")
    with installed.server.connect(installed.name) as conn:
        conn.execute("set role stranger")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from fundwarden.applied_files")


# Repeatable files.


def test_a_file_is_applied_again_with_the_one_it_names(installed: Database, tree: Tree) -> None:
    listed = (
        "create or replace function app.amounts() returns int [] "
        "language sql as 'select array[%s]';"
    )
    tree.write("functions/app.amounts.sql", listed % "1")
    made = (
        "-- applied with: functions/app.amounts.sql\n"
        "do $$ begin execute format('create or replace view app.largest as select %s as n',"
        " (app.amounts())[cardinality(app.amounts())]); end $$;"
    )
    tree.write("views/app.largest.sql", made)
    installed.migrate()
    assert installed.one("select n from app.largest") == 1
    tree.write("functions/app.amounts.sql", listed % "1, 7")
    assert installed.migrate() == [
        "applying db/functions/app.amounts.sql: changed",
        "applying db/views/app.largest.sql: applied with db/functions/app.amounts.sql",
        "committed",
    ]
    assert installed.one("select n from app.largest") == 7
    assert installed.migrate() == ["nothing to do"]
    tree.write("views/app.largest.sql", made.replace("app.amounts.sql", "app.none.sql", 1))
    with pytest.raises(RunnerError, match=r"applied with functions/app.none.sql, which"):
        installed.migrate()


def test_a_changed_function_deploys_without_a_migration(installed: Database, tree: Tree) -> None:
    tree.write("functions/app.double.sql", DOUBLE.replace("amount * 2", "amount * 4"))
    assert installed.status().files_changed == ["functions/app.double.sql"]
    assert installed.migrate() == ["applying db/functions/app.double.sql: changed", "committed"]
    assert installed.one("select app.double(1)") == 4
    assert installed.status().exit_code == 0


@pytest.mark.parametrize(
    ("by_hand", "what", "kind", "identity"),
    [
        (DOUBLE.replace("amount * 2", "7"), "changed", "function", "app.double(integer)"),
        (
            "grant execute on function app.double(int) to public",
            "changed",
            "function",
            "app.double(integer)",
        ),
        ("drop trigger _100_name on app.item", "missing", "trigger", "_100_name on app.item"),
        (
            "alter table app.item disable trigger _100_name",
            "disabled",
            "trigger",
            "_100_name on app.item",
        ),
        (
            "drop policy everybody_reads on app.item",
            "missing",
            "policy",
            "everybody_reads on app.item",
        ),
        ("alter table app.item disable row level security", "changed", "access", "app.item"),
        ("grant delete on app.item to public", "changed", "access", "app.item"),
        (
            VIEW.replace("app.double(i.amount)", "i.amount"),
            "changed",
            "view",
            "app.doubled",
        ),
        ("drop view app.doubled", "missing", "view", "app.doubled"),
        ("comment on view app.doubled is 'mine'", "changed", "view", "app.doubled"),
        (
            "drop view app.doubled; drop function app.double(int); "
            + DOUBLE
            + VIEW.replace("or replace ", ""),
            "changed",
            "function",
            "app.double(integer)",
        ),
    ],
)
@pytest.mark.sampled(2)
def test_what_was_changed_by_hand_is_reported_and_repaired(
    installed: Database, tree: Tree, by_hand: str, what: str, kind: str, identity: str
) -> None:
    # The files state every right and comment, so that applying one again repairs it.
    tree.write("policies/app.item.sql", "revoke all on app.item from public;\n" + POLICY)
    tree.write("views/app.doubled.sql", VIEW + "comment on view app.doubled is 'Twice.';\n")
    installed.migrate()
    before = snapshot(installed)
    installed.run(by_hand)
    assert (what, kind, identity) in drifts(installed)
    assert installed.status().exit_code == DRIFT
    assert "by hand" in installed.migrate()[0]
    assert differences(before, snapshot(installed)) == []
    assert installed.status().exit_code == 0
    assert installed.migrate() == ["nothing to do"]


@pytest.mark.parametrize(
    ("made", "kind", "identity"),
    [
        ("create function app.extra() returns int return 1", "function", "app.extra()"),
        ("create view app.extra as select 1 as one", "view", "app.extra"),
        ("create table app.extra (id int)", "table", "app.extra"),
        ("create policy extra on app.item", "policy", "extra on app.item"),
        (
            "create trigger extra before delete on app.item for each row "
            "execute function app.tg_name()",
            "trigger",
            "extra on app.item",
        ),
        ("create rule extra as on delete to app.item do nothing", "rule", "extra on app.item"),
        ("create type app.extra as enum ('a')", "type", "app.extra"),
    ],
)
def test_a_stray_object_is_reported_and_left_alone(
    installed: Database, made: str, kind: str, identity: str
) -> None:
    installed.run(made)
    assert drifts(installed) == [("stray", kind, identity)]
    assert installed.status().exit_code == DRIFT
    assert installed.migrate() == ["nothing to do"]


def test_a_table_changed_by_hand_is_reported_and_not_touched(installed: Database) -> None:
    installed.run("alter table app.item drop constraint amounts_are_positive")
    assert drifts(installed) == [("changed", "table", "app.item")]
    said = installed.migrate()
    assert said[0].startswith("warning: table app.item was changed by hand")
    assert said[-1] == "nothing to do"


def test_a_deleted_files_object_is_dropped(installed: Database, tree: Tree) -> None:
    tree.delete("views/app.doubled.sql")
    assert installed.status().files_deleted == ["views/app.doubled.sql"]
    assert "dropping view app.doubled: db/views/app.doubled.sql no longer makes it" in (
        installed.migrate()
    )
    assert installed.one("select to_regclass('app.doubled') is null")
    assert installed.status().exit_code == 0


def test_a_deleted_files_object_that_is_needed_is_refused_with_the_name_of_what_needs_it(
    installed: Database, tree: Tree
) -> None:
    before = snapshot(installed)
    tree.delete("functions/app.double.sql")
    with pytest.raises(RunnerError) as error:
        installed.migrate()
    assert "app.doubled depends on function app.double(integer)" in str(error.value)
    assert snapshot(installed) == before


def test_a_renamed_file_keeps_its_object(installed: Database, tree: Tree) -> None:
    oid = installed.one("select 'app.doubled'::regclass::oid")
    tree.delete("views/app.doubled.sql")
    tree.write("views/app.renamed.sql", VIEW)
    assert not [line for line in installed.migrate() if "dropping" in line]
    assert installed.one("select 'app.doubled'::regclass::oid") == oid
    assert installed.status().exit_code == 0


def test_a_function_that_left_its_file_is_dropped(installed: Database, tree: Tree) -> None:
    other = "create or replace function app.half(amount int) returns int return amount / 2;\n"
    tree.write("functions/app.double.sql", DOUBLE + other)
    installed.migrate()
    tree.write("functions/app.double.sql", DOUBLE)
    installed.migrate()
    assert installed.one("select to_regprocedure('app.half(int)') is null")


def test_a_changed_return_type_remakes_what_depends_on_it(installed: Database, tree: Tree) -> None:
    tree.write("functions/app.double.sql", DOUBLE.replace("returns int", "returns bigint"))
    said = installed.migrate()
    assert "starting again: dropping and remaking every repeatable object" in said
    assert installed.one("select pg_typeof(app.double(1))::text") == "bigint"
    assert installed.status().exit_code == 0
    assert installed.migrate() == ["nothing to do"]


def test_a_new_parameter_reaches_the_unchanged_view_that_calls_it(
    installed: Database, tree: Tree
) -> None:
    tree.write(
        "functions/app.double.sql",
        DOUBLE.replace("amount int)", "amount int, plus int default 5)")
        .replace("amount * 2", "amount * 2 + plus")
        .replace("double(int)", "double(int, int)"),
    )
    installed.run("insert into app.item (amount) values (1)")
    installed.migrate()
    assert installed.one("select twice from app.doubled") == 7
    assert installed.one("select to_regprocedure('app.double(int)') is null")
    assert installed.status().exit_code == 0


def test_a_materialized_view_survives_the_remaking_of_others(
    installed: Database, tree: Tree
) -> None:
    tree.write("views/app.sums.sql", MATERIALIZED)
    installed.migrate()
    oid = installed.one("select 'app.sums'::regclass::oid")
    tree.write("functions/app.double.sql", DOUBLE.replace("returns int", "returns bigint"))
    installed.migrate()
    assert installed.one("select 'app.sums'::regclass::oid") == oid
    tree.write("views/app.sums.sql", MATERIALIZED.replace("amount from", "amount + 1 as m from"))
    installed.migrate()
    assert installed.one("select 'app.sums'::regclass::oid") != oid
    assert installed.status().exit_code == 0


def test_a_materialized_view_is_remade_when_it_is_in_the_way(
    installed: Database, tree: Tree
) -> None:
    tree.write(
        "views/app.sums.sql",
        "create materialized view app.sums as select twice from app.doubled;\n",
    )
    installed.migrate()
    tree.write("functions/app.double.sql", DOUBLE.replace("returns int", "returns bigint"))
    said = installed.migrate()
    assert "starting again: dropping and remaking materialized views as well" in said
    assert installed.status().exit_code == 0


def test_a_changed_policy_replaces_the_old_one(installed: Database, tree: Tree) -> None:
    tree.write("policies/app.item.sql", POLICY.replace("everybody_reads", "all_read"))
    installed.migrate()
    assert installed.run("select polname from pg_policy") == [("all_read",)]
    assert installed.status().exit_code == 0


def test_an_object_has_one_file(installed: Database, tree: Tree) -> None:
    tree.write("functions/app.again.sql", DOUBLE)
    with pytest.raises(RunnerError, match="made or altered by both"):
        installed.migrate()
    assert installed.status().files_new == ["functions/app.again.sql"]


def test_a_repeatable_file_makes_no_table(installed: Database, tree: Tree) -> None:
    tree.write("functions/app.sneaky.sql", "create table app.sneaky (id int);\n")
    with pytest.raises(RunnerError, match=r"db/functions/app.sneaky.sql makes table app.sneaky"):
        installed.migrate()
    assert installed.one("select to_regclass('app.sneaky') is null")


# Errors.


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("-- why\n\ncreate or replace function app.bad() returns int\nretrun 1;\n", ":4: "),
        (DOUBLE + "comment on view app.nowhere is 'x';\n", ":9: "),
        (
            "create or replace function app.bad() returns int language plpgsql as $$\n"
            "begin\n    retrun 1;\nend\n$$;\n",
            ":3: ",
        ),
        ("select 1;\ndo $$ begin\n raise exception 'no' using hint = 'why'; end $$;\n", ":2: no"),
    ],
)
def test_an_error_names_file_and_line_and_nothing_is_kept(
    installed: Database, tree: Tree, text: str, where: str
) -> None:
    before = snapshot(installed)
    tree.write("functions/app.double.sql", DOUBLE.replace("* 2", "* 3"))
    tree.write("functions/app.bad.sql", text.replace("app.double", "app.bad"))
    with pytest.raises(RunnerError) as error:
        installed.migrate()
    assert f"db/functions/app.bad.sql{where}" in str(error.value)
    assert snapshot(installed) == before


def test_an_error_in_a_migration_names_its_line(installed: Database, tree: Tree) -> None:
    tree.migration("0002_break.sql", "alter table app.item add column a int;\n\nalter tabel x;\n")
    with pytest.raises(RunnerError, match=r"migrations/0002_break.sql:3: syntax error"):
        installed.migrate()
    assert installed.status().migrations_pending == ["0002_break"]
    assert drifts(installed) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: (t.root / "db/functions/app.x.sql").write_text("select 1;"), "is not listed"),
        (lambda t: (t.root / "db/functions/app.double.sql").unlink(), "is missing"),
        (lambda t: t.paths.append("tests/x.sql") or t.list_files(), "is not installable"),
        (lambda t: t.paths.append("views/app.doubled.sql") or t.list_files(), "listed twice"),
        (lambda t: t.write("functions/app.x.sql", "select 1;\nCOMMIT;\n"), ":2: commit is not"),
        (lambda t: t.write("functions/app.x.sql", "-- runs as: me\n"), "cannot run as me"),
        (
            lambda t: (t.root / "db/install.sql").write_text("\\i functions/x.sql\n"),
            "install.sql:1: only comments",
        ),
    ],
)
def test_a_wrong_tree_is_refused_before_the_database_is_asked(
    tree: Tree, change: Callable[[Tree], Any], message: str, newest: Server
) -> None:
    tree.full()
    change(tree)
    with pytest.raises(RunnerError) as error:
        Database(newest, "no_such_database", tree.root).migrate()
    assert message in str(error.value)


# Migrations.


@pytest.mark.parametrize(
    "text",
    [
        "create function app.f() returns int return 1;",
        "CREATE OR REPLACE\n  FUNCTION app.f() returns int return 1;",
        "create /* or */ procedure app.f() begin atomic end;",
        "create temp recursive view v as select 1;",
        "create materialized view app.m as select 1;",
        "create constraint trigger t after insert on app.item execute function app.tg_name();",
        "create policy p on app.item;",
        "do $$ begin create view app.v as select 1; end $$;",
        "-- transactional: false\nselect 1;",
    ],
)
def test_a_migration_of_repeatable_things_is_refused(tree: Tree, text: str, db: Database) -> None:
    tree.migration("0002_sneak.sql", text)
    with pytest.raises(RunnerError, match=r"migrations/0002_sneak.sql:\d+: "):
        db.migrate()
    assert db.one("select to_regnamespace('app') is null")


def test_a_migration_may_mention_what_it_must_not_create(db: Database, tree: Tree) -> None:
    tree.migration(
        "0002_note.sql",
        "-- create view v\ncomment on column app.item.name is 'not a create function call';\n",
    )
    db.migrate()
    assert db.status().exit_code == 0


def test_a_migration_that_hides_a_function_is_refused(db: Database, tree: Tree) -> None:
    tree.migration(
        "0002_hide.sql",
        "do $$ begin execute 'create ' || 'function app.f() returns int return 1'; end $$;",
    )
    with pytest.raises(RunnerError, match=r"0002_hide.sql makes function app.f\(\)"):
        db.migrate()


def test_a_python_migration_runs_as_the_owner(installed: Database, tree: Tree) -> None:
    tree.migration(
        "0002_add_note.py",
        'from yoyo import step\nstep("create table app.note (id int)")\n',
    )
    installed.migrate()
    assert installed.one("select relowner::regrole::text from pg_class where relname = 'note'") == (
        "fundwarden_owner"
    )
    assert installed.status().exit_code == 0


def test_tables_that_a_migration_renames_or_drops_are_known_by_their_new_state(
    installed: Database, tree: Tree
) -> None:
    tree.migration("0002_add.sql", "create table app.extra (id int);\n")
    installed.migrate()
    assert installed.status().exit_code == 0
    tree.migration(
        "0003_drop.sql", "drop table app.extra;\nalter table app.item rename to thing;\n"
    )
    for path in ("triggers/app.item.sql", "policies/app.item.sql", "views/app.doubled.sql"):
        text = (tree.root / "db" / path).read_text()
        tree.delete(path)
        tree.write(path.replace("item", "thing"), text.replace("app.item", "app.thing"))
    installed.migrate()
    assert drifts(installed) == []
    assert installed.status().exit_code == 0


def test_a_pinned_file_that_changed_is_refused(installed: Database, tree: Tree) -> None:
    tree.write("schema/010_item.sql", TABLE.replace("name text", "title text"))
    for ask in (installed.migrate, installed.status):
        with pytest.raises(RunnerError, match="010_item.sql changed since") as error:
            ask()
        assert error.value.exit_code == DRIFT
        assert "write a new migration" in (error.value.hint or "")


def test_pins_are_renewed_until_the_release_only(tree: Tree) -> None:
    tree.write("schema/010_item.sql", TABLE + "-- more\n")
    assert tree.pin() == ["schema/010_item.sql"]
    assert tree.pin() == []
    assert freeze(tree.root) == ["schema/001_roles.sql", "schema/010_item.sql"]
    with pytest.raises(RunnerError, match="released"):
        tree.pin()


def test_an_upgraded_database_equals_a_fresh_one_and_a_restored_one(
    installed: Database, tree: Tree, newest: Server
) -> None:
    freeze(tree.root)
    tree.migration("0002_add_note.sql", "alter table app.item add column note text default 'x';\n")
    tree.write(
        "schema/010_item.sql", TABLE.replace("    constraint", "    note text,\n    constraint")
    )
    tree.write("views/app.doubled.sql", VIEW.replace("i.id,", "i.id, i.note,"))
    installed.migrate()
    fresh = Database(newest, newest.create_database(), tree.root)
    fresh.migrate()
    restored = Database(newest, newest.restored(installed.name), tree.root)
    assert differences(snapshot(fresh), snapshot(installed)) == []
    assert differences(snapshot(fresh), snapshot(restored)) == []
    for one in (installed, fresh, restored):
        assert one.status().exit_code == 0
        assert one.migrate() == ["nothing to do"]


def test_a_frozen_text_that_was_edited_is_refused(installed: Database, tree: Tree) -> None:
    freeze(tree.root)
    (tree.root / "migrations/0001_baseline/schema/010_item.sql").write_text(TABLE + "-- more\n")
    with pytest.raises(RunnerError, match="differs from what was released"):
        installed.migrate()


def test_a_column_used_by_a_view_can_change_its_type(installed: Database, tree: Tree) -> None:
    tree.write(
        "views/app.names.sql", "create or replace view app.names as select name from app.item;\n"
    )
    installed.migrate()
    tree.migration("0002_shorten.sql", "alter table app.item alter column name type varchar(9);\n")
    installed.migrate()
    assert (
        installed.one(
            """
        select format_type(a.atttypid, a.atttypmod) from pg_attribute as a
        where a.attrelid = 'app.names'::regclass and a.attnum = 1
        """
        )
        == "character varying(9)"
    )
    assert installed.status().exit_code == 0


def test_an_edited_migration_is_refused(installed: Database, tree: Tree) -> None:
    path = tree.migration("0002_add.sql", "alter table app.item add column a int;\n")
    installed.migrate()
    path.write_text("alter table app.item add column a bigint;\n")
    assert installed.status().migrations_edited == ["0002_add"]
    assert installed.status().exit_code == DRIFT
    for plan in (True, False):
        with pytest.raises(RunnerError, match="was edited") as error:
            installed.migrate(plan=plan)
        assert error.value.exit_code == DRIFT


def test_a_database_newer_than_the_code_is_refused(installed: Database, tree: Tree) -> None:
    path = tree.migration("0002_add.sql", "alter table app.item add column a int;\n")
    installed.migrate()
    path.unlink()
    assert installed.status().exit_code == NEWER
    with pytest.raises(RunnerError, match="newer than this code: it has 0002_add") as error:
        installed.migrate()
    assert error.value.exit_code == NEWER
    tree.migration("0002_add.sql", "alter table app.item add column a int;\n")
    installed.run("update fundwarden.bookkeeping set format = 99")
    with pytest.raises(RunnerError) as error:
        installed.status()
    assert error.value.exit_code == NEWER


def test_migrations_run_in_order_and_leave_yoyo_in_agreement(db: Database, tree: Tree) -> None:
    for number in range(2, 12):
        column = f"c{number}"
        before = f"c{number - 1}" if number > 2 else "amount"
        tree.migration(
            f"{number:04}_add.sql",
            f"alter table app.item add column {column} int;\n"
            f"alter table app.item add check ({column} > {before});\n",
        )
    db.migrate()
    assert db.one("select count(*) from fundwarden._yoyo_migration") == 11
    db.run("delete from fundwarden._yoyo_migration where migration_id = '0003_add'")
    with pytest.raises(RunnerError, match="disagree"):
        db.migrate()


# Other sessions, and the end of the world.


def test_the_lock_row_of_a_killed_yoyo_is_broken(installed: Database) -> None:
    installed.run("insert into fundwarden.yoyo_lock (locked, ctime, pid) values (1, now(), 1)")
    assert "breaking the lock that a killed yoyo left" in installed.migrate()
    assert installed.migrate() == ["nothing to do"]


def test_two_runners_do_not_meet(db: Database, tree: Tree) -> None:
    tree.full()
    said: list[str] = []
    with db.server.connect(db.name) as conn:
        conn.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
        with pytest.raises(RunnerError, match="still at work"):
            db.migrate(wait=0.05)
        others = [Database(db.server, db.name, tree.root) for _ in range(3)]
        threads = [threading.Thread(target=lambda o=o: said.extend(o.migrate())) for o in others]
        for thread in threads:
            thread.start()
        until(conn, "select count(*) = 3 from pg_locks where locktype = 'advisory' and not granted")
        conn.execute("select pg_advisory_unlock(%s)", (LOCK_KEY,))
        for thread in threads:
            thread.join(30)
    assert said.count("another runner is at work on this database; waiting up to 60 s") == 3
    assert said.count("committed") == 1
    assert said.count("nothing to do") == 2


def test_a_locked_table_ends_the_run_with_an_error(installed: Database, tree: Tree) -> None:
    tree.migration("0002_add.sql", "alter table app.item add column a int;\n")
    with installed.server.connect(installed.name) as conn, conn.transaction():
        conn.execute("lock table app.item in access share mode")
        with pytest.raises(RunnerError, match="0002_add.sql:1: .*lock timeout"):
            installed.migrate(lock_timeout="50ms")
    assert installed.status().migrations_pending == ["0002_add"]


@pytest.mark.parametrize("victim", ["runner", pytest.param("backend", marks=pytest.mark.long)])
def test_killed_in_the_middle_nothing_is_half_there(
    servers: Callable[[int], Server], tree: Tree, victim: str
) -> None:
    server = servers(18)
    tree.full()
    db = Database(server, server.create_database(), tree.root)
    db.migrate()
    before = snapshot(db)
    tree.migration("0002_add.sql", "alter table app.item add column a int;\n")
    tree.write("functions/app.new.sql", "create function app.new() returns int return 1;\n")
    tree.write(
        "policies/app.item.sql",
        POLICY + "do $$ begin lock table app.gate in exclusive mode; end $$;\n",
    )
    db.run("create table app.gate (id int); alter table app.gate owner to fundwarden_owner")
    code = (
        "import sys; from pathlib import Path; from runner.connect import Target; "
        "from runner.migrations import migrate; "
        "migrate(Target(sys.argv[1], None), root=Path(sys.argv[2]), lock_timeout='60s')"
    )
    gate = server.connect(db.name)
    gate.autocommit = False
    gate.execute("lock table app.gate in access share mode")
    gate.execute("lock table app.gate in exclusive mode")
    process = subprocess.Popen(
        [sys.executable, "-c", code, server.conninfo(db.name), str(tree.root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with server.connect(db.name) as conn:
        until(conn, "select count(*) = 1 from pg_locks where not granted")
        pid = conn.execute("select pid from pg_locks where not granted").fetchone()[0]
        if victim == "runner":
            process.kill()
            until(conn, f"select count(*) = 0 from pg_stat_activity where pid = {pid}")
    if victim == "backend":
        os.kill(pid, signal.SIGKILL)
        assert process.wait(30) != 0
        server.wait()
    process.wait(30)
    gate.close()
    db.run("drop table app.gate")
    assert snapshot(db) == before
    assert db.status().migrations_pending == ["0002_add"]
    assert db.status().files_new == ["functions/app.new.sql"]
    tree.write("policies/app.item.sql", POLICY)
    db.migrate()
    assert db.status().exit_code == 0


# Where and as whom.


def test_status_works_where_nothing_can_be_written(installed: Database) -> None:
    installed.run(f"alter database {installed.name} set default_transaction_read_only = on")
    assert installed.status().exit_code == 0
    assert installed.migrate(plan=True) == ["nothing to do"]


def test_a_login_that_is_not_the_owners_is_told_so(installed: Database, tree: Tree) -> None:
    installed.run(
        "do $$ begin create role guest login; exception when duplicate_object then end $$"
    )
    guest = Database(installed.server, installed.name, tree.root, user="guest")
    with pytest.raises(RunnerError, match="guest may not act as fundwarden_owner"):
        guest.status()


@pytest.mark.parametrize("major", [15, 18])
def test_no_superuser_is_needed(tree: Tree, major: int, managed: Callable[[int], Server]) -> None:
    server = managed(major)
    tree.full()
    database = server.create_database()
    with server.connect(database) as conn:
        conn.execute(f"grant create on database {database} to admin".encode())
    db = Database(server, database, tree.root, user="admin")
    db.migrate()
    assert db.status().exit_code == 0
    tree.write("functions/app.double.sql", DOUBLE.replace("returns int", "returns bigint"))
    tree.delete("triggers/app.item.sql")
    db.migrate()
    assert db.migrate() == ["nothing to do"]
    assert db.status().exit_code == 0


def test_fingerprints_survive_a_new_major_version() -> None:
    def made(stable: str, deparsed: str, major: int) -> str:
        one = catalog.Object("view", "app.v", 1, "", False, stable, deparsed)
        return catalog.fingerprint(one, major)

    assert catalog.same(made("a", "select t.b", 15), made("a", "select b", 18))
    assert not catalog.same(made("a", "select t.b", 15), made("c", "select t.b", 18))
    assert not catalog.same(made("a", "select t.b", 18), made("a", "select b", 18))


def test_fingerprints_of_an_older_major_version_are_renewed_once(installed: Database) -> None:
    installed.run(
        "update fundwarden.applied_objects set fingerprint = replace(fingerprint, '18:', '17:')"
    )
    assert installed.status().exit_code == 0
    installed.migrate()
    assert installed.migrate() == ["nothing to do"]


def test_statements_are_split_as_psql_splits_them() -> None:
    text = (
        "-- a; b\nselect 'x;''y', $a$;$$;$a$, e'\\';', \"a;b\"; /* ; /* ; */ */\n"
        + DOUBLE
        + "select (1;\n2);\n\nselect 3"
    )
    lines = [(one.line, one.text.split()[0]) for one in sqltext.split(text)]
    assert [line for line, _ in lines] == [2, 3, 9, 10, 11, 14]
    assert [word for _, word in lines] == [
        "select",
        "create",
        "comment",
        "revoke",
        "select",
        "select",
    ]


# The real project.


@pytest.mark.skipif(not (REAL / "db" / "install.sql").exists(), reason="no db/ yet")
# That it installs once, the next test says too, and that it survives a dump, test_upgrade.py.
@pytest.mark.long
@pytest.mark.parametrize("major", [15, 18])
def test_the_real_project_installs_once_and_survives_a_dump(
    servers: Callable[[int], Server], major: int
) -> None:
    server = servers(major)
    db = Database(server, server.create_database(), REAL)
    db.migrate()
    assert db.status().exit_code == 0
    assert db.migrate() == ["nothing to do"]
    restored = Database(server, server.restored(db.name), REAL)
    assert differences(snapshot(db), snapshot(restored)) == []
    # Rights on the database are not in a plain dump.
    assert restored.status().database_rights
    assert restored.status().objects == []
    restored.migrate()
    assert restored.status().exit_code == 0
    assert restored.migrate() == ["nothing to do"]


@pytest.mark.skipif(not (REAL / "db" / "install.sql").exists(), reason="no db/ yet")
@pytest.mark.parametrize("major", [pytest.param(15, marks=pytest.mark.long), 18])
def test_the_real_project_needs_no_superuser(major: int, managed: Callable[[int], Server]) -> None:
    server = managed(major)
    database = server.create_database()
    with server.connect(database) as conn:
        conn.execute(f"alter database {database} owner to admin".encode())
    db = Database(server, database, REAL, user="admin")
    db.migrate()
    assert db.status().exit_code == 0
    assert db.migrate() == ["nothing to do"]
