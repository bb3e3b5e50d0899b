"""The embedded server on real processes: first use, second use, odd places, accidents."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from servers import data_folder

from runner.embedded import (
    LONGEST_SOCKET_FOLDER,
    SYSTEM_USER,
    EmbeddedServer,
    default_home,
    machine_settings,
)
from runner.errors import RunnerError

Used = Callable[[Path], EmbeddedServer]

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder the server's user can reach, whoever runs the tests; servers in it are stopped."""
    with tempfile.TemporaryDirectory(prefix="fundwarden-test-", dir=data_folder()) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for data in folder.rglob("postmaster.pid"):
            EmbeddedServer(data.parent.parent).stop()


def ask(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def scratch(home: Path) -> EmbeddedServer:
    """A server whose data need not outlive the machine."""
    return EmbeddedServer(home, settings={"fsync": "off"})


@pytest.fixture(scope="module")
def first_use() -> Iterator[Path]:
    """The home of a server that ran once and is stopped."""
    with tempfile.TemporaryDirectory(prefix="fundwarden-test-", dir=data_folder()) as name:
        Path(name).chmod(0o755)
        server = scratch(Path(name) / "home")
        server.start()
        server.stop()
        yield server.home


@pytest.fixture
def used(first_use: Path) -> Callable[[Path], EmbeddedServer]:
    """A server in that home that ran once; its data are copied, not made."""

    def copied(home: Path) -> EmbeddedServer:
        home.parent.mkdir(parents=True, exist_ok=True)
        # With owners and modes.
        subprocess.run(["cp", "-a", first_use, home], check=True)
        return scratch(home)

    return copied


def start_in_process(home: str) -> str:
    return scratch(Path(home)).start()


def test_data_is_kept_and_settings_are_sensible(place: Path) -> None:
    server = EmbeddedServer(place / "home")
    first = server.start()
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("create table kept (x int)")
        connection.execute("insert into kept values (42)")
    assert server.running()
    assert EmbeddedServer(place / "home").start() == first
    assert server.stop()
    assert not server.running()
    assert not server.stop()
    assert ask(server.start(), "select x from kept") == 42
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    buffers = ask(first, "select setting::bigint * 8192 from pg_settings where name = "
                  "'shared_buffers'")  # fmt: skip
    assert isinstance(buffers, int)
    assert 128 * 2**20 <= buffers <= max(memory // 3, 128 * 2**20)
    assert ask(first, "show listen_addresses") == ""
    assert ask(first, "show fsync") == "on"
    assert ask(first, "show jit") == "off"
    assert ask(first, "show shared_preload_libraries") == "pg_stat_statements"
    assert ask(first, "select datlocprovider::text || datlocale from pg_database "
               "where datname = current_database()") == "bC.UTF-8"  # fmt: skip
    assert ask(first, "select pg_encoding_to_char(encoding) from pg_database "
               "where datname = current_database()") == "UTF8"  # fmt: skip


def test_nobody_else_reaches_the_data_or_the_socket(place: Path) -> None:
    before = stat.S_IMODE(place.stat().st_mode)
    server = scratch(place / "home")
    server.start()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == before


@pytest.mark.parametrize(
    "name",
    [
        "pläce 'quoted'",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("a place with spaces", "a,b")),
    ],
)
def test_odd_folder_names_work(place: Path, name: str) -> None:
    server = scratch(place / name)
    assert ask(server.start(), "select 1") == 1


def test_a_path_too_long_for_a_socket_works(place: Path) -> None:
    home = place / ("x" * 60) / ("y" * 60)
    server = scratch(home)
    assert len(str(home / "socket")) > LONGEST_SOCKET_FOLDER
    assert ask(server.start(), "select 1") == 1
    assert stat.S_IMODE(server.socket_folder().stat().st_mode) == 0o700


def test_a_socket_folder_planted_by_somebody_else_is_refused(place: Path) -> None:
    server = scratch(place / ("x" * 60) / ("y" * 60))
    server.socket_folder().symlink_to(place)
    try:
        with pytest.raises(RunnerError, match="belongs to somebody else"):
            server.start()
    finally:
        server.socket_folder().unlink()


def test_a_killed_server_starts_again(place: Path, used: Used) -> None:
    server = used(place / "home")
    conninfo = server.start()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table kept (x int)")
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    # Its backends notice by themselves; the next start has to wait for them, not for a clock.
    assert ask(server.start(), "select count(*) from kept") == 0


def test_a_number_another_process_has_by_now_is_not_the_server(place: Path, used: Used) -> None:
    """A process of the server's own user: the one case PostgreSQL refuses to start in."""
    server = used(place / "home")
    conninfo = server.start()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    socket_lock = server.socket_folder() / ".s.PGSQL.5432.lock"
    server.stop()
    user = SYSTEM_USER if os.geteuid() == 0 else None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=user, cwd="/") as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
        socket_lock.write_text("\n".join([str(other.pid), *lines[1:5], ""]))
        for file in (pid_file, socket_lock):
            os.chown(file, server.data.stat().st_uid, server.data.stat().st_gid)
        assert not server.running()
        assert not server.stop()
        assert server.start() == conninfo
        assert ask(conninfo, "select 1") == 1
        assert other.poll() is None
        other.communicate()


