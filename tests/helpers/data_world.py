"""Random datasets and rules about them, put into the model and the database alike."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from data_model import Condition, Data, Person, Row, Rule, Variable
from psycopg import sql

Connection = psycopg.Connection[Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
IDS = [f"{n:08d}-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)]

# What a column of the type holds, as JSON writes it.
POOL: dict[str, list[Any]] = {
    "integer": [-1, 0, 1, 7, 42, 2**31 - 1, -(2**31)],
    "bigint": [-1, 0, 1, 7, 2**40, 2**63 - 1],
    "numeric": [0, 1.5, -2.25, 7, 100, 0.125],
    "numeric(6,2)": [0, 1.5, -0.05, 7, 9999.99, 12.34],
    "text": ["", "Per", "Perth", "O'Neil", "50%", "%s %1$s", "a\\b", "ünï𝄞", "$$", "perth "],
    "varchar(6)": ["", "Per", "Perth", "abcdef", "é%I'\\"],
    "date": ["2026-03-01", "2026-02-28", "2024-12-30", "1999-12-31"],
    "timestamptz": [
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T12:00:00.000001+00:00",
        "2026-02-27T23:30:00-07:00",
        "2026-03-01 12:00:00",
        "2024-12-30",
    ],
    "timestamp": ["2026-03-01T12:00:00", "2026-02-28T23:59:59.5", "2024-12-30T00:00:00"],
    "boolean": [True, False],
    "uuid": IDS,
}
FAMILY = {
    "integer": "number",
    "bigint": "number",
    "numeric": "number",
    "numeric(6,2)": "number",
    "varchar(6)": "text",
}
NAMES = [
    "plain", "two words", "Größe", '"quoted"', "o'clock", "50%", "%s", "%1$s", "select", "ünï𝄞",
    "a;b--c", "d", "back\\slash", "k2", "value",
]  # fmt: skip
VARIABLES = [
    ("v_text", "text", False),
    ("v_num", "bigint", False),
    ("v_numeric", "numeric", False),
    ("v_bool", "boolean", False),
    ("v_date", "date", False),
    ("v_instant", "timestamptz", False),
    ("v_uuid", "uuid", False),
    ("l_text", "text", True),
    ("l_num", "numeric", True),
]
BUILT_IN = {
    "text": ["username"],
    "number": ["user_id", "base_unit_id", "tenant_id"],
    "timestamptz": ["now"],
}
OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "in", "not_in", "between", "is_null"]


def family(kind: str) -> str:
    return FAMILY.get(kind, kind)


def window(rng: random.Random) -> tuple[datetime | None, datetime | None]:
    """Mostly open; else with an end at the clock, an instant beside it, or far from it."""
    steps = [timedelta(0), INSTANT, -INSTANT, timedelta(days=9), timedelta(days=-9)]
    start = NOON + rng.choice(steps) if rng.random() < 0.25 else None
    end = NOON + rng.choice(steps) if rng.random() < 0.25 else None
    if start is not None and end is not None and start >= end:
        start, end = end - timedelta(days=1), end
    return start, end


def names_of(data: Data, kind: str, is_list: bool) -> list[str]:
    """Variables that a column of the type can be compared with."""
    own = [
        v.name
        for v in data.variables.values()
        if v.is_list is is_list and family(v.type) == family(kind)
    ]
    return own if is_list else own + BUILT_IN.get(family(kind), [])


def random_leaf(rng: random.Random, data: Data, fields: list[str]) -> Condition:
    name = rng.choice(fields)
    kind = data.types[name]
    operators = ["=", "<>", "in", "not_in", "is_null"] if kind == "boolean" else list(OPERATORS)
    operators += ["prefix", "prefix"] if family(kind) == "text" else []
    operators += ["weekday", "time_between"] if kind == "timestamptz" else []
    op = rng.choice(operators)
    zone = rng.choice(["UTC", "Asia/Tokyo", "Etc/GMT+7"])
    if op == "is_null":
        return {"field": name, "op": op, "value": rng.random() < 0.5}
    if op == "weekday":
        days = rng.sample(range(1, 8), rng.randint(1, 5))
        return {"field": name, "op": op, "zone": zone, "value": days}
    if op == "time_between":
        times = [rng.choice(["09:00", "12:00", "12:00:01", "23:59", "00:00"]) for _ in "ab"]
        return {"field": name, "op": op, "zone": zone, "value": times}

    def operand(of_list: bool) -> Any:
        variables = names_of(data, kind, of_list)
        if variables and rng.random() < 0.4:
            return {"var": rng.choice(variables)}
        return rng.choice(POOL[kind])

    if op in ("in", "not_in"):
        count = rng.randint(1, 3)
        return {
            "field": name,
            "op": op,
            "value": [operand(rng.random() < 0.4) for _ in range(count)],
        }
    if op == "between":
        return {"field": name, "op": op, "value": [operand(False), operand(False)]}
    if op == "prefix" and rng.random() < 0.5:
        return {"field": name, "op": op, "value": rng.choice(["", "P", "Pe", "50%", "%", "ü"])}
    return {"field": name, "op": op, "value": operand(False)}


def random_condition(
    rng: random.Random, data: Data, fields: list[str], depth: int = 0
) -> Condition:
    if depth < 2 and rng.random() < 0.35:
        parts = [random_condition(rng, data, fields, depth + 1) for _ in range(rng.randint(1, 3))]
        return rng.choice([{"all": parts}, {"any": parts}, {"not": parts[0]}])
    return random_leaf(rng, data, fields)


def asked_variables(node: Any) -> set[str]:
    if isinstance(node, list):
        return {v for part in node for v in asked_variables(part)}
    if not isinstance(node, dict):
        return set()
    here = {node["var"]} if isinstance(node.get("var"), str) else set()
    return here | {v for part in node.values() for v in asked_variables(part)}


def random_mask(rng: random.Random, kind: str) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [
        {"kind": "null"},
        {"kind": "constant", "value": rng.choice(POOL[kind])},
    ]
    of = family(kind)
    if of in ("text", "number", "uuid"):
        choices += [{"kind": "hash"}] * 2
    if of == "text":
        choices += [{"kind": k, "n": rng.randint(1, 5)} for k in ("keep_first", "keep_last")]
    if of == "number":
        choices += [
            {"kind": "round", "digits": rng.randint(-2, 2)},
            {"kind": "bucket", "width": rng.choice([1, 10, 100, 2.5, 0.3])},
        ]
    if of in ("date", "timestamp", "timestamptz"):
        units = ["year", "quarter", "month", "week"]
        units += [] if of == "date" else ["day", "hour"]
        choices += [{"kind": "truncate", "unit": rng.choice(units)}] * 3
    return rng.choice(choices)


def random_rule(
    rng: random.Random, data: Data, number: int, fields: list[str], maskable: list[str]
) -> Rule | None:
    """None where no filter asked for the variable it should be about."""
    dimension = rng.choice(["role", "user", "variable"])
    condition = random_condition(rng, data, fields)
    column = rng.choice(maskable) if maskable and rng.random() < 0.5 else None
    tenant = None
    if dimension == "role":
        if not data.parents:
            return None
        subject = str(rng.choice(list(data.parents)))
        tenant = data.role_tenants[int(subject)]
    elif dimension == "user":
        person = rng.choice(list(data.people.values()))
        subject, tenant = str(person.id), person.tenant
    else:
        asked = sorted(asked_variables(condition))
        if not asked:
            if column is None:
                return None
            asked = ["user_id"]
        subject = rng.choice(asked)
        if rng.random() < 0.3:
            tenant = rng.choice([p.tenant for p in data.people.values()])
    start, end = window(rng)
    rule = Rule(
        number,
        dimension,
        subject,
        tenant,
        rng.choice(["permit", "permit", "restrict"]),
        condition,
        whitelist=rng.sample(sorted(data.people), rng.randint(0, 1)) * rng.randint(0, 1),
        start=start,
        end=end,
        is_active=rng.random() < 0.9,
    )
    if column is not None:
        rule.column = column
        rule.mode = rng.choice(["mask", "mask", "mask", "mask", "disable", "visible"])
        rule.mask = random_mask(rng, data.types[column]) if rule.mode == "mask" else None
        if rng.random() < 0.5:
            rule.condition = None
    return rule


def add_rules(
    rng: random.Random, data: Data, count: int, fields: list[str], maskable: list[str]
) -> None:
    for number in range(9000, 9000 + count):
        rule = random_rule(rng, data, number, fields, maskable)
        if rule is not None:
            data.rules.append(rule)


def random_variables(rng: random.Random, data: Data) -> None:
    for name, kind, is_list in VARIABLES:
        pool = POOL[kind] if kind != "bigint" else [0, 1, 7, 5001, 2**40]

        def some(pool: list[Any] = pool, is_list: bool = is_list) -> Any:
            return rng.sample(pool, rng.randint(0, 3)) if is_list else rng.choice(pool)

        variable = Variable(name, kind, is_list, some() if rng.random() < 0.5 else None)
        for person in data.people:
            if rng.random() < 0.4:
                variable.values[person] = some()
        data.variables[name] = variable


def random_people(rng: random.Random, data: Data) -> None:
    for number, tenant in ((5001, 100), (5002, 100), (5003, 100), (5004, 200)):
        data.people[number] = Person(number, tenant, tenant + rng.randint(0, 1), f"user{number}")
    for role in range(301, 305):
        tenant = rng.choice([None, None, 100, 200])
        above = [r for r in data.parents if data.role_tenants[r] in (None, tenant)]
        data.parents[role] = rng.choice([None, *above])
        data.role_tenants[role] = tenant
    for person in data.people.values():
        theirs = [r for r, t in data.role_tenants.items() if t in (None, person.tenant)]
        person.granted = [
            (role, *window(rng)) for role in rng.sample(theirs, min(len(theirs), rng.randint(0, 2)))
        ]
    random_variables(rng, data)


def random_data(rng: random.Random) -> Data:
    """Two tenants, four people, four roles in a hierarchy, a table of a few columns."""
    data = Data(clock=NOON, types={"k": "integer", "home": "integer"})
    names = rng.sample(NAMES, rng.randint(3, 7))
    data.types |= {name: rng.choice(list(POOL)) for name in names}
    data.default_rows = rng.choice(["all", "all", "none"])
    data.tenant_column = rng.choice([None, "home"])
    random_people(rng, data)
    for number in range(1, rng.randint(4, 14)):
        row: Row = {"k": number, "home": rng.choice([100, 100, 200])}
        for name in names:
            held = rng.choice([None, *POOL[data.types[name]]])
            row[name] = None if held is None else stored(held, data.types[name])
        data.rows.append(row)
    add_rules(rng, data, rng.randint(1, 9), ["k", "home", *names], names)
    return data


def stored(value: Any, kind: str) -> Any:
    """A value of the pool as Python holds it."""
    if kind == "numeric(6,2)":
        return Decimal(str(value)).quantize(Decimal("0.01"))
    if kind == "numeric":
        return Decimal(str(value))
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "uuid":
        return UUID(value)
    if kind == "timestamptz":
        instant = datetime.fromisoformat(value)
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return datetime.fromisoformat(value) if kind == "timestamp" else value


# Into the database.


def store_people(connection: Connection, data: Data) -> None:
    connection.execute(
        "insert into authz.org_units (id, parent_id, code) values "
        "(100, null, 'one'), (101, 100, 'below_one'), (200, null, 'two'), (201, 200, 'below_two')"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into authz.users (id, username, base_unit_id) values (%s, %s, %s)",
            [(p.id, p.username, p.base_unit) for p in data.people.values()],
        )
        cursor.executemany(
            "insert into authz.roles (id, tenant_id, parent_role_id, code) values (%s, %s, %s, %s)",
            [(r, data.role_tenants[r], above, f"r{r}") for r, above in data.parents.items()],
        )
        cursor.executemany(
            "insert into authz.user_roles (user_id, role_id, valid_from, valid_until) "
            "values (%s, %s, %s, %s)",
            [(p.id, *granted) for p in data.people.values() for granted in p.granted],
        )


def store_variables(connection: Connection, data: Data) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into authz.variables (name, type, is_list, default_value) "
            "values (%s, %s, %s, %s)",
            [
                (v.name, v.type, v.is_list, None if v.default is None else json.dumps(v.default))
                for v in data.variables.values()
            ],
        )
        cursor.executemany(
            "insert into authz.user_variables (user_id, variable, value) values (%s, %s, %s)",
            [
                (person, v.name, json.dumps(value))
                for v in data.variables.values()
                for person, value in v.values.items()
            ],
        )


def store_table(connection: Connection, data: Data) -> None:
    """public.things, of the owner, which the application may read."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in data.types.items()
    )
    connection.execute(sql.SQL("create table app.things ({})").format(columns))
    connection.execute("grant select on app.things to fundwarden_app")
    places = ", ".join(["%s"] * len(data.types))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into app.things values ({places})",
            [tuple(row[name] for name in data.types) for row in data.rows],
        )
    connection.execute(
        "select authz.register_dataset('app.things', tenant_column => %s, default_rows => %s)",
        [data.tenant_column, data.default_rows],
    )


