"""Who a transaction acts for: said by a trusted login, for that transaction and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from waiting import refusal, rows, session, value

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

ME = "select authz.current_user_id()"
SETTING = "select current_setting('fundwarden.identity', true)"


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    with session(module_database) as admin:
        admin.execute(
            """
            insert into authz.org_units (id, parent_id, code) values (1, null, 'acme');
            insert into authz.users (id, username, base_unit_id, is_active)
            values (1, 'ann', 1, true), (2, 'bob', 1, true), (3, 'gone', 1, false);
            """
        )
    return module_database


@pytest.fixture
def trusted(world: str) -> Iterator[Connection]:
    with session(world, user="trusted_login") as connection:
        yield connection


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world, user="app_login") as connection:
        yield connection


def test_before_anything_is_said_there_is_nobody(app: Connection, trusted: Connection) -> None:
    assert value(app, ME) is None
    assert value(trusted, ME) is None


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_identity_ends_with_its_transaction(trusted: Connection, end: str) -> None:
    for user in (1, 2):
        trusted.execute("begin")
        assert value(trusted, ME) is None
        trusted.execute("select authz.act_as(%s)", [user])
        assert value(trusted, ME) == user
        trusted.execute(end)
        # Left over from the transaction: empty, where it was never set before.
        assert value(trusted, SETTING) == ""
        assert value(trusted, ME) is None


def test_an_identity_said_outside_a_transaction_is_gone_with_its_statement(
    trusted: Connection,
) -> None:
    trusted.execute("select authz.act_as(1)")
    assert value(trusted, ME) is None


def test_a_savepoint_brings_back_who_it_was(trusted: Connection) -> None:
    trusted.execute("begin")
    trusted.execute("savepoint nobody; select authz.act_as(1)")
    trusted.execute("savepoint one; select authz.act_as(2)")
    assert value(trusted, ME) == 2
    trusted.execute("rollback to one")
    assert value(trusted, ME) == 1
    trusted.execute("savepoint two; select authz.act_as(2); release two")
    assert value(trusted, ME) == 2
    trusted.execute("rollback to nobody")
    assert value(trusted, ME) is None
    trusted.execute("rollback")


def test_a_transaction_may_change_its_mind(trusted: Connection) -> None:
    trusted.execute("begin")
    for user in (1, 2, 1):
        trusted.execute("select authz.act_as(%s, 'a reason')", [user])
        assert value(trusted, ME) == user
    trusted.execute("rollback")


@pytest.mark.parametrize("user", ["null", "0", "-1", "3", "4", "9223372036854775807"])
def test_nobody_acts_as_an_absent_or_inactive_user_and_the_text_is_one(
    trusted: Connection, user: str
) -> None:
    trusted.execute("begin")
    error = refusal(trusted, f"select authz.act_as({user})")
    told = (error.sqlstate, error.message_primary, error.message_detail, error.message_hint)
    assert told == ("28000", "identity refused", None, "Sign in as an active user.")
    trusted.execute("rollback")
    assert value(trusted, ME) is None


def test_a_refused_change_leaves_who_it_was(trusted: Connection) -> None:
    trusted.execute("begin; select authz.act_as(1); savepoint here")
    assert refusal(trusted, "select authz.act_as(3)").sqlstate == "28000"
    trusted.execute("rollback to here")
    assert value(trusted, ME) == 1
    trusted.execute("rollback")


def test_a_user_deactivated_meanwhile_is_nobody_from_the_next_statement_on(
    world: str, trusted: Connection
) -> None:
    with session(world) as admin:
        trusted.execute("begin; select authz.act_as(2)")
        admin.execute("update authz.users set is_active = false where id = 2")
        assert value(trusted, ME) is None
        admin.execute("update authz.users set is_active = true where id = 2")
        assert value(trusted, ME) == 2
        trusted.execute("rollback")


def test_a_prepared_statement_tells_every_transaction_its_own_user(trusted: Connection) -> None:
    trusted.execute("set plan_cache_mode = force_generic_plan")
    trusted.execute(f"prepare me as {ME}")
    for user in (1, 2) * 4:
        trusted.execute(f"begin; select authz.act_as({user})")
        assert value(trusted, "execute me") == user
        trusted.execute("commit")
        assert value(trusted, "execute me") is None


def test_the_application_cannot_act_as_anyone(app: Connection) -> None:
    for call in ("select authz.act_as(1)", "select authz.act_as(1, 'please')"):
        assert refusal(app, call).sqlstate == "42501"


@pytest.mark.parametrize(
    "question",
    [
        "select * from authz_private.identity_key",
        "select authz_private.identity_signature(1, 1, '', '')",
        "select authz_private.keyed_hash('', '', '')",
        "select authz_private.set_identity(1, 1)",
        "select authz_private.note_impersonation(1, 2, '')",
        "select inner_key from authz_private.identity_key",
        "copy authz_private.identity_key to stdout",
    ],
)
def test_the_key_is_the_owners_alone(app: Connection, trusted: Connection, question: str) -> None:
    assert refusal(app, question).sqlstate == "42501"
    assert refusal(trusted, question).sqlstate == "42501"


def test_every_database_has_keys_of_its_own_of_256_bits(world: str) -> None:
    with session(world) as admin:
        assert rows(
            admin,
            "select octet_length(k.inner_key), octet_length(k.outer_key), "
            "k.inner_key <> k.outer_key from authz_private.identity_key as k",
        ) == [(32, 32, True)]


SIGNATURE = "0" * 64

FORGERIES = [
    "",
    " ",
    ":",
    "1",
    "1:",
    f":{SIGNATURE}",
    f"1:{SIGNATURE}",
    f"1::{SIGNATURE}",
    f"1:1:{SIGNATURE}",
    f"1:2:{SIGNATURE}",
    f":1:{SIGNATURE}",
    f"1:-1:{SIGNATURE}",
    f"1::{SIGNATURE}0",
    f"1::{'A' * 64}",
    f"1::{SIGNATURE}\n",
    f"{'9' * 18}:{'9' * 18}:{SIGNATURE}",
    f"{'9' * 19}:1:{SIGNATURE}",
    f"1:{'9' * 19}:{SIGNATURE}",
    f"١::{SIGNATURE}",
    f"1::{SIGNATURE[2:]}",
    f"1:{SIGNATURE.upper()}",
    f"1:{'f' * 64}",
    f"1:{SIGNATURE}0",
    f"-1:{SIGNATURE}",
    f"+1:{SIGNATURE}",
    f"1.0:{SIGNATURE}",
    f"1e0:{SIGNATURE}",
    f"0x1:{SIGNATURE}",
    f"1_0:{SIGNATURE}",
    f" 1:{SIGNATURE}",
    f"1:{SIGNATURE}\n",
    f"1:{SIGNATURE}:1",
    f"{'9' * 18}:{SIGNATURE}",
    f"{'9' * 19}:{SIGNATURE}",
    f"{'9' * 500}:{SIGNATURE}",
    f"١:{SIGNATURE}",
    f"1'; select 1 --:{SIGNATURE}",
    "null",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("text", FORGERIES, ids=range(len(FORGERIES)))
def test_a_forged_setting_is_nobody_and_no_error(app: Connection, text: str) -> None:
    app.execute("select set_config('fundwarden.identity', %s, false)", [text])
    assert value(app, ME) is None
    app.execute("begin")
    app.execute("select set_config('fundwarden.identity', %s, true)", [text])
    assert value(app, ME) is None
    app.execute("rollback")
    quoted = psycopg.sql.Literal(text).as_string(app)
    app.execute(f"set fundwarden.identity = {quoted}")
    assert value(app, ME) is None


@pytest.fixture
def signed(trusted: Connection) -> Iterator[tuple[Connection, str]]:
    """A transaction that acts for user 1, and the text of its setting."""
    trusted.execute("begin; select authz.act_as(1)")
    yield trusted, value(trusted, SETTING)
    trusted.execute("rollback")


def test_a_setting_copied_from_another_session_is_nobody(
    signed: tuple[Connection, str], app: Connection, world: str
) -> None:
    _, text = signed
    for scope in ("true", "false"):
        app.execute("begin")
        app.execute(f"select set_config('fundwarden.identity', %s, {scope})", [text])
        assert value(app, ME) is None
        app.execute("commit")
        assert value(app, ME) is None
    with session(world, user="trusted_login") as other:
        other.execute("begin; select authz.act_as(2)")
        other.execute("select set_config('fundwarden.identity', %s, true)", [text])
        assert value(other, ME) is None
        other.execute("rollback")


@pytest.mark.parametrize("chain", ["commit; begin", "rollback; begin", "commit and chain"])
def test_a_setting_kept_for_the_next_transaction_is_nobody(
    signed: tuple[Connection, str], chain: str
) -> None:
    connection, text = signed
    connection.execute("select set_config('fundwarden.identity', %s, false)", [text])
    assert value(connection, ME) == 1
    for statement in chain.split("; "):
        connection.execute(statement)
    connection.execute("select set_config('fundwarden.identity', %s, false)", [text])
    assert value(connection, ME) is None


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_setting_kept_for_the_next_transaction_of_one_message_is_nobody(
    trusted: Connection, end: str
) -> None:
    # One message, hence one time stamp for both transactions.
    keep = "select set_config('fundwarden.identity', current_setting('fundwarden.identity'), false)"
    cursor = trusted.execute(
        "begin; select authz.act_as(1); "
        "select set_config('app.kept', current_setting('fundwarden.identity'), false); "
        f"{keep}; commit; begin; "
        f"select set_config('fundwarden.identity', current_setting('app.kept'), false); {ME}; {end}"
    )
    answers = []
    while True:
        if cursor.description:
            answers.append(cursor.fetchall()[0][0])
        if not cursor.nextset():
            break
    assert answers[-1] is None


def test_a_setting_kept_over_a_commit_inside_a_block_is_nobody(trusted: Connection) -> None:
    trusted.execute(
        """
        do $$
        declare
            kept text;
        begin
            perform authz.act_as(1);
            kept := current_setting('fundwarden.identity');
            perform set_config('app.before', coalesce(authz.current_user_id(), 0)::text, false);
            commit;
            perform set_config('fundwarden.identity', kept, false);
            perform set_config('app.after', coalesce(authz.current_user_id(), 0)::text, false);
        end
        $$
        """
    )
    assert value(trusted, "select current_setting('app.before')") == "1"
    assert value(trusted, "select current_setting('app.after')") == "0"


@pytest.mark.parametrize("claim", ["2", "11", "3", "", "-1"])
def test_the_signature_of_one_user_is_no_signature_of_another(
    signed: tuple[Connection, str], claim: str
) -> None:
    connection, text = signed
    forged = claim + text[text.index(":") :]
    connection.execute("select set_config('fundwarden.identity', %s, true)", [forged])
    assert value(connection, ME) is None


def test_two_transactions_of_a_user_are_signed_differently(trusted: Connection) -> None:
    texts = set()
    for _ in range(3):
        trusted.execute("begin; select authz.act_as(1)")
        texts.add(value(trusted, SETTING))
        trusted.execute("commit")
    assert len(texts) == 3


def test_without_the_transaction_in_its_signature_a_kept_setting_is_somebody(
    database: str,
) -> None:
    with session(database) as admin:
        admin.execute(
            """
            insert into authz.org_units (id, parent_id, code) values (1, null, 'acme');
            insert into authz.users (id, username, base_unit_id) values (1, 'ann', 1);
            create or replace function authz_private.identity_signature(
                effective_id bigint, real_id bigint, inner_key bytea, outer_key bytea
            )
            returns bytea language sql stable
            begin atomic
                select sha256(int8send(identity_signature.effective_id));
            end;
            """
        )
    with session(database, user="trusted_login") as trusted:
        trusted.execute("begin; select authz.act_as(1)")
        text = value(trusted, SETTING)
        trusted.execute("commit")
        trusted.execute("select set_config('fundwarden.identity', %s, false)", [text])
        assert value(trusted, ME) == 1


def test_a_login_without_a_role_of_ours_may_not_even_ask(world: str) -> None:
    with session(world) as admin:
        admin.execute("begin")
        admin.execute("create role stranger")
        admin.execute("set local role stranger")
        for call in (ME, "select authz.act_as(1)", "select * from finance.page_authorized_funds()"):
            admin.execute("savepoint here")
            assert refusal(admin, call).sqlstate == "42501"
            admin.execute("rollback to here")
        admin.execute("rollback")