def test_a_server_whose_socket_was_cleaned_away_is_started_again(place: Path, used: Used) -> None:
    server = used(place / ("x" * 60) / ("y" * 60))
    conninfo = server.start()
    for file in server.socket_folder().iterdir():
        file.unlink()
    server.socket_folder().rmdir()
    assert server.start() == conninfo
    assert ask(conninfo, "select 1") == 1


def test_the_socket_is_found_whatever_the_environment_says(
    place: Path, used: Used, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = place / ("x" * 60) / ("y" * 60)
    conninfo = used(home).start()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    monkeypatch.setattr("runner.embedded._runtime_folder", lambda: place)
    assert scratch(home).start() == conninfo


def test_two_spellings_of_a_folder_are_one_server(place: Path, used: Used) -> None:
    first = used(place / "home").start()
    (place / "link").symlink_to(place / "home")
    assert scratch(place / "link").start() == first
    assert scratch(place / "other" / ".." / "home").start() == first


@pytest.mark.long
def test_a_library_that_does_not_load_is_left_out(place: Path) -> None:
    server = EmbeddedServer(place / "home", settings={"dynamic_library_path": "/nonexistent"})
    assert ask(server.start(), "show shared_preload_libraries") == ""


def test_settings_follow_the_machine_at_every_start(
    place: Path, used: Used, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = used(place / "home")
    for gigabytes, buffers, work in ((1, "256MB", "32MB"), (64, "2048MB", "64MB")):
        size = gigabytes * 2**30
        monkeypatch.setattr("runner.embedded._memory", lambda size=size: size)
        found = machine_settings(place)
        assert (found["shared_buffers"], found["work_mem"]) == (buffers, work)
    monkeypatch.setattr("runner.embedded._memory", lambda: 256 * 2**20)
    assert ask(server.start(), "show shared_buffers") == "64MB"
    server.stop()
    monkeypatch.setattr("runner.embedded._memory", lambda: 512 * 2**20)
    assert ask(server.start(), "show shared_buffers") == "128MB"


def test_nobody_is_trusted_over_a_network(place: Path, used: Used) -> None:
    server = used(place / "home")
    found = ask(
        server.start(),
        "select string_agg(distinct auth_method, ' ') from pg_hba_file_rules where type <> 'local'",
    )
    assert found == "scram-sha-256"


def test_an_interrupted_first_use_leaves_nothing_in_the_way(place: Path) -> None:
    home = place / "home"
    (home / "init-left").mkdir(parents=True)
    (home / "init-left" / "PG_VERSION").write_text("18")
    home.chmod(0o755)
    assert ask(scratch(home).start(), "select 1") == 1
    assert not list(home.glob("init-*"))


def test_a_disk_that_is_full_or_broken_is_told_with_the_log(place: Path, used: Used) -> None:
    server = used(place / "home")
    (server.data / "global" / "pg_control").unlink()
    with pytest.raises(RunnerError, match="pg_control") as caught:
        server.start()
    assert caught.value.hint
    assert "server.log" in caught.value.hint


def test_two_runners_at_once_end_up_with_one_server(place: Path) -> None:
    home = str(place / "home")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(start_in_process, [home] * 3)
    assert len(set(found)) == 1
    assert ask(found[0], "select 1") == 1


def test_data_of_another_major_is_refused_with_a_way_out(place: Path) -> None:
    home = place / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o755)
    (home / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(RunnerError, match="PostgreSQL 12") as caught:
        scratch(home).start()
    assert caught.value.hint
    assert "FUNDWARDEN_HOME" in caught.value.hint


def test_a_folder_with_other_things_in_it_is_not_touched(place: Path) -> None:
    home = place / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o755)
    (home / "data" / "letter.txt").write_text("dear")
    with pytest.raises(RunnerError, match="not empty"):
        scratch(home).start()
    assert (home / "data" / "letter.txt").read_text() == "dear"


def test_a_server_that_cannot_start_shows_its_log(place: Path) -> None:
    server = EmbeddedServer(place / "home", settings={"shared_buffers": "nonsense"})
    with pytest.raises(RunnerError, match="shared_buffers"):
        server.start()


def test_the_home_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDWARDEN_HOME", "/somewhere else")
    assert default_home() == Path("/somewhere else")


@ROOT_ONLY
def test_root_never_uses_a_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNDWARDEN_HOME", raising=False)
    assert default_home() == Path("/var/lib/fundwarden")


@ROOT_ONLY
def test_root_runs_the_server_as_a_user_of_its_own(place: Path, used: Used) -> None:
    server = used(place / "home")
    server.start()
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam("fundwarden").pw_uid


@ROOT_ONLY
def test_root_follows_no_link_of_the_servers_user(place: Path, used: Used) -> None:
    """What that user owns it may replace: root must not write, chmod or chown through it."""
    server = used(place / "home")
    precious = place / "precious"
    precious.write_text("kept")
    precious.chmod(0o600)
    (server.data / "fundwarden.conf").unlink()
    (server.data / "fundwarden.conf").symlink_to(precious)
    (server.data / "fundwarden.conf.new").symlink_to(precious)
    with pytest.raises(RunnerError, match="Permission denied"):
        server.start()
    (server.data / "fundwarden.conf.new").unlink()
    assert ask(server.start(), "select 1") == 1
    found = precious.stat()
    assert precious.read_text() == "kept"
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)


