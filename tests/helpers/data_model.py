"""Data permissions a second time: plain, slow and obvious, so that the SQL can be wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor, log10
from typing import Any
from uuid import UUID

Condition = dict[str, Any]
Row = dict[str, Any]

LIMITS = {"integer": 2**31 - 1, "bigint": 2**63 - 1, "numeric(6,2)": Decimal("9999.99")}
UNITS = ["hour", "day", "week", "month", "quarter", "year"]


@dataclass
class Person:
    id: int
    tenant: int
    base_unit: int
    username: str
    # Roles granted, each with its half-open window.
    granted: list[tuple[int, datetime | None, datetime | None]] = field(default_factory=list)


@dataclass
class Variable:
    name: str
    type: str
    is_list: bool
    default: Any = None
    values: dict[int, Any] = field(default_factory=dict)


@dataclass
class Rule:
    """A row permission, or with a column a column permission."""

    id: int
    dimension: str
    subject: str
    tenant: int | None
    mode: str
    condition: Condition | None
    column: str | None = None
    mask: dict[str, Any] | None = None
    whitelist: list[int] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    is_active: bool = True


@dataclass
class Data:
    """A dataset: its columns by type, its rows, and everything that says who sees what."""

    clock: datetime
    types: dict[str, str]
    default_rows: str = "all"
    tenant_column: str | None = None
    rows: list[Row] = field(default_factory=list)
    people: dict[int, Person] = field(default_factory=dict)
    parents: dict[int, int | None] = field(default_factory=dict)
    role_tenants: dict[int, int | None] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    secret: bytes = b""

    # Whom a rule is about.

    def is_open(self, start: datetime | None, end: datetime | None) -> bool:
        return (start is None or start <= self.clock) and (end is None or self.clock < end)

    def roles_of(self, person: Person) -> set[int]:
        held: set[int] = set()
        for role, start, end in person.granted:
            if self.is_open(start, end):
                step: int | None = role
                while step is not None:
                    held.add(step)
                    step = self.parents[step]
        return held

    def applies(self, rule: Rule, person: Person) -> bool:
        if not rule.is_active or not self.is_open(rule.start, rule.end):
            return False
        if person.id in rule.whitelist:
            return False
        if rule.tenant is not None and rule.tenant != person.tenant:
            return False
        if rule.dimension == "role":
            return int(rule.subject) in self.roles_of(person)
        if rule.dimension == "user":
            return int(rule.subject) == person.id
        return True

    # Conditions: true, false or unknown.

    def variable(self, name: str, person: Person) -> Any:
        built_in = {
            "user_id": person.id,
            "username": person.username,
            "base_unit_id": person.base_unit,
            "tenant_id": person.tenant,
            "now": self.clock,
        }
        if name in built_in:
            return built_in[name]
        known = self.variables[name]
        value = known.values.get(person.id, known.default)
        if value is None:
            return None
        if known.is_list:
            return [parsed(v, known.type) for v in value]
        return parsed(value, known.type)

    def operands(self, value: Any, kind: str, person: Person) -> list[Any]:
        found: list[Any] = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                read = self.variable(one["var"], person)
                found += read if isinstance(read, list) else [read]
            else:
                found.append(parsed(one, kind))
        return found

    def holds(self, node: Condition, row: Row, person: Person) -> bool | None:
        if "all" in node or "any" in node:
            wanted = "any" in node
            parts = [self.holds(p, row, person) for p in node.get("all", node.get("any"))]
            if any(p is wanted for p in parts):
                return wanted
            return None if None in parts else not wanted
        if "not" in node:
            inner = self.holds(node["not"], row, person)
            return None if inner is None else not inner
        fact, op, value = row[node["field"]], node["op"], node["value"]
        if op == "is_null":
            return (fact is None) == value
        if op in ("weekday", "time_between"):
            return clock_holds(node, fact)
        if op in ("in", "not_in"):
            found = self.contains(fact, value, self.types[node["field"]], person)
            return found if op == "in" or found is None else not found
        operands = self.operands(value, self.types[node["field"]], person)
        if op == "between":
            low, high = (compared(fact, o) for o in operands)
            sides = [None if low is None else low >= 0, None if high is None else high <= 0]
            return False if False in sides else (None if None in sides else True)
        if op == "prefix":
            if fact is None or operands[0] is None:
                return None
            return str(fact).startswith(operands[0])
        order = compared(fact, operands[0])
        if order is None:
            return None
        tests: dict[str, Callable[[int], bool]] = {
            "=": lambda o: o == 0,
            "<>": lambda o: o != 0,
            "<": lambda o: o < 0,
            "<=": lambda o: o <= 0,
            ">": lambda o: o > 0,
            ">=": lambda o: o >= 0,
        }
        return tests[op](order)

    def contains(self, fact: Any, value: list[Any], kind: str, person: Person) -> bool | None:
        operands = self.operands(value, kind, person)
        if any(compared(fact, o) == 0 for o in operands):
            return True
        return None if any(compared(fact, o) is None for o in operands) else False

    # Rows.

    def shows(self, row: Row, person: Person) -> bool:
        if self.tenant_column is not None and row[self.tenant_column] != person.tenant:
            return False
        rules = [r for r in self.rules if r.column is None and self.applies(r, person)]
        permits = [r for r in rules if r.mode == "permit"]
        if not permits and self.default_rows == "none":
            return False
        if permits and not any(self.is_true(r, row, person) for r in permits):
            return False
        return all(self.is_true(r, row, person) for r in rules if r.mode == "restrict")

    def is_true(self, rule: Rule, row: Row, person: Person) -> bool:
        return rule.condition is not None and self.holds(rule.condition, row, person) is True

    # Cells.

    def cell(self, column: str, row: Row, person: Person) -> Any:
        touching = [
            r
            for r in self.rules
            if r.column == column
            and self.applies(r, person)
            and (r.condition is None or self.holds(r.condition, row, person) is not False)
        ]
        if not touching:
            return row[column]
        strictest = min(touching, key=lambda r: (-strictness(r), r.id))
        return self.masked(strictest, row[column], self.types[column], person)

    def masked(self, rule: Rule, value: Any, kind: str, person: Person) -> Any:
        if rule.mode == "visible":
            return value
        mask = rule.mask or {"kind": "null"}
        if mask["kind"] == "null":
            return None
        if mask["kind"] == "constant":
            return fitted(parsed(mask["value"], kind), kind)
        if value is None:
            return None
        if mask["kind"] == "hash":
            return hashed(value, kind, self.secret, person.tenant)
        if mask["kind"] in ("keep_first", "keep_last"):
            text, n = str(value), mask["n"]
            if len(text) <= n:
                return fitted("***", kind)
            first = mask["kind"] == "keep_first"
            return fitted(text[:n] + "***" if first else "***" + text[-n:], kind)
        if mask["kind"] == "round":
            return fitted(rounded(Decimal(value), mask["digits"]), kind)
        if mask["kind"] == "bucket":
            width = Decimal(str(mask["width"]))
            return fitted(floor(Fraction(Decimal(value)) / Fraction(width)) * width, kind)
        return truncated(value, mask["unit"])

    def hidden_columns(self) -> set[str]:
        return {r.column for r in self.rules if r.column and r.is_active and r.mode != "visible"}

    def view(self, person: Person, columns: list[str]) -> list[tuple[Any, ...]]:
        return [
            tuple(self.cell(c, row, person) for c in columns)
            for row in self.rows
            if self.shows(row, person)
        ]


def parsed(value: Any, kind: str) -> Any:
    """What a JSON value means for the type; instants without a zone are in UTC."""
    if kind in ("integer", "bigint") or kind.startswith("numeric"):
        return Decimal(str(value))
    if kind == "date":
        return date.fromisoformat(value)
    if kind in ("timestamptz", "timestamp"):
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=UTC) if kind[9:] and not instant.tzinfo else instant
    return UUID(value) if kind == "uuid" else value


def compared(one: Any, other: Any) -> int | None:
    if one is None or other is None:
        return None
    return (one > other) - (one < other)


def clock_holds(node: Condition, fact: datetime | None) -> bool | None:
    """Zones of the tests have one offset all year."""
    if fact is None:
        return None
    hours = {"UTC": 0, "Asia/Tokyo": 9, "Etc/GMT+7": -7}[node["zone"]]
    local = fact.astimezone(UTC) + timedelta(hours=hours)
    if node["op"] == "weekday":
        return local.isoweekday() in node["value"]
    opens, closes = node["value"]
    now = local.strftime("%H:%M:%S.%f")
    opens, closes = (f"{t}:00.000000" if len(t) == 5 else f"{t}.000000" for t in (opens, closes))
    return opens <= now < closes if opens <= closes else now >= opens or now < closes


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero."""
    return (value.scaleb(digits)).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-digits)


