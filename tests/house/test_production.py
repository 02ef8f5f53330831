"""What changes when omsauto is served over HTTPS."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.run import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "ALLOWED_HOSTS",
    "CSRF_COOKIE_NAME",
    "DEBUG",
    "OMSAUTO_ALLOW_PRIVATE_HOSTS",
    "OMSAUTO_HTTPS",
    "SECURE_HSTS_SECONDS",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
)
SHOW = (
    "import json; from omsauto import settings;"
    f"print(json.dumps({{name: getattr(settings, name) for name in {NAMES}}}))"
)


def python(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        env={**kept, "OMSAUTO_VAR": str(tmp_path), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def manage(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python(tmp_path, "manage.py", *arguments, **environment)


def settings_with(tmp_path: Path, **environment: str) -> dict[str, Any]:
    done = python(tmp_path, "-c", SHOW, **environment)
    done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_https_address_switches_the_protections_on(tmp_path: Path) -> None:
    found = settings_with(tmp_path, OMSAUTO_PUBLIC_URL="https://oms.example")

    assert found["OMSAUTO_HTTPS"]
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SESSION_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert "oms.example" in found["ALLOWED_HOSTS"]


def test_the_framework_finds_nothing_to_complain_of_in_production(tmp_path: Path) -> None:
    """As the operator of the installation would ask it, with every warning a failure."""
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_it_would_complain_without_https(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", OMSAUTO_DEMO="0")

    assert done.returncode != 0
    assert "SECURE_SSL_REDIRECT" in done.stderr


def test_cookies_stay_with_the_host_that_set_them(tmp_path: Path) -> None:
    found = settings_with(tmp_path, OMSAUTO_PUBLIC_URL="https://oms.example")

    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_COOKIE_NAME"].startswith("__Host-")


def test_a_first_run_on_loopback_needs_no_certificate(tmp_path: Path) -> None:
    found = settings_with(tmp_path)

    assert not found["SECURE_SSL_REDIRECT"]
    assert not found["SESSION_COOKIE_SECURE"]
    assert not found["DEBUG"]


@pytest.mark.parametrize(("demo", "allowed"), [("1", True), ("0", False)])
def test_private_addresses_are_for_the_demo(tmp_path: Path, demo: str, allowed: bool) -> None:
    assert settings_with(tmp_path, OMSAUTO_DEMO=demo)["OMSAUTO_ALLOW_PRIVATE_HOSTS"] is allowed
