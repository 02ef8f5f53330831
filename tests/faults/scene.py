"""An installation under load, the faults it suffers, and the reckoning afterwards."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.installation import Installation
from tests.faults.load import Delivery, Line, Load
from tests.faults.processes import wait_until
from tests.sandbox_server import SandboxServer

SKU = "TEA-MINT-050"
LISTENING_SHOPS = 4
ORDERS_OF_POLLED_SHOP = 3
POLLED_PER_FAULT = 30
SLOW_MS = 80
"""How long the shops take for an answer, so that a fault finds work under way."""
BEFORE_SECONDS = 3
AFTER_SECONDS = 4
QUIET_SECONDS = 170
"""A lease (60 s), the longest wait before the second attempt (30 s), and the work itself."""


@dataclass
class Scene:
    """`deliveries` are all that was accepted since the beginning, `firsts` this fault's slots."""

    installation: Installation
    sandbox: SandboxServer
    say: Callable[[str], None]
    lines: list[Line] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    firsts: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)

    def set_up(self) -> None:
        """Shops whose own sender is silent, and a listening channel for each."""
        shops = [
            self.sandbox.shop(f"listening-{number}", samples=True, drop_share=100)
            for number in range(LISTENING_SHOPS)
        ]
        polled = self.sandbox.shop("polled", samples=True, drop_share=100)
        polled.place_orders(ORDERS_OF_POLLED_SHOP, sku=SKU)
        self.polled_keys = {"settings": polled.settings, "secrets": polled.secrets}
        keys = [
            {
                "settings": shop.settings,
                "secrets": {**shop.secrets, "webhook_secret": f"whsec_{secrets.token_hex(16)}"},
            }
            for shop in shops
        ]
        store = self.sandbox.warehouse("store")
        warehouse = {"settings": store.settings, "secrets": store.secrets}
        made = self.installation.inside.ask("build", shops=keys, warehouse=warehouse, sku=SKU)
        self.places = [*shops, polled]
        self.lines = [
            Line(
                shop,
                channel["channel"],
                f"{self.installation.url}{channel['path']}",
                key["secrets"]["webhook_secret"],
                by_update=shop is not shops[-1],
            )
            for shop, channel, key in zip(shops, made, keys, strict=True)
        ]

    def delay(self, minutes: int | None) -> None:
        """The Delay of Receive Orders on the last channel, where nothing but events opens runs."""
        self._ask("delay", channel=self.lines[-1].channel, minutes=minutes)

    def slow_shops(self, ms: int) -> None:
        for place in self.places:
            place.slow(ms)

    def suffer(
        self, name: str, fault: Callable[[], None], *, refusals: bool = False
    ) -> dict[str, int]:
        """Load, slots that come due before and during the fault, then peace; nothing may be wrong.

        Only a fault of the web server excuses `refusals`. Answers with the figures so far.
        """
        half = POLLED_PER_FAULT // 2
        channels = self._ask("add_polled", count=POLLED_PER_FAULT, shop=self.polled_keys, name=name)
        self.slow_shops(SLOW_MS)
        with Load(self.lines, SKU) as load:
            time.sleep(BEFORE_SECONDS)
            self.firsts |= self._ask("make_due", channels=channels[:half])
            wait_until(lambda: self._ask("running"), 10, "a run is under way", every=0.02)
            self.firsts |= self._ask("make_due", channels=channels[half:])
            fault()
            over = time.monotonic()
            time.sleep(AFTER_SECONDS)
        self.slow_shops(0)
        self.deliveries += load.accepted
        self._wait_until_quiet()
        refused = self._reckon(name, load, time.monotonic() - over)
        assert refusals or not refused, "deliveries were refused or not answered in time"
        self._ask("retire", channels=channels)
        self.firsts.clear()
        return self.figures

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return self.installation.inside.ask(verb, **arguments)

    def _wait_until_quiet(self) -> None:
        left: dict[str, int] = {}

        def quiet() -> bool:
            left.update(self._ask("pending"))
            return not any(left.values())

        try:
            wait_until(quiet, QUIET_SECONDS, "all work is done", every=0.5)
        except AssertionError as late:
            raise AssertionError(f"{late}; left: {left}") from late

    def _reckon(self, name: str, load: Load, seconds: float) -> list[int]:
        """Nothing may be wrong; answers with the statuses of what was not accepted."""
        accepted = [dataclasses.asdict(one) for one in self.deliveries]
        found = self._ask("look", deliveries=accepted, firsts=self.firsts)
        refused = [one.http for one in load.sent if not one.accepted]
        self.figures = found["figures"]
        slowest = max((one.seconds for one in load.accepted), default=0.0)
        self.say(
            f"{name}: sent {len(load.sent)}, accepted {len(load.accepted)}, "
            f"refused {len(refused)} {sorted(set(refused))}, "
            f"slowest answer {slowest:.1f} s; quiet after {seconds:.0f} s; "
            f"so far: {self.figures}; complaints: {len(found['complaints'])}"
        )
        assert not found["complaints"], found["complaints"]
        assert load.accepted, "no delivery was accepted"
        return refused
