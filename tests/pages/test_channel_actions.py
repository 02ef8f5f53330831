"""New channels, and what is done to a channel at once."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.fernet import Fernet

from channels.models import Channel
from jobs.models import Run
from oms.models import StockLevel
from tests import builders
from tests.pages.conftest import Brand

NEW = {
    "connector": "woocommerce",
    "name": "Second shop",
    "track": "beta",
    "settings-url": "https://second.example.com",
    "secrets-consumer_key": "ck",
    "secrets-consumer_secret": "cs",
}


def test_a_new_channel_comes_with_its_jobs_and_leads_to_its_first_run(brand: Brand) -> None:
    answer = brand.operator.post("/channels/new/", **NEW)
    made = Channel.objects.get(name="Second shop")
    assert answer["Location"] == f"/channels/{made.pk}/first-run/"
    assert made.jobs.filter(type="receive_orders", row="recurring").exists()
    assert made.secrets == {"consumer_key": "ck", "consumer_secret": "cs"}


def test_a_new_channel_lacking_a_secret_is_refused_at_its_field(brand: Brand) -> None:
    answer = brand.operator.post("/channels/new/", **{**NEW, "secrets-consumer_key": ""})
    assert answer.status_code == 400
    assert "is required" in answer.content.decode()
    assert not Channel.objects.filter(name="Second shop").exists()


def test_a_new_channel_may_take_over_what_is_there_already(brand: Brand) -> None:
    """The time is that of the account's zone, Europe/Berlin."""
    brand.operator.post("/channels/new/", **NEW, sync_from="2026-01-05T09:30")
    made = Channel.objects.get(name="Second shop")

    assert made.sync_from == datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    assert {job.proven_until for job in made.jobs.all()} == {made.sync_from}


def test_a_new_channel_cannot_begin_in_the_future(brand: Brand) -> None:
    early = brand.operator.post("/channels/new/", **NEW, sync_from="0001-01-01T00:00")
    assert early.status_code == 400
    assert "Name a time from 1970 on" in early.content.decode()
    answer = brand.operator.post("/channels/new/", **NEW, sync_from="2126-01-05T09:30")

    assert answer.status_code == 400
    assert "This lies in the future" in answer.content.decode()
    assert not Channel.objects.filter(name="Second shop").exists()


def test_the_choice_of_platforms_is_by_kind(brand: Brand) -> None:
    page = brand.operator.text("/channels/new/", kind="fulfillment")
    assert "Sandbox warehouse" in page
    assert "WooCommerce" not in page


def test_a_new_warehouse_has_a_stock_level_of_each_product(brand: Brand) -> None:
    builders.product(brand.account)
    fields = {"settings-url": "https://w.example.com", "secrets-token": "t"}
    values = {"connector": "sandbox_warehouse", "name": "Second", "track": "beta", **fields}
    brand.operator.post("/channels/new/", **values)
    assert StockLevel.objects.filter(channel__name="Second").count() == 1


def test_sync_opens_a_manual_run_and_leads_to_it(brand: Brand) -> None:
    answer = brand.operator.post(f"{brand.page}sync/", type="receive_orders")
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.trigger, run.actor) == ("manual", brand.operator.user)


def test_sync_of_a_waiting_run_joins_it_and_says_so(brand: Brand) -> None:
    brand.operator.post(f"{brand.page}sync/", type="receive_orders")
    answer = brand.operator.follow(f"{brand.page}sync/", type="receive_orders")
    assert "this request joined it" in answer
    assert Run.objects.count() == 1


def test_sync_of_a_disabled_channel_says_why_not(brand: Brand) -> None:
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    answer = brand.operator.follow(f"{brand.page}sync/", type="receive_orders")
    assert "The channel is disabled: enable it first." in answer
    assert not Run.objects.exists()


def is_enabled(brand: Brand) -> bool:
    return Channel.objects.get(pk=brand.shop.pk).enabled


def test_disabling_asks_first_with_the_consequences(brand: Brand) -> None:
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "60"})
    page = brand.operator.text(f"{brand.page}disable/")
    assert "Receive Orders: it will be suspended; its settings are kept" in page
    assert is_enabled(brand)
    brand.operator.post(f"{brand.page}disable/")
    assert not is_enabled(brand)
    assert "This channel is disabled" in brand.viewer.text(brand.page)
    brand.operator.post(f"{brand.page}enable/")
    assert is_enabled(brand)


def test_deleting_wants_the_name_typed(brand: Brand) -> None:
    answer = brand.operator.post(f"{brand.page}delete/", name="Shoo")
    assert answer.status_code == 400
    assert "Nothing was deleted." in answer.content.decode()
    assert brand.operator.post(f"{brand.page}delete/", name="Shop").status_code == 302
    assert brand.operator.get(brand.page).status_code == 404


def test_the_master_product_source_is_not_deleted(brand: Brand) -> None:
    brand.account.master_product_source = "sales"
    brand.account.master_product_channel = brand.shop
    brand.account.save()
    answer = brand.operator.post(f"{brand.page}delete/", name="Shop")
    assert "is the Master Product Source" in answer.content.decode()
    assert brand.operator.get(brand.page).status_code == 200


def test_a_connection_that_does_not_work_says_why(brand: Brand) -> None:
    brand.shop.settings = {"url": "http://127.0.0.1:9/shops/x"}
    brand.shop.save(update_fields=["settings"])
    answer = brand.operator.client.post(f"{brand.page}test/", headers={"HX-Request": "true"})
    assert "The connection does not work" in answer.content.decode()


def test_secrets_that_cannot_be_opened_are_asked_for_again(brand: Brand) -> None:
    sealed = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
    Channel.objects.filter(pk=brand.shop.pk).update(secrets_encrypted=sealed)
    assert "Not set." in brand.operator.text(brand.page, tab="connection")
    answer = brand.operator.client.post(f"{brand.page}test/", headers={"HX-Request": "true"})
    assert "enter them anew" in answer.content.decode()
