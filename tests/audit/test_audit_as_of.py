"""What access_as_of says of an instant is what the engine answered then."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from policy_model import World
from random_worlds import questions, random_world, store
from servers import Server

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]
# FUNDWARDEN_HISTORIES=500 looks harder than the suite does.
HISTORIES = int(os.environ.get("FUNDWARDEN_HISTORIES", "2"))
CHANGES = 10
ASKED = 120

ONE = "(select id from {} where id >= 1000 order by md5(id::text || %(seed)s) limit 1)"
USER, UNIT, ROLE, POLICY = (
    ONE.format(f"authz.{t}") for t in ("users", "org_units", "roles", "policies")
)
PERMISSION = (
    "(select id from authz.permissions where resource::text <> 'directory' "
    "order by md5(id::text || %(seed)s) limit 1)"
)
OTHER_UNIT = UNIT.replace("%(seed)s", "%(other)s")
STATEMENTS = [
    f"update authz.users set is_active = not is_active where id = {USER}",
    f"update authz.users set base_unit_id = {UNIT} where id = {USER}",
    f"update authz.users set username = username || 'x' where id = {USER}",
    f"update authz.org_units set is_active = not is_active where id = {UNIT}",
    f"update authz.org_units set kind = 'region' where id = {UNIT}",
    f"update authz.org_units set code = 'c' || id where id = {UNIT}",
    "update authz.org_units set code = left('z' || code, 40) where id >= 1000",
    f"update authz.org_units set parent_id = {OTHER_UNIT} "
    f"where id = {UNIT} and parent_id is not null",
    f"update authz.roles set is_active = not is_active where id = {ROLE}",
    f"update authz.roles set rank = 100 - rank where id = {ROLE}",
    f"update authz.roles set parent_role_id = null where id = {ROLE}",
    f"insert into authz.role_permissions select {ROLE}, {PERMISSION} on conflict do nothing",
    f"delete from authz.role_permissions where role_id = {ROLE}",
    f"insert into authz.role_policies select {ROLE}, {POLICY}",
    f"delete from authz.role_policies where role_id = {ROLE}",
    f"update authz.policies set is_active = not is_active where id = {POLICY}",
    f"update authz.policies set priority = -priority where id = {POLICY}",
    "update authz.policies set effect = case effect when 'allow' then 'deny'::authz.policy_effect "
    f"else 'allow' end where id = {POLICY}",
    f"insert into authz.policy_permissions select {POLICY}, {PERMISSION}",
    f"delete from authz.policy_permissions where policy_id = {POLICY}",
    f"insert into authz.user_roles (user_id, role_id) select {USER}, {ROLE}",
    "insert into authz.user_roles (user_id, role_id, unit_id, valid_until) "
    f"select {USER}, {ROLE}, {UNIT}, clock_timestamp() + interval '20 ms'",
    "insert into authz.user_permissions (user_id, permission_id, unit_id) "
    f"select {USER}, {PERMISSION}, {UNIT}",
    f"insert into authz.user_policies (user_id, policy_id) select {USER}, {POLICY}",
    f"insert into authz.memberships (user_id, unit_id) select {USER}, {UNIT}",
    "delete from authz.memberships",
    f"delete from authz.user_roles where id = {ONE.format('authz.user_roles')}",
    f"delete from authz.user_policies where id = {ONE.format('authz.user_policies')}",
    f"delete from authz.user_permissions where id = {ONE.format('authz.user_permissions')}",
    "update authz.user_roles set id = -id where id >= 1000",
    "update authz.user_roles set id = -id where id <= -1000",
    "update authz.user_roles set valid_from = null, valid_until = null",
    f"delete from authz.users where id = {USER}",
    "update authz.permissions set action = 'update' where id >= 1000 and action = 'read'",
    "update authz.permissions set conditions = null where id >= 1000",
    "update authz.resources set path = 'directory.funds' where code = 'funds'",
    "update authz.resources set path = 'finance.funds' where code = 'funds'",
    f"insert into authz.permission_templates (unit_id, permission_key) select {UNIT}, 'funds.read' "
    "on conflict do nothing",
    "update authz.permission_templates set is_locked = not is_locked",
    "update authz.permission_templates set is_enabled = not is_enabled",
    "delete from authz.permission_templates",
    *(
        [
            "update authz.delegations set valid_from = now() - interval '1 day', "
            "valid_until = now() + interval '9 days'"
        ]
        * 4
    ),
    "update authz.delegations set action = 'read', inherit_to_descendants = true",
    "update authz.delegations set status = case status when 'active' then 'revoked' "
    f"else 'active' end where id = {ONE.format('authz.delegations')}",
    "update authz.delegations set valid_until = clock_timestamp() + interval '20 ms' "
    "where valid_until > clock_timestamp()",
    "delete from authz.delegations",
]  # fmt: skip

RECORD = """
    select
        statement_timestamp(),
        array(
            select authz_private.decide(
                (q ->> 'user_id')::bigint, q ->> 'resource', q ->> 'action',
                (q ->> 'unit_id')::int, q -> 'context'
            )
            from jsonb_array_elements(%s) as q
        )
