"""Every claim of every connector is run: by webhook, by window, by ID, and each push, twice."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from channels.connectors.base import BadSignature, Capability, Connector, Gone
from channels.connectors.registry import CONNECTORS
from channels.enums import TRAITS, Direction, JobType
from tests.claims.platform import Platform

LONG_AGO, FAR_AHEAD = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

CLAIMS = [(name, known) for name, made in CONNECTORS.items() for known in made.capabilities]
PULLS = [(n, k) for n, k in CLAIMS if TRAITS[k.type].direction == Direction.PULL]
PUSHES = [(n, k) for n, k in CLAIMS if TRAITS[k.type].direction != Direction.PULL]
BY_ID = [(name, known) for name, known in PULLS if known.by_id]
TOPICS = [(name, known, topic) for name, known in CLAIMS for topic in known.topics]


def named(value: object) -> str:
    return value.type.value if isinstance(value, Capability) else str(value)


@pytest.fixture
def platform(name: str) -> Iterator[Platform]:
    module = importlib.import_module(f"tests.claims.on_{name}")
    made: AbstractContextManager[Platform] = module.platform()
    with made as ready:
        yield ready


def found(connector: Connector, job_type: JobType) -> set[str]:
    pages = connector.pages(job_type, LONG_AGO, FAR_AHEAD)
    return {record.external_id for page in pages for record in page}


@pytest.mark.parametrize(("name", "known"), PULLS, ids=named)
def test_a_window_finds_the_records(name: str, known: Capability, platform: Platform) -> None:
    wanted = set(platform.ids(known.type))

    assert wanted
    assert wanted <= found(platform.connector(), known.type)


@pytest.mark.parametrize(("name", "known"), BY_ID, ids=named)
def test_by_id_finds_the_records(name: str, known: Capability, platform: Platform) -> None:
    connector, wanted = platform.connector(), set(platform.ids(known.type))
    before = connector.first_id_since(known.type, LONG_AGO)
    later = {
        one.external_id for page in connector.pages_after(known.type, before or "") for one in page
    }

    assert wanted <= later
    for external_id in wanted:
        record = connector.fetch(known.type, external_id)
        assert not isinstance(record, Gone)
        assert record.external_id == external_id


@pytest.mark.parametrize(("name", "known", "topic"), TOPICS, ids=named)
def test_a_delivery_is_understood(
    name: str, known: Capability, topic: str, platform: Platform
) -> None:
    connector, sent, now = platform.connector(), platform.delivery(topic), datetime.now(UTC)
    connector.verify(sent.headers, sent.body, now)
    delivery = connector.parse(sent.headers, sent.body)

    assert (delivery.topic, delivery.entities) == (topic, (sent.external_id,))
    connector.fetch(known.type, sent.external_id)
    with pytest.raises(BadSignature):
        connector.verify(sent.headers, sent.body + b" ", now)


@pytest.mark.parametrize(("name", "known"), PUSHES, ids=named)
def test_a_push_is_seen_at_the_platform_and_its_repetition_changes_nothing(
    name: str, known: Capability, platform: Platform
) -> None:
    before = platform.shows(known.type)
    platform.push(known.type, platform.connector())
    after = platform.shows(known.type)

    assert after != before
    if known.type != JobType.REFRESH_AUTHORIZATION:
        platform.push(known.type, platform.connector())
        assert platform.shows(known.type) == after


@pytest.mark.parametrize("name", CONNECTORS)
def test_the_connection_test_says_something(name: str, platform: Platform) -> None:
    assert platform.connector().test_connection().endswith(".")