@ROOT_ONLY
def test_root_uses_no_home_that_others_own_or_write_to(place: Path) -> None:
    theirs, shared = place / "theirs", place / "shared"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, pwd.getpwnam("nobody").pw_uid, -1)
    shared.mkdir()
    shared.chmod(0o1777)
    for home in (theirs, shared):
        with pytest.raises(RunnerError, match="another user"):
            scratch(home).start()
        assert not (home / "data").exists()


@ROOT_ONLY
def test_a_strict_umask_does_not_lock_the_server_out(place: Path) -> None:
    before = os.umask(0o077)
    try:
        assert ask(scratch(place / "new" / "home").start(), "select 1") == 1
    finally:
        os.umask(before)


@ROOT_ONLY
def test_root_opens_no_folder_of_others(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(RunnerError, match="is closed to others") as caught:
        scratch(closed / "home").start()
    assert caught.value.hint
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@ROOT_ONLY
@pytest.mark.long
def test_programs_out_of_reach_of_the_server_are_copied(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.embedded._reachable", lambda path: False)
    server = scratch(place / "home")
    (place / "home" / "programs-of-an-older-release").mkdir(parents=True)
    (place / "home").chmod(0o711)
    assert ask(server.start(), "select 1") == 1
    assert server.bin("psql").is_relative_to(place)
    assert len(list((place / "home").glob("programs-*"))) == 1


def test_a_folder_name_the_shell_would_read_is_refused(place: Path) -> None:
    with pytest.raises(RunnerError, match="pg_ctl"):
        scratch(place / "$(touch planted)").start()
    assert not list(place.iterdir())


@ROOT_ONLY
def test_an_ordinary_user_needs_nothing_of_root(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = pwd.getpwnam("nobody")
    home = place / "theirs"
    home.mkdir()
    os.chown(home, somebody.pw_uid, somebody.pw_gid)
    # The virtualenv of the tests may be out of their reach; that is not what is tested here.
    with monkeypatch.context() as patched:
        patched.setattr("runner.embedded._reachable", lambda path: False)
        (place / "copy").mkdir(mode=0o755)
        programs = scratch(place / "copy").bin("psql").parent
    monkeypatch.setattr("runner.embedded.bin_dir", lambda: programs)

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "nothing"
        try:
            os.setgroups([])
            os.setgid(somebody.pw_gid)
            os.setuid(somebody.pw_uid)
            server = scratch(home / "home")
            answer = str(ask(server.start(), "select current_user"))
            server.stop()
        except BaseException as error:
            answer = repr(error)
        finally:
            os.write(writer, answer.encode())
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "postgres"