def fitted(value: Any, kind: str) -> Any:
    """As a column of the type holds it: numbers stop at its ends, texts are cut."""
    if kind == "varchar(6)":
        return value[:6]
    if kind in LIMITS:
        most = Decimal(LIMITS[kind])
        least = -most if kind == "numeric(6,2)" else -most - 1
        value = min(max(Decimal(value), least), most)
        return rounded(value, 2) if kind == "numeric(6,2)" else rounded(value, 0)
    return value


def hashed(value: Any, kind: str, secret: bytes, tenant: int) -> Any:
    salt = hashlib.sha256(secret + tenant.to_bytes(4, "big")).digest()
    inner = hashlib.sha256(salt + str(value).encode()).digest()
    text = hashlib.sha256(salt + inner).hexdigest()
    if kind == "uuid":
        return UUID(text[:32])
    if kind == "integer":
        return fitted(int(text[:7], 16), kind)
    if kind == "bigint" or kind.startswith("numeric"):
        number = Decimal(int(text[:12], 16))
        return fitted(number % Decimal("9999.99") if kind == "numeric(6,2)" else number, kind)
    return fitted(text, kind)


def truncated(value: Any, unit: str) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC)
        if unit == "hour":
            return value.replace(minute=0, second=0, microsecond=0)
        day = truncated(value.date(), unit)
        return datetime(day.year, day.month, day.day, tzinfo=value.tzinfo)
    if unit == "week":
        return value - timedelta(days=value.weekday())
    if unit == "day":
        return value
    month = {"month": value.month, "quarter": (value.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return value.replace(month=month, day=1)


def strictness(rule: Rule) -> float:
    """The greatest wins; bucket and round by the digit they spare."""
    if rule.mode != "mask" or rule.mask is None:
        return {"disable": 1000.0, "visible": 0.0}[rule.mode]
    mask = rule.mask
    fixed = {"null": 900.0, "constant": 800.0, "hash": 700.0}
    if mask["kind"] in fixed:
        return fixed[mask["kind"]]
    if mask["kind"] in ("keep_first", "keep_last"):
        return 600.0 - mask["n"]
    if mask["kind"] == "round":
        return 400.0 - mask["digits"]
    if mask["kind"] == "bucket":
        return 400.0 + round(log10(mask["width"]), 6)
    return 301.0 + UNITS.index(mask["unit"])