def store_rules(connection: Connection, dataset: str, rules: Iterable[Rule]) -> None:
    """One statement a table, hence compiled twice."""
    common = "id, dataset, dimension, subject, tenant_id, mode, whitelist, valid_from, valid_until"
    written = [
        {
            "id": r.id,
            "dataset": dataset,
            "dimension": r.dimension,
            "subject": r.subject,
            "tenant_id": r.tenant,
            "mode": r.mode,
            "whitelist": r.whitelist,
            "valid_from": r.start and r.start.isoformat(),
            "valid_until": r.end and r.end.isoformat(),
            "is_active": r.is_active,
            "filter": r.condition,
            "column_name": r.column,
            "mask": r.mask,
        }
        for r in rules
    ]
    for table, columns, some in (
        ("row_permissions", "filter", [w for w in written if w["column_name"] is None]),
        (
            "column_permissions",
            "column_name, mask, condition",
            [w for w in written if w["column_name"] is not None],
        ),
    ):
        if some:
            connection.execute(
                f"insert into authz.{table} ({common}, is_active, {columns}) "
                f"select {common}, is_active, {columns} from jsonb_to_recordset(%s::jsonb) as r ("
                "id bigint, dataset text, dimension authz.permission_dimension, subject text, "
                "tenant_id int, mode text, whitelist bigint [], valid_from timestamptz, "
                "valid_until timestamptz, is_active boolean, filter jsonb, column_name name, "
                "mask jsonb, condition jsonb) order by id",
                [json.dumps([w | {"condition": w["filter"]} for w in some])],
            )


def act_as(connection: Connection, user: int) -> None:
    connection.execute("set local role fundwarden_trusted")
    connection.execute("select authz.act_as(%s)", [user])
    connection.execute("set local role fundwarden_app")
