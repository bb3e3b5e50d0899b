"""What the documents claim of the catalog is what the catalog says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import psycopg
import pytest

from runner.connect import Target
from runner.errors import DRIFT, RunnerError

ROOT = Path(__file__).resolve().parents[2]
write = run_path(str(ROOT / "docs" / "generate.py"))["write"]


def test_reference_and_rights_are_fresh(target: Target) -> None:
    write(target, check=True)


def test_a_stale_reference_is_noticed(target: Target, tmp_path: Path) -> None:
    write(target, folder=tmp_path)
    with psycopg.connect(target.conninfo, autocommit=True) as admin:
        admin.execute("comment on table authz.users is 'other'")
    with pytest.raises(RunnerError) as caught:
        write(target, check=True, folder=tmp_path)
    assert caught.value.exit_code == DRIFT


@pytest.mark.parametrize(
    "change",
    [
        "grant execute on function authz.move_unit(int, int) to fundwarden_auditor",
        "grant select on authz.settings to fundwarden_operator",
        "revoke select (id) on authz.users from fundwarden_app; "
        "grant select on authz.users to fundwarden_app",
    ],
)
def test_stale_rights_are_noticed(target: Target, tmp_path: Path, change: str) -> None:
    (tmp_path / "security.md").write_bytes((ROOT / "docs" / "security.md").read_bytes())
    write(target, folder=tmp_path)
    write(target, check=True, folder=tmp_path)
    with psycopg.connect(target.conninfo, autocommit=True) as admin:
        admin.execute(change)
    with pytest.raises(RunnerError) as caught:
        write(target, check=True, folder=tmp_path)
    assert caught.value.exit_code == DRIFT


def test_the_application_reads_five_tables_and_makes_nothing(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    found = (
        connect()
        .execute(
            """
        select c.oid::regclass::text
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
            and c.relkind in ('r', 'p', 'v', 'm', 'S')
            and case when c.relkind = 'S'
                then has_sequence_privilege('fundwarden_app', c.oid, 'usage, select, update')
                else has_any_column_privilege('fundwarden_app', c.oid,
                    'insert, update, references')
                or has_table_privilege('fundwarden_app', c.oid, 'delete, truncate, trigger')
                or has_any_column_privilege('fundwarden_app', c.oid, 'select')
                and c.oid::regclass::text not in (
                    'authz.org_units', 'authz.users', 'finance.customers', 'finance.orders',
                    'finance.financial_funds'
                )
            end
        union all
        select n.nspname
        from pg_namespace as n
        where has_schema_privilege('fundwarden_app', n.oid, 'create')
        union all
        select 'database'
        where has_database_privilege('fundwarden_app', current_database(), 'create, temporary')
        """
        )
        .fetchall()
    )
    assert found == []


@pytest.mark.parametrize(
    "document",
    [p for p in sorted(ROOT.rglob("*.md")) if not {".venv", "node_modules"} & set(p.parts)],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / link).exists(), link
