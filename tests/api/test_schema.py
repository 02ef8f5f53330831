"""The API's description of itself, and the page that shows it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from jobs.api.urls import urlpatterns


@pytest.fixture
def schema() -> dict[str, Any]:
    return made()


def made() -> dict[str, Any]:
    generator: Any = SchemaGenerator  # published without types
    found: dict[str, Any] = generator().get_schema(request=None, public=True)
    return found


def test_it_is_made_without_a_warning_and_valid() -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        found = made()
    assert not GENERATOR_STATS
    validate: Any = validate_schema  # published without types
    validate(found)


def test_it_describes_every_address(schema: dict[str, Any]) -> None:
    assert len(schema["paths"]) == len(urlpatterns) - 2  # all but itself and its page


def test_lists_have_the_shape_of_the_contract(schema: dict[str, Any]) -> None:
    described = schema["paths"]
    for path in ("runs/", "connectors/", "channels/{channel}/jobs/", "accounts/"):
        answer = described[f"/api/v1/{path}"]["get"]["responses"]["200"]
        reference = answer["content"]["application/json"]["schema"]["$ref"]
        shape = schema["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(shape["properties"]) == {"results", "next"}


def test_secrets_are_described_as_write_only(schema: dict[str, Any]) -> None:
    channel = schema["components"]["schemas"]["ChannelDetail"]["properties"]
    assert channel["secrets"]["writeOnly"] is True


@pytest.mark.django_db
def test_it_is_served_as_json_and_as_yaml(client: Client) -> None:
    response = client.get("/api/v1/schema/?format=json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.")
    assert client.get("/api/v1/schema/").content.startswith(b"openapi: 3.")


@pytest.mark.django_db
def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(client: Client) -> None:
    response = client.get("/api/v1/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "swagger-ui" in page
    assert "//cdn" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("<script") == page.count("<script src=")
    script = client.get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    assert "style-src 'self' 'unsafe-inline'" in policy


@pytest.mark.django_db
def test_only_that_page_may_hold_styles(client: Client) -> None:
    policy = client.get("/api/v1/schema/")["Content-Security-Policy"]
    assert "unsafe" not in policy
