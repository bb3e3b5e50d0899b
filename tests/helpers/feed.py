"""Feeds in tests: rows into the staging tables, plans out."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
Row = dict[str, Any]

TABLES = ("units", "roles", "people", "memberships", "grants", "customers", "orders", "funds")


def stage(connection: Connection, **tables: list[Row]) -> None:
    """Replaces what is staged by these rows; a row may leave columns out."""
    for table in TABLES:
        connection.execute(sql.SQL("delete from sync.{}").format(sql.Identifier(table)))
    add(connection, **tables)


def add(connection: Connection, **tables: list[Row]) -> None:
    """Stages further rows."""
    for table, rows in tables.items():
        for row in rows:
            connection.execute(
                sql.SQL("insert into sync.{} ({}) values ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, row)),
                    sql.SQL(", ").join(sql.Placeholder() * len(row)),
                ),
                list(row.values()),
            )


def changes(
    connection: Connection,
    call: str = "plan",
    tenant: str | None = "ACME",
    under: str | None = None,
    only: list[str] | None = None,
    confirm: int | None = None,
) -> list[tuple[str, str, str]]:
    """What sync.plan or sync.apply says, without what is unchanged: kind, code, action."""
    arguments: list[Any] = [tenant, under, only]
    if call == "apply":
        arguments.append(confirm)
    marks = ", ".join(["%s"] * len(arguments))
    rows = connection.execute(f"select * from sync.{call}({marks})", arguments).fetchall()
    return sorted((kind, code, action) for kind, code, action, *_ in rows if action != "unchanged")


def problems(connection: Connection, under: str | None = None) -> list[str]:
    """The problems of the plan."""
    return [
        problem
        for (problem,) in connection.execute(
            "select problem from sync.plan('ACME', %s) where problem is not null", [under]
        )
    ]


def company() -> dict[str, list[Row]]:
    """Three offices and an administrator, as the documents have it."""
    return {
        "units": [
            {"external_id": "NY-01", "parent_external_id": "ACME", "name": "New York",
             "kind": "Office"},
            {"external_id": "IT", "parent_external_id": "NY-01", "name": "IT", "kind": "IT Staff"},
            {"external_id": "ACME", "name": "Acme", "kind": "organization"},
            {"external_id": "münchen", "parent_external_id": "ACME", "name": "München",
             "kind": "Office"},
            {"external_id": "LON", "parent_external_id": "ACME", "name": "London",
             "kind": "Office"},
        ],
        "roles": [
            {"code": "chief", "name": "Chief", "rank": 60, "parent_code": "teller"},
            {"code": "teller", "name": "Teller", "rank": 20},
        ],
        "people": [
            {"external_id": "E1", "username": "anna", "unit_external_id": "ACME",
             "display_name": "Anna"},
            {"external_id": "E2", "username": "bob", "unit_external_id": "NY-01"},
            {"external_id": "E3", "unit_external_id": "IT"},
            {"external_id": "E4", "unit_external_id": "LON"},
        ],
        "memberships": [{"person_external_id": "E2", "unit_external_id": "LON"}],
        "grants": [
            {"person_external_id": "E1", "role_code": "admin", "unit_external_id": "ACME"},
            {"person_external_id": "E2", "role_code": "supervisor", "unit_external_id": "NY-01"},
            {"person_external_id": "E3", "role_code": "teller", "valid_from": "2026-01-01"},
        ],
    }  # fmt: skip


def without(rows: list[Row], **key: Any) -> list[Row]:
    """The rows without those that have these values."""
    return [row for row in rows if any(row.get(k) != v for k, v in key.items())]


def changed(rows: list[Row], key: Row, **values: Any) -> list[Row]:
    """The rows with these values in those that have the key."""
    return [row | values if all(row.get(k) == v for k, v in key.items()) else row for row in rows]
