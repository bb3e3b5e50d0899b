"""docker-compose.yml is read, not run: what it names exists, and it holds no secret."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from servers import Server

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BUILDS = {name: ROOT / service["build"] for name, service in COMPOSE["services"].items()}
PASSWORDS = {"POSTGRES_PASSWORD", "PGBOUNCER_PASSWORD"}


def dockerfile(service: str) -> str:
    return (BUILDS[service] / "Dockerfile").read_text()


def pooler() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(BUILDS["pgbouncer"] / "pgbouncer.ini")
    assert parser["databases"]["*"] == "host=db port=5432"
    return parser["pgbouncer"]


def test_there_is_a_database_and_a_pooler_in_front() -> None:
    assert set(COMPOSE["services"]) == {"db", "pgbouncer"}
    assert COMPOSE["services"]["pgbouncer"]["depends_on"]["db"]["condition"] == "service_healthy"


@pytest.mark.parametrize("service", sorted(BUILDS))
def test_what_a_build_names_is_in_the_repository(service: str) -> None:
    text = dockerfile(service)
    copied = set(re.findall(r"^COPY (\S+) ", text, re.MULTILINE))
    assert copied == {file.name for file in BUILDS[service].iterdir()} - {"Dockerfile"}
    base = re.search(r"^FROM (\S+)", text)
    assert base is not None
    assert re.fullmatch(r"[a-z]+:\d+[a-z-]*", base[1]), "the major of the image is pinned"
    assert "image" not in COMPOSE["services"][service]


def test_the_database_is_postgresql_18_with_pgtap() -> None:
    assert "FROM postgres:18\n" in dockerfile("db")
    assert "postgresql-18-pgtap" in dockerfile("db")
    # Where the image of 18 keeps its data; older ones had a folder below.
    assert COMPOSE["services"]["db"]["volumes"] == ["data:/var/lib/postgresql"]
    assert "data" in COMPOSE["volumes"]


def test_the_pooler_is_in_transaction_mode() -> None:
    settings = pooler()
    assert settings["pool_mode"] == "transaction"
    assert int(settings["max_prepared_statements"]) > 0


def test_the_pooler_asks_the_server_and_knows_no_password_of_others() -> None:
    settings = pooler()
    assert settings["auth_type"] == "scram-sha-256"
    assert (settings["auth_user"], settings["auth_dbname"]) == ("pgbouncer", "postgres")
    assert "POSTGRES_PASSWORD" not in COMPOSE["services"]["pgbouncer"]["environment"]
    assert re.search(r"^USER postgres$", dockerfile("pgbouncer"), re.MULTILINE)


@pytest.mark.parametrize("service", sorted(BUILDS))
def test_every_service_has_a_healthcheck(service: str) -> None:
    check = COMPOSE["services"][service]["healthcheck"]
    assert re.search("pg_isready|select 1", check["test"][1])
    assert check["retries"] > 0


def test_passwords_have_to_be_given() -> None:
    example = (ROOT / ".env.example").read_text()
    for service in COMPOSE["services"].values():
        for name in PASSWORDS & set(service["environment"]):
            assert service["environment"][name].startswith(f"${{{name}:?")
    for name in PASSWORDS:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


def test_no_password_stands_in_clear() -> None:
    files = [ROOT / "docker-compose.yml", *(p for p in (ROOT / "docker").rglob("*") if p.is_file())]
    for file in files:
        for line in file.read_text().splitlines():
            found = re.search(r"(?i)passw(?:or)?d\w*(?::\s+|\s*=\s*|\s+')(\S+)", line)
            if found:
                assert found[1].startswith("$"), f"{file.name}: {line}"


@pytest.mark.parametrize("service", sorted(BUILDS))
def test_only_the_loopback_interface_is_published(service: str) -> None:
    for port in COMPOSE["services"][service]["ports"]:
        assert port.startswith("127.0.0.1:")


def test_the_pooler_writes_its_password_as_pgbouncer_reads_it(tmp_path: Path) -> None:
    script = (BUILDS["pgbouncer"] / "start.sh").read_text()
    script = script.replace("/run/pgbouncer", str(tmp_path)).replace("exec pgbouncer", "exec true")
    odd = 'a"b\\c $d %s'
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PGBOUNCER_PASSWORD": odd, "PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0
    written = tmp_path / "userlist.txt"
    assert written.read_text() == '"pgbouncer" "a""b\\c $d %s"\n'
    assert written.stat().st_mode & 0o077 == 0


def test_the_pooler_finds_logins_but_no_superuser(server: Server) -> None:
    """pooler.sql as the image runs it, undone by its own end."""
    script = (BUILDS["db"] / "pooler.sql").read_text().replace(r"\connect postgres", "begin;")
    questions = """
        create role a_login login password 'x';
        create role nobody_in_particular password 'x';
        set local role pgbouncer;
        select coalesce(string_agg(username || left(password, 13), ' '), 'none')
        from unnest(array['a_login', 'nobody_in_particular', 'postgres', 'absent']) as n,
            lateral (select * from pooler.login(n)) as found;
        rollback;
    """
    done = subprocess.run(
        [server.bin("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", server.conninfo()],
        input=script + questions,
        env={**os.environ, "PGBOUNCER_PASSWORD": "it's odd"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "a_loginSCRAM-SHA-256"
    with psycopg.connect(server.conninfo()) as connection:
        assert connection.execute("select to_regrole('pgbouncer')").fetchone() == (None,)
