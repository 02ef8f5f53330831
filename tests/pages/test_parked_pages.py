"""Parked records in a browser: one to look at, all to ask for again."""

from __future__ import annotations

from jobs.models import Run
from jobs.overlap import Sort
from jobs.pages.parked import contents_of
from oms.models import ParkedRecord
from tests.builders import NOW
from tests.pages.conftest import Brand

PAYLOAD = {
    "external_id": "1001",
    "placed_at": "2026-03-02T11:00:00Z",
    "cancelled": False,
    "lines": [{"sku": "CUP", "quantity": 2}, {"sku": "TEE", "name": "<b>Tee</b>"}],
    "ship_to": {"city": "Bonn", "street_name": ""},
}


def test_the_payload_is_shown_to_be_read(brand: Brand) -> None:
    parked = brand.parked(1001, payload=PAYLOAD)
    page = brand.viewer.text(f"/records/parked/{parked.pk}/")
    assert "SKU X of line 1 is not in the catalogue." in page
    assert '<th scope="col">Quantity</th>' in page
    assert "&lt;b&gt;Tee&lt;/b&gt;" in page
    assert "Bonn" in page
    assert "&quot;street_name&quot;: &quot;&quot;" in page
    assert ">Retry<" not in page
    assert "id_note" not in page


def test_a_payload_is_taken_apart() -> None:
    found = contents_of({**PAYLOAD, "tags": ["a", "b"], "odd": [1, {"x": 2}], "none": None})
    assert found.facts == [
        ("Id at the platform", "1001"),
        ("Placed at", "11:00"),
        ("Cancelled", "no"),
        ("Tags", "a, b"),
        ("Odd", '[1, {"x": 2}]'),
        ("None", ""),
    ]
    assert found.groups == [("Ship to", [("City", "Bonn"), ("Street name", "")])]
    assert [(table.title, table.columns, table.rows) for table in found.tables] == [
        ("Lines", ["SKU", "Quantity", "Name"], [["CUP", "2", ""], ["TEE", "", "<b>Tee</b>"]])
    ]


def test_the_history_says_what_became_of_it(brand: Brand) -> None:
    first, other = brand.run(), brand.run(sort=Sort.ENTITY, entities=["1002"])
    again = brand.run(sort=Sort.ENTITY, entities=["1000", "1001"])
    before = brand.parked(1001, status="discarded", note="an older story", ended_at=NOW)
    parked = brand.parked(1001, run_id=first.pk)
    page = brand.operator.text(f"/records/parked/{parked.pk}/")
    history = page.partition('id="history-title"')[2].partition("</section>")[0]
    assert f"run {first.pk}<" in history
    assert f"run {again.pk}<" in history
    assert f"run {other.pk}<" not in history
    assert f"/records/parked/{before.pk}/" in history
    assert "an older story" in history


def test_a_record_is_discarded_with_a_note(brand: Brand) -> None:
    parked = brand.parked(1001)
    path = f"/records/parked/{parked.pk}/"
    assert "1001 is discarded." in brand.operator.follow(f"{path}discard/", note=" a test order ")
    page = brand.operator.text(path)
    assert "a test order" in page
    assert f"Discarded by {brand.operator.user.email}" in page
    assert ">Retry<" not in page
    listed = brand.viewer.text("/records/", tab="parked", status="discarded")
    assert "Discarded: a test order" in listed
    assert "not parked any more" in brand.operator.follow(f"{path}discard/", note="again")


def test_all_that_the_filters_show_is_asked_for_again(brand: Brand) -> None:
    brand.parked(1)
    brand.parked(2)
    brand.parked(3, type="receive_order_updates")
    brand.parked(4, type="receive_shipments", channel=brand.depot)
    brand.parked(5, status="discarded")
    page = brand.operator.text("/records/", tab="parked", channel=brand.shop.pk)
    assert "Retry all 3" in page
    answer = brand.operator.post(f"/records/parked/retry/?tab=parked&channel={brand.shop.pk}")
    assert answer["Location"] == f"/records/?tab=parked&channel={brand.shop.pk}"
    asked = Run.objects.filter(trigger="retry").order_by("pk")
    assert [run.entities for run in asked] == [["1", "2"], ["3"]]
    page = brand.operator.text("/records/", tab="parked", channel=brand.shop.pk)
    assert "3 parked records are asked for again." in page


def test_one_job_alone_leads_to_its_run(brand: Brand) -> None:
    brand.parked(1)
    brand.parked(2, reason="other")
    assert "Retry all 1" in brand.operator.text("/records/", tab="parked", q="other")
    answer = brand.operator.post("/records/parked/retry/?tab=parked&type=receive_orders&q=other")
    run = Run.objects.get(trigger="retry")
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert run.entities == ["2"]


def test_records_of_another_account_are_not_asked_for(brand: Brand) -> None:
    brand.parked(1)
    page = brand.stranger.follow("/records/parked/retry/")
    assert "Nothing is parked here" in page
    assert not Run.objects.filter(trigger="retry").exists()


def test_viewers_and_ended_records_offer_no_retry(brand: Brand) -> None:
    brand.parked(1, status="resolved")
    assert "Retry all" not in brand.operator.text("/records/", tab="parked", status="")
    ParkedRecord.objects.update(status="parked")
    assert "Retry all 1" in brand.operator.text("/records/", tab="parked")
    assert "Retry all" not in brand.viewer.text("/records/", tab="parked")
