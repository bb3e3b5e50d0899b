"""What the application's login tries fails, and works once the guard it meets is taken away.

Each attack of attacks.py is made twice by a login that is granted fundwarden_app and nothing else:
on a sound installation, where it brings nothing, and on a copy with one guard removed, where it
brings the loot, so that no attack fails for another reason than the guard. What plants relations,
functions, operators and types where functions of ours might look is in test_paging_attacks.py;
what forges, replays and keeps tokens and identities in test_tokens.py and test_identity.py; what
the pool's next user finds in test_paging_sessions.py and test_pooler.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from attacks import ANN, ATTACKS, ROOT, WORLD, Attack, loot, step, token
from servers import Server
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[str]:
    """Name of a database with the world in it, for copies."""
    with server.copy() as janitor:
        with session(server.conninfo(janitor.dbname)) as admin:
            admin.execute(WORLD)
        yield janitor.dbname


@pytest.fixture
def sound(template: str, server: Server) -> Iterator[str]:
    """The installation as it is."""
    with server.copy(template) as janitor:
        conninfo = server.conninfo(janitor.dbname)
        with session(conninfo) as admin:
            admin.execute("select ops.apply_database_rights()")
        yield conninfo


def test_the_world_is_as_told(sound: str) -> None:
    with session(sound, user="app_login") as app:
        for user, seen in ((ANN, {"open"}), (ROOT, {"open", "hidden"})):
            app.execute("begin")
            app.execute("select authz.sign_in(%s)", [token(sound, user)])
            found = rows(app, "select distinct f.status from finance.financial_funds as f")
            assert {row[0] for row in found} == seen
            app.execute("rollback")


def test_there_are_attacks_of_every_kind() -> None:
    assert len(ATTACKS) >= 60


@pytest.fixture(scope="module")
def lasting(template: str, server: Server) -> Iterator[str]:
    """A sound copy that attacks share: they leave nothing, or one of them has succeeded."""
    with server.copy(template) as janitor:
        conninfo = server.conninfo(janitor.dbname)
        with session(conninfo) as admin:
            admin.execute("select ops.apply_database_rights()")
        yield conninfo


@pytest.mark.parametrize("name", ATTACKS)
def test_it_brings_nothing(lasting: str, name: str) -> None:
    attack = ATTACKS[name]
    assert not re.search(attack.loot, loot(lasting, attack))


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.long
def test_without_the_guard_it_works(sound: str, name: str) -> None:
    attack = ATTACKS[name]
    with session(sound) as admin:
        try:
            admin.execute(attack.weak.replace("{database}", admin.info.dbname))
            assert re.search(attack.loot, loot(sound, attack))
        finally:
            if attack.mend:
                admin.execute(attack.mend)


# --- the second wall: rights to make things are given back by mistake ---------------------------

MADE = {
    "a function": (
        "create function {}.leak(text) returns boolean language plpgsql cost 0.001 "
        "as $$ begin raise notice '%', $1; return true; end $$",
        "select f.id from finance.financial_funds as f where {}.leak(f.status)",
    ),
    "a function of the row": (
        "create function {}.leak(finance.financial_funds) returns boolean language plpgsql "
        "cost 0.001 as $$ begin raise notice '%', $1; return true; end $$",
        "select f.id from finance.financial_funds as f where {}.leak(f)",
    ),
    "an operator": (
        "create function {0}.leak(text, text) returns boolean language plpgsql cost 0.001 "
        "as $$ begin raise notice '%', $1; return true; end $$; "
        "create operator {0}.=== (leftarg = text, rightarg = text, function = {0}.leak, "
        "restrict = eqsel, join = eqjoinsel)",
        "select f.id from finance.financial_funds as f where f.status operator({}.===) 'x'",
    ),
    "an aggregate": (
        "create function {0}.leak(text, text) returns text language plpgsql "
        "as $$ begin raise notice '%', $2; return $2; end $$; "
        "create aggregate {0}.gather(text) (sfunc = {0}.leak, stype = text)",
        "select {}.gather(f.status) from finance.financial_funds as f",
    ),
    "a cast": (
        "create type {0}.box as (x text); "
        "create function {0}.leak(text) returns {0}.box language plpgsql "
        "as $$ begin raise notice '%', $1; return row($1); end $$; "
        "create function {0}.peek({0}.box) returns boolean language plpgsql "
        "as $$ begin return $1 is not null; end $$",
        "select f.id from finance.financial_funds as f where {0}.peek({0}.leak(f.status))",
    ),
    "a view": (
        "create view {}.v as select f.status from finance.financial_funds as f",
        "select v.status from {}.v as v",
    ),
    "a definer": (
        "create function {}.mine() returns setof text language sql security definer "
        "as 'select f.status from finance.financial_funds as f'",
        "select * from {}.mine()",
    ),
    "a tampered function that is leakproof": (
        "create function {}.leak(text) returns boolean language plpgsql leakproof "
        "as $$ begin raise notice '%', $1; return true; end $$",
        "select f.id from finance.financial_funds as f where {}.leak(f.status)",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_an_application_may_make_by_mistake_sees_its_own_rows_only(
    sound: str, name: str
) -> None:
    steps = []
    for schema in ("pg_temp", "planted"):
        made = [text.format(schema, schema) for text in MADE[name]]
        steps += made if name not in ("a view",) or schema == "planted" else []
    with session(sound) as admin:
        admin.execute(f"grant temporary on database {admin.info.dbname} to fundwarden_app")
        admin.execute("create schema planted authorization app_login")
    assert "hidden" not in loot(sound, Attack(tuple(steps), ""))
    with session(sound) as admin:
        admin.execute("alter table finance.financial_funds disable row level security")
    # Whoever may not say leakproof does not get that far.
    is_refused = name == "a tampered function that is leakproof"
    assert ("hidden" in loot(sound, Attack(tuple(steps), ""))) is not is_refused


# --- existence: hidden and absent are told alike ------------------------------------------------

TELL_USERS = """
    create or replace function authz_private.user_in_question(asked_id bigint, parameter text)
    returns bigint language plpgsql stable
    as $$
    begin
        if not exists (select from authz.users as u where u.id = asked_id) then
            raise exception '% % does not exist', parameter, asked_id;
        end if;
        raise exception 'not allowed';
    end
    $$
