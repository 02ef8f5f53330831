"""Takes the pictures of the operator's guide; `bin/pictures` runs it, the tests do not.

With OMSAUTO_PICTURES=FOLDER it takes every page instead, light and dark, wide and narrow, into
that folder: to look at them one by one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from channels.models import Channel
from jobs.models import Run
from oms.models import Order
from tests.e2e.day import busy_day, paths_of
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene
from tests.sandbox_server import SandboxServer

pytestmark = pytest.mark.chromium

GUIDE = Path(__file__).parents[2] / "docs" / "pictures"
WIDE, NARROW = 1280, 390
SHORTEST, TALLEST = 600, 1400
"""Pixels of a page that the guide shows; its beginning says what it is."""


@pytest.fixture
def shop(scene: Scene, sandbox: SandboxServer, live_server: LiveServer) -> Channel:
    return busy_day(scene, sandbox, live_server.url, "Tea shop")


def guide_paths(shop: Channel) -> dict[str, str]:
    channel = f"/channels/{shop.pk}/"
    rescue = Run.objects.filter(rescued__gt=0).latest("pk")
    return {
        "overview": "/",
        "first-run": f"/channels/{shop.account.channels.get(name='Stable shop').pk}/first-run/",
        "channels": "/channels/sales/",
        "channel-settings": channel,
        "channel-schedule": f"{channel}?tab=schedule",
        "channel-webhooks": f"{channel}?tab=webhooks",
        "runs": "/runs/",
        "run": f"/runs/{rescue.pk}/",
        "trace": f"/trace/?order={Order.objects.latest('pk').pk}",
        "parked": "/records/?tab=parked",
        "events": "/events/",
        "account": "/account/",
        "notifications": "/account/notifications/",
    }


def test_take_pictures(operator: Operator, scene: Scene, shop: Channel) -> None:
    paths = paths_of(shop)
    folder = os.environ.get("OMSAUTO_PICTURES")
    if folder:
        take_all(operator, ["/login/"], Path(folder))
    operator.logged_in(scene.member("admin"))
    if folder:
        take_all(operator, paths, Path(folder))
    else:
        take_those_of_the_guide(operator, guide_paths(shop))
    operator.watch.faults.clear()


def take_those_of_the_guide(operator: Operator, paths: dict[str, str]) -> None:
    GUIDE.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        take(operator, path, GUIDE / f"{name}.png", "light", narrow=False)
    take(operator, "/", GUIDE / "overview-phone-dark.png", "dark", narrow=True)


def take_all(operator: Operator, paths: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        words = "".join(sign if sign.isalnum() else "-" for sign in path).strip("-")[:60]
        for scheme in ("light", "dark"):
            for narrow in (False, True):
                size = "narrow" if narrow else "wide"
                name = f"{number:02}-{words or 'overview'}-{scheme}-{size}.png"
                take(operator, path, folder / name, scheme, narrow=narrow)


def take(operator: Operator, path: str, to: Path, scheme: str, *, narrow: bool) -> None:
    page, width = operator.page, NARROW if narrow else WIDE
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": SHORTEST})
    operator.open(path)
    page.set_viewport_size({"width": width, "height": _height(page)})
    page.screenshot(path=to)


def _height(page: Page) -> int:
    """As tall as the page, within bounds."""
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    return min(max(height, SHORTEST), TALLEST)
