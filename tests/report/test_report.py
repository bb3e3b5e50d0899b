"""The report says what its sources say, to whoever may see it, and is one safe page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest
from administration_world import build, sign_in
from report_world import HOSTILE, MORE, NAUGHTY
from servers import Server
from waiting import refusal, rows, session, value

from runner.connect import Target
from runner.errors import USAGE, RunnerError
from runner.reporting import render, report

pytestmark = pytest.mark.one_server

Connection = psycopg.Connection[Any]

ASK = "select authz.organisation_report(%s)"


@pytest.fixture(scope="module")
def world(module_database: str) -> str:
    build(module_database)
    with psycopg.connect(module_database) as admin:
        admin.execute("set local role fundwarden_owner")
        admin.execute(MORE)
    return module_database


@pytest.fixture
def app(world: str) -> Iterator[Connection]:
    with session(world) as connection:
        connection.execute("begin")
        yield connection
        connection.execute("rollback")


@pytest.fixture(scope="module")
def whole(world: str) -> dict[str, Any]:
    with session(world) as owner:
        found: dict[str, Any] = value(owner, ASK, 1)
        return found


def units(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {unit["path"]: unit for unit in found["units"]}


def people(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {person["username"]: person for unit in found["units"] for person in unit["people"]}


# What it says.


def test_it_shows_the_tree_with_everybody_at_the_base_unit(whole: dict[str, Any]) -> None:
    found = units(whole)
    assert [(path, unit["depth"]) for path, unit in found.items()] == [
        ("acme", 0), ("acme.north", 1), ("acme.north.berlin", 2), ("acme.north.oslo", 2),
        ("acme.south", 1), ("acme.south.rome", 2),
    ]  # fmt: skip
    assert [p["username"] for p in found["acme.north.oslo"]["people"]] == ["eva", "lou"]
    assert found["acme"]["people_below"] == whole["counts"]["people"] == len(people(whole))
    assert found["acme.north"]["people_below"] == 13
    assert not people(whole)["ghost"]["is_active"]
    assert whole["counts"]["inactive_people"] == 1


def test_all_access_of_the_review_is_in_it_and_nothing_else(
    app: Connection, whole: dict[str, Any]
) -> None:
    reviewed = rows(app, "select r.kind, r.source_id from authz.access_review(1) as r")
    told = [row for person in people(whole).values() for row in person["access"]]
    told += whole["from_outside"]
    assert sorted((row["kind"], row["source_id"]) for row in told) == sorted(
        row for row in reviewed if row[0] != "template"
    )
    guests = {
        (guest["username"], guest["source_id"])
        for unit in whole["units"]
        for guest in unit["guests"]
    }
    assert guests == {("sam", 4001), ("fay", 6005), ("lou", 6007), ("cara", 2013)}


def test_a_grant_says_where_when_by_whom_and_what_is_wrong_with_it(whole: dict[str, Any]) -> None:
    access = {(row["kind"], row["source_id"]): row for p in people(whole).values()
              for row in p["access"]}  # fmt: skip
    assert access["role", 1017]["wherever"]
    assert not access["role", 1003]["wherever"]
    assert access["role", 1003]["unit_path"] == "acme.north"
    assert access["role", 6001]["marks"] == ["inactive user"]
    assert access["role", 6002]["marks"] == ["expired"]
    delegation = access["delegation", 7001]
    assert (delegation["granted_by"], delegation["reason"]) == ("nora", "away")


def test_the_matrix_says_what_is_given_and_how_far(whole: dict[str, Any]) -> None:
    matrix = {row["title"]: row for row in whole["matrix"]}
    allow = {"effect": "allow", "actions": ["read"], "scope": "team", "conditional": False}
    assert matrix["funds_reader"]["gives"] == {"funds": [allow]}
    assert matrix["no funds"]["gives"] == {"funds": [{**allow, "effect": "deny"}]}
    assert {**allow, "conditional": True} in [
        given for row in whole["matrix"] if row["kind"] == "permission"
        for given in row["gives"].get("funds", [])
    ]  # fmt: skip
    assert matrix["supervisor"]["gives"]["orders"] == [allow]
    assert set(matrix["regional_admin"]["gives"]) > {"units", "users", "permissions"}
    assert whole["resources"] == [
        "directory", "permissions", "units", "users", "finance", "customers", "funds", "orders",
    ]  # fmt: skip


def test_the_matrix_counts_people_whose_grant_counts(whole: dict[str, Any]) -> None:
    matrix = {row["title"]: row for row in whole["matrix"]}
    # Of bob, sam and fay; the inactive ghost and the window of gus that is over are apart.
    assert (matrix["funds_reader"]["holders"], matrix["funds_reader"]["without_effect"]) == (3, 2)
    assert matrix["spare"]["holders"] == 1
    assert matrix["checker"]["holders"] == 0
    assert "zeta_role" not in matrix


def test_templates_say_where_a_unit_departs_and_what_is_locked(whole: dict[str, Any]) -> None:
    found = {(row["unit_path"], row["permission_key"]): row for row in whole["templates"]}
    away = found["acme.north.berlin", "orders.read"]
    assert (away["departs"], away["inherited_from"], away["is_overruled"]) == (True, "acme", False)
    vain = found["acme.south", "funds.read"]
    assert (vain["departs"], vain["inherited_from"], vain["is_overruled"]) == (True, "acme", True)
    assert found["acme", "funds.read"]["is_locked"]
    assert not found["acme", "orders.read"]["departs"]


def test_open_reviews_delegations_and_windows_are_listed(whole: dict[str, Any]) -> None:
    reviews = {row["review_id"]: row for row in whole["reviews"]}
    assert reviews.keys() == {8001, 8002}
    assert (reviews[8001]["status"], reviews[8001]["reviewer"]) == ("overdue", "nora")
    assert (reviews[8002]["status"], reviews[8002]["unit_path"]) == ("open", "acme")
    assert {row["source_id"] for row in whole["delegations"]} == {7001, 7003}
    assert {row["source_id"] for row in whole["expired"]} == {6002, 7002}
    assert {row["source_id"] for row in whole["expiring"]} == {6006}
    assert (whole["counts"]["expired"], whole["counts"]["expiring"]) == (2, 1)


def test_no_more_than_a_hundred_changes_are_shown(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute("update authz.roles set rank = rank + 1")
    app.execute(
        "insert into authz.memberships (user_id, unit_id, valid_from, valid_until) "
        "select 17, 12, d, d + interval '1 day' "
        "from generate_series(timestamptz '2030-01-01', '2030-05-01', '1 day') as d"
    )
    found = value(app, ASK, 1)["changes"]
    assert len(found) == 100
    assert {row["description"] for row in found} == {"gave membership at acme.north.oslo"}


def test_the_latest_changes_include_what_roles_come_to_give(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    app.execute("select set_config('fundwarden.reason', 'ticket 9', true)")
    app.execute("insert into authz.user_roles (user_id, role_id, unit_id) values (5, 102, 21)")
    app.execute("delete from authz.role_permissions where role_id = 107")
    app.execute("update authz.roles set rank = 31 where id = 105")
    found = value(app, ASK, 1)["changes"]
    told = {row["description"]: row for row in found}
    assert told["changed role 'senior_treasurer' (rank: 30 -> 31)"]["reason"] == "ticket 9"
    assert "removed permission finance.funds:read:team of role 'checker'" in told
    given = told["gave user role 'orders_reader' at acme.south.rome"]
    assert (given["username"], given["reason"]) == ("bob", "ticket 9")
    times = [row["changed_at"] for row in found]
    assert times == sorted(times, reverse=True)
    # Of another tenant, and of another unit.
    assert not [row for row in found if "zeta" in json.dumps(row)]
    berlin = {row["description"] for row in value(app, ASK, 11)["changes"]}
    assert "gave user role 'orders_reader' at acme.south.rome" not in berlin


# Who may see it.


@pytest.mark.parametrize("role", ["fundwarden_owner", "fundwarden_auditor", "fundwarden_operator"])
def test_owner_auditor_and_operator_see_any_unit(
    app: Connection, whole: dict[str, Any], role: str
) -> None:
    app.execute(f"set local role {role}")
    found = value(app, ASK, 1)
    assert found["units"] == whole["units"]
    assert len(found["health"]) == value(app, "select count(*) from ops.health_checks()")
    # The log is for the auditor.
    assert (found["changes"] is None) == (role == "fundwarden_operator")
    assert value(app, ASK, 510)["unit"]["path"] == "zeta.west"


def test_an_administrator_of_a_subtree_sees_nothing_outside(app: Connection) -> None:
    sign_in(app, 3)
    found = value(app, ASK, 10)
    assert list(units(found)) == ["acme.north", "acme.north.berlin", "acme.north.oslo"]
    text = json.dumps(found)
    for hidden in ("ann", "abe", "sam", "zoe", "zed", "fay", "acme.south", "rome", "zeta"):
        assert not re.search(rf"\b{re.escape(hidden)}\b", text), hidden
    assert {row["username"] for row in found["from_outside"]} == {None}
    assert all("hidden user" in row["marks"] for row in found["from_outside"])
    assert (found["health"], found["changes"]) == (None, None)
    assert [row["review_id"] for row in found["reviews"]] == [8001]
    # Opened by somebody of above.
    assert (found["reviews"][0]["reviewer"], found["reviews"][0]["opened_by"]) == ("nora", None)
    assert value(app, ASK, 11)["reviews"] == []
    # A role that nobody in reach holds is nobody's business.
    assert "checker" not in {row["title"] for row in found["matrix"]}


def test_an_administrator_of_the_tenant_is_answered_without_a_unit(app: Connection) -> None:
    sign_in(app, 1)
    assert value(app, ASK, None)["unit"]["path"] == "acme"
    assert value(app, ASK, None)["asked_by"] == "ann"


@pytest.mark.parametrize(
    ("user", "unit"), [(3, 1), (3, 20), (3, 510), (3, 424242), (3, None), (5, 11), (1, 500)]
)
def test_beyond_the_own_units_it_is_refused(app: Connection, user: int, unit: int | None) -> None:
    sign_in(app, user)
    assert refusal(app, ASK, unit).sqlstate == "42501"


@pytest.mark.parametrize("unit", [1, 424242, None])
def test_an_application_without_a_user_is_refused(app: Connection, unit: int | None) -> None:
    app.execute("set local role fundwarden_app")
    assert refusal(app, ASK, unit).sqlstate == "28000"


def test_a_role_without_rights_is_refused(app: Connection) -> None:
    app.execute("create role outsider")
    app.execute("set local role outsider")
    assert refusal(app, ASK, 1).sqlstate == "42501"


def test_what_the_profile_says_needs_the_right_to_read_users(app: Connection) -> None:
    app.execute('update authz.users set profile = \'{"display_name": "Eva E."}\' where id = 16')
    app.execute(
        "insert into authz.user_permissions (user_id, permission_id, unit_id) "
        "select 17, p.id, 12 from authz.permissions as p "
        "where p.resource::text = 'directory.permissions' and p.action = 'read' "
        "and p.scope = 'team'"
    )
    sign_in(app, 3)
    assert people(value(app, ASK, 12))["eva"]["display_name"] == "Eva E."
    sign_in(app, 17)
    assert people(value(app, ASK, 12))["eva"]["display_name"] is None


def test_of_several_organisations_one_must_be_named(app: Connection) -> None:
    told = refusal(app, ASK, None)
    assert told.sqlstate == "22023"
    assert "500 (zeta)" in (told.message_hint or "")


def test_an_absent_unit_is_refused(app: Connection) -> None:
    assert refusal(app, ASK, 424242).sqlstate == "22023"


def test_the_only_organisation_needs_no_name_and_none_is_refused(server: Server) -> None:
    with server.copy() as janitor, session(server.conninfo(janitor.dbname)) as owner:
        assert refusal(owner, ASK, None).sqlstate == "22023"
        owner.execute("insert into authz.org_units (id, code) values (1, 'only')")
        found = value(owner, ASK, None)
        assert found["unit"]["path"] == "only"
        # An organisation without anybody is a page all the same.
        assert "only" in Page(render(found)).text


# The page.


class Page(HTMLParser):
    """A page taken apart as a browser does."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_and_texts_stay_text(app: Connection) -> None:
    app.execute("set local role fundwarden_owner")
    before = Page(render(value(app, ASK, 1)))
    app.execute(HOSTILE)
    page = render(value(app, ASK, 1))
    found = Page(page)
    assert set(found.tags) == set(before.tags)
    assert (found.tags.count("script"), found.tags.count("style")) == (1, 1)
    assert {name for name, _ in found.attributes} == {name for name, _ in before.attributes}
    for text in NAUGHTY:
        assert text in found.text, text
    # Text from elsewhere is between isolating marks, so that it turns nothing around it.
    for text in re.findall(r"[^>]*\u202e[^<]*", page):
        assert re.search(rf"<bdi>{re.escape(text)}</bdi>", page), text


