"""An installation under load, the faults it suffers, and the reckoning afterwards."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.installation import Installation
from tests.faults.load import Delivery, Line, Load, Roads
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
QUIET_SECONDS = 420
"""Two leases (60 s), the longest wait before a second and a third attempt (30 and 60 s), and the
work itself on a machine that has much else to do."""
UNDER_WAY_SECONDS = 60


@dataclass
class Totals:
    """What all scenes of a test run went through."""

    faults: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    recovered: list[tuple[str, float]] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table of the summary; seconds until all was done again, of which load is a part."""
        rows = [f"{seconds:6.0f} s  {name}" for name, seconds in self.recovered]
        sums = f"faults injected {self.faults}, events accepted {self.accepted}, "
        return ["to recover, by fault:", *rows, f"{sums}lost {self.lost}, doubled {self.doubled}"]


TOTALS = Totals()


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
    sent: list[Delivery] = field(default_factory=list)
    shops: int = LISTENING_SHOPS

    def set_up(self) -> None:
        """Shops whose own sender is silent, and a listening channel for each."""
        self.roads = Roads([self.installation.url])
        shops = [
            self.sandbox.shop(f"listening-{number}", samples=True, drop_share=100)
            for number in range(self.shops)
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
                channel["path"],
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
        self,
        name: str,
        fault: Callable[[], int | None],
        *,
        refusals: bool = False,
        unruly: bool = False,
    ) -> dict[str, int]:
        """Load, slots that come due before and during the fault, then peace; nothing may be wrong.

        `fault` answers how many it injected, None for one. Only a fault of the web server excuses
        `refusals`; an `unruly` load sends twice, late and in disorder. Answers with the figures so
        far.
        """
        half = POLLED_PER_FAULT // 2
        channels = self._ask("add_polled", count=POLLED_PER_FAULT, shop=self.polled_keys, name=name)
        self.slow_shops(SLOW_MS)
        with Load(self.lines, SKU, self.roads, unruly=unruly) as load:
            time.sleep(BEFORE_SECONDS)
            self.firsts |= self._ask("make_due", channels=channels[:half])
            under_way = "a run is under way"
            wait_until(lambda: self._ask("running"), UNDER_WAY_SECONDS, under_way, every=0.02)
            self.firsts |= self._ask("make_due", channels=channels[half:])
            injected = fault()
            over = time.monotonic()
            time.sleep(AFTER_SECONDS)
        self.slow_shops(0)
        self.sent = load.sent
        self.deliveries += load.accepted
        self.wait_until_quiet()
        TOTALS.faults += 1 if injected is None else injected
        refused = self.reckon(name, load, time.monotonic() - over)
        assert refusals or not refused, "deliveries were refused or not answered in time"
        self._ask("retire", channels=channels)
        self.firsts.clear()
        return self.figures

    def lost_orders(self, deliveries: list[Delivery]) -> int:
        """How many of the orders that these announced are not on record."""
        announced = [dataclasses.asdict(one) for one in deliveries]
        return int(self._ask("lost_orders", deliveries=announced))

    def refusals(self) -> set[int]:
        """The statuses of what was not accepted of the last load; 0 where no answer came."""
        return {one.http for one in self.sent if not one.accepted}

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return self.installation.inside.ask(verb, **arguments)

    def wait_until_quiet(self) -> None:
        left: dict[str, int] = {}

        def quiet() -> bool:
            left.update(self._ask("pending"))
            return not any(left.values())

        try:
            wait_until(quiet, QUIET_SECONDS, "all work is done", every=0.5)
        except AssertionError as late:
            raise AssertionError(f"{late}; left: {left}") from late

    def reckon(self, name: str, load: Load, seconds: float) -> list[int]:
        """Nothing may be wrong; answers with the statuses of what was not accepted."""
        accepted = [dataclasses.asdict(one) for one in self.deliveries]
        found = self._ask("look", deliveries=accepted, firsts=self.firsts)
        refused = [one.http for one in load.sent if not one.accepted]
        self.figures = found["figures"]
        self._count(name, load, seconds)
        slowest = max((one.seconds for one in load.accepted), default=0.0)
        self.say(
            f"{name}: sent {len(load.sent)}, accepted {len(load.accepted)}, "
            f"of these known already {sum(one.repeated for one in load.sent)}, "
            f"refused {len(refused)} {sorted(set(refused))}, "
            f"slowest answer {slowest:.1f} s; quiet after {seconds:.0f} s; "
            f"so far: {self.figures}; complaints: {len(found['complaints'])}"
        )
        assert not found["complaints"], found["complaints"]
        assert load.accepted, "no delivery was accepted"
        return refused

    def _count(self, name: str, load: Load, seconds: float) -> None:
        TOTALS.recovered.append((name, seconds))
        TOTALS.accepted += len({one.delivery_id for one in load.accepted})
        TOTALS.lost += self.figures["lost"]
        TOTALS.doubled += self.figures["doubled"]
