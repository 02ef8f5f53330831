"""A new webhook secret over the API: at once, or with a time in which the former one holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Brand
from tests.brand import SECRETS
from tests.builders import NOW

NEW = {"webhook_secret": "whsec_bmV3"}
GRACE = "webhook_secret_grace_minutes"
UNTIL = "former_webhook_secret_until"


def patch(brand: Brand, **fields: Any) -> Any:
    return brand.operator.patch(f"channels/{brand.shop.pk}/", fields)


def test_without_grace_a_new_secret_replaces_the_former_at_once(brand: Brand) -> None:
    answer = patch(brand, secrets=NEW).json()
    assert answer[UNTIL] is None
    brand.shop.refresh_from_db()
    assert brand.shop.former_webhook_secret == ""
    assert brand.shop.secrets == {**SECRETS, **NEW}


def test_with_grace_it_tells_until_when_the_former_holds(brand: Brand) -> None:
    answer = patch(brand, secrets=NEW, **{GRACE: 60}).json()
    assert answer[UNTIL] == "2026-03-02T13:00:00Z"
    assert GRACE not in answer
    assert "whsec" not in str(answer)
    brand.shop.refresh_from_db()
    assert brand.shop.former_secret_until == NOW + timedelta(hours=1)
    again = patch(brand, secrets={"webhook_secret": "whsec_bmV3ZXI="}).json()
    assert again[UNTIL] is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({GRACE: 60}, "together with the new webhook_secret"),
        ({GRACE: 60, "secrets": {"token": "t"}}, "together with the new webhook_secret"),
        ({GRACE: -1, "secrets": NEW}, "greater than or equal to 0"),
        ({GRACE: 7 * 24 * 60 + 1, "secrets": NEW}, "less than or equal to 10080"),
    ],
)
def test_a_grace_that_makes_no_sense_is_400_and_nothing_is_saved(
    brand: Brand, fields: dict[str, Any], said: str
) -> None:
    answer = patch(brand, **fields)
    assert answer.status_code == 400
    assert said in answer.json()[GRACE][0]
    brand.shop.refresh_from_db()
    assert brand.shop.secrets == SECRETS
