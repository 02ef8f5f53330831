"""Places: made by name, kept over restarts, driven by their own clock in auto mode."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import auto
from sandbox.shop import Shop
from sandbox.store import Page, Store
from sandbox.warehouse import Warehouse
from sandbox.world import World
from tests.sandbox_server import ROOT, SandboxServer
from tests.webhook_receiver import WebhookReceiver

START = 1_772_452_800_000


def test_a_place_is_made_once_and_changed_after(sandbox: SandboxServer) -> None:
    first = sandbox.client.post("/control/shops/north", json={"token": "one"})
    again = sandbox.client.post("/control/shops/north", json={"slow_ms": 5})
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["token"], again.json()["slow_ms"]) == ("one", 5)
    assert again.json()["webhook_secret"].startswith("whsec_")


def test_json_that_calls_itself_a_form_is_taken_as_json(sandbox: SandboxServer) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = sandbox.client.post("/control/shops/north", content=b'{"slow_ms": 5}', headers=form)
    assert (answer.status_code, answer.json()["slow_ms"]) == (201, 5)


def test_a_taken_port_is_named(sandbox: SandboxServer) -> None:
    port = sandbox.base_url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "sandbox", "--port", port]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_places_know_nothing_of_each_other(sandbox: SandboxServer) -> None:
    sandbox.shop("first").place_orders(3)
    second = sandbox.shop("second")
    assert second.orders() == []
    assert second.place_order("A")["id"] == 1001


@pytest.mark.parametrize("name", ["", "Upper", "a b", "..", "x" * 41])
def test_names_are_simple(sandbox: SandboxServer, name: str) -> None:
    assert sandbox.client.post("/control/shops", json={"name": name}).status_code == 422


def test_a_removed_place_is_gone_and_its_ids_are_not_used_again(sandbox: SandboxServer) -> None:
    sandbox.shop("north").place_orders(2)
    sandbox.client.post("/control/shops/north/remove", json={})
    assert sandbox.client.get("/control/shops/north").status_code == 404
    assert sandbox.shop("north").place_order("A")["id"] == 1003


def test_samples_are_added_once(sandbox: SandboxServer) -> None:
    shop = sandbox.shop("north", samples=True)
    shop.configure(samples=True)
    assert len({product["sku"] for product in shop.products()}) == len(shop.products()) == 8
    assert sandbox.warehouse("hall", samples=True).stock()["TIN-ROUND-L"] == 100


def test_state_survives_a_restart(tmp_path: Path, receiver: WebhookReceiver) -> None:
    with SandboxServer(state=tmp_path / "state.sqlite3") as sandbox:
        shop = sandbox.shop("north", token="kept")
        shop.send_webhooks_to(receiver.url)
        shop.fail(3)
        order = shop.place_order("A")
        shop.wait_for_deliveries()
        before = shop.state()
        sandbox.restart()
        assert shop.state() == before
        assert shop.orders() == [order]
        assert shop.place_order("A")["id"] == order["id"] + 1


def test_deliveries_that_waited_are_sent_after_a_restart(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    receiver.answers = [503]
    never_soon = (600_000, 600_000)
    with SandboxServer(state=tmp_path / "state.sqlite3", pauses_ms=never_soon) as sandbox:
        shop = sandbox.shop("north")
        shop.send_webhooks_to(receiver.url)
        shop.place_order("A")
        while shop.deliveries()[0]["tries"] == 0:
            time.sleep(0.005)
    store = Store(str(tmp_path / "state.sqlite3"))
    store.run("update deliveries set status = 'sending', due = 0")
    store.close()
    with SandboxServer(state=tmp_path / "state.sqlite3") as sandbox:
        assert sandbox.shop("north").wait_for_deliveries()["sent"] == 1


def test_as_a_process_it_says_one_line_and_ends_on_sigterm(tmp_path: Path) -> None:
    server = SandboxServer(state=tmp_path / "state.sqlite3", process=True)
    began = time.perf_counter()
    server.start()
    took = time.perf_counter() - began
    assert server.shop("north").place_order("A")["id"] == 1001
    process = server._process
    assert isinstance(process, subprocess.Popen)
    server.client.close()
    process.terminate()
    rest, _ = process.communicate(timeout=5)
    assert (rest, process.returncode) == ("", 0)
    assert took < 3


@pytest.fixture
def world() -> Iterator[World]:
    store = Store()
    yield World(store)
    store.close()


def orders(shop: Shop) -> int:
    return shop.store.count(shop.path, "orders")


def statuses(warehouse: Warehouse) -> list[str]:
    return [each.data["status"] for each in warehouse.list("shipments", Page())]


def test_an_automatic_shop_orders_each_n_seconds_and_stops_by_itself(world: World) -> None:
    shop, _ = world.configure("shops", "north", {"auto_seconds": 5, "auto_left": 3}, START)
    assert isinstance(shop, Shop)
    counts = []
    for second in range(1, 31):
        auto.step(world, START + second * 1000)
        counts.append(orders(shop))
    assert counts[3:6] == [0, 1, 1]
    assert counts[-1] == 3
    assert shop.settings.auto_seconds == 0
    assert not auto.step(world, START + 60_000)


def test_a_shop_that_slept_does_not_make_up_for_it(world: World) -> None:
    shop, _ = world.configure("shops", "north", {"auto_seconds": 5}, START)
    assert isinstance(shop, Shop)
    for moment in (3_600_000, 3_601_000):
        auto.step(world, START + moment)
    assert orders(shop) == 1


def test_an_automatic_warehouse_picks_and_ships(world: World) -> None:
    warehouse, _ = world.configure("warehouses", "hall", {"auto_seconds": 10}, START)
    assert isinstance(warehouse, Warehouse)
    line = {"sku": "A", "quantity": 1}
    warehouse.receive({"reference": "S-1", "lines": [line]}, START)
    seen = []
    for second in (4, 5, 9, 10):
        auto.step(world, START + second * 1000)
        seen += statuses(warehouse)
    assert seen == ["received", "picked", "picked", "shipped"]


def test_an_automatic_warehouse_stops_after_its_rounds(world: World) -> None:
    settings = {"auto_seconds": 1, "auto_left": 2}
    warehouse, _ = world.configure("warehouses", "hall", settings, START)
    assert isinstance(warehouse, Warehouse)
    for number in range(3):
        body = {"reference": f"S-{number}", "lines": [{"sku": "A", "quantity": 1}]}
        warehouse.receive(body, START)
    auto.step(world, START + 2000)
    assert sorted(statuses(warehouse))[1:] == ["shipped", "shipped"]
    assert warehouse.settings.auto_seconds == 0
