"""Products both ways, and which channel offers what under each Master Product Source."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account
from channels.connectors.base import Permanent, ProductData
from channels.models import Channel
from jobs import configure, control
from jobs.change import Change, Refused
from jobs.models import RunLog
from oms.models import ParkedRecord, Product, ProductReference
from tests import builders
from tests.jobs.stage import Stage
from tests.jobs.trade import Trade

IMPORT, EXPORT = "import_products", "export_products"


def source(stage: Stage, kind: str, channel: Channel | None) -> list[str]:
    """Choose the Master Product Source; answers the sentences of the preview and applies it."""
    values = {
        "master_product_source": kind,
        "master_product_channel_id": channel.pk if channel else None,
    }
    change = Change(account=values)
    told = [one.sentence for one in configure.preview(stage.account, change, stage.now)]
    applied = [one.sentence for one in configure.apply(stage.account, change, stage.now)]
    assert told == applied
    stage.account = Account.objects.get(pk=stage.account.pk)
    return told


def rows(stage: Stage, channel: Channel) -> tuple[bool, bool]:
    """(Import Products shows, Export Products shows)"""
    return bool(stage.job(channel, IMPORT).row), bool(stage.job(channel, EXPORT).row)


def sold(external_id: str, sku: str, at: datetime, **fields: object) -> ProductData:
    return ProductData(external_id, sku, sku.title(), at, **fields)  # type: ignore[arg-type]


def run(stage: Stage, channel: Channel, job_type: str) -> None:
    stage.wait(minutes=5)
    control.run_now(stage.job(channel, job_type), stage.now)
    stage.work()


@pytest.mark.parametrize(
    ("kind", "master", "trader_rows", "depot_rows"),
    [
        ("own", "", (False, True), (False, True)),
        ("sales", "trader", (True, False), (False, True)),
        ("fulfillment", "depot", (False, True), (True, False)),
    ],
)
def test_the_source_imports_and_every_other_channel_exports(
    stage: Stage,
    trader: Channel,
    depot: Channel,
    kind: str,
    master: str,
    trader_rows: tuple[bool, bool],
    depot_rows: tuple[bool, bool],
) -> None:
    source(stage, kind, {"trader": trader, "depot": depot}.get(master))

    assert (rows(stage, trader), rows(stage, depot)) == (trader_rows, depot_rows)


def test_a_change_of_source_says_what_it_switches_and_settings_come_back(
    stage: Stage, trader: Channel, depot: Channel
) -> None:
    stage.save(trader, export_products={"main_period_minutes": 60})
    told = source(stage, "sales", trader)
    assert any("Export Products" in text for text in told)
    assert stage.job(trader, EXPORT).next_slot_at is None
    source(stage, "own", None)

    assert stage.job(trader, EXPORT).period_minutes == 60
    assert stage.job(trader, EXPORT).next_slot_at is not None


def test_a_channel_that_cannot_import_products_is_no_source(stage: Stage, shop: Channel) -> None:
    with pytest.raises(Refused, match="import"):
        source(stage, "sales", shop)


def test_an_import_creates_products_and_their_changes_follow(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    price = Decimal("9.50")
    market.products["1"] = sold("1", "HAT", stage.now, price=price, currency="EUR", barcode="4006")
    run(stage, trader, IMPORT)
    hat = Product.objects.get(sku="HAT")
    assert (hat.name, hat.price, hat.currency, hat.barcode) == ("Hat", price, "EUR", "4006")
    assert hat.stock_levels.count() == 1
    market.products["1"] = sold("1", "HAT", stage.now, price=Decimal(10), currency="EUR")
    run(stage, trader, IMPORT)

    hat.refresh_from_db()
    assert (hat.price, hat.barcode) == (Decimal(10), "4006")
    assert [one.created for one in stage.runs(trader, IMPORT)] == [1, 0]


def test_a_known_sku_is_matched_without_case(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    market.products["1"] = sold("1", " mug ", stage.now)
    run(stage, trader, IMPORT)

    reference = ProductReference.objects.get(channel=trader)
    assert (reference.external_id, reference.product.sku) == ("1", "MUG")


def test_a_duplicate_is_skipped_with_a_warning(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    market.products |= {"1": sold("1", "HAT", stage.now), "2": sold("2", "hat", stage.now)}
    run(stage, trader, IMPORT)

    assert [one.external_id for one in ProductReference.objects.filter(channel=trader)] == ["1"]
    assert RunLog.objects.filter(level="warning", message__contains="2 was skipped").exists()
    assert not ParkedRecord.objects.exists()


def test_a_product_without_a_sku_is_left_out_with_a_warning(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    market.products["1"] = ProductData("1", " ", "Gift card", stage.now)
    run(stage, trader, IMPORT)

    assert Product.objects.count() == 1
    assert RunLog.objects.filter(message__contains="Gift card has no SKU").exists()


def test_an_older_reading_changes_nothing(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    stage.wait(minutes=5)
    market.products["1"] = sold("1", "HAT", stage.now)
    run(stage, trader, IMPORT)
    market.products["1"] = ProductData("1", "HAT", "Old hat", stage.now - timedelta(minutes=6))
    stage.ask_for(trader, "1", job_type=IMPORT)
    stage.work()

    assert Product.objects.get(sku="HAT").name == "Hat"


def test_one_event_of_a_product_brings_all_its_variants(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    stage.save(trader, mode="webhook")
    market.products |= {
        "7-S": sold("7-S", "HAT-S", stage.now),
        "7-M": sold("7-M", "HAT-M", stage.now),
    }
    event = stage.deliver(trader, "product.updated", "7")
    stage.work()

    event.refresh_from_db()
    assert event.status == "done"
    assert set(Product.objects.values_list("sku", flat=True)) == {"MUG", "HAT-S", "HAT-M"}


def test_a_product_that_is_gone_at_its_source_stays_in_the_catalogue(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    market.products["1"] = sold("1", "HAT", stage.now)
    run(stage, trader, IMPORT)
    market.products.clear()
    stage.ask_for(trader, "1", job_type=IMPORT)
    stage.work()

    assert Product.objects.filter(sku="HAT").exists()
    assert not ProductReference.objects.filter(channel=trader).exists()


def test_the_catalogue_is_exported_once_and_again_when_it_changes(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    run(stage, trader, EXPORT)
    run(stage, trader, EXPORT)
    assert [(one.sku, one.external_id) for one in market.exported] == [("MUG", "")]
    mug = Product.objects.get(sku="MUG")
    mug.name = "Large mug"
    mug.save(update_fields=["name", "updated_at"])
    run(stage, trader, EXPORT)

    assert [(one.name, one.external_id) for one in market.exported[1:]] == [("Large mug", "P-MUG")]


def test_what_the_source_imports_the_others_export(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    source(stage, "sales", trader)
    market.products["1"] = sold("1", "HAT", stage.now)
    run(stage, trader, IMPORT)
    run(stage, depot, EXPORT)

    assert [one.sku for one in market.exported] == ["MUG", "HAT"]


def test_a_refused_product_is_parked_and_waits_for_a_retry(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    builders.product(stage.account, "HAT")
    market.faults.append(Permanent("the name is too short"))
    run(stage, trader, EXPORT)
    assert [one.sku for one in market.exported] == ["HAT"]
    parked = ParkedRecord.objects.get(channel=trader)
    assert "the name is too short" in parked.reason
    run(stage, trader, EXPORT)
    assert [one.sku for one in market.exported] == ["HAT"]
    control.retry_parked(parked, stage.now)
    stage.work()

    assert [one.sku for one in market.exported] == ["HAT", "MUG"]
    parked.refresh_from_db()
    assert parked.status == "resolved"
