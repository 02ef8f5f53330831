"""The page at `/`: plain forms that a person understands."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.sandbox_server import SECRET, SandboxServer, Shop, Warehouse


def send(sandbox: SandboxServer, path: str, **fields: str) -> httpx.Response:
    """Submit a form."""
    referer = {"Referer": f"{sandbox.base_url}/?shop=north&live=1"}
    return sandbox.client.post(path, data=fields, headers=referer)


def test_an_empty_sandbox_offers_to_make_places(sandbox: SandboxServer) -> None:
    page = sandbox.client.get("/")
    assert page.status_code == 200
    assert "Create a shop" in page.text
    assert "Create a warehouse" in page.text


def test_the_page_needs_no_script_and_no_inline_style(
    sandbox: SandboxServer, shop: Shop, warehouse: Warehouse
) -> None:
    shop.place_order("A")
    warehouse.receive("S-1", {"A": 2})
    page = sandbox.client.get("/")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/style.css", "/favicon.svg"):
        assert sandbox.client.get(path).status_code == 200


def test_a_form_leads_back_to_the_page_with_a_word_on_what_happened(
    sandbox: SandboxServer, shop: Shop
) -> None:
    answer = send(sandbox, "/control/shops/north/orders", sku="A", quantity="2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?shop=north&live=1&said=Placed."
    assert shop.orders()[0]["lines"][0]["quantity"] == 2


def test_a_refused_form_says_why(sandbox: SandboxServer, shop: Shop) -> None:
    answer = send(sandbox, "/control/shops/north/orders", sku="A", quantity="0")
    page = sandbox.client.get(answer.headers["location"])
    assert "quantity must be a whole number" in page.text
    assert shop.orders() == []


def test_what_comes_from_outside_is_escaped(
    sandbox: SandboxServer, shop: Shop, warehouse: Warehouse
) -> None:
    evil = '"><script>alert(1)</script>'
    shop.place_order(evil)
    shop.add_product(evil, name=evil)
    warehouse.receive(evil, {evil: 1})
    warehouse.set_stock(evil, 1)
    shop.configure(token="<b>&")
    page = sandbox.client.get("/", params={"said": evil, "shop": evil})
    assert "<script" not in page.text
    assert "<b>&" not in page.text


def test_the_page_shows_what_channels_told_the_shop(
    sandbox: SandboxServer, shop: Shop, shop_api: httpx.Client
) -> None:
    order = shop.place_order("A", 2)["id"]
    told = {"key": "f", "lines": [{"sku": "A", "quantity": 2}], "carrier": "Post", "tracking": "T7"}
    shop_api.post(f"/orders/{order}/fulfilments", json=told)
    shop_api.put("/stock/STOCKED", json={"available": 41})
    hook = {"topic": "order.created", "url": "http://127.0.0.1:9/reg", "secret": SECRET}
    shop_api.post("/webhooks", json=hook)
    page = sandbox.client.get("/").text
    for words in ("2 by Post T7", "STOCKED", "41", "http://127.0.0.1:9/reg"):
        assert words in page


@pytest.mark.chromium
def test_a_person_places_an_order_and_ships_it(sandbox: SandboxServer, page: Page) -> None:
    page.goto(sandbox.base_url)
    for kind in ("Shop", "Warehouse"):
        page.get_by_label(kind, exact=True).get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("status")).to_have_text("Placed.")
    expect(page.get_by_role("region", name="Orders")).to_contain_text("#1001")
    sandbox.warehouse("demo").receive("S-1", {"TEA-MINT-050": 2})
    page.get_by_role("link", name="Refresh").click()
    page.get_by_role("button", name="Ship", exact=True).click()
    expect(page.get_by_role("region", name="Shipments")).to_contain_text("2 of 2 x TEA-MINT-050")
    assert sandbox.warehouse("demo").shipments()[0]["status"] == "shipped"


@pytest.mark.chromium
def test_trouble_can_be_made_and_ended(sandbox: SandboxServer, shop: Shop, page: Page) -> None:
    page.goto(sandbox.base_url)
    page.get_by_text("Make trouble").click()
    page.get_by_label("Drop webhooks, %").fill("30")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("drops 30 % of webhooks")).to_be_visible()
    assert shop.state()["drop_share"] == 30
    page.get_by_role("button", name="All well again").click()
    expect(page.get_by_text("all well", exact=True)).to_be_visible()
    assert shop.state()["drop_share"] == 0


@pytest.mark.chromium
def test_the_page_fits_a_phone(
    sandbox: SandboxServer, shop: Shop, warehouse: Warehouse, page: Page
) -> None:
    shop.place_orders(3)
    warehouse.receive("S-1", {"TEA-MINT-050": 2})
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(sandbox.base_url)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
