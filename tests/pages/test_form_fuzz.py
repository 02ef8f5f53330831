"""Whatever stands in an address or a form, a page answers with a page and never with a fault."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role
from tests import builders
from tests.access.people import Place
from tests.fuzz.nasty import NASTY_TEXTS, fuzzed
from tests.hooks import quiet_platform
from tests.pages.test_access import ROUTES

QUERIES = (
    *("account", "before", "cause", "channel", "connector", "cursor", "days", "from", "id", "kind"),
    *(
        "level",
        "limit",
        "page",
        "period",
        "q",
        "run",
        "since",
        "sku",
        "status",
        "tab",
        "trigger",
        "type",
        "until",
        "within",
    ),
)
TEXTS = st.sampled_from(NASTY_TEXTS) | st.text(max_size=20)
ENDED = {"logout/"}
"""After it nobody is logged in."""


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_platform(monkeypatch)


def field_names(page: str) -> list[str]:
    found = set(re.findall(r'<(?:input|select|textarea|button)[^>]* name="([^"]+)"', page))
    return sorted(found - {"csrfmiddlewaretoken"}) or ["name"]


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in ENDED])
def test_no_value_in_an_address_or_a_form_is_a_fault_of_ours(db: None, route: str) -> None:
    place, client = Place(), Client()
    client.force_login(builders.user(of=place.account, role=Role.ADMIN))
    path = place.path(route)
    first = client.get(path)
    fields = field_names(first.content.decode("utf-8", "replace"))
    values = st.dictionaries(st.sampled_from(fields), TEXTS, min_size=1, max_size=8)
    queries = st.dictionaries(st.sampled_from(QUERIES), TEXTS, min_size=1, max_size=4)

    @fuzzed(share=1 / 20)
    @given(form=values, query=queries)
    def send(form: dict[str, Any], query: dict[str, Any]) -> None:
        before = transaction.savepoint()
        try:
            assert client.get(path, _sendable(query)).status_code < 500
            assert client.post(path, _sendable(form)).status_code < 500
        finally:
            transaction.savepoint_rollback(before)

    send()


def _sendable(values: dict[str, str]) -> dict[str, str]:
    """As a browser sends them: it has no half characters."""
    return {name: text.encode("utf-8", "replace").decode() for name, text in values.items()}
