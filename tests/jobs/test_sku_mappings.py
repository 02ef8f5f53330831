"""Changing SKU mappings: what waited for them is asked for again, by one run for each job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import HistoryEntry, User
from channels.models import Channel
from jobs import sku_mappings
from jobs.change import Refused
from jobs.models import Run
from oms.models import Order, ParkedRecord, ParkedStatus, Product, SkuMapping
from tests import builders
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage

TABLE = "channel_sku,sku\nCUP,MUG\nBEAKER,mug\n"


@pytest.fixture
def actor(stage: Stage) -> User:
    return builders.user("op@example.com", of=stage.account)


@pytest.fixture
def parked(stage: Stage, orders_shop: Channel, shopfloor: Platform) -> Channel:
    """A shop with two orders parked for CUP and one for HAT."""
    for number, sku in (("1000", "CUP"), ("1001", "cup"), ("1002", "HAT")):
        shopfloor.place(stage.now, number, sku)
    stage.deliver(orders_shop, "order.created", "1000", "1001", "1002")
    stage.work()
    assert states() == {"1000": "parked", "1001": "parked", "1002": "parked"}
    stage.wait(minutes=5)
    return Channel.objects.get(pk=orders_shop.pk)


def states() -> dict[str, str]:
    return dict(ParkedRecord.objects.values_list("external_id", "status"))


def mapping(channel: Channel, external_sku: str = "CUP") -> SkuMapping:
    return SkuMapping.objects.get(channel=channel, external_sku=external_sku)


def add(stage: Stage, channel: Channel, actor: User, channel_sku: str = "CUP") -> Run | None:
    _, replay = sku_mappings.add(channel, channel_sku, "mug", stage.now, actor)
    assert len(replay.runs) <= 1
    return replay.runs[0] if replay.runs else None


def test_what_waited_for_the_sku_is_asked_for_at_once_by_one_run(
    stage: Stage, parked: Channel, actor: User
) -> None:
    run = add(stage, parked, actor)
    assert run
    assert (run.trigger, run.sort, run.entities) == ("retry", "entity", ["1000", "1001"])
    assert run.actor == actor
    stage.work()
    assert states() == {"1000": "resolved", "1001": "resolved", "1002": "parked"}
    assert Order.objects.filter(lines__product__sku="MUG").count() == 2


def test_a_mapping_that_nothing_waits_for_starts_nothing(
    stage: Stage, parked: Channel, actor: User
) -> None:
    before = Run.objects.count()
    assert add(stage, parked, actor, "BEAKER") is None
    assert Run.objects.count() == before


def test_a_change_asks_for_what_waits_for_the_new_sku(
    stage: Stage, parked: Channel, actor: User
) -> None:
    add(stage, parked, actor, "BEAKER")
    changed, replay = sku_mappings.change(
        mapping(parked, "BEAKER"), stage.now, actor, channel_sku="CUP"
    )
    assert changed.product.sku == "MUG"
    assert [run.entities for run in replay.runs] == [["1000", "1001"]]


def test_a_deletion_asks_for_what_the_own_sku_may_mean(
    stage: Stage, parked: Channel, actor: User
) -> None:
    builders.product(stage.account, "CUP")
    SkuMapping.objects.create(
        channel=parked, external_sku="CUP", product=builders.product(stage.account, "WRONG")
    )
    replay = sku_mappings.delete(mapping(parked), stage.now, actor)
    assert replay.records == 2
    stage.work()
    assert Order.objects.filter(lines__product__sku="CUP").count() == 2


def test_records_of_another_channel_are_left_alone(
    stage: Stage, parked: Channel, warehouse: Channel, actor: User
) -> None:
    assert add(stage, warehouse, actor) is None


def test_a_disabled_channel_keeps_its_records_parked_and_says_so(
    stage: Stage, parked: Channel, actor: User
) -> None:
    stage.save(parked, enabled=False)
    _, replay = sku_mappings.add(parked, "CUP", "MUG", stage.now, actor)
    assert replay.runs == []
    assert "Shop, Receive Orders: The channel is disabled" in replay.sentence
    assert SkuMapping.objects.get().product.sku == "MUG"
    assert states()["1000"] == ParkedStatus.PARKED


def test_what_is_over_is_not_asked_for(stage: Stage, parked: Channel, actor: User) -> None:
    ParkedRecord.objects.filter(external_id="1000").update(status=ParkedStatus.DISCARDED)
    run = add(stage, parked, actor)
    assert run
    assert run.entities == ["1001"]


def test_each_change_is_in_the_history(stage: Stage, parked: Channel, actor: User) -> None:
    add(stage, parked, actor)
    builders.product(stage.account, "TEE")
    sku_mappings.change(mapping(parked), stage.now, actor, sku="TEE")
    sku_mappings.change(mapping(parked), stage.now, actor, sku=" tee")
    sku_mappings.delete(mapping(parked), stage.now, actor)
    entries = HistoryEntry.objects.filter(channel=parked, actor=actor).order_by("pk")
    assert [entry.subject for entry in entries] == [
        "SKU CUP is MUG",
        "SKU CUP is TEE, was CUP is MUG",
        "SKU CUP is no longer mapped to TEE",
    ]


@pytest.mark.parametrize(
    ("channel_sku", "sku", "field", "said"),
    [
        ("", "MUG", "channel_sku", "Give the SKU"),
        ("x\x00", "MUG", "channel_sku", "Give the SKU"),
        ("x" * 121, "MUG", "channel_sku", "at most 120 characters"),
        ("cup ", "MUG", "channel_sku", "cup is mapped to MUG already"),
        ("HAT", "HAT", "sku", "SKU HAT is not in the catalogue"),
        ("HAT", "M\x00", "sku", "is not in the catalogue"),
        ("HAT", " ", "sku", "Give a SKU"),
    ],
)
def test_what_cannot_be_is_refused(
    stage: Stage, parked: Channel, actor: User, channel_sku: str, sku: str, field: str, said: str
) -> None:
    add(stage, parked, actor)
    with pytest.raises(Refused, match=said) as refused:
        sku_mappings.add(parked, channel_sku, sku, stage.now, actor)
    assert list(refused.value.errors) == [field]
    assert SkuMapping.objects.count() == 1


def test_a_product_of_another_account_cannot_be_meant(
    stage: Stage, parked: Channel, actor: User
) -> None:
    builders.product(builders.account("Other"), "HAT")
    with pytest.raises(Refused, match="not in the catalogue"):
        sku_mappings.add(parked, "CUP", "HAT", stage.now, actor)


def test_a_table_adds_and_changes_and_leaves_the_rest(
    stage: Stage, parked: Channel, actor: User
) -> None:
    tee, mug = builders.product(stage.account, "TEE"), mug_of(stage)
    for external_sku, product in (("cup", tee), ("OTHER", tee), ("BEAKER", mug)):
        SkuMapping.objects.create(channel=parked, external_sku=external_sku, product=product)
    done = sku_mappings.import_table(parked, TABLE + "JUG,TEE\n", stage.now, actor)
    assert ([row.channel_sku for row in done.created], done.unchanged) == (["JUG"], 1)
    assert [row.channel_sku for row in done.updated] == ["CUP"]
    assert dict(SkuMapping.objects.values_list("external_sku", "product__sku")) == {
        "CUP": "MUG", "OTHER": "TEE", "BEAKER": "MUG", "JUG": "TEE",
    }  # fmt: skip
    assert [run.entities for run in done.replay.runs] == [["1000", "1001"]]
    assert HistoryEntry.objects.latest("pk").subject == "SKU mappings imported: 1 new, 1 changed"


def mug_of(stage: Stage) -> Product:
    return Product.objects.get(account=stage.account, sku="MUG")


def test_the_same_table_again_changes_nothing(stage: Stage, parked: Channel, actor: User) -> None:
    sku_mappings.import_table(parked, TABLE, stage.now, actor)
    history = HistoryEntry.objects.count()
    done = sku_mappings.import_table(parked, TABLE, stage.now + timedelta(minutes=1), actor)
    assert (done.created, done.updated, done.unchanged) == ([], [], 2)
    assert done.replay.runs == []
    assert HistoryEntry.objects.count() == history


def test_a_dry_run_tells_and_saves_nothing(stage: Stage, parked: Channel, actor: User) -> None:
    runs = Run.objects.count()
    done = sku_mappings.import_table(parked, TABLE, stage.now, actor, dry_run=True)
    assert (len(done.created), done.faults) == (2, [])
    assert SkuMapping.objects.count() == 0
    assert Run.objects.count() == runs


def test_one_bad_line_keeps_all_from_being_saved(
    stage: Stage, parked: Channel, actor: User
) -> None:
    done = sku_mappings.import_table(parked, TABLE + "A,HAT\n,MUG\n", stage.now, actor)
    assert [str(fault) for fault in done.faults] == [
        "Line 4: SKU HAT is not in the catalogue.",
        "Line 5: the channel's SKU is missing.",
    ]
    assert SkuMapping.objects.count() == 0
