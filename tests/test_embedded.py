"""The embedded server on real processes: first use, second use, odd places, accidents."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from runner.embedded import LONGEST_SOCKET_FOLDER, EmbeddedServer, default_home
from runner.errors import RunnerError

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder the server's user can reach, whoever runs the tests; servers in it are stopped."""
    with tempfile.TemporaryDirectory(prefix="fundwarden-test-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for data in folder.rglob("postmaster.pid"):
            EmbeddedServer(data.parent.parent).stop()


def ask(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def start_in_process(home: str) -> str:
    return EmbeddedServer(Path(home)).start()


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
    assert ask(first, "select pg_encoding_to_char(encoding) from pg_database "
               "where datname = current_database()") == "UTF8"  # fmt: skip


def test_nobody_else_reaches_the_data_or_the_socket(place: Path) -> None:
    before = stat.S_IMODE(place.stat().st_mode)
    server = EmbeddedServer(place / "home")
    server.start()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == before


@pytest.mark.parametrize("name", ["a place with spaces", "pläce 'quoted'", "a,b"])
def test_odd_folder_names_work(place: Path, name: str) -> None:
    server = EmbeddedServer(place / name)
    assert ask(server.start(), "select 1") == 1


def test_a_path_too_long_for_a_socket_works(place: Path) -> None:
    home = place / ("x" * 60) / ("y" * 60)
    server = EmbeddedServer(home)
    assert len(str(home / "socket")) > LONGEST_SOCKET_FOLDER
    assert ask(server.start(), "select 1") == 1
    assert stat.S_IMODE(server.socket_folder().stat().st_mode) == 0o700


def test_a_socket_folder_planted_by_somebody_else_is_refused(place: Path) -> None:
    server = EmbeddedServer(place / ("x" * 60) / ("y" * 60))
    server.socket_folder().symlink_to(place)
    try:
        with pytest.raises(RunnerError, match="belongs to somebody else"):
            server.start()
    finally:
        server.socket_folder().unlink()


def test_a_killed_server_starts_again(place: Path) -> None:
    server = EmbeddedServer(place / "home")
    conninfo = server.start()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table kept (x int)")
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    # Its backends notice by themselves; the next start has to wait for them, not for a clock.
    assert ask(server.start(), "select count(*) from kept") == 0


def test_a_pid_file_whose_number_another_process_has_is_stale(place: Path) -> None:
    server = EmbeddedServer(place / "home")
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n\n\n\n")
    assert not server.running()
    assert ask(server.start(), "select 1") == 1


def test_an_interrupted_first_use_leaves_nothing_in_the_way(place: Path) -> None:
    home = place / "home"
    (home / "init-left").mkdir(parents=True)
    (home / "init-left" / "PG_VERSION").write_text("18")
    home.chmod(0o755)
    assert ask(EmbeddedServer(home).start(), "select 1") == 1


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
        EmbeddedServer(home).start()
    assert caught.value.hint
    assert "FUNDWARDEN_HOME" in caught.value.hint


def test_a_folder_with_other_things_in_it_is_not_touched(place: Path) -> None:
    home = place / "home"
    (home / "data").mkdir(parents=True)
    home.chmod(0o755)
    (home / "data" / "letter.txt").write_text("dear")
    with pytest.raises(RunnerError, match="not empty"):
        EmbeddedServer(home).start()
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
def test_root_runs_the_server_as_a_user_of_its_own(place: Path) -> None:
    server = EmbeddedServer(place / "home")
    server.start()
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam("fundwarden").pw_uid


@ROOT_ONLY
def test_root_opens_no_folder_of_others(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(RunnerError, match="is closed to others") as caught:
        EmbeddedServer(closed / "home").start()
    assert caught.value.hint
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@ROOT_ONLY
def test_programs_out_of_reach_of_the_server_are_copied(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.embedded._reachable", lambda path: False)
    server = EmbeddedServer(place / "home")
    assert ask(server.start(), "select 1") == 1
    assert server.bin("psql").is_relative_to(place)


def test_a_folder_name_the_shell_would_read_is_refused(place: Path) -> None:
    with pytest.raises(RunnerError, match="pg_ctl"):
        EmbeddedServer(place / "$(touch planted)").start()
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
        programs = EmbeddedServer(place / "copy").bin("psql").parent
    monkeypatch.setattr("runner.embedded.bin_dir", lambda: programs)

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "nothing"
        try:
            os.setgroups([])
            os.setgid(somebody.pw_gid)
            os.setuid(somebody.pw_uid)
            server = EmbeddedServer(home / "home")
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
