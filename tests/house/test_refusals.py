"""What no view takes is a page for people and a sentence in JSON for programs."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from jobs.api.views.connectors import ConnectorList


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing/", "/api/v1/runs/x/", "/api/v1/\x00/"])
def test_an_address_of_the_api_that_is_none_says_so_in_json(db: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 404
    assert "nothing at this address" in answer.json()["detail"]


def test_any_other_address_that_is_none_is_a_page(db: None) -> None:
    answer = Client().get("/nothing/")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/webhooks/", "/webhooks/a/b/", "/webhooks/a"])
def test_what_is_no_webhook_url_is_answered_as_every_delivery(db: None, path: str) -> None:
    answer = Client().post(path)
    assert answer.status_code == 404
    assert answer.json() == {"event": None, "status": "rejected"}


def test_the_slash_at_the_end_is_added(db: None) -> None:
    assert Client().get("/api/v1/runs")["Location"] == "/api/v1/runs/"


def test_a_host_that_is_not_ours_is_refused_in_json(db: None) -> None:
    answer = Client().get("/api/v1/runs/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_fault_shows_no_trace(
    db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("hush")

    monkeypatch.setattr(ConnectorList, "dispatch", fail)
    settings.DEBUG = False
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/connectors/")
    assert answer.status_code == 500
    assert "hush" not in answer.content.decode()
    assert answer.json()["detail"]
