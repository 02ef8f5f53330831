"""What compose.yaml and the Dockerfile promise, read as text: no container engine is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from omsauto.processes import read_procfile

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = ("web", "worker", "beat")


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_the_line_of_the_procfile_that_it_is_named_after(name: str) -> None:
    procfile = read_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))

    assert COMPOSE["services"][name]["command"] == ["python", "-m", "omsauto.processes", name]
    assert name in procfile


@pytest.mark.parametrize("name", [*OURS, "postgres", "redis", "rabbitmq"])
def test_each_lasting_service_has_a_health_check_and_comes_back(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OURS)
def test_our_services_start_after_the_tables_are_there(name: str) -> None:
    after = COMPOSE["services"][name]["depends_on"]

    assert after == {"prepare": {"condition": "service_completed_successfully"}}


def test_secrets_come_from_the_environment_alone() -> None:
    environment = COMPOSE["services"]["web"]["environment"]
    secret = ("SECRET_KEY", "OMSAUTO_ENCRYPTION_KEYS", "DATABASE_URL")

    assert all("${" in environment[name] and ":?" in environment[name] for name in secret)


def test_the_check_of_the_web_service_is_a_program() -> None:
    *_, program = COMPOSE["services"]["web"]["healthcheck"]["test"]

    compile(program, "healthcheck", "exec")


def test_the_image_runs_as_nobody_of_importance_and_installs_what_is_pinned() -> None:
    user = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)

    assert user == ["omsauto"]
    assert "--require-hashes --requirement requirements.txt" in DOCKERFILE


def test_the_image_leaves_out_state_and_history() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert {".git", "var", ".venv", ".env*"} <= {*ignored}
