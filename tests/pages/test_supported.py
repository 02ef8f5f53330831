"""What platforms support, as their connectors state it."""

from __future__ import annotations

import re

from tests.pages.conftest import Brand


def cell(page: str, platform: str, job: str) -> list[str]:
    """The ways in which a platform does a job, in words."""
    row = next(part for part in page.split("<tr>") if f">{platform}" in re.sub(r"\s+", "", part))
    found = row.split(f'data-label="{job}"')[1].split("</td>")[0]
    return re.findall(r"(Webhook|Period|By ID|No)</span>", found)


def test_each_way_of_each_job_is_drawn_from_the_connectors(brand: Brand) -> None:
    page = brand.viewer.text("/channels/supported/")
    assert cell(page, "WooCommerce", "Receive Orders") == ["Webhook", "Period", "By ID"]
    assert cell(page, "Tryton", "Receive Shipments") == ["Period", "By ID"]
    assert cell(page, "ShipEngine", "Receive Inventory") == ["No"]
    assert "shipment.updated" in page


def test_operators_are_led_on_to_connecting_a_platform(brand: Brand) -> None:
    link = "/channels/new/?kind=fulfillment&connector=tryton"
    assert link in brand.operator.text("/channels/supported/")
    assert link not in brand.viewer.text("/channels/supported/")
