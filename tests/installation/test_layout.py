"""A database that an earlier layout of the files made becomes that of this one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psycopg
import pytest
from catalogs import catalog_snapshot, differences
from servers import Server

from runner.connect import Target
from runner.migrations import migrate, status
from runner.project import root

pytestmark = pytest.mark.one_server

ATTACHED = re.compile(r"^\\ir (triggers/(?:audited|tables)\w+\.sql)$", re.M)


def earlier_layout(folder: Path) -> Path:
    """This project with all functions in one folder and what is attached under other names."""
    for name in ("db", "migrations"):
        shutil.copytree(root() / name, folder / name)
    listing = folder / "db" / "install.sql"
    text = listing.read_text(encoding="utf-8")
    for path in sorted((folder / "db" / "functions").glob("*/*.sql")):
        path.rename(folder / "db" / "functions" / path.name)
    text = re.sub(r"^\\ir functions/\w+/", r"\\ir functions/", text, flags=re.M)
    for path in (*ATTACHED.findall(text), "policies/owner_only_tables.sql"):
        old = path.replace(".sql", "_before.sql")
        stated = (folder / "db" / path).read_text(encoding="utf-8")
        (folder / "db" / path).unlink()
        stated = re.sub(r"^(-- applied with: functions/)\w+/", r"\1", stated, flags=re.M)
        (folder / "db" / old).write_text(stated, encoding="utf-8")
        text = text.replace(f"\\ir {path}\n", f"\\ir {old}\n")
    listing.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.long
def test_moved_files_leave_the_catalog_as_it_was(server: Server, tmp_path: Path) -> None:
    said: list[str] = []
    with server.copy("template1") as janitor:
        target = Target(server.conninfo(janitor.dbname))
        migrate(target, root=earlier_layout(tmp_path), say=said.append)
        with psycopg.connect(target.conninfo) as conn:
            before = catalog_snapshot(conn)
        said.clear()
        migrate(target, say=said.append)
        assert not [
            line for line in said if line.startswith(("dropping", "in the way", "starting"))
        ]
        with psycopg.connect(target.conninfo) as conn:
            assert differences(before, catalog_snapshot(conn)) == []
            stated = conn.execute("select f.path from fundwarden.applied_files as f").fetchall()
        assert not [path for (path,) in stated if not (root() / "db" / path).is_file()]
        assert status(target).objects == []
        said.clear()
        migrate(target, say=said.append)
        assert said == ["nothing to do"]
