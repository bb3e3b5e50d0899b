"""What is dumped and restored, or upgraded to a newer major, answers as before and is intact."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from migrate_support import Server as Throwaway
from servers import PROGRAMS, SERVERS, majors
from waiting import refusal, rows, session, value

from runner.connect import Target
from runner.migrations import migrate, status
from runner.refreshing import refresh
from runner.seeding import seed

QUESTIONS = (
    *(
        f"select * from finance.page_authorized_funds({user}, 2, 7, 'amount', 'desc')"
        for user in (1, 2, 3, 40)
    ),
    "select u.id, finance.count_authorized_funds(u.id) from authz.users as u order by u.id",
    "select u.id, authz.check_user_permission(u.id, 'funds', 'read', 2) from authz.users as u "
    "order by u.id",
    "select e::text from finance.explain_fund_access(2, 7) as e order by 1",
    "select * from authz.user_scope(2, 'funds', 'read')",
    "select * from authz.effective_policies(2)",
    "select l.id, l.table_name, l.action, l.row_key from audit.permission_audit_log as l "
    "order by l.id",
    "select s.number, s.hash from audit.seals as s order by s.number",
)

GRANT = (
    "insert into authz.user_roles (user_id, role_id, unit_id) "
    "select u.id, r.id, u.base_unit_id "
    "from authz.users as u inner join authz.roles as r on r.code = 'admin' where u.id = %s"
)


def quiet(line: str) -> None:
    del line


def answers(conninfo: str) -> list[list[tuple[Any, ...]]]:
    with session(conninfo) as owner:
        return [rows(owner, question) for question in QUESTIONS]


def fill(conninfo: str) -> None:
    """A world, a change that is logged, and a seal over it."""
    seed(Target(conninfo), records=300, say=quiet)
    with session(conninfo) as owner:
        owner.execute("set role fundwarden_owner")
        owner.execute(GRANT, [40])
        owner.execute("select audit.seal()")


def catalog(conninfo: str) -> dict[str, dict[str, str]]:
    with psycopg.connect(conninfo) as conn:
        return catalog_snapshot(conn)


def is_intact(conninfo: str, before: list[list[tuple[Any, ...]]]) -> None:
    """Everything the package promises of a database, asked of this one by its installer."""
    assert answers(conninfo) == before
    with session(conninfo) as owner:
        owner.execute("set role fundwarden_owner")
        assert rows(owner, "select * from authz.verify_effective_policies()") == []
        assert rows(owner, "select * from audit.verify()") == []
        assert rows(owner, "select * from audit.verify_tables()") == []
        assert rows(owner, "select * from ops.check_database_rights()") == []
        assert rows(owner, "select * from ops.rls_lint()") == []
        assert value(owner, "select h.is_populated from ops.effective_view_health() as h") is True
        assert value(owner, "select count(*) from authz.user_effective_policies") > 0
        # The next change is marked, answered at once, logged, sealed and refreshed.
        allowed = (
            "select authz.check_user_permission(u.id, 'permissions', 'read', u.base_unit_id) "
            "from authz.users as u where u.id = 41"
        )
        assert value(owner, allowed) is False
        owner.execute(GRANT, [41])
        assert value(owner, allowed) is True
        owner.execute("select authz.refresh_user_effective_policies()")
        assert value(owner, "select authz_private.view_answers_for(41)") is True
        assert rows(owner, "select * from authz.verify_effective_policies()") == []
        sealed = value(owner, "select max(number) from audit.seals")
        owner.execute("select audit.seal()")
        assert value(owner, "select max(number) from audit.seals") > sealed
        assert rows(owner, "select * from audit.verify()") == []
        assert value(owner, "select audit.make_partitions(5)") > 0
    with session(conninfo, user="postgres") as app:
        app.execute("set role fundwarden_app")
        assert refusal(app, "select * from finance.page_authorized_funds()").sqlstate == "28000"
        assert refusal(app, "create temporary table t (x int)").sqlstate == "42501"


# Within one major: by whom, and in which pieces.


@dataclass
class Filled:
    """A database with a world in it, and what it answered."""

    conninfo: str
    before: list[list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def filled(server: Any, module_database: str) -> Filled:
    fill(module_database)
    return Filled(module_database, answers(module_database))


# In pieces, and of an older major, below.
@pytest.mark.one_server
@pytest.mark.parametrize(
    "pieces", ["whole", pytest.param("schema then data", marks=pytest.mark.long)]
)
def test_a_dump_restores_silently_and_completely(server: Any, filled: Filled, pieces: str) -> None:
    def run(program: str, *arguments: str, given: bytes | None = None) -> bytes:
        done = subprocess.run(
            [server.bin(program), *arguments], input=given, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr.decode()) == (0, "")
        return done.stdout

    archive = run("pg_dump", "-Fc", "-d", filled.conninfo)
    with server.copy("template0") as janitor:
        restored = server.conninfo(janitor.dbname)
        if pieces == "whole":
            run("pg_restore", "-d", restored, given=archive)
        else:
            for part in ("pre-data", "data", "post-data"):
                run("pg_restore", f"--section={part}", "-d", restored, given=archive)
        # A dump of one database does not contain the privileges on the database itself.
        found = status(Target(restored))
        assert (found.objects, found.exit_code) == ([], 3)
        assert any("temporary tables" in line for line in found.database_rights)
        migrate(Target(restored), say=quiet)
        assert status(Target(restored)).exit_code == 0
        assert differences(catalog(filled.conninfo), catalog(restored)) == []
        is_intact(restored, filled.before)


@pytest.mark.one_server
def test_triggers_that_a_restore_of_data_alone_left_weaker_are_reported_and_repaired(
    server: Any, filled: Filled
) -> None:
    def run(program: str, *arguments: str, given: bytes | None = None) -> bytes:
        return subprocess.run(
            [server.bin(program), *arguments], input=given, capture_output=True, check=True
        ).stdout

    with server.copy("template0") as janitor:
        restored = server.conninfo(janitor.dbname)
        schema = run("pg_dump", "-Fc", "--schema-only", "-d", filled.conninfo)
        data = run("pg_dump", "-Fc", "--data-only", "-d", filled.conninfo)
        run("pg_restore", "-d", restored, given=schema)
        run("pg_restore", "--disable-triggers", "-d", restored, given=data)
        # Enabled again they are no longer enabled always: the view is not believed until they are.
        told = "\n".join(status(Target(restored)).lines())
        assert re.search(r"trigger .* on authz.user_roles was changed by hand", told)
        assert answers(restored) == filled.before
        migrate(Target(restored), say=quiet)
        found = status(Target(restored))
        assert found.exit_code == 1
        [check] = [one for one in found.health if one["severity"] == "critical"]
        assert check["name"] == "audit_triggers"
        with session(restored) as admin:
            admin.execute(f"set role {check['run_as']}".encode())
            admin.execute(check["repair"].encode())
        found = status(Target(restored))
        assert found.exit_code == 0
        assert any("not populated" in line for line in found.lines())
        refresh(Target(restored), say=quiet)
        is_intact(restored, filled.before)


@pytest.mark.one_server
def test_windows_at_infinity_that_an_older_release_took_are_repaired(database: str) -> None:
    repair = (Path(__file__).parents[2] / "migrations/0005_finite_windows.sql").read_text()
    with session(database) as owner:
        owner.execute(
            """
            insert into authz.org_units (id, code) values (1, 'acme');
            insert into authz.users (id, username, base_unit_id)
            values (1, 'ann', 1), (2, 'bob', 1), (3, 'carl', 1);
            alter table authz.user_roles disable trigger _050_finite_window;
            insert into authz.user_roles (user_id, role_id, valid_from, valid_until)
            select v.user_id, r.id, v.valid_from::timestamptz, v.valid_until::timestamptz
            from authz.roles as r, (
                values (1, '-infinity', 'infinity'), (2, 'infinity', null), (3, null, '-infinity')
            ) as v (user_id, valid_from, valid_until)
            where r.code = 'supervisor';
            alter table authz.user_roles enable always trigger _050_finite_window;
            """
        )
        held = (
            "select authz.check_user_permission(u, 'funds', 'read', 1) from generate_series(1, 3) u"
        )
        before = rows(owner, held)
        assert before == [(True,), (False,), (False,)]
        owner.execute("set role fundwarden_owner")
        owner.execute(repair.encode())
        assert rows(owner, held) == before
        assert value(
            owner,
            "select bool_and(isfinite(coalesce(valid_from, now()))"
            " and isfinite(coalesce(valid_until, now()))) from authz.user_roles",
        )
        assert rows(owner, "select * from audit.verify_tables()") == []


# From an older major to a newer, by a login that is no superuser.


class Upgrade:
    """A server of the old major with a world, dumped; and one of the new major.

    The new one is the old one upgraded where the programs for that are there, else it is empty.
    The installer of both is `admin`.
    """

    def __init__(self, old: Path, new: Path) -> None:
        self.new = new
        self.upgrades = (old / "pg_resetwal").exists() and (new / "pg_upgrade").exists()
        self.server = Throwaway(old)
        self.make_admin()
        with self.server.connect(user="admin") as admin:
            admin.execute("create database app")
        migrate(Target(self.conninfo("app")), say=quiet)
        fill(self.conninfo("app"))
        self.before = answers(self.conninfo("app"))
        # A managed server gives no superuser: row security is forced, and must be asked for.
        self.archive = self.run(
            "pg_dump", "-Fc", "--enable-row-security", "-d", self.conninfo("app")
        )
        if self.upgrades:
            self.upgrade(old)
        else:
            self.server.stop()
            self.server = Throwaway(new)
            self.make_admin()

    def make_admin(self) -> None:
        with self.server.connect() as admin:
            admin.execute("create role admin login createrole createdb")

    def upgrade(self, old: Path) -> None:
        """By pg_upgrade, in place."""
        new = self.new
        self.server._run("pg_ctl", "-D", "data", "-w", "stop")
        sums = "--no-data-checksums"  # As the old one has none; from 18 on they are the default.
        self.run("initdb", "-D", "new", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", sums)
        self.run(
            *("pg_upgrade", "-b", str(old), "-B", str(new), "-d", "data", "-D", "new"),
            *("-U", "postgres", "--link", "--no-sync", "-s", str(self.server.folder)),
        )
        options = f"-k {self.server.folder} -c listen_addresses= -c fsync=off -c autovacuum=off"
        self.control = ("pg_ctl", "-D", "new", "-o", options, "-l", "newlog", "-w")
        self.run(*self.control, "start")
        # Where ltree has a newer version, pg_upgrade writes down how to get it.
        script = self.server.folder / "update_extensions.sql"
        if script.exists():
            self.run(
                "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.conninfo("app", "postgres"),
                given=script.read_bytes().replace(rb"\connect app", b""),
            )  # fmt: skip

    def conninfo(self, database: str, user: str = "admin") -> str:
        return self.server.conninfo(database, user)

    def run(self, program: str, *arguments: str, given: bytes | None = None) -> bytes:
        """Of the new release; says nothing on stderr, or fails."""
        # A server would keep a pipe open.
        out = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done = subprocess.run(
            [self.new / program, *arguments], input=given, cwd=self.server.folder,
            stdout=out, stderr=out, check=False, **self.server._as,
        )  # fmt: skip
        assert (done.returncode, done.stderr or b"") == (0, b""), done.stdout
        return done.stdout or b""

    def stop(self) -> None:
        if self.upgrades:
            self.run(*self.control, "-m", "immediate", "stop")
        else:
            self.server.stop()


def binaries(major: str) -> Path:
    return PROGRAMS[major] or SERVERS.get(major).bin("postgres").parent


def pairs(config: pytest.Config) -> list[tuple[str, str]]:
    """Each older major with each newer one of those under test."""
    return list(itertools.combinations(sorted(majors(config)), 2))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "upgrade" in metafunc.fixturenames:
        wanted = pairs(metafunc.config)
        ids = [f"{old} to {new}" for old, new in wanted]
        metafunc.parametrize("upgrade", wanted, ids=ids, indirect=True, scope="module")


@pytest.fixture(scope="module")
def upgrade(request: pytest.FixtureRequest) -> Iterator[Upgrade]:
    old, new = request.param
    upgrade = Upgrade(binaries(old), binaries(new))
    yield upgrade
    upgrade.stop()


def is_of_the_new_major(upgrade: Upgrade, conninfo: str) -> None:
    with session(conninfo) as conn:
        version = subprocess.check_output([upgrade.new / "postgres", "--version"], text=True)
        assert str(value(conn, "show server_version")).split()[0] == version.split()[2]
        newest = (
            "select e.extversion = a.default_version from pg_extension as e "
            "inner join pg_available_extensions as a on a.name = e.extname "
            "where e.extname = 'ltree'"
        )
        assert value(conn, newest) is True


@pytest.mark.long
def test_an_upgraded_cluster_needs_nothing_but_the_next_migrate(upgrade: Upgrade) -> None:
    upgraded = upgrade.conninfo("app")
    if not upgrade.upgrades:
        # Moved by hand, then: the same promise, of a dump into a database made for it.
        with session(upgrade.conninfo("postgres")) as admin:
            admin.execute("create database app")
        upgrade.run("pg_restore", "-d", upgraded, given=upgrade.archive)
        migrate(Target(upgraded), say=quiet)
    is_of_the_new_major(upgrade, upgraded)
    # Nothing differs that somebody changed: the rights on the database are kept as well.
    assert status(Target(upgraded)).exit_code == 0
    migrate(Target(upgraded), say=quiet)
    said: list[str] = []
    migrate(Target(upgraded), say=said.append)
    assert said == ["nothing to do"]
    is_intact(upgraded, upgrade.before)


# As a whole within one major, above.
@pytest.mark.parametrize(
    "pieces", [pytest.param("whole", marks=pytest.mark.long), "schema then data"]
)
def test_a_dump_of_an_older_major_restores_into_a_newer_without_a_superuser(
    upgrade: Upgrade, pieces: str
) -> None:
    restored = upgrade.conninfo("dumped_" + pieces.replace(" ", "_"))
    with session(upgrade.conninfo("postgres")) as admin:
        admin.execute(f"create database dumped_{pieces.replace(' ', '_')}")
    parts = ["pre-data", "data", "post-data"] if pieces != "whole" else []
    for options in [[f"--section={part}"] for part in parts] or [[]]:
        upgrade.run("pg_restore", *options, "-d", restored, given=upgrade.archive)
    is_of_the_new_major(upgrade, restored)
    found = status(Target(restored))
    assert (found.objects, bool(found.database_rights)) == ([], True)
    migrate(Target(restored), say=quiet)
    assert status(Target(restored)).exit_code == 0
    is_intact(restored, upgrade.before)
