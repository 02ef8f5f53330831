"""Reports of errors name where, and no secret."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from pytest_django import Settings

SECRET = "Zk3" + "secretpart"
FORM = {"name": "Shop", "webhook_secret": SECRET, "token": SECRET, "code": SECRET}


@pytest.fixture
def report(settings: Settings) -> str:
    """As somebody with DEBUG on sees it, and as text."""
    settings.DEBUG = True
    settings.CELERY_BROKER_URL = f"redis://:{SECRET}@redis.example:6379/0"
    settings.OMSAUTO_ENCRYPTION_KEYS = [SECRET]
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {SECRET}", "HTTP_COOKIE": SECRET}
    request = RequestFactory().post("/channels/7/", FORM, **headers)
    local = {"consumer_key": SECRET}
    try:
        raise ValueError(f"{len(local)} is too few")
    except ValueError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    return reporter.get_traceback_html() + reporter.get_traceback_text()


def test_a_report_says_what_went_wrong_and_where(report: str) -> None:
    assert "1 is too few" in report
    assert "test_error_reports.py" in report
    assert "/channels/7/" in report
    assert "Shop" in report
    assert "redis.example" in report


def test_no_field_header_variable_or_setting_gives_a_secret_away(report: str) -> None:
    assert SECRET not in report.replace('"Zk3" + "secretpart"', "")
