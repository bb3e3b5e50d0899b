"""Who may do what to each object, found by trying: every object, role, person and action."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psycopg
from waiting import rows, session

Connection = psycopg.Connection[Any]
# Of one role and action: what came of it for each person.
Outcomes = dict[str, str]

SCHEMAS = ("authz", "authz_private", "finance", "audit", "ops", "sync", "platform")
ROLES = {
    "owner": "fundwarden_owner",
    "app": "fundwarden_app",
    "trusted": "fundwarden_trusted",
    "operator": "fundwarden_operator",
    "auditor": "fundwarden_auditor",
    "platform": "fundwarden_platform",
    # What PUBLIC may and nothing else.
    "public": "without_any_grant",
}
PEOPLE = {"nobody": None, "staff": 3, "supervisor": 2, "administrator": 1, "stranger": 9}

# Two tenants. The supervisor is in north, the staff in south, the stranger administers the other.
WORLD = """
    insert into authz.org_units (id, parent_id, code, kind)
    values (1, null, 'acme', 'organization'), (2, 1, 'north', 'unit'), (3, 1, 'south', 'unit'),
        (900, null, 'zeta', 'organization');
    insert into authz.users (id, username, base_unit_id)
    values (1, 'root', 1), (2, 'ann', 2), (3, 'bob', 3), (4, 'eve', 3), (9, 'mia', 900);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select g.user_id, r.id, g.unit_id
    from (values (1, 'admin', 1), (2, 'supervisor', 2), (3, 'staff', 3), (9, 'admin', 900))
        as g (user_id, role, unit_id)
    inner join authz.roles as r on g.role = r.code;
    insert into finance.customers (id, manager_id)
    values (1, 2), (2, 2), (3, 3), (4, 4), (5, 9);
    insert into finance.orders (id, handler_id)
    values (1, 2), (2, 3), (3, 3), (4, 4), (5, 9), (6, 9);
    insert into finance.financial_funds (id, handle_by, amount)
    select g, (array[2, 2, 2, 3, 3, 4, 9])[g], g
    from generate_series(1, 7) as g;
    select authz.refresh_user_effective_policies();