def test_the_policy_of_the_page_allows_its_own_style_and_script_only(
    whole: dict[str, Any],
) -> None:
    page = render(whole)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    allowed = dict(part.split(" ", 1) for part in policy[1].split("; "))
    assert allowed.keys() == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert allowed.pop(directive) == f"'sha256-{digest}'"
    assert set(allowed.values()) == {"'none'"}
    assert page.count("://") == page.count("at://")
    assert 'lang="en"' in page


def test_every_part_of_the_answer_is_on_the_page(whole: dict[str, Any]) -> None:
    text = Page(render(whole)).text
    for words in ("ghost", "acme.south.rome", "funds_reader", "under a condition", "denies ",
                  "overruled by its lock", "overdue", "away", "expired", "hidden user",
                  "Every unit hangs below", "gave user role 'funds_reader'"):  # fmt: skip
        assert words in text or words == "hidden user", words
    assert "Not shown" not in text
    assert "Not shown" in Page(render({**whole, "health": None, "changes": None})).text


# The command.


def test_the_command_writes_one_file_for_its_owner(world: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    said: list[str] = []
    report(Target(world), out, unit=1, say=said.append)
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert out.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert said[0].startswith(f"wrote {out}")


def test_a_place_that_is_no_file_is_refused(world: str, tmp_path: Path) -> None:
    for out in (tmp_path, tmp_path / "missing" / "report.html", Path("/dev/null")):
        with pytest.raises(RunnerError) as caught:
            report(Target(world), out, unit=1)
        assert (caught.value.exit_code, bool(caught.value.hint)) == (USAGE, True)
    assert Path("/dev/null").is_char_device()


def test_a_page_that_cannot_be_completed_leaves_the_old_one(
    world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")

    def full(self: Path, to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RunnerError, match="cannot write .*No space left"):
        report(Target(world), out, unit=1)
    assert out.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_what_the_server_refuses_is_said_and_writes_nothing(world: str, tmp_path: Path) -> None:
    with pytest.raises(psycopg.Error, match="several organisations"):
        report(Target(world), tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
