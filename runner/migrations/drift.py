"""How a database differs from what the files made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from runner.migrations import catalog
from runner.migrations.bookkeeping import Recorded
from runner.migrations.catalog import ACCESS, Key, Object
from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER


@dataclass(frozen=True)
class Difference:
    """One object that is not what its file made. `what`: changed, disabled, missing or stray."""

    kind: str
    identity: str
    path: str
    what: str

    @property
    def text(self) -> str:
        name = (
            f"the rights on {self.identity}"
            if self.kind == ACCESS
            else (f"{self.kind} {self.identity}")
        )
        verb = "were" if self.kind == ACCESS else "was"
        return {
            "changed": f"{name} {verb} changed by hand",
            "disabled": f"{name} {verb} disabled by hand",
            "missing": f"{name} {verb} dropped by hand",
            "stray": f"{name} is not from any file",
        }[self.what]


def drift(recorded: Recorded, now: dict[Key, Object], major: int) -> list[Difference]:
    """Recorded objects that are gone or different."""
    found: list[Difference] = []
    for key, made in sorted(recorded.objects.items()):
        one = now.get(key)
        if one is None:
            found.append(Difference(*key, made.path, "missing"))
        elif one.stable == catalog.COMPILED_RIGHTS:
            continue
        elif not any(
            catalog.same(made.fingerprint, catalog.fingerprint(it, major))
            # In how many pieces a table is kept is the database's own affair.
            for it in (one, catalog.as_plain(one))
        ):
            what = "disabled" if one.disabled else "changed"
            found.append(Difference(*key, made.path, what))
    return found


def strays(recorded: Recorded, now: dict[Key, Object]) -> list[Difference]:
    """Objects in our schemas that no file and no migration made."""
    if not recorded.installed:
        return []
    return [
        Difference(*key, "", "stray")
        for key in sorted(now)
        if key not in recorded.objects and key[0] != ACCESS
    ]


def wrong_rights(conn: psycopg.Connection[Any]) -> list[str]:
    """What ops.check_database_rights() finds, a line each; empty where the project has none."""
    row = conn.execute(
        """
        select count(*)
        from pg_proc as p
        inner join pg_namespace as n on p.pronamespace = n.oid
        where n.nspname = 'ops'
            and p.proname in ('check_database_rights', 'apply_database_rights')
            and p.pronargs = 0
        """
    ).fetchone()
    if not row or row[0] != 2:
        return []
    with acting_as(conn, OWNER):
        rows = conn.execute(
            "select r.what, r.expected, r.actual from ops.check_database_rights() as r"
        ).fetchall()
    return [f"{what}: {actual}, should be {expected}" for what, expected, actual in rows]


def view_health(conn: psycopg.Connection[Any]) -> dict[str, Any] | None:
    """What ops.effective_view_health() says; None where the project, or the database, has none."""
    row = conn.execute(
        "select to_regprocedure('ops.effective_view_health()') is not null"
    ).fetchone()
    if not row or not row[0]:
        return None
    found = conn.execute("select to_jsonb(h) from ops.effective_view_health() as h").fetchone()
    return dict(found[0]) if found else None


def unsafe(conn: psycopg.Connection[Any]) -> list[str]:
    """What ops.rls_lint() finds beside rights on the database, a line each."""
    row = conn.execute("select to_regprocedure('ops.rls_lint()') is not null").fetchone()
    if not row or not row[0]:
        return []
    with acting_as(conn, OWNER):
        rows = conn.execute(
            "select l.object, l.problem from ops.rls_lint() as l where l.rule <> 'database_right'"
        ).fetchall()
    return [f"{what}: {problem}" for what, problem in rows]


def health(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """What ops.health_checks() answers, a row each; empty where the project has none.

    Asked as the login where it may, for it may see other sessions where the owner does not.
    """
    row = conn.execute(
        """
        select has_function_privilege(p.oid, 'execute') and has_schema_privilege(n.oid, 'usage')
        from pg_proc as p
        inner join pg_namespace as n on p.pronamespace = n.oid
        where p.oid = to_regprocedure('ops.health_checks(boolean)')
        """
    ).fetchone()
    if not row:
        return []
    with acting_as(conn, None if row[0] else OWNER):
        rows = conn.execute("select to_jsonb(c) from ops.health_checks() as c").fetchall()
    return [dict(one[0]) for one in rows]
