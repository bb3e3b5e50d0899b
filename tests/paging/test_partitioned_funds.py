"""db/options/partition_funds.sql changes how funds are kept, and no answer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from catalogs import catalog_snapshot
from waiting import refusal, rows, session, value

from runner.connect import Target
from runner.migrations import migrate, status
from runner.project import root
from runner.seeding import seed

pytestmark = pytest.mark.one_server

SCRIPT = root() / "db" / "options" / "partition_funds.sql"
PARTITIONS = 4
USERS = 1, 2, 3, 17, 40, 250, 400

Answers = dict[str, Any]


def quiet(line: str) -> None:
    del line


def answers(conninfo: str) -> Answers:
    """What users see by paging, counting, checking and selecting; totals for everybody."""
    found: Answers = {}
    with session(conninfo, user="trusted_login") as trusted, session(conninfo) as owner:
        everybody = rows(owner, "select u.id from authz.users as u order by u.id")
        found["counts"] = rows(
            trusted,
            "select u, finance.count_authorized_funds(u) from unnest(%s::bigint []) as u",
            [user for (user,) in everybody],
        )
        for user in USERS:
            for page, sort, order in (
                (1, "fund_id", "asc"), (2, "amount", "desc"), (3, "status", "desc"),
                (1, "created_at", "desc"), (2, "handle_by", "asc"), (1, "order_id", "asc"),
                (2, "customer_id", "desc"),
            ):  # fmt: skip
                asked = f"finance.page_authorized_funds({user}, {page}, 15, '{sort}', '{order}')"
                found[asked] = rows(trusted, f"select * from {asked}")
            trusted.execute("begin")
            trusted.execute("select authz.act_as(%s)", [user])
            trusted.execute("set local role fundwarden_app")
            for table in ("financial_funds", "orders", "customers"):
                found[f"{user} selects {table}"] = rows(
                    trusted, f"select f.* from finance.{table} as f order by f.tenant_id, f.id"
                )
            trusted.execute("rollback")
    return found


def partition(server: Any, conninfo: str, partitions: int = PARTITIONS) -> tuple[int, str]:
    done = subprocess.run(
        [server.bin("psql"), "-X", "-v", f"partitions={partitions}", "-f", SCRIPT, conninfo],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def changed(server: Any, module_database: str) -> Iterator[tuple[str, Answers, dict[str, Any]]]:
    """The database, partitioned; what it answered before, and its catalog then."""
    seed(Target(module_database), records=500, say=quiet)
    before = answers(module_database)
    with psycopg.connect(module_database) as conn:
        catalog = catalog_snapshot(conn)
    code, said = partition(server, module_database)
    assert (code, said) == (0, "")
    yield module_database, before, catalog


def test_every_answer_is_as_before(changed: tuple[str, Answers, Any]) -> None:
    database, before, _ = changed
    assert answers(database) == before
    assert sum(total for _, total in before["counts"]) > 500
    assert any(before[f"{user} selects financial_funds"] for user in USERS)
    with session(database) as owner:
        held = "select count(distinct f.tableoid) from finance.financial_funds as f"
        assert value(owner, held) > 1
        assert rows(owner, "select * from authz.verify_effective_policies()") == []
        assert rows(owner, "select * from ops.rls_lint()") == []


def test_keys_indexes_policies_triggers_comments_and_rights_are_as_before(
    changed: tuple[str, Answers, dict[str, Any]],
) -> None:
    database, _, before = changed
    with psycopg.connect(database) as conn:
        after = catalog_snapshot(conn)
    for section in ("policy", "trigger", "function", "access", "view"):
        assert after[section] == before[section]
    parts = tuple(f"finance.financial_funds_{number}" for number in range(PARTITIONS))
    for section in ("column", "constraint", "index"):
        ours = {
            name: said.replace(" ON ONLY finance.", " ON finance.")
            for name, said in after[section].items()
            if not any(part in f"{name} {said}" for part in parts)
        }
        assert ours == before[section]
    with psycopg.connect(database) as conn:
        assert conn.execute("select from pg_index as i where not i.indisvalid").fetchall() == []


def test_it_is_no_drift_but_a_change_of_a_column_still_is(changed: tuple[str, Any, Any]) -> None:
    target = Target(changed[0])
    assert status(target).exit_code == 0
    migrate(target, say=quiet)
    said: list[str] = []
    migrate(target, say=said.append)
    assert said == ["nothing to do"]
    with session(changed[0]) as owner:
        owner.execute("alter table finance.financial_funds alter column status drop not null")
        told = [one.text for one in status(target).objects]
        assert told == ["table finance.financial_funds was changed by hand"]
        owner.execute("alter table finance.financial_funds alter column status set not null")
    assert status(target).exit_code == 0


def test_funds_are_written_and_follow_their_owners(changed: tuple[str, Any, Any]) -> None:
    with session(changed[0]) as owner:
        owner.execute("begin")
        admin, tenant = rows(
            owner,
            "select u.id, u.tenant_id from authz.user_roles as g "
            "inner join authz.roles as r on g.role_id = r.id and r.code = 'admin' "
            "inner join authz.users as u on g.user_id = u.id "
            "inner join authz.org_units as n on g.unit_id = n.id and n.level = 1 "
            "order by u.id limit 1",
        )[0]
        highest = value(owner, "select max(f.id) from finance.financial_funds as f")
        other = value(
            owner,
            "select max(n.id) from authz.org_units as n where n.tenant_id = %s",
            tenant,
        )
        owner.execute("select authz.act_as(%s)", [admin])
        owner.execute("set local role fundwarden_app")
        made = value(
            owner,
            "select finance.create_fund(jsonb_build_object('amount', 5, 'handle_by', %s::bigint))",
            admin,
        )
        assert made > highest
        owner.execute("reset role")
        owner.execute("update authz.users set base_unit_id = %s where id = %s", [other, admin])
        where = "select f.handler_unit_id from finance.financial_funds as f where f.id = %s"
        assert value(owner, where, made) == other
        owner.execute("rollback")


def test_a_question_of_one_tenant_looks_into_one_partition(changed: tuple[str, Any, Any]) -> None:
    with session(changed[0]) as owner:
        owner.execute("set enable_seqscan = off; set plan_cache_mode = force_custom_plan")

        def plan(condition: str) -> str:
            asked = f"select f.id from finance.financial_funds as f where {condition}"
            return "\n".join(line for (line,) in rows(owner, f"explain (costs off) {asked}"))

        walked = plan("f.tenant_id = 1 order by f.amount desc, f.id desc limit 20")
        assert walked.count("Scan") == walked.count("Index Only Scan Backward") == 1
        # Units are of one tenant, but only people know that: each partition's index is asked.
        gathered = plan("f.handler_unit_id = any('{1,2,3}')")
        assert gathered.count("Scan") == PARTITIONS
        assert "Seq Scan" not in gathered


def test_a_second_time_and_a_wrong_number_change_nothing(
    server: Any, changed: tuple[str, Any, Any]
) -> None:
    code, said = partition(server, changed[0])
    assert code != 0
    assert "partitioned already" in said
    with server.copy() as janitor:
        fresh = server.conninfo(janitor.dbname)
        code, said = partition(server, fresh, 0)
        assert code != 0
        assert "partitions: 0 is not a number from 1 to 1024" in said
        with session(fresh) as owner:
            # What somebody else made of the table is not dropped with it.
            owner.execute("create view public.mine as select f.id from finance.financial_funds f")
            code, said = partition(server, fresh)
            assert code != 0
            assert "other objects depend on it" in said
            kind = "select c.relkind = 'r' from pg_class as c where c.oid = %s::regclass"
            assert value(owner, kind, "finance.financial_funds") is True
            assert refusal(owner, "table finance.plain_funds").sqlstate == "42P01"