"""
TELL_UNITS = """
    create or replace function authz_private.unit_in_question(asked_id int, parameter text)
    returns authz.org_units language plpgsql stable
    as $$
    begin
        if not exists (select from authz.org_units as u where u.id = asked_id) then
            raise exception '% % does not exist', parameter, asked_id;
        end if;
        raise exception 'not allowed';
    end
    $$;
    create or replace function authz_private.unit_of_check(unit_id int, parameter text)
    returns int language plpgsql stable
    as $$
    begin
        if not exists (select from authz.org_units as u where u.id = unit_of_check.unit_id) then
            raise exception '% % does not exist', parameter, unit_id;
        end if;
        return unit_id;
    end
    $$
"""
# Each is asked about what is hidden and what is absent: a unit and a user of another tenant.
EXISTENCE = {
    "a check": ("select authz.check_user_permission(null, 'funds', 'read', {unit})", TELL_UNITS),
    "an explanation": (
        "select * from authz.explain_user_permission(null, 'funds', 'read', {unit})", TELL_UNITS
    ),
    "holders": ("select * from authz.users_with_permission('funds', 'read', {unit})", TELL_UNITS),
    "a template": (
        "select authz.user_has_org_permission(null, {unit}, 'funds.read')",
        TELL_UNITS,
    ),
    "several checks": (
        "select allowed from authz.check_user_permissions(null, jsonb_build_array("
        "jsonb_build_object('resource', 'funds', 'action', 'read', 'unit_id', {unit})))",
        """
        create or replace function authz.check_user_permissions(user_id bigint, requests jsonb)
        returns table (resource text, action text, unit_id int, allowed boolean)
        language sql stable security definer set search_path = pg_catalog, ext, pg_temp
        begin atomic
            select null::text, null::text, n.id, false
            from authz.org_units as n
            where n.id = (check_user_permissions.requests -> 0 ->> 'unit_id')::int;
        end
        """,
    ),
    "descendants": ("select * from authz.descendants({unit})", TELL_UNITS),
    "ancestors": ("select * from authz.ancestors({unit})", TELL_UNITS),
    "a count": ("select finance.count_authorized_funds({user})", TELL_USERS),
    "a page": ("select * from finance.page_authorized_funds({user})", TELL_USERS),
    "a scope": ("select * from authz.user_scope({user}, 'funds', 'read')", TELL_USERS),
    "what a user holds": ("select * from authz.effective_policies({user})", TELL_USERS),
    "who is below": ("select * from authz.subordinates({user})", TELL_USERS),
    "when it changes": ("select authz.next_access_change({user})", TELL_USERS),
}  # fmt: skip


@pytest.mark.parametrize("name", EXISTENCE)
def test_hidden_and_absent_are_told_alike(sound: str, name: str) -> None:
    question, weak = EXISTENCE[name]

    def told() -> set[str]:
        # The context of the first error of a session names the plan that was just made.
        first = question.format(unit=6000, user=6000)
        found = (
            loot(sound, Attack((first, "select 'then'", question.format(unit=unit, user=user)), ""))
            for unit, user in ((5000, 5000), (900, 9))
        )
        return {re.sub(r"\b(900|9|5000)\b", "x", one.split("('then',)")[1]) for one in found}

    assert len(told()) == 1
    with session(sound) as admin:
        admin.execute(weak)
    assert len(told()) == 2


# By the name of a parameter: a number one may ask about, one of another tenant, one that is not.
NUMBERS = {
    "user|supervisor|delegat": ("5", "9", "77777"),
    "unit|org|parent_id": ("2", "900", "77777"),
    "role(?!_rank)": ("90", "91", "77777"),
    "policy": ("90", "91", "77777"),
    "permission": ("4", None, None),
    "fund": ("1", "901", "77777"),
}
WORDS = {
    "action": "'read'", "action_name": "'read'", "code": "'fresh'", "conditions": "'{}'",
    "context": "'{}'", "effect": "'allow'", "kind": "'unit'", "name": "'Fresh'",
    "permission_key": "'funds.read'", "reason": "'because'", "resource": "'funds'",
    "scope": "'team'", "token": "'x'", "username": "'fresh'",
    "requests": "'[]'", "valid_until": "now() + '1 day'::interval",
}  # fmt: skip
CALLABLE = """
    select p.oid::regproc::text, p.prokind = 'p', p.proargnames[1:p.pronargs],
        array(select format_type(t, null) from unnest(p.proargtypes::oid []) as t),
        p.pronargs - p.pronargdefaults
    from pg_proc as p
    where p.pronamespace in ('authz'::regnamespace, 'finance'::regnamespace)
        and p.pronargs > 0
        and has_function_privilege('fundwarden_app', p.oid, 'execute')
    order by 1
