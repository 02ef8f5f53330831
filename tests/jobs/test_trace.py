"""The story of an order, told from what the tables keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import Channel
from jobs import maintenance
from jobs.control import run_now
from jobs.models import RecordChange
from jobs.trace import Entry, Sources, gather, in_order
from jobs.trace_entries import Story, span, tell
from jobs.trace_sku import tell_sku
from jobs.trace_subjects import Subject, find, record
from oms.models import Order, ParkedRecord, Product
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.builders import NOW
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage
from tests.jobs.trade import Trade

MINUTE = timedelta(minutes=1)


def story(stage: Stage, text: str) -> Story:
    (subject,) = find(stage.account, text)
    return tell(gather(subject))


def titles(told: Story) -> list[str]:
    return [entry.title for entry in told.entries]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0.4 s"), (2, "2 s"), (59, "59 s"), (240, "4 min"), (270, "4.5 min"),
        (1500, "25 min"), (3600, "1 h"), (12000, "3 h 20 min"), (183600, "2 d 3 h"), (-5, "0 s"),
    ],
)  # fmt: skip
def test_a_duration_is_said_in_words(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_entries_stand_in_order_with_their_gaps() -> None:
    late, early = Entry(NOW + MINUTE, "late"), Entry(NOW, "early")
    first, second = in_order([late, early])
    assert (first.title, first.gap) == ("early", None)
    assert (second.title, second.gap) == ("late", MINUTE)
    assert in_order([]) == []


def test_an_order_that_came_by_webhook(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 5})
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    stage.at("12:15").go()

    told = story(stage, "1000")
    assert any("Webhook order.created came" in title for title in titles(told))
    (made,) = [entry for entry in told.entries if entry.title.startswith("Order taken over")]
    assert made.at == stage.now
    assert made.detail.endswith("started 5 min after the webhook")
    assert (made.page, made.key) == ("run", stage.run_of(event).pk)
    assert "arrived 5 min after it was placed by webhook" in told.summary


def test_an_order_whose_webhook_never_came(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.at("13:00").go()

    told = story(stage, "1000")
    missed = [entry for entry in told.entries if "no webhook came" in entry.title]
    assert [entry.tone for entry in missed] == ["warn"]
    assert "by emergency job" in missed[0].detail
    assert "late by emergency job because its webhook never came" in told.summary


def test_a_webhook_that_came_after_the_rescue_and_its_duplicate(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.at("13:00").go()
    stage.at("13:05").deliver(orders_shop, "order.created", "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.go()

    told = story(stage, "1000")
    said = " ".join(titles(told))
    assert "Its webhook came after all" in said
    assert "Read again, nothing to change" in said
    assert "because its webhook came too late" in told.summary


def test_the_way_through_the_warehouse(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    order = _trade(stage, trader)
    told = tell(gather(Subject(order=order)))
    said = titles(told)
    assert any(title.startswith("Shipment at Depot") for title in said)
    assert any(title.startswith("Sent to Depot") for title in said)
    assert "with the warehouse, not shipped yet" in told.summary
    shipment = order.shipments.get()
    assert record(depot, str(shipment.external_id)) == Subject(order=order)


def _trade(stage: Stage, trader: Channel) -> Order:
    """An order that its warehouse has."""
    stage.account.automatic_workflow = True
    stage.account.save(update_fields=["automatic_workflow"])
    trader.account.refresh_from_db()
    channel = Channel.objects.select_related("account").get(pk=trader.pk)
    placed = builders.order_data(changed_at=stage.now, placed_at=stage.now)
    ReceiveOrders().apply(builders.context(channel, stage.now), placed)
    depot = stage.account.default_fulfillment_channel
    assert depot
    run_now(stage.job(depot, "send_shipments"), stage.now)
    stage.go()
    return Order.objects.select_related("channel").get()


def test_a_parked_record_is_told_with_its_reason(stage: Stage, orders_shop: Channel) -> None:
    ParkedRecord.objects.create(
        account=stage.account,
        channel=orders_shop,
        type="receive_orders",
        external_id="77",
        reason="SKU X is not in the catalogue.",
        payload={"number": "#1004", "lines": [{"sku": "mug"}]},
        parked_at=NOW,
    )
    for text in ("77", "1004", "#1004"):
        told = story(stage, text)
        assert titles(told) == ["Parked: SKU X is not in the catalogue."]
        assert "parked, SKU X is not in the catalogue." in told.summary


def test_a_number_that_several_things_have_leaves_the_choice(
    stage: Stage, orders_shop: Channel, trader: Channel
) -> None:
    builders.product(stage.account, "1001")
    builders.product(stage.account, "MUG-2")
    for channel in (orders_shop, trader):
        shop = Channel.objects.select_related("account").get(pk=channel.pk)
        line, now = builders.line("MUG-2"), stage.now
        placed = builders.order_data("1001", line, changed_at=now, placed_at=now)
        ReceiveOrders().apply(builders.context(shop), placed)
    kinds = [("order" if one.order else "product") for one in find(stage.account, "1001")]
    assert kinds == ["order", "order", "product"]
    assert find(builders.account("Other"), "1001") == []
    assert find(stage.account, "  ") == find(stage.account, "\x00") == []


def test_a_sku_tells_where_it_lies_and_who_waits_for_it(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    order = _trade(stage, trader)
    trader.parked.create(
        account=stage.account,
        type="receive_orders",
        external_id="9",
        reason="x",
        payload={"lines": [{"sku": " mug "}]},
        parked_at=NOW,
    )
    (subject,) = find(stage.account, "mug")
    assert subject.product == Product.objects.get(sku="MUG")
    told = tell_sku(Product.objects.get(sku="MUG"))
    assert [level.on_hand for level in told.levels] == [10]
    assert [line.order for line in told.waiting] == [order]
    assert [one.external_id for one in told.parked] == ["9"]
    assert "1 order line waits for it" in told.summary
    assert "1 parked record names it" in told.summary


def test_a_story_asks_as_many_questions_for_much_as_for_little(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.go()

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            (subject,) = find(stage.account, "1000")
            tell(gather(subject))
        return len(asked)

    few = questions()
    for minute in range(5):
        stage.wait(minutes=1)
        shopfloor.place(stage.now, "1000")
        stage.deliver(orders_shop, "order.created", "1000", number=minute + 1)
        stage.go()
    assert questions() == few
    assert few <= 30


def test_what_runs_did_is_forgotten_in_time(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.go()
    assert RecordChange.objects.count() == 1
    assert maintenance.forget_old_changes(stage.now + timedelta(days=89)) == 0
    assert maintenance.forget_old_changes(stage.now + timedelta(days=91)) == 1
    assert Sources(orders_shop, "1000").title == "1000"
