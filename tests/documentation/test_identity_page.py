"""docs/identity.md is true: each example on it runs, on a token that a provider signed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from pages import examples, shown
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb
from rsa_tokens import new_key, text_of, with_signature
from waiting import session

from runner.project import root

pytestmark = pytest.mark.one_server

ISSUER = "https://login.example/realms/acme"
WORLD = """
    insert into authz.org_units (id, parent_id, code) values (1, null, 'acme');
    insert into authz.users (id, username, base_unit_id, external_id)
    values (1, 'ann', 1, 'E-1'), (2, 'bob', 1, 'E-2');
    insert into finance.financial_funds (tenant_id, id, handle_by, amount)
    values (1, 7, 1, 40), (1, 8, 2, 60);
    insert into authz.user_roles (user_id, role_id, unit_id)
    select u.id, r.id, 1
    from authz.roles as r cross join authz.users as u
    where r.code = 'staff';
"""
KEY = new_key("current")


def token(expires: int) -> str:
    text = text_of(
        {"alg": "RS256", "kid": "current"},
        {"iss": ISSUER, "aud": "fundwarden", "employee": "E-1", "exp": expires},
    )
    return with_signature(text, KEY.sign(text.encode()))


GOOD = token(int(time.time()) + 3600)
BAD = token(1)


def python(heading: str) -> str:
    text = (root() / "docs" / "identity.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {heading}\n", 1)[1].split("\n### ", 1)[0]
    return "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))


def test_every_statement_returns_what_the_page_says(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    assert len(examples("identity.md")) > 5
    connection = connect()
    connection.execute("begin")
    connection.execute(WORLD)
    for statement, expected in examples("identity.md"):
        connection.execute("savepoint here")
        try:
            told = [shown(row) for row in connection.execute(statement.encode()).fetchall()]
        except psycopg.Error as error:
            told = [f"{error.sqlstate}: {error.diag.message_primary}"]
            connection.execute("rollback to here")
        assert told == expected, statement


@pytest.fixture(scope="module")
def prepared(module_database: str) -> Iterator[str]:
    """Conninfo of the login of an application."""
    with session(module_database) as admin:
        admin.execute(WORLD)
        admin.execute(
            "select authz.add_identity_provider(%s, 'fundwarden', 'employee', tenant => 'acme')",
            [ISSUER],
        )
        admin.execute("select authz.import_jwks(%s, %s)", [ISSUER, Jsonb({"keys": [KEY.jwk()]})])
    yield psycopg.conninfo.make_conninfo(module_database, user="app_login")


def test_the_example_of_psycopg_shows_the_funds_of_the_user(prepared: str) -> None:
    names: dict[str, Any] = {"DSN": prepared, "TOKEN": GOOD}
    exec(python("psycopg"), names)
    try:
        assert [row[0] for row in names["funds"]] == [7]
        with names["pool"].connection() as connection:
            assert connection.execute("select authz.current_user_id()").fetchone() == (None,)
        with (
            pytest.raises(psycopg.errors.InvalidAuthorizationSpecification),
            names["acting_for"](BAD),
        ):
            raise AssertionError("signed in")
    finally:
        names["pool"].close()


def test_the_example_of_sqlalchemy_shows_the_funds_of_the_user(prepared: str) -> None:
    names: dict[str, Any] = {"DSN": prepared, "TOKEN": GOOD}
    exec(python("SQLAlchemy"), names)
    try:
        assert [row[0] for row in names["funds"]] == [7]
        with names["engine"].connect() as connection:
            found = connection.execute(names["text"]("select authz.current_user_id()"))
            assert found.scalar() is None
        with pytest.raises(Exception, match="identity refused"), names["session_for"](BAD):
            raise AssertionError("signed in")
    finally:
        names["engine"].dispose()


def test_the_example_of_django_answers_each_request_as_its_user(prepared: str) -> None:
    django = pytest.importorskip("django")
    from django.conf import settings
    from django.http import HttpResponse

    parts = conninfo_to_dict(prepared)
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "HOST": parts["host"],
                "PORT": parts["port"],
                "USER": parts["user"],
            }
        },
    )
    django.setup()
    from django.core.handlers.exception import convert_exception_to_response
    from django.db import connection
    from django.test import RequestFactory

    names: dict[str, Any] = {}
    exec(python("Django"), names)

    def view(request: Any) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("select id from finance.financial_funds")
            return HttpResponse(str([row[0] for row in cursor.fetchall()]))

    answer = names["SignInMiddleware"](view)
    requests = RequestFactory()
    try:
        for authorization, status, content in (
            (f"Bearer {GOOD}", 200, b"[7]"),
            (None, 200, b"[]"),
            (f"bearer {GOOD}", 200, b"[7]"),
            (f"Bearer {BAD}", 401, b""),
            ("Bearer", 401, b""),
        ):
            headers = {"Authorization": authorization} if authorization else {}
            found = answer(requests.get("/", headers=headers))
            assert (found.status_code, found.content) == (status, content)

        staged = "select count(*) from sync.people"

        def failing(request: Any) -> HttpResponse:
            with connection.cursor() as cursor:
                cursor.execute("insert into sync.people (external_id) values ('E-9')")
                cursor.execute(staged)
                assert cursor.fetchone() == (1,)
            raise ValueError("the view fails")

        def counting(request: Any) -> HttpResponse:
            with connection.cursor() as cursor:
                cursor.execute(staged)
                return HttpResponse(str(cursor.fetchone()))

        # As Django wraps each view: a middleware sees a response and no exception.
        request = requests.get("/", headers={"Authorization": f"Bearer {GOOD}"})
        middleware = names["SignInMiddleware"]
        assert middleware(convert_exception_to_response(failing))(request).status_code == 500
        assert middleware(counting)(request).content == b"(0,)"
    finally:
        connection.close()
