"""A platform that is left alone is told once, and once that it is back."""

from __future__ import annotations

import pytest

from jobs import circuits
from jobs.models import Circuit
from notifications.causes import open_causes
from notifications.models import CauseKind
from tests.notifications.conftest import Watched


def fall_ill(brand: Watched) -> None:
    for _ in range(5):
        circuits.note_failure(brand.shop.pk, "GET /orders answered 500", brand.now)


def test_one_notice_when_it_opens_and_one_with_the_duration_when_it_closes(
    brand: Watched,
) -> None:
    brand.rule()
    fall_ill(brand)
    brand.fail()
    assert brand.later() == 1
    for _ in range(10):
        probing = circuits.take_probe(brand.shop.pk, brand.now)
        if probing:
            circuits.end_probe(probing, brand.now, "GET /orders answered 502")
        brand.later()
    circuits.close(brand.shop.pk, brand.now)
    brand.mend()
    brand.later(5)
    brand.later()

    title = "Tea & Co: {}Shop: A channel's platform does not answer as it should"
    assert brand.told() == [title.format(""), title.format("Over: ")]
    opened, closed = brand.bodies()
    assert "Shop: circuit open. The platform did not answer as it should: GET /orders" in opened
    assert "What to do: Look whether the platform is well" in opened
    assert "Over after 16 minutes" in closed


def test_failing_jobs_of_the_channel_are_part_of_it(brand: Watched) -> None:
    fall_ill(brand)
    brand.fail()
    found = {cause.kind: cause for cause in open_causes(brand.account, brand.now)}
    assert found[CauseKind.FAILING].part_of == found[CauseKind.CIRCUIT_OPEN].key
    assert found[CauseKind.CIRCUIT_OPEN].since == brand.now


def test_refused_credentials_explain_the_open_circuit(brand: Watched) -> None:
    fall_ill(brand)
    type(brand.shop).objects.filter(pk=brand.shop.pk).update(needs_attention="Token refused.")
    found = {cause.kind: cause for cause in open_causes(brand.account, brand.now)}
    assert found[CauseKind.CIRCUIT_OPEN].part_of == found[CauseKind.ATTENTION].key


@pytest.mark.parametrize("of", ["channel", "account"])
def test_of_what_is_disabled_nothing_is_told(brand: Watched, of: str) -> None:
    fall_ill(brand)
    row = brand.shop if of == "channel" else brand.account
    type(row).objects.filter(pk=row.pk).update(enabled=False)
    brand.account.refresh_from_db()
    kinds = {cause.kind for cause in open_causes(brand.account, brand.now)}
    assert CauseKind.CIRCUIT_OPEN not in kinds
    assert not Circuit.objects.get().is_closed
