"""The product's worker with a platform pretended inside its process, and a task that is empty."""

from __future__ import annotations

import httpx

from channels.connectors.guard import GuardedTransport
from omsauto.celery import app

EMPTY_TASK = "bench.empty"


def pretend_platform() -> None:
    """Every list is empty and every record gone, said at once; clients are made as ever."""

    def answer(_: GuardedTransport, request: httpx.Request) -> httpx.Response:
        status = 200 if request.url.path.endswith("orders") else 404
        return httpx.Response(status, json={"data": [], "next": None}, request=request)

    GuardedTransport.handle_request = answer  # type: ignore[assignment,method-assign]


@app.task(name=EMPTY_TASK)
def empty() -> None:
    """What any message costs a worker."""


pretend_platform()
