"""The rules a second time: plain, slow and obvious, so that they can disagree with the SQL.

No SQL, no paths kept anywhere, no owner units: everything is worked out from the links each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

# resource path, action, scope
Permission = tuple[str, str, str]


@dataclass
class Unit:
    id: int
    parent_id: int | None
    code: str
    kind: str = "unit"
    is_active: bool = True


@dataclass
class User:
    id: int
    base_unit_id: int
    is_active: bool = True


@dataclass
class Window:
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Half-open; None is no end."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )

    def overlaps(self, other: Window) -> bool:
        """Whether some instant is in both."""
        starts = [w.valid_from for w in (self, other) if w.valid_from is not None]
        ends = [w.valid_until for w in (self, other) if w.valid_until is not None]
        return not starts or not ends or max(starts) < min(ends)


@dataclass
class Membership:
    id: int
    user_id: int
    unit_id: int
    window: Window


@dataclass
class Grant:
    id: int
    user_id: int
    role_id: int
    unit_id: int | None
    inherit: bool
    window: Window


@dataclass
class Role:
    id: int
    permissions: set[Permission]
    is_active: bool = True


@dataclass
class Owned:
    """A customer with its manager, or an order with its handler."""

    id: int
    tenant_id: int
    owner_id: int


@dataclass
class Fund:
    id: int
    tenant_id: int
    handle_by: int | None
    order_id: int | None
    customer_id: int | None
    amount: Decimal
    status: str
    created_at: datetime


class RefusedError(Exception):
    """The rules do not allow the change."""


@dataclass
class World:
    """Everything there is, and what follows from it."""

    clock: datetime
    units: dict[int, Unit] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    memberships: dict[int, Membership] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    grants: dict[int, Grant] = field(default_factory=dict)
    customers: dict[int, Owned] = field(default_factory=dict)
    orders: dict[int, Owned] = field(default_factory=dict)
    funds: dict[int, Fund] = field(default_factory=dict)

    # The organisation

    def line(self, unit_id: int) -> list[Unit]:
        """The unit and its ancestors, the unit first."""
        found = [self.units[unit_id]]
        while found[-1].parent_id is not None:
            found.append(self.units[found[-1].parent_id])
        return found

    def path(self, unit_id: int) -> str:
        return ".".join(unit.code for unit in reversed(self.line(unit_id)))

    def tenant(self, unit_id: int) -> int:
        return self.line(unit_id)[-1].id

    def subtree(self, unit_id: int) -> set[int]:
        return {u for u in self.units if any(a.id == unit_id for a in self.line(u))}

    # The decision

    def places(self, grant: Grant) -> Iterable[int]:
        """Units a grant holds at."""
        if grant.unit_id is not None:
            yield grant.unit_id
            return
        yield self.users[grant.user_id].base_unit_id
        for member in self.memberships.values():
            if member.user_id == grant.user_id and member.window.holds(self.clock):
                yield member.unit_id

    def scope(self, user_id: int, resource: str, action: str) -> tuple[set[int], bool]:
        """Units reached, and whether rows the user owns count."""
        units: set[int] = set()
        own = False
        if not self.users[user_id].is_active:
            return units, own
        for grant in self.grants.values():
            role = self.roles[grant.role_id]
            if grant.user_id != user_id or not role.is_active:
                continue
            if not grant.window.holds(self.clock):
                continue
            for held_resource, held_action, reach in role.permissions:
                covers = resource == held_resource or resource.startswith(held_resource + ".")
                if not covers or held_action not in (action, "manage"):
                    continue
                for place in self.places(grant):
                    if not self.units[place].is_active:
                        continue
                    if reach == "own":
                        own = True
                    elif reach == "team":
                        units |= self.subtree(place) if grant.inherit else {place}
                    elif reach == "system":
                        units |= set(self.units)
                    else:
                        near = [a for a in self.line(place) if a.kind == reach]
                        if near:
                            units |= self.subtree(near[0].id)
        return units, own

    def subordinates(self, user_id: int) -> set[int]:
        units, _ = self.scope(user_id, "directory.users", "read")
        return {u.id for u in self.users.values() if u.base_unit_id in units and u.id != user_id}

    # Money

    def owners(self, fund: Fund) -> set[int]:
        found = set()
        if fund.handle_by is not None:
            found.add(fund.handle_by)
        if fund.order_id is not None:
            found.add(self.orders[fund.order_id].owner_id)
        if fund.customer_id is not None:
            found.add(self.customers[fund.customer_id].owner_id)
        return found

    def visible(self, user_id: int, filters: dict[str, Any]) -> list[Fund]:
        units, own = self.scope(user_id, "finance.funds", "read")
        return [
            fund
            for fund in self.funds.values()
            if any(
                self.users[owner].base_unit_id in units or (own and owner == user_id)
                for owner in self.owners(fund)
            )
            and passes(fund, filters)
        ]

    def listed(
        self, user_id: int, sort_by: str, descending: bool, filters: dict[str, Any]
    ) -> list[Fund]:
        """Nulls last ascending, first descending; ties by id ascending either way."""
        key = "id" if sort_by == "fund_id" else sort_by
        found = sorted(self.visible(user_id, filters), key=lambda f: f.id)
        empty = [f for f in found if getattr(f, key) is None]
        filled = [f for f in found if getattr(f, key) is not None]
        filled.sort(key=lambda f: getattr(f, key), reverse=descending)
        if descending:
            # reverse keeps equal elements in their order, which is by id ascending.
            return empty + filled
        return filled + empty

    # Changes

    def move(self, unit_id: int, parent_id: int) -> None:
        unit = self.units[unit_id]
        if unit.parent_id is None or self.tenant(unit_id) != self.tenant(parent_id):
            raise RefusedError
        if parent_id in self.subtree(unit_id):
            raise RefusedError
        if any(
            u.parent_id == parent_id and u.code == unit.code and u.id != unit_id
            for u in self.units.values()
        ):
            raise RefusedError
        unit.parent_id = parent_id

    def rename(self, unit_id: int, code: str) -> None:
        unit = self.units[unit_id]
        if any(
            u.parent_id == unit.parent_id and u.code == code and u.id != unit_id
            for u in self.units.values()
        ):
            raise RefusedError
        unit.code = code

    def transfer(self, user_id: int, unit_id: int) -> None:
        if self.tenant(self.users[user_id].base_unit_id) != self.tenant(unit_id):
            raise RefusedError
        self.users[user_id].base_unit_id = unit_id

    def give(self, owned: Owned, owner_id: int) -> None:
        if self.tenant(self.users[owner_id].base_unit_id) != owned.tenant_id:
            raise RefusedError
        owned.owner_id = owner_id

    def assign(self, fund: Fund, column: str, value: int | None) -> None:
        links = {"handle_by": fund.handle_by, "order_id": fund.order_id}
        links["customer_id"] = fund.customer_id
        links[column] = value
        if all(link is None for link in links.values()):
            raise RefusedError
        if value is not None:
            tenant = {
                "handle_by": lambda: self.tenant(self.users[value].base_unit_id),
                "order_id": lambda: self.orders[value].tenant_id,
                "customer_id": lambda: self.customers[value].tenant_id,
            }[column]()
            if tenant != fund.tenant_id:
                raise RefusedError
        setattr(fund, column, value)

    def delete(self, column: str, owned_id: int) -> None:
        """Delete an order or customer; its funds lose the link unless it is their last."""
        linked = [f for f in self.funds.values() if getattr(f, column) == owned_id]
        for fund in linked:
            others = {"handle_by", "order_id", "customer_id"} - {column}
            if all(getattr(fund, other) is None for other in others):
                raise RefusedError
        for fund in linked:
            setattr(fund, column, None)
        del (self.orders if column == "order_id" else self.customers)[owned_id]


def passes(fund: Fund, filters: dict[str, Any]) -> bool:
    """Amounts and created_from are included, created_to is not."""
    return (
        (filters.get("min_amount") is None or fund.amount >= filters["min_amount"])
        and (filters.get("max_amount") is None or fund.amount <= filters["max_amount"])
        and (filters.get("status") is None or fund.status == filters["status"])
        and (filters.get("created_from") is None or fund.created_at >= filters["created_from"])
        and (filters.get("created_to") is None or fund.created_at < filters["created_to"])
    )
