"""Each list page of a large account, over HTTP: how long an operator waits for it."""

from __future__ import annotations

import json
import sys
import time

import httpx

from bench.intake import web
from bench.scene import Scene, quantile, run_inside, scene, span

ROUNDS = 3
CALLS = 20
BAR_MS = 150
APPLICATION = "omsauto.asgi:application"
FRAME = "/account/clone/"
"""The plainest page behind the login: what the frame around every list costs."""
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


def main() -> None:
    with scene() as made:
        known = json.loads(run_inside(made, "bench.pages_work"))
        rounds = [measure(made, known) for _ in range(ROUNDS)]
    print_table(rounds, known)


def measure(made: Scene, known: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of each call, by page; one visitor, after one call that warms up."""
    with web(made, APPLICATION) as port:
        home = f"http://127.0.0.1:{port}"
        cookies = {f"omsauto_session_{known['cookie_port']}": known["session"]}
        with httpx.Client(base_url=home, cookies=cookies, timeout=60) as visitor:
            return {path: _calls(visitor, path) for path in (FRAME, *PAGES, known["channel"])}


def _calls(visitor: httpx.Client, path: str) -> list[float]:
    taken = []
    for _ in range(CALLS + 1):
        start = time.perf_counter()
        answer = visitor.get(path)
        taken.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}")
    return taken[1:]


def print_table(rounds: list[dict[str, list[float]]], known: dict[str, str]) -> None:
    out = sys.stdout.write
    out(f"\n## Pages: {known['size']}, {ROUNDS} rounds of {CALLS} calls\n\n")
    out(f"| page | p50 ms | p95 ms | times the frame | p95 within {BAR_MS} ms |\n")
    out("|---|---|---|---|---|\n")
    for path in rounds[0]:
        p50, p95 = ([quantile(each[path], share) for each in rounds] for share in (0.5, 0.95))
        ratio = [quantile(each[path], 0.5) / quantile(each[FRAME], 0.5) for each in rounds]
        met = "yes" if sorted(p95)[ROUNDS // 2] <= BAR_MS else "no"
        out(f"| {path} | {span(p50)} | {span(p95)} | {span(ratio, '.1f')} | {met} |\n")
