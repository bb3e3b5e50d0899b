"""What access_as_of says of an instant is what the engine answered then."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from typing import Any

import psycopg
from policy_model import World
from servers import Server
from test_policies import questions, random_world, store

Connection = psycopg.Connection[Any]
# FUNDWARDEN_HISTORIES=500 looks harder than the suite does.
HISTORIES = int(os.environ.get("FUNDWARDEN_HISTORIES", "12"))
CHANGES = 10
ASKED = 8

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


def live(connection: Connection, seed: int) -> tuple[list[str], int]:
    """One history in a database of its own past; disagreements, and how many answers were yes."""
    rng = random.Random(seed)
    world: World = random_world(rng)
    store(connection, world)
    asked = questions(world)
    recorded: list[tuple[Any, list[dict[str, Any]], list[bool]]] = []
    for _ in range(CHANGES):
        for _ in range(rng.randint(1, 3)):
            # What the rules refuse is no change.
            with suppress(psycopg.IntegrityError):
                connection.execute(
                    rng.choice(STATEMENTS), {"seed": str(rng.random()), "other": str(rng.random())}
                )
        some = rng.sample(asked, min(ASKED, len(asked)))
        row = connection.execute(RECORD, [json.dumps(some)]).fetchone()
        assert row is not None
        recorded.append((row[0], some, row[1]))
    wrong, yes = [], 0
    for at, some, answers in recorded:
        for q, answer in zip(some, answers, strict=True):
            yes += answer
            row = connection.execute(
                "select audit.access_as_of(%s, %s, %s, %s, %s, %s)",
                (
                    q["user_id"],
                    q["resource"],
                    q["action"],
                    q["unit_id"],
                    at,
                    json.dumps(q["context"]),
                ),
            ).fetchone()
            if row != (answer,):
                wrong.append(f"{at} {q}: then {answer}, now {row}")
    return wrong, yes


def test_it_answers_as_the_engine_did(server: Server) -> None:
    found: list[str] = []
    total = 0
    for seed in range(HISTORIES):
        with (
            server.copy() as janitor,
            psycopg.connect(server.conninfo(janitor.dbname), autocommit=True) as connection,
        ):
            connection.execute("set role fundwarden_owner")
            connection.execute("update authz.settings set refresh_mode = 'manual'")
            wrong, yes = live(connection, seed)
            found += [f"history {seed}: {line}" for line in wrong]
            total += yes
    assert not found, "\n".join(found[:10])
    assert total > HISTORIES, "histories in which nobody may anything show nothing"