"""


SCOPES = """
    select jsonb_object_agg(
        u.id || ':' || r.resource || ':' || r.action,
        (
            select coalesce(jsonb_agg(n.id order by n.id), '[]')
            from authz.org_units as n
            where authz_private.decide(u.id, r.resource, r.action, n.id, '{}')
        )
    )
    from authz.users as u
    cross join (values ('funds', 'read'), ('funds', 'update'), ('users', 'read'))
        as r (resource, action)
    where u.id >= 1000
"""


def live(connection: Connection, seed: int) -> tuple[list[str], int]:
    """One history in a database of its own past; disagreements, and how many answers changed."""
    rng = random.Random(seed)
    world: World = random_world(rng)
    store(connection, world)
    asked = questions(world)
    asked = rng.sample(asked, min(ASKED, len(asked)))
    recorded: list[tuple[Any, list[bool]]] = []
    scopes: list[dict[str, list[int]]] = []
    for _ in range(CHANGES):
        for _ in range(rng.randint(1, 3)):
            # What the rules refuse is no change.
            with suppress(psycopg.IntegrityError):
                connection.execute(
                    rng.choice(STATEMENTS), {"seed": str(rng.random()), "other": str(rng.random())}
                )
        row = connection.execute(RECORD, [json.dumps(asked)]).fetchone()
        assert row is not None
        recorded.append(row)
        reached = connection.execute(SCOPES).fetchone()
        assert reached is not None
        scopes.append(reached[0] or {})
    changing = [n for n in range(len(asked)) if len({answers[n] for _, answers in recorded}) == 2]
    chosen = rng.sample(changing, min(6, len(changing)))
    chosen += rng.sample(range(len(asked)), min(2, len(asked)))
    wrong = []
    for at, answers in recorded:
        for q, answer in ((asked[n], answers[n]) for n in chosen):
            row = connection.execute(
                "select audit.access_as_of("
                "%(user_id)s, %(resource)s, %(action)s, %(unit_id)s, %(at)s, %(context)s)",
                {**q, "at": at, "context": json.dumps(q["context"])},
            ).fetchone()
            if row != (answer,):
                wrong.append(f"{at} {q}: then {answer}, now {row}")
    for (at, _), reached_then in zip(recorded, scopes, strict=True):
        # Those that differ from now, and one that does not.
        asked_scopes = [k for k, units in reached_then.items() if units != scopes[-1].get(k)][:2]
        for key in asked_scopes + rng.sample(sorted(reached_then), min(1, len(reached_then))):
            user, resource, action = key.split(":")
            row = connection.execute(
                "select audit.scope_as_of(%s, %s, %s, %s)", [int(user), resource, action, at]
            ).fetchone()
            if row != (reached_then[key],):
                wrong.append(f"{at} {key}: then {reached_then[key]}, now {row}")
    return wrong, len(changing)


def test_it_answers_as_the_engine_did(server: Server) -> None:
    found: list[str] = []
    changing = 0
    for seed in range(HISTORIES):
        with (
            server.copy() as janitor,
            psycopg.connect(server.conninfo(janitor.dbname), autocommit=True) as connection,
        ):
            connection.execute("set role fundwarden_owner")
            connection.execute("update authz.settings set refresh_mode = 'manual'")
            wrong, changed = live(connection, seed)
            found += [f"history {seed}: {line}" for line in wrong]
            changing += changed
    assert not found, "\n".join(found[:10])
    assert changing > HISTORIES, "histories in which nothing changes show nothing"


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    """With a user in a unit, and a template that gives supervisors funds:export there."""
    with psycopg.connect(database, autocommit=True) as opened:
        opened.execute("set role fundwarden_owner")
        opened.execute("insert into authz.org_units (id, code) values (1, 'root')")
        opened.execute("insert into authz.users (id, username, base_unit_id) values (1, 'ann', 1)")
        opened.execute(
            "insert into authz.permission_templates (unit_id, permission_key, min_role_rank) "
            "values (1, 'funds.export', 50)"
        )
        yield opened


def ask(owner: Connection, at: str, action: str = "export") -> Any:
    row = owner.execute(f"select audit.access_as_of(1, 'funds', '{action}', 1, {at})").fetchone()
    assert row is not None
    return row[0]


def instant(owner: Connection) -> str:
    row = owner.execute("select quote_literal(clock_timestamp()) || '::timestamptz'").fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("action", ["export", "read"])
def test_windows_are_tested_at_the_instant_asked_about(owner: Connection, action: str) -> None:
    before = instant(owner)
    owner.execute(
        "insert into authz.user_roles (user_id, role_id, valid_until) "
        "values (1, 2, clock_timestamp() + interval '1 hour')"
    )
    then = instant(owner)
    # What the engine takes for the time now is not what matters.
    owner.execute(
        "insert into authz_private.clock_override (instant) values (now() + interval '1 day')"
    )
    assert [ask(owner, before, action), ask(owner, then, action)] == [False, True]
    owner.execute("update authz.user_roles set valid_until = now() - interval '1 hour'")
    assert [ask(owner, then, action), ask(owner, instant(owner), action)] == [True, False]


def test_a_row_made_later_was_not_there_and_one_removed_later_was(owner: Connection) -> None:
    moments = [instant(owner)]
    for statement in (
        "insert into authz.user_roles (id, user_id, role_id) values (1, 1, 2)",
        "update authz.user_roles set role_id = 3",
        "update authz.user_roles set role_id = 2, unit_id = 1",
        "delete from authz.user_roles",
        "insert into authz.user_roles (id, user_id, role_id) values (1, 1, 2)",
        "delete from authz.users",
    ):
        owner.execute(statement)
        moments.append(instant(owner))
    expected = [False, True, False, True, False, True, False]
    assert [ask(owner, at) for at in moments] == expected
    assert [ask(owner, at, "read") for at in moments] == expected


@pytest.mark.parametrize(
    "arguments",
    [
        "null, 'funds', 'read', 1, now()",
        "1, 'funds', 'read', null, now()",
        "1, null, 'read', 1, now()",
        "1, 'nothing', 'read', 1, now()",
        "1, 'funds', 'Read!', 1, now()",
        "1, 'funds', null, 1, now()",
        "1, 'funds', 'read', 1, null",
        "1, 'funds', 'read', 1, now() + interval '1 hour'",
        "1, 'funds', 'read', 1, 'infinity'",
        "1, 'funds', 'read', 1, '-infinity'",
        "1, 'funds', 'read', 1, now() - interval '10 years'",
        "1, 'funds', 'read', 1, now(), '[]'",
    ],
)
def test_what_cannot_be_meant_is_refused(owner: Connection, arguments: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        owner.execute(f"select audit.access_as_of({arguments})")


def test_it_refuses_where_access_depends_on_what_is_not_logged(owner: Connection) -> None:
    owner.execute("create table authz.stranger (user_id bigint)")
    text = owner.execute("select pg_get_viewdef('authz_private.assignments'::regclass)").fetchone()
    assert text is not None
    body = text[0].rstrip("; ")
    owner.execute(
        "create or replace view authz_private.assignments with (security_invoker = true) as "
        f"select a.* from ({body}) as a "
        "where not exists (select from authz.stranger as s where s.user_id = a.user_id)"
    )
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="authz.stranger"):
        ask(owner, "clock_timestamp()")