"""


def questions(admin: Connection) -> dict[str, tuple[str, str, str]]:
    """Of each function and number it is asked about: once to warm up, once hidden, once absent."""
    found: dict[str, tuple[str, str, str]] = {}
    for name, is_procedure, names, types, required in rows(admin, CALLABLE):
        given: dict[str, str] = {}
        asked: dict[str, tuple[str | None, ...]] = {}
        for place, (parameter, of_type) in enumerate(zip(names, types, strict=True)):
            kind = next((k for k in NUMBERS if re.search(k, parameter)), None)
            if of_type in ("integer", "bigint") and kind:
                asked[parameter] = NUMBERS[kind]
                given[parameter] = NUMBERS[kind][0] or "null"
            elif place < required:
                given[parameter] = WORDS.get(parameter, f"null::{of_type}")
        for parameter, (_, hidden, absent) in asked.items():
            if hidden is None or absent is None:
                continue
            calls = []
            for number in ("66666", hidden, absent):
                arguments = ", ".join(
                    f"{k} => {v}" for k, v in {**given, parameter: number}.items()
                )
                verb = "call" if is_procedure else "select * from"
                calls.append(f"{verb} {name}({arguments})")
            found[f"{name}: {parameter}"] = (calls[0], calls[1], calls[2])
    return found


# An administrator comes to see more of each function than others do.
@pytest.mark.parametrize("user", [pytest.param(ANN, marks=pytest.mark.long), ROOT])
def test_no_function_of_the_application_tells_hidden_from_absent(sound: str, user: int) -> None:
    with session(sound) as admin:
        asked = questions(admin)
    assert len(asked) > 15
    told = []
    for what, (first, *calls) in asked.items():
        found = [
            loot(sound, Attack((first, first, "select 'then'", call), "", user=user))
            for call in calls
        ]
        hidden, absent = (
            # A version is another after every change.
            re.sub(r"\b(9|91|900|901|77777|[0-9a-f]{32})\b", "x", one.split("('then',)")[1])
            for one in found
        )
        if hidden != absent:
            told.append(f"{what}: {hidden} {absent}")
    assert told == [], "\n".join(told)


# --- other sessions -----------------------------------------------------------------------------

ADVISORY = """
    create or replace function authz_private.refresh_policies(mode text)
    returns boolean language plpgsql volatile security definer
    set search_path = pg_catalog, ext, pg_temp
    as $$
    begin
        if not pg_try_advisory_xact_lock(7146206021371954) then
            return false;
        end if;
        return true;
    end
    $$
