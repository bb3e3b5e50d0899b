"""What a database holds, as ops.installed_objects() describes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import psycopg

from runner.migrations.execution import acting_as
from runner.migrations.sources import OWNER
from runner.project import root

Key = tuple[str, str]

# In this order they can be dropped: what may depend on another comes first.
REPEATABLE_KINDS = (
    "policy",
    "trigger",
    "rule",
    "materialized view",
    "view",
    "procedure",
    "aggregate",
    "function",
)
DURABLE_KINDS = ("table", "sequence", "type")
# The rights on a table and its row security, which a file of policies/ states.
ACCESS = "access"

# The rights on a table some of whose columns are masked are compiled from rules, not from a file.
COMPILED_RIGHTS = "as data permissions want it"


@dataclass(frozen=True)
class Object:
    """One object of our schemas. `version` changes whenever somebody writes its catalog row."""

    kind: str
    identity: str
    oid: int
    version: str
    disabled: bool
    stable: str
    deparsed: str

    @property
    def key(self) -> Key:
        return self.kind, self.identity


@cache
def _query() -> bytes:
    """The body of ops.installed_objects(): the database may have an older one, or none."""
    file = root() / "db/functions/installation/ops.installed_objects.sql"
    return file.read_text(encoding="utf-8").split("$$")[1].encode()


# age() counts from the id of this transaction, whose savepoints have later ids. The lower bound
# leaves out rows so old that ids have come round to them again.
_WRITTEN = """
    select w.oid::bigint, min(age(w.xid))
    from (
        select p.oid, p.xmin from pg_proc as p
        union all
        select c.oid, c.xmin from pg_class as c
        union all
        select a.attrelid, a.xmin from pg_attribute as a
        union all
        select r.ev_class, r.xmin from pg_rewrite as r
        union all
        select r.oid, r.xmin from pg_rewrite as r
        union all
        select t.oid, t.xmin from pg_trigger as t
        union all
        select p.oid, p.xmin from pg_policy as p
        union all
        select t.oid, t.xmin from pg_type as t
    ) as w (oid, xid)
    where age(w.xid) between -100000000 and %s
    group by w.oid
"""


def written(conn: psycopg.Connection[Any], age: int) -> dict[int, int]:
    """Oids and ages of what this transaction wrote, at most `age` old. What the transaction has
    written is at most 0 old; what a later savepoint writes is younger than everything before."""
    return dict(conn.execute(_WRITTEN.encode(), (age,)).fetchall())


def objects(
    conn: psycopg.Connection[Any], *, full: bool = True, compiled: bool = False
) -> dict[Key, Object]:
    """Rows of ops.installed_objects(); call it with search_path pg_catalog.

    The rights on masked tables read COMPILED_RIGHTS; with `compiled` they are as they are.
    """
    known = _by_key(psycopg.RawCursor(conn).execute(_query(), [full]).fetchall())
    for table in masked_tables(conn) if full and not compiled else []:
        key = (ACCESS, table)
        if key in known:
            known[key] = replace(known[key], stable=COMPILED_RIGHTS)
    return known


@contextmanager
def some_objects(
    conn: psycopg.Connection[Any],
) -> Iterator[Callable[[Collection[int]], dict[Key, Object]]]:
    """A function that answers objects(full=False), but only those with one of the oids.

    The statement is long, so it is prepared and planned once.
    """
    if conn.execute("select from pg_prepared_statements where name = 'some_objects'").rowcount:
        conn.execute("deallocate some_objects")
    query = _query().replace(b"$1", b"false")
    conn.execute(
        b"prepare some_objects (bigint []) as "
        b"select * from (" + query + b") as o where o.oid = any ($1)"
    )

    def listing(oids: Collection[int]) -> dict[Key, Object]:
        if not oids:
            return {}
        ids = ",".join(str(one) for one in oids)
        conn.execute("set local plan_cache_mode = force_generic_plan")
        rows = conn.execute(f"execute some_objects ('{{{ids}}}')").fetchall()
        conn.execute("set local plan_cache_mode = default")
        return _by_key(rows)

    yield listing
    conn.execute("deallocate some_objects")


def _by_key(rows: Sequence[tuple[Any, ...]]) -> dict[Key, Object]:
    found = (
        Object(kind, identity, oid, version, disabled, stable or "", deparsed or "")
        for kind, identity, oid, version, disabled, stable, deparsed in rows
    )
    return {one.key: one for one in found}


def masked_tables(conn: psycopg.Connection[Any]) -> list[str]:
    """Tables whose rights are the work of data permissions; none where there are no such."""
    row = conn.execute("select to_regprocedure('authz_private.masked_tables()') is not null")
    found = row.fetchone()
    if not found or not found[0]:
        return []
    with acting_as(conn, OWNER):
        rows = conn.execute("select t::text from authz_private.masked_tables() as t").fetchall()
    return [table for (table,) in rows]


def fingerprint(one: Object, major: int) -> str:
    """`major:stable:deparsed`, the latter two as checksums."""
    return f"{major}:{_digest(one.stable)}:{_digest(one.deparsed)}"


def as_plain(one: Object) -> Object:
    """A partitioned table as it would be in one piece; anything else as it is."""
    if one.kind != "table" or '"kind": "p"' not in one.stable:
        return one
    return replace(
        one,
        stable=one.stable.replace('"kind": "p"', '"kind": "r"', 1),
        deparsed=re.sub(
            r'"partition": "(?:[^"\\]|\\.)*"', '"partition": null', one.deparsed, count=1
        ),
    )


def same(recorded: str, current: str) -> bool:
    """Whether two fingerprints mean one definition; across major versions the stable part tells."""
    before, now = recorded.split(":"), current.split(":")
    if before[0] == now[0]:
        return before == now
    return before[1] == now[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
