"""The policy engine a second time: plain, slow and obvious, so that the SQL can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MENU = {
    "finance": "finance",
    "funds": "finance.funds",
    "orders": "finance.orders",
    "customers": "finance.customers",
    "units": "directory.units",
    "users": "directory.users",
    "permissions": "directory.permissions",
}


@dataclass
class Unit:
    id: int
    parent: int | None
    kind: str
    is_active: bool


@dataclass
class Window:
    start: datetime | None = None
    end: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Half-open."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    def overlaps(self, other: Window) -> bool:
        """Whether some instant is in both."""
        starts = [w.start for w in (self, other) if w.start is not None]
        ends = [w.end for w in (self, other) if w.end is not None]
        return not starts or not ends or max(starts) < min(ends)


@dataclass
class User:
    id: int
    base: int
    is_active: bool


@dataclass
class Membership:
    id: int
    user: int
    unit: int
    window: Window


@dataclass
class Permission:
    id: int
    resource: str
    action: str
    scope: str
    condition: dict[str, Any] | None


@dataclass
class Policy:
    id: int
    tenant: int | None
    effect: str
    priority: int
    is_active: bool
    permissions: list[int]


@dataclass
class Role:
    id: int
    tenant: int | None
    parent: int | None
    rank: int
    is_active: bool
    permissions: list[int]
    policies: list[int]


@dataclass
class Grant:
    """kind: role, policy or permission; what: its id."""

    id: int
    kind: str
    user: int
    what: int
    unit: int | None
    inherit: bool
    window: Window


@dataclass
class Template:
    unit: int
    key: str
    min_rank: int
    is_enabled: bool
    is_locked: bool


@dataclass
class Delegation:
    id: int
    delegator: int
    delegate: int
    resource: str
    action: str
    unit: int
    inherit: bool
    window: Window
    status: str


@dataclass
class Held:
    """One permission a user holds at one unit, now."""

    effect: str
    priority: int
    permission: Permission
    unit: int
    inherit: bool


@dataclass
class World:
    clock: datetime
    units: dict[int, Unit] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    memberships: list[Membership] = field(default_factory=list)
    permissions: dict[int, Permission] = field(default_factory=dict)
    policies: dict[int, Policy] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    delegations: list[Delegation] = field(default_factory=list)

    def above(self, unit: int | None) -> Iterator[int]:
        """The unit and those above it, nearest first."""
        while unit is not None:
            yield unit
            unit = self.units[unit].parent

    def tenant(self, unit: int) -> int:
        """Its root."""
        return list(self.above(unit))[-1]

    def lineage(self, role: Role) -> Iterator[Role]:
        """The role and its parents, as far as they give anything."""
        here: Role | None = role
        while here is not None and here.is_active:
            yield here
            here = None if here.parent is None else self.roles[here.parent]

    def places(self, grant: Grant) -> Iterator[int]:
        """Active units the grant holds at now."""
        user = self.users[grant.user]
        units = [grant.unit if grant.unit is not None else user.base]
        if grant.unit is None:
            units += [
                m.unit
                for m in self.memberships
                if m.user == user.id and m.window.is_open(self.clock)
            ]
        if grant.window.is_open(self.clock):
            yield from (unit for unit in units if self.units[unit].is_active)

    def held(self, user_id: int) -> Iterator[Held]:
        """Everything the user holds now."""
        user = self.users[user_id]
        tenant = self.tenant(user.base)
        if not user.is_active:
            return
        for grant in self.grants:
            if grant.user != user_id:
                continue
            given: list[tuple[str, int, int, bool]] = []
            if grant.kind == "permission":
                given.append(("allow", 0, grant.what, False))
            elif grant.kind == "policy":
                policy = self.policies[grant.what]
                if policy.is_active and policy.tenant in (None, tenant):
                    given += [
                        (policy.effect, policy.priority, p, False) for p in policy.permissions
                    ]
            else:
                role = self.roles[grant.what]
                if role.tenant not in (None, tenant):
                    continue
                for one in self.lineage(role):
                    given += [("allow", 0, p, role.tenant is None) for p in one.permissions]
                    for number in one.policies:
                        policy = self.policies[number]
                        if policy.is_active and policy.tenant in (None, tenant):
                            platform = role.tenant is None and policy.tenant is None
                            given += [
                                (policy.effect, policy.priority, p, platform)
                                for p in policy.permissions
                            ]
            for unit in self.places(grant):
                for effect, priority, number, platform in given:
                    permission = self.permissions[number]
                    if permission.scope != "system" or platform:
                        yield Held(effect, priority, permission, unit, grant.inherit)

    def reaches(self, held: Held, unit: int, is_owner: bool) -> bool:
        """Whether the scope covers a row in the unit."""
        scope = held.permission.scope
        if scope == "system":
            return True
        if scope == "own":
            return is_owner
        if scope == "team":
            return unit == held.unit or (held.inherit and held.unit in self.above(unit))
        anchors = [u for u in self.above(held.unit) if self.units[u].kind == scope]
        return bool(anchors) and anchors[0] in self.above(unit)

    def check(
        self,
        user_id: int,
        resource: str,
        action: str,
        unit: int,
        context: dict[str, Any],
        *,
        with_delegations: bool = True,
    ) -> bool:
        """Default deny; the highest priority wins, of equals deny."""
        is_owner = context.get("owner_id") == user_id
        facts = {**context, "user_id": user_id, "base_unit_id": self.users[user_id].base}
        counted: list[tuple[int, bool]] = []
        for held in self.held(user_id):
            p = held.permission
            covers = (MENU[resource] + ".").startswith(p.resource + ".")
            if not covers or p.action not in (action, "manage"):
                continue
            if not self.reaches(held, unit, is_owner):
                continue
            holds = True if p.condition is None else evaluate(p.condition, facts)
            if holds or (holds is None and held.effect == "deny"):
                counted.append((held.priority, held.effect == "deny"))
        if self.template_allows(user_id, unit, f"{resource}.{action}"):
            counted.append((0, False))
        if with_delegations and self.delegated(user_id, resource, action, unit, context):
            counted.append((0, False))
        return bool(counted) and not max(counted)[1]

    def delegated(
        self, user_id: int, resource: str, action: str, unit: int, context: dict[str, Any]
    ) -> bool:
        """Whether somebody who may, by what they hold themselves, lets the user."""
        others = {name: value for name, value in context.items() if name != "owner_id"}
        return any(
            d.delegate == user_id
            and d.status == "active"
            and d.window.is_open(self.clock)
            and (MENU[resource] + ".").startswith(d.resource + ".")
            and d.action in (action, "manage")
            and self.users[user_id].is_active
            and self.units[d.unit].is_active
            and (d.unit == unit or (d.inherit and d.unit in self.above(unit)))
            and self.check(d.delegator, resource, action, unit, others, with_delegations=False)
            for d in self.delegations
        )

    def template(self, unit: int, key: str) -> Template | None:
        """The topmost locked one, else the nearest."""
        line = list(self.above(unit))
        found = [t for u in line for t in self.templates if t.unit == u and t.key == key]
        locked = [t for t in found if t.is_locked]
        return locked[-1] if locked else found[0] if found else None

    def template_allows(self, user_id: int, unit: int, key: str) -> bool:
        """By the rank of a role that reaches the unit."""
        template = self.template(unit, key)
        user = self.users[user_id]
        if template is None or not template.is_enabled or not user.is_active:
            return False
        for grant in self.grants:
            if grant.kind != "role" or grant.user != user_id:
                continue
            role = self.roles[grant.what]
            if not role.is_active or role.tenant not in (None, self.tenant(user.base)):
                continue
            for place in self.places(grant):
                covers = place == unit or (grant.inherit and place in self.above(unit))
                if covers and role.rank >= template.min_rank:
                    return True
        return False


def evaluate(node: dict[str, Any], facts: dict[str, Any]) -> bool | None:
    """True, false, or None where it cannot be told."""
    if "all" in node:
        parts = [evaluate(n, facts) for n in node["all"]]
        return False if False in parts else None if None in parts else True
    if "any" in node:
        parts = [evaluate(n, facts) for n in node["any"]]
        return True if True in parts else None if None in parts else False
    if "not" in node:
        inner = evaluate(node["not"], facts)
        return None if inner is None else not inner
    fact, op, value = facts.get(node["field"]), node["op"], node["value"]
    if op == "is_null":
        return (fact is None) == value
    if fact is None:
        return None

    def known(v: Any) -> Any:
        return facts.get(v["var"]) if isinstance(v, dict) else v

    def order(v: Any) -> int | None:
        v = known(v)
        if v is None or isinstance(v, str) != isinstance(fact, str):
            return None
        return (fact > v) - (fact < v)

    if op in ("in", "not_in"):
        orders = [order(v) for v in value]
        inside = True if 0 in orders else None if None in orders else False
        return inside if op == "in" or inside is None else not inside
    if op == "between":
        low, high = order(value[0]), order(value[1])
        parts = [None if low is None else low >= 0, None if high is None else high <= 0]
        return False if False in parts else None if None in parts else True
    if op == "prefix":
        v = known(value)
        return fact.startswith(v) if isinstance(v, str) and isinstance(fact, str) else None
    place = order(value)
    if place is None:
        return None
    return {
        "=": place == 0,
        "<>": place != 0,
        "<": place < 0,
        "<=": place <= 0,
        ">": place > 0,
        ">=": place >= 0,
    }[op]
