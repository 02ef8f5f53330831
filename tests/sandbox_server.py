"""A real sandbox for tests, in a thread or as a process of its own, with handles on its places.

    with SandboxServer() as sandbox:
        shop = sandbox.shop("demo", webhook_url=...)
        order = shop.place_order(sku="TEA-MINT-050", quantity=2)

Everything a handle does goes through the control API over real HTTP. In a thread the sandbox
shares the test's clock, frozen or not; as a process it has the machine's.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
SECRET = "whsec_c2FuZGJveC10ZXN0LXNlY3JldC0wMTIz"
QUICK_PAUSES_MS = (20, 40)
POLL_SECONDS = 0.01


class Place:
    """One shop or warehouse: its keys, and what a test may do to it."""

    def __init__(self, server: SandboxServer, kind: str, name: str) -> None:
        self._server = server
        self._control = f"/control/{kind}/{name}"
        self.base_url = f"{server.base_url}/{kind}/{name}"

    def call(self, path: str = "", /, **fields: Any) -> Any:
        """POST to the place's control API."""
        return self._answer(self._server.client.post(self._control + path, json=fields))

    def read(self, path: str = "", /, **params: Any) -> Any:
        return self._answer(self._server.client.get(self._control + path, params=params))

    def _answer(self, response: httpx.Response) -> Any:
        assert response.is_success, f"{response.url}: {response.status_code} {response.text}"
        return response.json()

    @property
    def settings(self) -> dict[str, str]:
        """A channel's settings that lead here."""
        return {"url": self.base_url}

    @property
    def secrets(self) -> dict[str, str]:
        """A channel's secrets that fit here."""
        state = self.state()
        return {"token": state["token"], "webhook_secret": state["webhook_secret"]}

    def state(self) -> dict[str, Any]:
        return dict(self.read())

    def configure(self, **settings: Any) -> dict[str, Any]:
        return dict(self.call(**settings))

    def send_webhooks_to(self, url: str, secret: str = SECRET) -> None:
        self.configure(webhook_url=url, webhook_secret=secret, webhook_active=True)

    def drop_webhooks(self, share: int = 100) -> None:
        """Never send this share of the webhooks, percent."""
        self.configure(drop_share=share)

    def fail(self, calls: int, status: int = 503) -> None:
        self.configure(fail_next=calls, fail_status=status)

    def fail_for(self, seconds: int) -> None:
        self.configure(fail_seconds=seconds)

    def babble(self, calls: int) -> None:
        """Answer so many calls with 200 and nonsense."""
        self.configure(garbage_next=calls)

    def break_off(self, calls: int) -> None:
        """End the connection in the middle of so many answers."""
        self.configure(half_next=calls)

    def slow(self, ms: int) -> None:
        self.configure(slow_ms=ms)

    def limit(self, calls_per_second: int) -> None:
        self.configure(calls_per_second=calls_per_second)

    def deliveries(self) -> list[dict[str, Any]]:
        """Newest first."""
        return list(self.read("/deliveries", limit=1000)["data"])

    def resend(self, delivery: int) -> None:
        self.call(f"/deliveries/{delivery}/resend")

    def wait_for_deliveries(self, timeout: float = 10) -> dict[str, int]:
        """Until nothing is waiting or under way; answers with the numbers by status."""
        never = threading.Event()
        counts: dict[str, int] = {}
        for _ in range(round(timeout / POLL_SECONDS)):
            counts = self.state()["deliveries"]
            if not counts["waiting"] + counts["sending"]:
                return counts
            never.wait(POLL_SECONDS)
        raise AssertionError(f"deliveries still under way after {timeout} s: {counts}")

    def add_product(self, sku: str, **fields: Any) -> dict[str, Any]:
        return dict(self.call("/products", sku=sku, **fields))

    def change_product(self, product: int, **fields: Any) -> dict[str, Any]:
        return dict(self.call(f"/products/{product}/change", **fields))

    def products(self) -> list[dict[str, Any]]:
        return list(self.read("/products", limit=1000)["data"])

    def expire_tokens(self) -> None:
        self.call("/expire")


