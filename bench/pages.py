"""Each list of a large account, as page and in the API, over HTTP: how long one waits for it."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

import httpx

from bench.extent import Extent
from bench.figures import Bar, Figure, Part, quantile
from bench.processes import our_web
from bench.scene import Scene, run_inside, scene

BAR = Bar(most=150)
FRAME = "/account/clone/"
"""The plainest page behind the login: what the frame around every list costs."""
API_FRAME = "/api/v1/accounts/"
PAGES = (
    "/",
    "/channels/sales/",
    "/channels/fulfillment/",
    "/channels/sales/?mode=webhook&track=beta",
    "/account/recurring-jobs/",
    "/account/history/",
    "/runs/",
    "/runs/?status=failed",
    "/runs/?type=receive_orders&trigger=manual",
    "/runs/?show=slots",
    "/events/",
    "/events/?status=failed",
    "/events/?q=order.created",
    "/records/?tab=orders",
    "/records/?tab=shipments",
    "/records/?tab=products",
    "/records/?tab=stock",
    "/records/?tab=parked",
)
LISTS = (
    "/api/v1/connectors/",
    "/api/v1/channels/",
    "/api/v1/runs/",
    "/api/v1/runs/?status=failed",
    "/api/v1/runs/?type=receive_orders&trigger=manual",
    "/api/v1/events/",
    "/api/v1/events/?status=failed",
    "/api/v1/orders/",
    "/api/v1/orders/?status=approved",
    "/api/v1/products/",
    "/api/v1/stock-levels/",
    "/api/v1/shipments/",
    "/api/v1/parked/",
)
OF_CHANNEL = ("jobs/", "mappings/", "sku-mappings/", "upcoming/{week}", "slots/{week}")


def measure(extent: Extent) -> Part:
    calls: dict[str, list[list[float]]] = defaultdict(list)
    with scene() as made:
        known = json.loads(
            run_inside(made, "bench.pages_work", str(extent.channels), str(extent.rows))
        )
        for _ in range(extent.rounds):
            for path, taken in _visit(made, known, extent.calls).items():
                calls[path].append(taken)
    return Part(list(_figures(calls)), [_note(known, extent)])


def _visit(made: Scene, known: dict[str, str], calls: int) -> dict[str, list[float]]:
    """Milliseconds of each call, by address; one visitor, after one call that warms up."""
    channel = f"/api/v1/channels/{known['channel']}"
    lists = [f"{channel}/{path.format(week=known['week'])}" for path in OF_CHANNEL]
    pages = (FRAME, *PAGES, f"/channels/{known['channel']}/")
    with our_web(made) as port:
        home = f"http://127.0.0.1:{port}"
        cookies = {f"omsauto_session_{known['cookie_port']}": known["session"]}
        bearer = {"authorization": f"Bearer {known['token']}"}
        with (
            httpx.Client(base_url=home, cookies=cookies, timeout=60) as visitor,
            httpx.Client(base_url=home, headers=bearer, timeout=60) as program,
        ):
            found = {path: _calls(visitor, path, calls) for path in pages}
            return found | {
                path: _calls(program, path, calls) for path in (API_FRAME, *LISTS, *lists)
            }


def _calls(visitor: httpx.Client, path: str, calls: int) -> list[float]:
    taken = []
    for _ in range(calls + 1):
        start = time.perf_counter()
        answer = visitor.get(path)
        taken.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}")
    return taken[1:]


def _figures(calls: Mapping[str, list[list[float]]]) -> Iterable[Figure]:
    for path, rounds in calls.items():
        frame = API_FRAME if path.startswith("/api/") else FRAME
        plainest = [quantile(one, 0.95) for one in calls[frame]]
        values = [quantile(one, 0.95) for one in rounds]
        what = "plainest call" if frame == API_FRAME else "plainest page"
        shown = path.partition("?from=")[0]
        yield Figure(f"p95 of `{shown}`", "ms", values, BAR, what, plainest)


def _note(known: dict[str, str], extent: Extent) -> str:
    return (
        f"Pages and API: {known['size']}; one visitor, {extent.calls} calls a round of each after "
        "one that warms up; the ratio is against the plainest page behind the login, or the "
        "plainest list of the API."
    )
