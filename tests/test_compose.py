"""docker-compose.yml is read, not run: what it names exists, and it holds no secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BUILDS = {name: ROOT / service["build"] for name, service in COMPOSE["services"].items()}


def dockerfile(service: str) -> str:
    return (BUILDS[service] / "Dockerfile").read_text()


def test_there_is_a_database_and_a_pooler_in_front() -> None:
    assert set(COMPOSE["services"]) == {"db", "pgbouncer"}
    assert COMPOSE["services"]["pgbouncer"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert "ports" not in COMPOSE["services"]["db"]


@pytest.mark.parametrize("service", sorted(BUILDS))
def test_what_a_build_names_is_in_the_repository(service: str) -> None:
    text = dockerfile(service)
    for source in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (BUILDS[service] / source).is_file(), source
    base = re.search(r"^FROM (\S+)", text)
    assert base is not None
    assert re.fullmatch(r"[a-z]+:\d+[a-z-]*", base[1]), "the major of the image is pinned"


def test_the_database_is_postgresql_18_with_pgtap() -> None:
    assert "FROM postgres:18\n" in dockerfile("db")
    assert "postgresql-18-pgtap" in dockerfile("db")


def test_the_pooler_is_in_transaction_mode() -> None:
    settings = (BUILDS["pgbouncer"] / "pgbouncer.ini").read_text()
    assert re.search(r"^pool_mode = transaction$", settings, re.MULTILINE)
    assert re.search(r"^\* = host=db port=5432$", settings, re.MULTILINE)


@pytest.mark.parametrize("service", sorted(BUILDS))
def test_every_service_has_a_healthcheck(service: str) -> None:
    check = COMPOSE["services"][service]["healthcheck"]
    assert "pg_isready" in check["test"][1]
    assert check["retries"] > 0


def test_secrets_and_volumes_that_are_used_are_declared() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"]


def test_the_password_comes_from_a_file_that_has_to_be_named() -> None:
    assert COMPOSE["secrets"]["postgres_password"]["file"].startswith("${POSTGRES_PASSWORD_FILE:?")
    assert re.search(r"^POSTGRES_PASSWORD_FILE=$", (ROOT / ".env.example").read_text(), re.M)


def test_no_password_stands_in_clear() -> None:
    files = [ROOT / "docker-compose.yml", *(p for p in (ROOT / "docker").rglob("*") if p.is_file())]
    for file in files:
        for line in file.read_text().splitlines():
            found = re.search(r"(?i)password\w*(?::\s+|=)(\S+)", line)
            if found:
                assert found[1].startswith(("/run/secrets/", "${")), f"{file.name}: {line}"


def test_only_the_loopback_interface_is_published() -> None:
    for port in COMPOSE["services"]["pgbouncer"]["ports"]:
        assert port.startswith("127.0.0.1:")