"""

# What public functions are asked; others are called with nulls.
ARGUMENTS = {
    "authz.act_as": "1, 'to see'",
    "authz.ancestors": "2",
    "authz.check_user_permission": "2, 'funds', 'read', 2, '{}'",
    "authz.check_user_permissions": (
        '2, \'[{"resource": "funds", "action": "read", "unit_id": 2}]\''
    ),
    "authz.condition_problems": "'{}'",
    "authz.descendants": "1",
    "authz.effective_policies": "2, null",
    "authz.explain_user_permission": "2, 'funds', 'read', 2, '{}'",
    "authz.my_customers": "'customers', 'read'",
    "authz.my_denied_customers": "'customers', 'read'",
    "authz.my_denied_id": "'funds', 'read'",
    "authz.my_denied_orders": "'orders', 'read'",
    "authz.my_orders": "'orders', 'read'",
    "authz.my_owner_id": "'funds', 'read'",
    "authz.my_tenants": "'funds', 'read'",
    "authz.my_units": "'funds', 'read'",
    "authz.next_access_change": "2",
    "authz.refresh_user_permissions": "2, 1",
    "authz.sign_in": "'no token'",
    "authz.subordinates": "1",
    "authz.user_has_org_permission": "2, 2, 'events.create'",
    "authz.user_scope": "2, 'funds', 'read'",
    "authz.users_with_permission": "'funds', 'read', 2, 0, 100",
    "finance.count_authorized_funds": "null, null, null, null, null, null",
    "finance.explain_fund_access": "2, 1",
    "finance.page_authorized_funds": "null, 1, 20, 'fund_id', 'ASC', null, null, null, null, null",
}

RELATIONS = """
    select c.oid::regclass::text, c.relkind::text,
        (
            select quote_ident(a.attname)
            from pg_attribute as a
            where a.attrelid = c.oid
                and a.attnum > 0
                and not a.attisdropped
                and a.attidentity <> 'a'
                and a.attgenerated = ''
            order by a.attnum
            limit 1
        )
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    order by n.nspname, c.relname
"""

FUNCTIONS = """
    select
        n.nspname || '.' || p.proname,
        format('%%I.%%I(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)),
        p.prokind::text,
        p.proretset,
        p.prorettype = any(
            array['boolean', 'integer', 'bigint', 'integer[]', 'bigint[]']::regtype []
        ),
        array(
            select 'null::' || format_type(t.id, null)
            from unnest(p.proargtypes) with ordinality as t (id, place)
            order by t.place
        )
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = any(%s)
    order by 2
"""

CLOSED = """
    select format('%%I.%%I(%%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes))
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = any(%s)
        and not (
            has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute')
        )
"""

RIGHT = "select case when has_table_privilege('{}', '{}') then 'may' else '42501' end"


class Undone(Exception):
    """Takes back what an attempt did."""


def attempt(connection: Connection, statement: str) -> str:
    """Tried and undone: the rows, or the SQLSTATE."""
    try:
        with connection.transaction():
            cursor = connection.execute(statement.encode())
            outcome = str(cursor.rowcount) if cursor.rowcount >= 0 else "done"
            raise Undone
    except psycopg.Error as error:
        return str(error.sqlstate)
    except Undone:
        return outcome


def reading(connection: Connection, statement: str) -> str:
    """The one value of a row, the number of rows of several columns, or the SQLSTATE."""
    try:
        with connection.transaction():
            told = connection.execute(statement.encode()).fetchone()
            assert told is not None
            raise Undone
    except psycopg.Error as error:
        return str(error.sqlstate)
    except Undone:
        shown = told[0]
        return "null" if shown is None else str(shown).lower()


def copying(connection: Connection, statement: str) -> str:
    """Lines copied out, or the SQLSTATE."""
    try:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(statement.encode()) as copy:
                lines = sum(bytes(part).count(b"\n") for part in copy)
            raise Undone
    except psycopg.Error as error:
        return str(error.sqlstate)
    except Undone:
        return str(lines)


def actions(connection: Connection) -> dict[tuple[str, str], tuple[Callable[..., str], str]]:
    """Of every action and object: how it is tried, and the statement."""
    found: dict[tuple[str, str], tuple[Callable[..., str], str]] = {}
    for name, kind, column in rows(connection, RELATIONS, list(SCHEMAS)):
        if kind == "S":
            found["SELECT", name] = (attempt, f"select last_value from {name}")
            found["USAGE", name] = (attempt, f"select nextval('{name}')")
            found["UPDATE", name] = (attempt, f"select setval('{name}', 1000)")
            continue
        found["SELECT", name] = (reading, f"select count(*) from {name}")
        if kind not in "rp":
            found["COPY", name] = (copying, f"copy (select * from {name}) to stdout")
            # That a view cannot be written is found before who may write it.
            for action in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                found[action, name] = (reading, RIGHT.format(name, action))
            continue
        found["COPY", name] = (copying, f"copy {name} to stdout")
        found["INSERT", name] = (attempt, f"insert into {name} default values")
        if column:
            found["UPDATE", name] = (attempt, f"update {name} set {column} = {column}")
        found["DELETE", name] = (attempt, f"delete from {name}")
        found["TRUNCATE", name] = (attempt, f"truncate {name}")
    for name, signature, kind, is_set, is_plain, nulls in rows(
        connection, FUNCTIONS, list(SCHEMAS)
    ):
        call = f"{name}({ARGUMENTS.get(name, ', '.join(nulls))})"
        if kind == "p":
            found["EXECUTE", signature] = (attempt, f"call {call}")
        elif is_set:
            found["EXECUTE", signature] = (reading, f"select count(*) from {call}")
        elif is_plain:
            found["EXECUTE", signature] = (reading, f"select {call}")
        else:
            # What it says differs from call to call, or has no text of one shape.
            found["EXECUTE", signature] = (attempt, f"select {call}")
    for schema in (*SCHEMAS, "ext", "public"):
        found["CREATE", f"schema {schema}"] = (attempt, f"create table {schema}.mine (x int)")
    found["CREATE", "database"] = (attempt, "create schema mine")
    found["CREATE", "temporary tables"] = (attempt, "create temporary table mine (x int)")
    # Of the months of the log one stands for all: the last, which comes empty.
    return {(action, re.sub(r"_\d{4}_\d\d$", "_<month>", name)): tried
            for (action, name), tried in found.items()}  # fmt: skip


def is_tried(role: str, action: str, name: str) -> bool:
    """The owner's private functions are the owner's to call, with more than nulls."""
    return role != "owner" or action != "EXECUTE" or name.split("(")[0] in ARGUMENTS


def outcomes(conninfo: str) -> dict[tuple[str, str], dict[str, Outcomes]]:
    """Of every action and object, of every role, of every person: what came of it."""
    found: dict[tuple[str, str], dict[str, Outcomes]] = defaultdict(lambda: defaultdict(dict))
    with session(conninfo) as admin:
        admin.execute(WORLD)
        admin.execute(f"create role {ROLES['public']}")
        try:
            everything = actions(admin)
            for role, name in ROLES.items():
                for person, user in PEOPLE.items():
                    _as_one(admin, name, user, everything, found, role, person)
        finally:
            admin.execute(f"drop role {ROLES['public']}")
    return found


def _as_one(
    connection: Connection,
    name: str,
    user: int | None,
    everything: dict[tuple[str, str], tuple[Callable[..., str], str]],
    found: dict[tuple[str, str], dict[str, Outcomes]],
    role: str,
    person: str,
) -> None:
    """Everything, as one person in a session of one role."""
    connection.execute("begin")
    if user is not None:
        connection.execute("select authz.act_as(%s)", [user])
    connection.execute(f"set local role {name}")
    # Who is signed in makes no difference where the role has no right to the function: tried once.
    closed = {row[0] for row in rows(connection, CLOSED, list(SCHEMAS))}
    for (action, what), (how, statement) in everything.items():
        if what in closed and found[action, what][role]:
            outcome = next(iter(found[action, what][role].values()))
        elif is_tried(role, action, what):
            outcome = how(connection, statement)
        else:
            asked = rows(connection, "select has_function_privilege(%s, 'execute')", what)
            outcome = "may" if asked[0][0] else "42501"
        found[action, what][role][person] = outcome
    connection.execute("rollback")


HEADER = """\
Who may do what, found by trying it on a small world; written by
    FUNDWARDEN_WRITE=1 pytest tests/security/test_rights_matrix.py
and compared by the same test. Read a group as: what came of the action for these roles, and for
which person signed in where that matters, on the objects below it.

42501 is refused. Another five characters are the SQLSTATE of something that went wrong after the
right to it was found; any other number counts the rows seen or written, or is what a function said.
may: the right alone was asked for, of views that cannot be written and of functions the owner calls
with more than nulls. Roles: owner, app, trusted, operator, auditor, platform, and public, a role
without any grant. People: nobody; staff and supervisor in sister units of one tenant; its
administrator; stranger, the administrator of another tenant.
"""


def described(of_roles: dict[str, Outcomes]) -> str:
    """The roles that fare alike together, the people only where they do not."""
    together: dict[str, list[str]] = defaultdict(list)
    for role, of_people in of_roles.items():
        alike: dict[str, list[str]] = defaultdict(list)
        for person, outcome in of_people.items():
            alike[outcome].append(person)
        told = (
            next(iter(alike))
            if len(alike) == 1
            else ", ".join(f"{outcome} {'/'.join(people)}" for outcome, people in alike.items())
        )
        together[told].append(role)
    return "\n".join(f"{', '.join(roles)}: {told}" for told, roles in together.items())


def text(found: dict[tuple[str, str], dict[str, Outcomes]]) -> str:
    """The matrix, equal outcomes together."""
    lines = [HEADER]
    for action in dict.fromkeys(action for action, _ in found):
        groups: dict[str, list[str]] = defaultdict(list)
        for (of_action, what), of_roles in found.items():
            if of_action == action:
                groups[described(of_roles)].append(what)
        lines.append(f"## {action}\n")
        for told, objects in sorted(groups.items(), key=lambda group: -len(group[1])):
            lines.append("\n".join([told, *(f"    {what}" for what in sorted(objects))]) + "\n")
    return "\n".join(lines)
