"""Databases of the benchmark's own, beside the target's: nobody's data is touched."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from runner.connect import Target, connect
from runner.migrations import migrate
from runner.seeding import seed


def beside(target: Target, name: str) -> Target:
    """The database of that name on the target's server, whether it exists or not."""
    return Target(make_conninfo(target.conninfo, dbname=name), target.embedded)


def exists(target: Target, name: str) -> bool:
    """Whether the server has it."""
    with connect(target) as connection:
        found = connection.execute("select from pg_database where datname = %s", [name])
        return found.fetchone() is not None


def create(target: Target, name: str) -> Target:
    """A new empty database of that name; the old one is dropped."""
    with connect(target, autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)'.encode())
        connection.execute(f'create database "{name}"'.encode())
    return beside(target, name)


def seeded(target: Target, name: str, records: int, *, fresh: bool, say: Any) -> Target:
    """A migrated database of that many records; kept for the next run unless fresh is wanted."""
    found = beside(target, name)
    if not fresh and exists(target, name):
        try:
            with connect(found) as connection:
                row = connection.execute("select count(*) from authz.users").fetchone()
            if row and row[0] == records:
                # Kept from an earlier version perhaps.
                migrate(found, say=lambda line: None)
                return found
        except psycopg.errors.UndefinedTable:
            pass
    create(target, name)
    migrate(found, say=lambda line: None)
    start = time.perf_counter()
    seed(found, records=records)
    say(f"seeded {records:,} records in {time.perf_counter() - start:.0f} s")
    return found


def big_tree(target: Target, name: str, *, say: Any) -> Target:
    """100,000 units: a root, five branches of 20,020 units each."""
    found = beside(target, name)
    if exists(target, name):
        return found
    create(target, name)
    migrate(found, say=lambda line: None)
    with connect(found, autocommit=True) as connection:
        connection.execute(
            """
            insert into authz.org_units (id, code, kind) values (1, 'root', 'organization');
            insert into authz.org_units (id, parent_id, code)
            select 1 + b, 1, 'b' || b from generate_series(1, 5) as b;
            insert into authz.org_units (id, parent_id, code)
            select 10 + b * 20 + c, 1 + b, 'c' || c
            from generate_series(1, 5) as b, generate_series(0, 19) as c;
            insert into authz.org_units (id, parent_id, code)
            select 1000 + (b * 20 + c) * 1000 + u, 10 + b * 20 + c, 'u' || u
            from generate_series(1, 5) as b, generate_series(0, 19) as c,
                generate_series(0, 999) as u;
            """
        )
        connection.execute("vacuum analyze authz.org_units")
    say("built a tree of 100,106 units")
    return found