"""
# Every number that is written in a function: which one is a lock is for everybody to read.
TAKE_EVERY_LOCK = """
    select count(pg_advisory_lock(n.number)) from (
        select distinct m.found[1]::bigint as number
        from pg_proc as p
        cross join lateral regexp_matches(p.prosrc, '\\m\\d{2,18}\\M', 'g') as m (found)
        where p.pronamespace = 'authz_private'::regnamespace
    ) as n
"""


def test_an_application_that_takes_locks_keeps_nobody_from_refreshing(sound: str) -> None:
    refresh = "select authz.refresh_user_effective_policies()"
    with session(sound) as admin, session(sound, user="app_login") as app:
        app.execute(TAKE_EVERY_LOCK)
        app.execute("begin; select pg_advisory_xact_lock_shared(7146206021371954)")
        assert value(admin, refresh)
        admin.execute(ADVISORY)
        app.execute("commit")
        app.execute(TAKE_EVERY_LOCK)
        assert refusal(admin, refresh).sqlstate == "55P03"


def test_only_one_session_refreshes_at_a_time(sound: str) -> None:
    refresh = "select authz.refresh_user_effective_policies()"
    with session(sound) as admin, session(sound) as other:
        admin.execute("begin")
        assert value(admin, refresh)
        assert refusal(other, refresh).sqlstate == "55P03"
        admin.execute("commit")
        assert value(other, refresh)


@pytest.mark.parametrize("is_weak", [False, True])
def test_who_listens_learns_no_name_and_no_number(sound: str, is_weak: bool) -> None:
    with session(sound) as admin, session(sound, user="app_login") as app:
        if is_weak:
            admin.execute(
                """
                create function authz_private.tell() returns trigger language plpgsql as $$
                begin
                    perform pg_notify('permission_refresh', to_jsonb(new)::text);
                    return null;
                end
                $$;
                create trigger tell after update on authz.users for each row
                execute function authz_private.tell();
                """
            )
        app.execute("listen permission_refresh")
        app.execute('listen "*"')
        admin.execute("update authz.users set is_active = not is_active where id = 3")
        admin.execute("insert into authz.user_roles (user_id, role_id, unit_id) values (3, 3, 3)")
        app.execute("select")
        heard = [notice.payload for notice in app.notifies(timeout=5, stop_after=1)]
        heard += [notice.payload for notice in app.notifies(timeout=0)]
        assert heard
        assert ("hidden" in "".join(heard)) is is_weak
        if not is_weak:
            assert all(set(json.loads(p)) == {"table", "operation", "timestamp"} for p in heard)


def test_rows_that_are_read_block_nobody_who_writes(sound: str) -> None:
    with session(sound) as admin, session(sound, user="app_login") as app:
        app.execute("begin")
        app.execute("select authz.sign_in(%s)", [token(sound, ANN)])
        assert len(rows(app, "select f.id from finance.financial_funds as f")) == 5
        for mode in ("row share", "row exclusive", "share", "exclusive", "access exclusive"):
            said = step(app, f"lock table finance.financial_funds in {mode} mode")
            assert said[0] == "42501", mode
        admin.execute("set lock_timeout = '1s'")
        admin.execute("update finance.financial_funds set amount = 1 where id = 1")
        admin.execute("grant update on finance.financial_funds to fundwarden_app")
        app.execute("commit; begin; lock table finance.financial_funds in exclusive mode")
        delete = "delete from finance.financial_funds where id = 1"
        assert refusal(admin, delete).sqlstate == "55P03"


# --- questions that are too large ---------------------------------------------------------------

LARGE = {
    "requests": (
        "select count(*) from authz.check_user_permissions(null, (select jsonb_agg("
        '\'{"resource": "funds", "action": "read", "unit_id": 2}\'::jsonb) '
        "from generate_series(1, 100001)))",
        "22023",
    ),
    "requests that are no array": (
        "select count(*) from authz.check_user_permissions(null, to_jsonb(repeat('x', 10000000)))",
        "22023",
    ),
    "an action": (
        "select authz.check_user_permission(null, 'funds', repeat('a', 10000000) || '!', 2)",
        "22023",
    ),
    "a resource": (
        "select authz.check_user_permission(null, repeat('(a*)*', 1000000), 'read', 2)",
        "22023",
    ),
    "a key": (
        "select authz.user_has_org_permission(null, 2, repeat('a', 10000000) || '.b!')",
        "22023",
    ),
    "a sort": (
        "select * from finance.page_authorized_funds(null, 1, 20, repeat('a', 10000000))",
        "22023",
    ),
    "a status": (
        "select finance.count_authorized_funds(status => repeat('a', 10000000))",
        "22023",
    ),
    "a page": ("select * from finance.page_authorized_funds(null, 1, 2147483647)", "22023"),
    "a token": ("select authz.sign_in(repeat('e30.', 10000000))", "28000"),
    "a context": (
        "select authz.check_user_permission(null, 'funds', 'read', 2, "
        "(select jsonb_object_agg('k' || g, g) from generate_series(1, 100000) as g))",
        "True",
    ),
    "conditions nested deep": (
        "select count(*) from authz.condition_problems("
        "(repeat('{\"not\":', 1000) || '{}' || repeat('}', 1000))::jsonb)",
        r"\(1,\)",
    ),
    "conditions side by side": (
        "select count(*) from authz.condition_problems(jsonb_build_object('all', "
        "(select jsonb_agg('{}'::jsonb) from generate_series(1, 5000))))",
        r"\(10000,\)",
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_question_is_answered_or_refused_in_time_and_in_a_few_words(
    lasting: str, name: str
) -> None:
    question, expected = LARGE[name]
    told = loot(lasting, Attack(("set local statement_timeout = '20s'", question), ""))
    assert re.search(expected, told)
    assert len(told) < 2000


# --- what PostgreSQL itself tells ---------------------------------------------------------------


def test_what_comparisons_postgresql_calls_leakproof_tell_is_as_documented(sound: str) -> None:
    """They may run before a policy: docs/security.md says what follows and what to do about it."""
    asked = (
        "select count(*) from {} as t where case when {} "
        "then current_setting('server_version')::int is null end"
    )

    def tells(table: str, comparison: str) -> bool:
        return "22P02" in loot(sound, Attack((asked.format(table, comparison),), ""))

    assert tells("finance.financial_funds", "t.id = 501")
    assert not tells("finance.financial_funds", "t.id = 500")
    assert tells("finance.financial_funds", "t.status > 'h'")
    assert tells("authz.users", "t.username = 'hidden_bob'")
    # Of amounts and patterns not even that.
    assert not tells("finance.financial_funds", "t.amount > 1000")
    assert not tells("finance.financial_funds", "t.status like 'hid%'")
    assert not tells("authz.users", "t.profile is not null")
    with session(sound) as admin:
        admin.execute("revoke select on finance.financial_funds, authz.users from fundwarden_app")
        admin.execute("revoke select (id, tenant_id, username, base_unit_id, is_active) "
                      "on authz.users from fundwarden_app")  # fmt: skip
    assert not tells("finance.financial_funds", "t.id = 501")
    assert not tells("authz.users", "t.username = 'hidden_bob'")
    page = loot(sound, Attack(("select * from finance.page_authorized_funds()",), ""))
    assert "SELECT 5" in page
    hidden = (
        "select count(*) from finance.page_authorized_funds() as t "
        "where case when t.fund_id > 5 then current_setting('server_version')::int is null end"
    )
    assert "(0,)" in loot(sound, Attack((hidden,), ""))


def test_what_the_catalog_counts_is_as_documented(sound: str) -> None:
    told = loot(
        sound,
        Attack(
            (
                "select c.reltuples::int from pg_class as c where c.relname = 'financial_funds'",
                "set local enable_seqscan = off",
                "explain (analyze, costs off, timing off, summary off) "
                "select f.status from finance.financial_funds as f where f.status = 'hid' || 'den'",
            ),
            "",
        ),
    )
    assert "(24,)" in told
    assert "Rows Removed by Filter: 12" in told