class Shop(Place):
    def place_order(self, sku: str = "", quantity: int = 1, **fields: Any) -> dict[str, Any]:
        """Of one SKU, or with `lines`, or (without either) at random."""
        if sku:
            fields |= {"sku": sku, "quantity": quantity}
        return dict(self.call("/orders", **fields)["data"][0])

    def place_orders(self, count: int, **fields: Any) -> list[dict[str, Any]]:
        return list(self.call("/orders", count=count, **fields)["data"])

    def change(self, order: int, **fields: Any) -> dict[str, Any]:
        return dict(self.call(f"/orders/{order}/change", **fields))

    def cancel(self, order: int) -> dict[str, Any]:
        return dict(self.call(f"/orders/{order}/cancel"))

    def delete(self, order: int) -> None:
        self.call(f"/orders/{order}/delete")

    def orders(self) -> list[dict[str, Any]]:
        return list(self.read("/orders", limit=1000)["data"])

    def stock(self) -> dict[str, int]:
        return {row["sku"]: row["available"] for row in self.read("/stock", limit=1000)["data"]}


class Warehouse(Place):
    def receive(self, reference: str, lines: Mapping[str, int]) -> dict[str, Any]:
        """A shipment order of these quantities by SKU, as a client of the API sends it."""
        body = {
            "reference": reference,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
        }
        headers = {"Authorization": f"Bearer {self.state()['token']}"}
        url = f"{self.base_url}/shipments"
        return dict(self._answer(self._server.client.post(url, json=body, headers=headers)))

    def pick(self, shipment: int) -> dict[str, Any]:
        return dict(self.call(f"/shipments/{shipment}/pick"))

    def ship(
        self, shipment: int, how: str = "full", quantities: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """full, short, part, zero or over; or exactly these quantities by SKU."""
        exactly = {"quantities": dict(quantities)} if quantities is not None else {}
        return dict(self.call(f"/shipments/{shipment}/ship", how=how, **exactly))

    def cancel(self, shipment: int) -> dict[str, Any]:
        return dict(self.call(f"/shipments/{shipment}/cancel"))

    def set_stock(self, sku: str, on_hand: int) -> dict[str, Any]:
        return dict(self.call("/stock", sku=sku, on_hand=on_hand))

    def shipments(self) -> list[dict[str, Any]]:
        return list(self.read("/shipments", limit=1000)["data"])

    def stock(self) -> dict[str, int]:
        return {row["sku"]: row["on_hand"] for row in self.read("/stock", limit=1000)["data"]}


class SandboxServer:
    """Starts on a free port; give a `state` file to test what survives `restart`."""

    def __init__(
        self,
        *,
        state: str | Path = ":memory:",
        process: bool = False,
        pauses_ms: Sequence[int] = QUICK_PAUSES_MS,
    ) -> None:
        self._state = str(state)
        self._as_process = process
        self._pauses = pauses_ms
        self._thread: Sandbox | None = None
        self._process: subprocess.Popen[str] | None = None
        self.client = httpx.Client(trust_env=False)
        self.base_url = ""

    def start(self, port: int = 0) -> None:
        self.base_url = self._start_process(port) if self._as_process else self._start_thread(port)
        self.client = httpx.Client(base_url=self.base_url, trust_env=False, timeout=10)

    def _start_thread(self, port: int) -> str:
        self._thread = Sandbox(port=port, state=self._state, pauses_ms=self._pauses)
        self._thread.start()
        return self._thread.url

    def _start_process(self, port: int) -> str:
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--state", self._state]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("Sandbox ready on http://"), line
        return line.split()[-1]

    def stop(self) -> None:
        self.client.close()
        if self._thread is not None:
            self._thread.stop()
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=10)
        self._thread = self._process = None

    def restart(self) -> None:
        """Stop and start on the same port, so that handles made before go on working."""
        port = int(self.base_url.rsplit(":", 1)[1])
        self.stop()
        self.start(port)

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def shop(self, name: str = "shop", **settings: Any) -> Shop:
        """Made on first call; `samples=True` fills it with the sample assortment."""
        shop = Shop(self, "shops", name)
        shop.configure(**settings)
        return shop

    def warehouse(self, name: str = "warehouse", **settings: Any) -> Warehouse:
        warehouse = Warehouse(self, "warehouses", name)
        warehouse.configure(**settings)
        return warehouse
